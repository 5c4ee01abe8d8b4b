'use strict';
// How many bytes others may send: of messages that have not come whole, and of windows.

const { UNFINISHED_BYTES_MAX, WINDOW_BYTES, WINDOW_BYTES_MIN, WINDOWS_BYTES_MAX } = require('./protocol.cjs');

/** Of what windows have left, one takes at most this part. */
const WINDOW_PART = 256;

/**
 * @typedef {object} Asked
 * @property {import('./exchange.cjs').Exchange} exchange
 * @property {number} bytes
 * @property {boolean} is_admitted they may come
 * @property {boolean} is_void they have come without
 */

/** What unfinished messages may have together, the longest waiting first. */
class Budget {
  /** @param {(exchange: import('./exchange.cjs').Exchange) => void} admitted what was asked for may come */
  constructor(admitted) {
    this.admitted = admitted;
    this.in_use = 0;
    /** @type {Asked[]} */
    this.waiting = [];
  }

  /** @param {import('./exchange.cjs').Exchange} exchange @param {number} bytes @returns {Asked} */
  ask(exchange, bytes) {
    const asked = { exchange, bytes, is_admitted: false, is_void: false };
    if (this.waiting.length === 0 && this._fits(bytes)) this._admit(asked);
    else this.waiting.push(asked);
    return asked;
  }

  /** One that is longer than all may be together comes alone. */
  _fits(bytes) {
    return this.in_use === 0 || this.in_use + bytes <= UNFINISHED_BYTES_MAX;
  }

  /** @param {Asked} asked */
  _admit(asked) {
    const { exchange, bytes } = asked;
    asked.is_admitted = true;
    this.in_use += bytes;
    exchange.reserved += bytes;
    exchange.to_grant += bytes;
    this.admitted(exchange);
  }

  /** @param {import('./exchange.cjs').Exchange} exchange @param {number} bytes that it had and needs no more */
  release(exchange, bytes) {
    exchange.reserved -= bytes;
    this.in_use -= bytes;
    while (this.waiting.length > 0) {
      const [next] = this.waiting;
      const is_wanted = !next.exchange.over && !next.is_void;
      if (is_wanted && !this._fits(next.bytes)) return;
      this.waiting.shift();
      if (is_wanted) this._admit(next);
    }
  }
}

/** Windows: each smaller the less is left, so that there is always some. */
class Windows {
  constructor() {
    this.left = WINDOWS_BYTES_MAX;
  }

  /** @returns {number} bytes */
  take() {
    const bytes = Math.min(WINDOW_BYTES, Math.max(WINDOW_BYTES_MIN, Math.floor(this.left / WINDOW_PART)));
    this.left -= bytes;
    return bytes;
  }

  /** @param {number} bytes */
  give_back(bytes) {
    this.left += bytes;
  }
}

module.exports = { Budget, Windows };
