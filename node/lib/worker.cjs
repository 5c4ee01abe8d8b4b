'use strict';
// One worker: reads its orders from the environment, joins the link, the lanes and `listen`, and follows the program's life.
//
// The lanes are loaded when it is known which one is needed.
//
// loading → serving → draining → ended. It begins to serve when the routed server listens or the main module turns out to export
// `fetch`; what happens before that is a failure to load, and is told to the server with the reason.

const path = require('node:path');
const { Link } = require('./link.cjs');
const { Transport } = require('./transport.cjs');
const { Takeover } = require('./listen.cjs');
const { Entry } = require('./entry.cjs');
const { Calls } = require('./calls/worker.cjs');
const cluster = require('./cluster.cjs');
const inspect = require('./inspect.cjs');
const { Crash } = require('./crash.cjs');
const { Signals } = require('./signals.cjs');
const sessions = require('./sessions.cjs');
const { kOrigin } = require('./origin.cjs');
const { INTERFACE, REASON } = require('./protocol.cjs');

const PRELOAD = path.join(__dirname, '..', 'preload.cjs');
const NO_BYTES = Buffer.alloc(0);
/** The exit code of a program that cannot be served. */
const EXIT_FAILED = 1;
/** The exit code for a link that broke its rules: EX_PROTOCOL of sysexits.h. */
const EXIT_VIOLATION = 76;

/** A line to stderr, which is the server's log. @param {string} line */
function log(line) {
  process.stderr.write(`diglot: ${line}\n`);
}

/** The program is not to see how it was loaded, nor to hand it down to its children. */
function without_preload() {
  const at = process.execArgv.indexOf(PRELOAD);
  if (at > 0 && process.execArgv[at - 1] === '--require') process.execArgv.splice(at - 1, 2);
}

/** @implements {import('./link.cjs').Handler} */
class Worker {
  /**
   * @param {number} fd the link
   * @param {any} orders what DIGLOT_WORKER says
   * @param {number | null} calls_fd the calls socket
   */
  constructor(fd, orders, calls_fd = null) {
    /** @type {'loading' | 'serving' | 'failed'} */
    this.state = 'loading';
    this.draining = false;
    /** The server will not wait much longer for what has no end. */
    this.told_farewell = false;
    /** The server has said that the worker is to end. */
    this.told_to_end = false;
    /** The routed server was closed by the application. */
    this.closed_by_app = false;
    /** Client connections by id: the lane's, or their ends while there is no lane. @type {Map<number, any>} */
    this.connections = new Map();
    /** @type {import('./fast.cjs').FastLane | import('./fetch/lane.cjs').FetchLane | null} */
    this.lane = null;
    this.link = new Link(this);
    this.transport = new Transport(fd, this.link, () => this.link_ended());
    this.served = () => this.transport.served();
    this.calls = new Calls({
      fd: calls_fd,
      orders,
      served: () => this.idle(),
      violation: (violation) => this.broken('the calls socket', violation),
    });
    /** Whether requests come: true, false, or null: they would, if the program served any. */
    this.routes = orders.routes ?? null;
    this.takeover = new Takeover({
      listen: orders.listen,
      port: orders.port ?? null,
      listening: (server) => this.serve_http(server),
      closed: () => this.server_closed(),
      keep_alive: (alive) => this.transport.keep_alive(alive),
      sockets: () => this.sockets(),
      others_serve: orders.workers > 1,
      log,
    });
    this.inspected = orders.inspect ?? null;
    /** Says what only somebody wants to know who looks for a reason. @type {((line: string) => void) | null} */
    this.debug = orders.debug ? log : null;
    /** Which of its service's workers it is, from 1. */
    this.number = orders.number ?? 1;
    this.signals = new Signals();
    this.crash = new Crash({
      serving: () => this.state === 'serving' && !this.told_to_end,
      in_flight: () => this.in_flight(),
      log,
    });
    this.entry = new Entry(orders.entry.file, {
      loading: () => this.state === 'loading',
      // A server that listens is what the program serves by, whatever it exports besides.
      found: (app) => this.takeover.server === null && this.serve_fetch(app),
      loaded: (is_done) => {
        // With routes it may still be about to listen, until it has nothing left to do.
        const is_enough = this.routes === false || (this.routes === null && is_done);
        if (is_enough && this.calls.offered > 0) this.ready(INTERFACE.FUNCTIONS);
      },
      offered: () => this.calls.offered,
      failed: (reason) => this.failed(reason),
    });
  }

