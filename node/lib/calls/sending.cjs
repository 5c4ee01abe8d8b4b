'use strict';
// Sends what an iterable yields as a stream's items, no faster than the other end takes them.

const { take_encoder, give_back } = require('./encode.cjs');

class Sending {
  /**
   * @param {import('./connection.cjs').Connection} connection
   * @param {import('./exchange.cjs').Exchange} exchange
   * @param {any} iterable
   * @param {(encoder: import('./encode.cjs').Encoder, item: any) => void} write by the schema
   */
  constructor(connection, exchange, iterable, write) {
    this.connection = connection;
    this.exchange = exchange;
    this.write = write;
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
      if (this._send(value)) continue;
      await new Promise((resolve) => {
        this.wake = resolve;
        connection.wait(exchange);
      });
    }
  }

  _send(value) {
    const encoder = take_encoder();
    try {
      encoder.begin(this.connection.message_bytes_max);
      this.write(encoder, value);
      encoder.check_length();
      return this.connection.send_item(this.exchange, encoder);
    } catch (error) {
      // The iterable is not asked any more.
      this._leave();
      throw error;
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
