'use strict';
// The worker's preload for programs with many servers, each of which is to be reached through the front.
//
// Node's own tests listen as often as they like. Here every http server that listens gets one of the front's listeners, and what a
// client sends there is served by the worker's own lanes; so what is tested is the worker and the front as they are.

const net = require('node:net');
const { isMainThread } = require('node:worker_threads');
const { Feed } = require('../lib/bytes.cjs');
const { FastLane } = require('../lib/fast.cjs');
const { Takeover, speaks_tls } = require('../lib/listen.cjs');
const { INTERFACE, REASON } = require('../lib/protocol.cjs');
const { kFeed } = require('../lib/socket.cjs');
const { Worker, take_orders } = require('../lib/worker.cjs');

/** The byte lane for every request. */
class ByteLane extends FastLane {
  socket_for(connection) {
    const socket = super.socket_for(connection);
    socket[kFeed] ??= new Feed(socket, true);
    return socket;
  }
}

/** Gives each server that listens a listener of the front's of its own. */
class SharedOut extends Takeover {
  /** @param {import('../lib/listen.cjs').Routing} routing */
  constructor(routing) {
    super(routing);
    /** Ports nobody listens on. @type {number[]} */
    this.free = routing.listen.map(({ port }) => port);
    /** @type {Map<import('node:http').Server, number>} */
    this.ports = new Map();
    /** Servers that keep the process alive. @type {Set<import('node:http').Server>} */
    this.referenced = new Set();
  }

  listen(server, original, args) {
    const [options] = net._normalizeArgs(args);
    const port = this._port_for(server, options);
    if (port === null) return original.apply(server, args);
    this.free.splice(this.free.indexOf(port), 1);
    this.ports.set(server, port);
    return this._listen_on(server, port, args);
  }

  /** A free listener, the one that is asked for where it is one of them; null: Node itself answers. */
  _port_for(server, options) {
    const { port = 0 } = options;
    if (speaks_tls(server) || server._handle || options.path !== undefined || !Number.isInteger(port)) return null;
    if (port !== 0) return this.free.includes(port) ? port : null;
    if (this.free.length === 0) throw new Error('more servers listen than the front was given listeners');
    return this.free[0];
  }

  _listen_on(server, port, args) {
    const [options, callback] = net._normalizeArgs(args);
    this._watch_closing(server);
    this.address = { host: '127.0.0.1', port };
    this._pretend(server, options, callback);
    const handle = server._handle;
    const address = this.address;
    Object.assign(handle, {
      getsockname: (out) => {
        Object.assign(out, { address: address.host, family: 'IPv4', port });
        return 0;
      },
      ref: () => this.keep(server, true),
      unref: () => this.keep(server, false),
    });
    this.keep(server, !server._unref);
    // As the worker's own does, behind 'listening': what the program does on the next lines counts.
    process.nextTick(() => server._handle === handle && this.routing.listening(server));
    return server;
  }

  keep(server, alive) {
    if (alive) this.referenced.add(server);
    else this.referenced.delete(server);
    this.keep_alive(this.referenced.size > 0);
  }

  closed(server) {
    const port = this.ports.get(server);
    this.ports.delete(server);
    this.referenced.delete(server);
    this.free.push(port);
    this.routing.closed(server, port);
  }
}

class ManyServers extends Worker {
  constructor(fd, orders, lane) {
    super(fd, orders);
    this.Lane = lane === 'byte' ? ByteLane : FastLane;
    /** By the listener's port. @type {Map<number, FastLane>} */
    this.lanes = new Map();
    if (lane === 'native') this.takeover.give_up();
    else this.takeover = new SharedOut(this.takeover.routing);
    // The exit code is the test's own.
    this.entry.watch = () => {};
  }

  serve_http(server) {
    this.lane = new this.Lane(this.link, server, this.served);
    this.lanes.set(this.takeover.ports.get(server), this.lane);
    const again = this.closed_by_app;
    this.closed_by_app = false;
    if (this.state === 'loading' || again) this.ready(INTERFACE.HTTP, again);
  }

  server_closed() {
    for (const [port, lane] of this.lanes) if (!this.takeover.ports.has(lane.server)) this.lanes.delete(port);
    // Behind the last one, as the worker's own does: what the front has accepted until then is told of before the program ends.
    if (this.takeover.ports.size === 0) return super.server_closed();
    this.transport.keep_alive(this.takeover.referenced.size > 0 || this.link.open_streams > 0);
  }

  idle() {
    super.idle();
    this.transport.keep_alive(this.takeover.referenced.size > 0);
  }

  fault(stream, fault) {
    const lane = this.lanes.get(this.connections.get(fault.connection)?.ends.local_port);
    if (lane === undefined) return this.link.cancel(stream, REASON.APP_FAILED);
    this.lane = lane;
    super.fault(stream, fault);
  }

  open(id, ends) {
    this.lane = this.lanes.get(ends.local_port) ?? this.lane;
    super.open(id, ends);
  }

  request(stream, head, buffer, at, end, last) {
    const lane = this.lanes.get(this.connections.get(head.connection)?.ends.local_port);
    if (lane === undefined) return this.link.cancel(stream, REASON.APP_FAILED);
    this.lane = lane;
    super.request(stream, head, buffer, at, end, last);
  }
}

const lane = process.env.DIGLOT_CONFORMANCE_LANE;
delete process.env.DIGLOT_CONFORMANCE_LANE;
if (isMainThread && process.env.DIGLOT_LINK !== undefined) {
  const [fd, orders] = take_orders();
  new ManyServers(fd, orders, lane).start();
}
