'use strict';
// One worker: reads its orders from the environment, joins the link, the lanes and `listen`, and follows the program's life.
//
// The lanes are loaded when it is known which one is needed.
//
// loading → serving → draining → ended. It begins to serve when the routed server listens or the main module turns out to export
// `fetch`; what happens before that is a failure to load, and is told to the server with the reason.

const cluster = require('node:cluster');
const { Link } = require('./link.cjs');
const { Transport } = require('./transport.cjs');
const { Takeover } = require('./listen.cjs');
const { Entry } = require('./entry.cjs');
const { INTERFACE, REASON } = require('./protocol.cjs');

const NO_BYTES = Buffer.alloc(0);
/** The exit code for a link that broke its rules: EX_PROTOCOL of sysexits.h. */
const EXIT_VIOLATION = 76;

/** A line to stderr, which is the server's log. @param {string} line */
function log(line) {
  process.stderr.write(`diglot: ${line}\n`);
}

/** @implements {import('./link.cjs').Handler} */
class Worker {
  /**
   * @param {number} fd the link
   * @param {any} orders what DIGLOT_WORKER says
   */
  constructor(fd, orders) {
    /** @type {'loading' | 'serving' | 'failed'} */
    this.state = 'loading';
    this.draining = false;
    /** The routed server was closed by the application. */
    this.closed_by_app = false;
    /** Client connections by id: the lane's, or their ends while there is no lane. @type {Map<number, any>} */
    this.connections = new Map();
    /** @type {import('./fast.cjs').FastLane | import('./fetch/lane.cjs').FetchLane | null} */
    this.lane = null;
    this.link = new Link(this);
    this.transport = new Transport(fd, this.link, () => this.link_ended());
    this.served = () => this.transport.served();
    this.takeover = new Takeover({
      listen: orders.listen,
      port: orders.port ?? null,
      listening: (server) => this.serve_http(server),
      closed: () => this.server_closed(),
      keep_alive: (alive) => this.transport.keep_alive(alive),
      sockets: () => this.sockets(),
      log,
    });
    this.entry = new Entry(orders.entry.file, {
      loading: () => this.state === 'loading',
      found: (app) => this.serve_fetch(app),
      failed: (reason) => this.failed(reason),
    });
  }

  start() {
    // What the application has answered leaves before it ends, as it would from a socket.
    process.on('exit', () => {
      for (const socket of this.sockets()) socket._end_written();
      this.transport.flush_last();
    });
    this.takeover.install();
    this.entry.watch();
    cluster.fork = () => {
      throw new Error(
        'cluster.fork() is not for programs that Diglot runs: it starts the workers itself. ' +
          'Set `workers` of the service, and start the server without cluster.',
      );
    };
  }

  // ---- the program

  /** @param {import('node:http').Server} server */
  serve_http(server) {
    const { FastLane } = require('./fast.cjs');
    this.closed_by_app = false;
    this.lane = new FastLane(this.link, server, this.served);
    this.ready(INTERFACE.HTTP);
  }

  /** @param {{ fetch: Function }} app */
  serve_fetch(app) {
    const { FetchLane } = require('./fetch/lane.cjs');
    this.takeover.give_up();
    this.lane = new FetchLane(this.link, app, this.served);
    this.lane.settled = () => this.end_if_drained();
    this.ready(INTERFACE.FETCH);
  }

  /** @param {number} kind */
  ready(kind) {
    this.transport.keep_alive(true);
    for (const [id, known] of this.connections) if (known.ends === undefined) this.connections.set(id, this.lane.new_connection(known));
    if (this.state !== 'loading') return;
    this.state = 'serving';
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
    this.transport.keep_alive(this.link.open_streams > 0);
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

  // ---- frames

  open(id, ends) {
    this.connections.set(id, this.lane === null ? ends : this.lane.new_connection(ends));
  }

  closed(id) {
    const connection = this.connections.get(id);
    if (connection === undefined) return;
    this.connections.delete(id);
    this.lane?.closed(connection);
  }

  request(stream, head, buffer, at, end, last) {
    const connection = this.connections.get(head.connection);
    if (connection === undefined || this.lane === null) {
      return this.link._violated(`a REQUEST frame for connection ${head.connection}, which was not opened, or before READY`);
    }
    if (this.closed_by_app) return this.link.cancel(stream, REASON.APP_FAILED);
    const body = end > at ? Buffer.from(buffer.subarray(at, end)) : null;
    this.lane.request(stream, head, connection, body, last);
  }

  body(stream, buffer, at, end, last) {
    const body = end > at ? Buffer.from(buffer.subarray(at, end)) : NO_BYTES;
    this.lane.body(stream.owner, stream, body, last);
  }

  trailers(stream, lines) {
    this.lane.trailers(stream.owner, stream, lines);
  }

  cancel(stream) {
    this.lane.cancel(stream.owner);
  }

  credit(stream) {
    this.lane.credit(stream.owner);
  }

  link_credit() {
    for (const stream of this.link.streams) if (stream?.owner) this.lane.credit(stream.owner);
  }

  drain() {
    this.draining = true;
    this.end_if_drained();
  }

  idle() {
    if (this.draining) setImmediate(() => this.end_if_drained());
    if (this.closed_by_app) this.transport.keep_alive(false);
  }

  violation(violation) {
    log(`the link to the server broke its rules: ${violation.message}`);
    this.state = 'failed';
    process.exit(EXIT_VIOLATION);
  }

  // ---- the end

  /** All streams have ended and none will come: let the program clean up as it does when it is told to end. */
  end_if_drained() {
    if (!this.draining || this.link.open_streams > 0 || this.lane?.waiting?.size > 0) return;
    this.draining = false;
    for (const signal of ['SIGTERM', 'SIGINT']) {
      if (process.listenerCount(signal) > 0) {
        this.transport.flush();
        process.kill(process.pid, signal);
        return;
      }
    }
    // What waits leaves before the process does.
    this.transport.finish(() => process.exit(0));
  }
}

function start() {
  const fd = Number(process.env.DIGLOT_LINK);
  const orders = JSON.parse(process.env.DIGLOT_WORKER);
  delete process.env.DIGLOT_LINK;
  delete process.env.DIGLOT_WORKER;
  new Worker(fd, orders).start();
}

module.exports = { start };
