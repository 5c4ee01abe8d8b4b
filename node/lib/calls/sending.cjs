'use strict';
// Sends what an iterable yields as a stream's items, no faster than the other end takes them.

const { take_encoder, give_back } = require('./encode.cjs');

/** How long items of an iterable that never waits gather, before they leave and others have their turn. */
const TURN_MS = 1;
/** Items between two looks at the clock, at most. */
const STRIDE_MAX = 64;

/** The rest of the loop's turn: what is to be written leaves, what has come is read. */
function next_turn() {
  return new Promise(setImmediate);
}

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
    this.turn_ms = performance.now();
    this.looked_ms = this.turn_ms;
    this.stride = 1;
    this.until_look = 1;
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
      if (has_credit && !this._has_had_its_turn()) continue;
      if (has_credit) {
        await next_turn();
      } else {
        await new Promise((resolve) => {
          this.wake = resolve;
          connection.wait(exchange);
        });
      }
      this.turn_ms = performance.now();
    }
  }

  _has_had_its_turn() {
    if (--this.until_look > 0) return false;
    const now_ms = performance.now();
    // Where items take next to nothing, the clock is looked at less often.
    this.stride = now_ms - this.looked_ms < TURN_MS / 8 ? Math.min(2 * this.stride, STRIDE_MAX) : 1;
    this.until_look = this.stride;
    this.looked_ms = now_ms;
    return now_ms - this.turn_ms >= TURN_MS;
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
