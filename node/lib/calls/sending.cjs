'use strict';
// Sends what an iterable yields as a stream's items, no faster than the other end takes them.

const { take_encoder, give_back } = require('./encode.cjs');

class Sending {
  /**
   * @param {import('./connection.cjs').Connection} connection
   * @param {import('./exchange.cjs').Exchange} exchange
   * @param {any} iterable
   * @param {(encoder: import('./encode.cjs').Encoder, item: any) => void} write
   * @param {((item: any) => any) | null} [encode] by the schema, if there is one: what is to be written, or a promise of it
   */
  constructor(connection, exchange, iterable, write, encode = null) {
    this.connection = connection;
    this.exchange = exchange;
    this.write = write;
    this.encode = encode;
    this.iterator = iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]();
    /** Nobody wants what follows. */
    this.is_stopped = false;
    /** @type {(() => void) | null} */
    this.wake = null;
  }

  /** Rejects with what the iterable threw. @returns {Promise<void>} */
  async run() {
    const { connection, exchange, iterator } = this;
    while (!this.is_stopped) {
      const { value, done } = await iterator.next();
      if (this.is_stopped) return;
      if (done) return connection.end_items(exchange);
      let has_credit;
      try {
        let encoded = this.encode === null ? value : this.encode(value);
        if (this.encode !== null && typeof encoded?.then === 'function') {
          // The schema is one that validates asynchronously.
          encoded = await encoded;
          if (this.is_stopped) return;
        }
        has_credit = this._send(encoded);
      } catch (error) {
        // The iterable is not asked any more.
        this._leave();
        throw error;
      }
      if (has_credit) continue;
      await new Promise((resolve) => {
        this.wake = resolve;
        connection.wait(exchange);
      });
    }
  }

  /** @param {any} encoded @returns {boolean} whether there is credit for more */
  _send(encoded) {
    const encoder = take_encoder();
    try {
      encoder.begin(this.connection.message_bytes_max);
      this.write(encoder, encoded);
      encoder.check_length();
      return this.connection.send_item(this.exchange, encoder);
    } finally {
      give_back(encoder);
    }
  }

  /** There is credit again. */
  go_on() {
    const { wake } = this;
    this.wake = null;
    wake?.();
  }

  /** Nobody wants the rest: the iterable is told so. */
  stop() {
    if (this.is_stopped) return;
    this.is_stopped = true;
    this._leave();
    this.go_on();
  }

  _leave() {
    // What it does about that is its own affair; its errors have nobody to go to.
    try {
      this.iterator.return?.()?.then?.(undefined, () => {});
    } catch {
      // As above.
    }
  }
}

module.exports = { Sending };
