'use strict';
// What a worker has of calls before its program uses them: the socket's number, and a way for the package to begin.

/** As `sdk.cjs` has it. */
const kSdk = Symbol.for('diglot.sdk');
/** Where the settings say nothing. */
const MESSAGE_BYTES_MAX = 67_108_864;

class Calls {
  /**
   * @param {object} way
   * @param {number | null} way.fd the calls socket; null: the server has made none
   * @param {any} way.orders the worker's
   * @param {() => void} way.served no call is in hand any more, or none follows
   * @param {(violation: import('../protocol.cjs').Violation) => never} way.violation
   */
  constructor({ fd, orders, served, violation }) {
    this.fd = fd;
    this.orders = orders;
    this.served = served;
    this.violation = violation;
    /** @type {import('./runtime.cjs').Runtime | null} */
    this.runtime = null;
    /** @type {any} */
    this.sdk = null;
  }

  /** Lets the program find the package, and the package this. */
  provide() {
    require('./find.cjs').install(this.orders.entry.file);
    Object.defineProperty(process, kSdk, {
      configurable: true,
      value: () => {
        if (this.sdk === null) {
          // From here on, so that requests which come before the first call are told apart, too.
          require('../origin.cjs').tell_apart();
          this.sdk = require('./sdk.cjs').make_sdk(() => this._begin(), this.orders.root);
        }
        return this.sdk;
      },
    });
  }

  /** The program uses calls. @returns {import('./runtime.cjs').Runtime | null} */
  _begin() {
    if (this.runtime !== null || this.fd === null) return this.runtime;
    const { Runtime } = require('./runtime.cjs');
    const { functions, service } = this.orders;
    this.runtime = new Runtime({
      fd: this.fd,
      service: functions?.service ?? service,
      message_bytes_max: functions?.message_bytes_max ?? MESSAGE_BYTES_MAX,
      served: this.served,
      violation: this.violation,
    });
    return this.runtime;
  }

  /** How many functions the program offers. */
  get offered() {
    return this.runtime?.functions.size ?? 0;
  }

  /** Whether a call is in hand, or may still come. */
  get is_busy() {
    return this.runtime !== null && (this.runtime.in_hand > 0 || this.runtime.may_be_called);
  }

  /** Writes what waits: offers precede READY. */
  flush() {
    this.runtime?.socket.flush();
  }

  flush_last() {
    this.runtime?.socket.flush_last();
  }

  /** Calls back when all has been written. @param {() => void} callback */
  finish(callback) {
    if (this.runtime === null) callback();
    else this.runtime.socket.finish(callback);
  }
}

module.exports = { Calls };