  start() {
    without_preload();
    // What the application has answered leaves before it ends, as it would from a socket.
    process.on('exit', () => {
      for (const socket of this.sockets()) socket._end_written();
      this.calls.flush_last();
      this.transport.flush_last();
    });
    this.calls.provide();
    this.signals.hold();
    this.crash.watch();
    this.takeover.install();
    this.entry.watch();
    cluster.install({
      loading: () => this.state === 'loading',
      failed: (reason) => {
        this.failed(reason);
        process.reallyExit(EXIT_FAILED);
      },
      close: () => this.takeover.server?.close(),
      log,
    });
    if (this.inspected !== null) inspect.open(this.inspected, this.number);
  }

  // ---- the program

  /** @param {import('node:http').Server} server */
  serve_http(server) {
    const { FastLane } = require('./fast.cjs');
    const again = this.closed_by_app;
    this.closed_by_app = false;
    this.lane = new FastLane(this.link, server, this.served, this.debug);
    this.debug?.('requests are served by the fast lane: a server of http listens');
    this.ready(INTERFACE.HTTP, again);
  }

  /** @param {{ fetch: Function }} app */
  serve_fetch(app) {
    const { FetchLane } = require('./fetch/lane.cjs');
    this.takeover.give_up();
    this.lane = new FetchLane(this.link, app, this.served);
    this.debug?.('requests are served by the fetch lane: the module exports fetch');
    this.lane.settled = () => this.end_if_drained();
    this.ready(INTERFACE.FETCH);
  }

  /** @param {number} kind @param {boolean} [again] it was said before, and taken back */
  ready(kind, again = false) {
    this.transport.keep_alive(true);
    for (const [id, known] of this.connections) if (known.ends === undefined) this.connections.set(id, this.lane.new_connection(known));
    if (this.state !== 'loading' && !again) return;
    this.state = 'serving';
    this.calls.flush();
    this.link.ready(kind, `Node.js ${process.version}`);
  }

  /** @param {string} reason */
  failed(reason) {
    this.state = 'failed';
    this.link.failed(reason);
    this.transport.flush_last();
  }

  server_closed() {
    this.closed_by_app = true;
    if (this.link.said_ready && !this.link.draining) this.link.pause();
    else this.no_request_follows();
  }

  /** What has come is served to its end, though the server was closed; then nothing keeps the program. */
  no_request_follows() {
    this.takeover.let_close();
    if (this.closed_by_app) this.transport.keep_alive(this.link.open_streams > 0);
  }

  paused() {
    this.no_request_follows();
  }

  /** The front is gone, and with it everybody this worker could serve. */
  link_ended() {
    this.state = 'failed';
    process.exit(0);
  }

  /** @returns {Iterable<import('./socket.cjs').LinkSocket>} */
  *sockets() {
    for (const connection of this.connections.values()) if (connection.sockets !== undefined) yield* connection.sockets();
  }

  /** @returns {string[]} the requests that are not answered yet, as the log names them */
  in_flight() {
    const open = this.link.streams.filter((stream) => stream?.response_open && stream.owner);
    return open.map(({ owner }) => owner[kOrigin]?.name ?? owner.name);
  }

  // ---- frames

  open(id, ends) {
    this.connections.set(id, this.lane === null ? ends : this.lane.new_connection(ends));
  }

  closed(id) {
    const connection = this.connections.get(id);
    if (connection === undefined) return;
    this.connections.delete(id);
    (connection.ends ?? connection).gone = true;
    this.lane?.closed(connection);
  }

  request(stream, head, buffer, at, end, last) {
    const connection = this.connections.get(head.connection);
    if (connection === undefined || this.lane === null) {
      return this.link._violated(`a REQUEST frame for connection ${head.connection}, which was not opened, or before READY`);
    }
    const body = end > at ? Buffer.from(buffer.subarray(at, end)) : null;
    this.lane.request(stream, head, connection, body, last);
  }

