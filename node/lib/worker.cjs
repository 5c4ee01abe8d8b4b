'use strict';
// One worker: reads its orders from the environment, joins link, lanes and `listen`, and follows the program's life.

const { AsyncResource } = require('node:async_hooks');
const { Link } = require('./link.cjs');
const { Transport } = require('./transport.cjs');
const { Takeover } = require('./listen.cjs');
const { FastLane, Connection } = require('./fast.cjs');
const { INTERFACE, REASON } = require('./protocol.cjs');

const NO_BYTES = Buffer.alloc(0);

/** A line to stderr, which is the server's log. @param {string} line */
function log(line) {
  process.stderr.write(`diglot: ${line}\n`);
}

class Worker {
  constructor(fd, orders) {
    this.orders = orders;
    /** @type {Map<number, Connection>} */
    this.connections = new Map();
    /** @type {FastLane | null} */
    this.lane = null;
    this.link = new Link(this);
    this.transport = new Transport(fd, this.link, () => process.exit(0));
    this.served = this.transport.served.bind(this.transport);
    this.takeover = new Takeover({
      listen: orders.listen,
      port: orders.port ?? null,
      listening: (server) => this.listening(server),
      closed: () => this.transport.keep_alive(false),
      keep_alive: (alive) => this.transport.keep_alive(alive),
      log,
    });
    this.takeover.install();
  }

  listening(server) {
    this.lane = new FastLane(this.link, server, this.served);
    this.transport.keep_alive(true);
    this.link.ready(INTERFACE.HTTP, `Node.js ${process.version}`);
  }

  // ---- frames

  open(id, ends) {
    this.connections.set(id, new Connection(ends));
  }

  closed(id) {
    const connection = this.connections.get(id);
    if (connection === undefined) return;
    this.connections.delete(id);
    this.lane?.closed(connection);
  }

  request(stream, head, buffer, at, end, last) {
    const connection = this.connections.get(head.connection);
    const body = end > at ? Buffer.from(buffer.subarray(at, end)) : null;
    this.lane.request(stream, head, connection, body, last);
  }

  body(stream, buffer, at, end, last) {
    const body = end > at ? Buffer.from(buffer.subarray(at, end)) : NO_BYTES;
    this.lane.body(stream.owner, stream, body, last);
  }

  trailers(stream, lines) {
    this.lane.trailers(stream.owner, lines);
  }

  cancel(stream) {
    this.lane.cancel(stream.owner);
  }

  credit(stream) {
    stream.owner._send_pending();
  }

  link_credit() {
    for (const stream of this.link.streams) stream?.owner?._send_pending();
  }

  drain() {
    process.exit(0);
  }

  violation(violation) {
    log(`the link is broken: ${violation.message}`);
    process.exit(70);
  }
}

function start() {
  const fd = Number(process.env.DIGLOT_LINK);
  const orders = JSON.parse(process.env.DIGLOT_WORKER);
  delete process.env.DIGLOT_LINK;
  delete process.env.DIGLOT_WORKER;
  return new Worker(fd, orders);
}

module.exports = { start };
