'use strict';
// The worker's part in calls: its socket, the functions it offers, the calls it serves and makes.
//
// Nothing of it is loaded, and the socket stays silent, until the program uses the package.

const { AsyncResource } = require('node:async_hooks');
const { OFFER_BYTES_MAX, TYPE } = require('./protocol.cjs');
const { Connection } = require('./connection.cjs');
const { CallsSocket } = require('./socket.cjs');
const { Deadlines } = require('./deadlines.cjs');
const { Serving } = require('./serving.cjs');
const { thrown } = require('./thrown.cjs');

/** Calls that an unknown function gets: they are answered before they have begun. */
const UNKNOWN = Object.freeze({ message() {}, item() {}, ended() {}, broken() {}, stalled() {}, aborted() {}, credit() {} });

class Runtime {
  /**
   * @param {object} way
   * @param {number} way.fd the calls socket
   * @param {string} way.service the worker's own
   * @param {number} way.message_bytes_max
   * @param {() => void} way.served all calls that were taken are answered
   * @param {(violation: Error) => never} way.violation
   */
  constructor({ fd, service, message_bytes_max, served, violation }) {
    this.service = service;
    this.served = served;
    /** By what they cross as. @type {Map<string, import('./functions.cjs').Offered>} */
    this.functions = new Map();
    this.deadlines = new Deadlines();
    this.connection = new Connection(
      {
        called: (exchange, head) => this._called(exchange, head),
        drain: () => this.served(),
        busy: () => this.socket.keep_alive(true),
        idle: () => this._idle(),
        violation,
      },
      message_bytes_max,
    );
    // Frames are nobody's code: the request that happens to use the package first is not to be taken for their origin.
    this.socket = ROOT.runInAsyncScope(() => new CallsSocket(fd, this.connection, () => this._ended()));
  }

  /** @param {import('./functions.cjs').Offered} offered */
  offer(offered) {
    const json = Buffer.from(JSON.stringify(offered.offer));
    if (json.length > OFFER_BYTES_MAX) throw new TypeError(`${offered.place}: the types of ${offered.name}() take ${json.length} bytes, above the maximum of ${OFFER_BYTES_MAX}`);
    this.functions.set(offered.name, offered);
    this.connection.output.frame(TYPE.OFFER, 0, 0, json);
  }

  /** Calls in hand, which the end of the worker waits for. */
  get in_hand() {
    return this.connection.theirs.size;
  }

  /** Whether calls may still come. */
  get may_be_called() {
    return this.functions.size > 0 && !this.connection.draining;
  }

  _called(exchange, head) {
    const offered = this.functions.get(head.function);
    if (offered !== undefined) return new Serving(this.connection, exchange, offered, head);
    this.connection.throw(exchange, thrown('unknown_function', `${this.service} offers no function ${head.function}()`));
    return UNKNOWN;
  }

  _idle() {
    this.socket.keep_alive(false);
    this.served();
  }

  _ended() {
    for (const exchange of [...this.connection.ours.values()]) {
      const { owner } = exchange;
      this.connection.end(exchange);
      owner?.thrown({ code: 'unavailable', message: 'the server has ended' });
    }
  }
}

const ROOT = new AsyncResource('DIGLOTCALLS');

module.exports = { Runtime };