  fault(stream, fault) {
    const connection = this.connections.get(fault.connection);
    if (connection === undefined || typeof this.lane?.fault !== 'function') {
      return this.link._violated(`a FAULT frame for connection ${fault.connection}, which was not opened, or for no http server`);
    }
    // A request that it has is the application's until the end, closed or not.
    if (this.closed_by_app && stream.owner === null) return this.link.cancel(stream, REASON.APP_FAILED);
    this.lane.fault(stream, fault, connection);
  }

  body(stream, buffer, at, end, last) {
    const body = end > at ? Buffer.from(buffer.subarray(at, end)) : NO_BYTES;
    this.lane.body(stream.owner, stream, body, last);
  }

  trailers(stream, lines) {
    this.lane.trailers(stream.owner, stream, lines);
  }

  cancel(stream, reason) {
    this.lane.cancel(stream.owner, reason);
  }

  credit(stream) {
    this.lane.credit(stream.owner);
  }

  link_credit() {
    for (const stream of this.link.streams) if (stream?.owner) this.lane.credit(stream.owner);
  }

  farewell() {
    this.told_farewell = true;
    this.end_if_drained();
  }

  drain() {
    this.draining = true;
    this.told_to_end = true;
    if (this.inspected !== null) inspect.close();
    sessions.end_polling();
    this.end_if_drained();
  }

  idle() {
    if (this.draining) setImmediate(() => this.end_if_drained());
    if (this.closed_by_app && this.link.open_streams === 0 && this.link.pauses === 0) this.transport.keep_alive(false);
  }

  violation(violation) {
    this.broken('the link', violation);
  }

  broken(what, violation) {
    log(`${what} to the server broke its rules: ${violation.message}`);
    this.state = 'failed';
    process.exit(EXIT_VIOLATION);
  }

  // ---- the end

  /** @returns {number} open streams that need not come to an end by themselves */
  endless() {
    let count = 0;
    for (const stream of this.link.streams) if (stream?.response_open && stream.owner && (stream.tunnels || stream.owner.has_events)) count++;
    return count;
  }

  /**
   * All requests have ended and none will come: let the program clean up as it does when it is told to end. Tunnels and streams of
   * events may have no end of their own: behind FAREWELL they are the program's to close.
   */
  end_if_drained() {
    if (!this.draining || this.lane?.waiting?.size > 0 || this.calls.is_busy) return;
    const { open_streams } = this.link;
    if (open_streams > 0 && (!this.told_farewell || open_streams > this.endless())) return;
    this.draining = false;
    // DRAIN is said again before the end of the grace period: the program's handlers are at work already.
    if (this.signals.released) return;
    this.signals.release();
    for (const signal of ['SIGTERM', 'SIGINT']) {
      if (process.listenerCount(signal) > 0) {
        this.calls.flush();
        this.transport.flush();
        // A program that exports `fetch` has no server to close: what keeps it from ending is its own.
        if (this.takeover.server === null) this.signals.handled = () => this.transport.keep_alive(false);
        process.kill(process.pid, signal);
        return;
      }
    }
    // What waits leaves before the process does.
    this.calls.finish(() => this.transport.finish(() => process.exit(0)));
  }
}

/**
 * What the server has left for the worker in the environment, where the program does not find it: the link, the orders, the calls socket.
 * @returns {[number, any, number | null]}
 */
function take_orders() {
  const fd = Number(process.env.DIGLOT_LINK);
  const orders = { ...JSON.parse(process.env.DIGLOT_WORKER), number: Number(process.env.DIGLOT_NUMBER ?? 1) };
  const calls = process.env.DIGLOT_CALLS;
  for (const name of ['DIGLOT_LINK', 'DIGLOT_WORKER', 'DIGLOT_NUMBER', 'DIGLOT_CALLS']) delete process.env[name];
  return [fd, orders, calls === undefined ? null : Number(calls)];
}

function start() {
  new Worker(...take_orders()).start();
}

module.exports = { Worker, start, take_orders };
