'use strict';
// How many bytes others may send: of messages that have not come whole, and of windows.

const { UNFINISHED_BYTES_MAX, WINDOW_BYTES, WINDOW_BYTES_MIN, WINDOWS_BYTES_MAX } = require('./protocol.cjs');

/** Of what windows have left, one takes at most this part. */
const WINDOW_PART = 256;

/** A message up to this length does not wait for longer ones. */
const SHORT_BYTES_MAX = 1024 * 1024;
/** Of all that unfinished messages may have, what the short ones have for themselves. */
const SHORT_PART = 1 / 4;
/** So many ticks nothing of a message may come while others wait for its room. While this process does not read there are none. */
const IDLE_TICKS_MAX = 5;
const TICK_MS = 1000;

/** Room for one message, or for one item. */
class Asked {
  /** @param {Budget} budget @param {import('./exchange.cjs').Exchange} exchange @param {number} bytes */
  constructor(budget, exchange, bytes) {
    this.budget = budget;
    this.exchange = exchange;
    this.bytes = bytes;
    /** They may come. */
    this.is_admitted = false;
    /** It has no room, and wants none. */
    this.is_over = false;
    /** What had come of it at the last tick, and the ticks since nothing has. */
    this.filled = exchange.filled;
    this.idle_ticks = 0;
  }

  get is_wanted() {
    return !this.is_over && this.exchange.owner !== null;
  }

  /** It was consumed, or does not come: its room is for others. */
  release() {
    if (this.is_over) return;
    this.is_over = true;
    this.exchange.rooms.delete(this);
    this.budget.released(this);
  }

  /** Nobody wants it any more; what was granted of it may come all the same. */
  shrink() {
    if (!this.is_admitted) return this.release();
    const bytes = Math.min(this.bytes, this.exchange.granted);
    this.budget.in_use -= this.bytes - bytes;
    this.bytes = bytes;
    this.budget.go_on();
  }
}

/** What messages of one kind may have together, the longest waiting first. */
class Budget {
  /** @param {number} bytes_max @param {Messages} messages */
  constructor(bytes_max, messages) {
    this.bytes_max = bytes_max;
    this.messages = messages;
    this.in_use = 0;
    /** @type {Set<Asked>} */
    this.admitted = new Set();
    /** @type {Asked[]} */
    this.waiting = [];
    /** Those of services that have kept others waiting. @type {Asked[]} */
    this.behind = [];
    /** Runs while one waits. @type {NodeJS.Timeout | null} */
    this.timer = null;
  }

  /** @param {Asked} asked */
  wait(asked) {
    const is_late = this.messages.late.size > 0 && this.messages.late.has(asked.exchange.peer_name);
    (is_late ? this.behind : this.waiting).push(asked);
    this.go_on();
  }

  /** One that is longer than all may be together comes alone. */
  _fits(bytes) {
    return this.in_use === 0 || this.in_use + bytes <= this.bytes_max;
  }

  /** Admits those that there is room for. */
  go_on() {
    for (;;) {
      const next = first_wanted(this.waiting) ?? first_wanted(this.behind);
      if (next === undefined || !this._fits(next.bytes)) return this._watch(next !== undefined);
      (this.waiting.length > 0 ? this.waiting : this.behind).shift();
      this._admit(next);
    }
  }

  /** @param {Asked} asked */
  _admit(asked) {
    const { exchange, bytes } = asked;
    asked.is_admitted = true;
    this.in_use += bytes;
    this.admitted.add(asked);
    exchange.to_grant += bytes;
    this.messages.handler.admitted(exchange);
  }

  /** @param {Asked} asked */
  released(asked) {
    if (asked.is_admitted) {
      this.in_use -= asked.bytes;
      this.admitted.delete(asked);
    }
    this.go_on();
  }

  _watch(somebody_waits) {
    if (somebody_waits === (this.timer !== null)) return;
    if (somebody_waits) {
      for (const asked of this.admitted) asked.idle_ticks = 0;
      this.timer = setInterval(() => this._tick(), TICK_MS).unref();
    } else {
      clearInterval(this.timer);
      this.timer = null;
    }
  }

  /** Who keeps others waiting, and sends nothing, loses its room. */
  _tick() {
    const { messages } = this;
    const stalled = [...this.admitted].filter(has_stalled);
    if (stalled.length === 0) return;
    for (const { exchange } of stalled) messages.late.add(exchange.peer_name);
    const is_late = (asked) => messages.late.has(asked.exchange.peer_name);
    this.behind.push(...this.waiting.filter(is_late));
    this.waiting = this.waiting.filter((asked) => !is_late(asked));
    for (const { exchange } of stalled) messages.handler.stalled(exchange, `nothing has come of the message for ${(IDLE_TICKS_MAX * TICK_MS) / 1000} s, and others wait for its room`);
  }
}

/** @param {Asked[]} queue @returns {Asked | undefined} behind those that nobody wants, which are left out for good */
function first_wanted(queue) {
  while (queue.length > 0 && !queue[0].is_wanted) queue.shift();
  return queue[0];
}

/** Another tick has passed. @param {Asked} asked */
function has_stalled(asked) {
  const { exchange, filled } = asked;
  // What has come waits for its reader.
  if (exchange.asked !== asked) return false;
  asked.filled = exchange.filled;
  asked.idle_ticks = exchange.filled === filled ? asked.idle_ticks + 1 : 0;
  return asked.idle_ticks >= IDLE_TICKS_MAX;
}

/**
 * @typedef {object} RoomHandler
 * @property {(exchange: import('./exchange.cjs').Exchange) => void} admitted what was asked for may come
 * @property {(exchange: import('./exchange.cjs').Exchange, problem: string) => void} stalled what comes of it has to end
 */

/** The unfinished messages of one direction. */
class Messages {
  /** @param {RoomHandler} handler */
  constructor(handler) {
    this.handler = handler;
    this.short = new Budget(UNFINISHED_BYTES_MAX * SHORT_PART, this);
    this.long = new Budget(UNFINISHED_BYTES_MAX * (1 - SHORT_PART), this);
    /** Services of which a message has stalled, until one comes whole: theirs wait behind those of others. @type {Set<string>} */
    this.late = new Set();
  }

  get in_use() {
    return this.short.in_use + this.long.in_use;
  }

  /** Asks for room for what comes of a call now. @param {import('./exchange.cjs').Exchange} exchange @param {number} bytes */
  ask(exchange, bytes) {
    const budget = bytes > SHORT_BYTES_MAX ? this.long : this.short;
    const asked = new Asked(budget, exchange, bytes);
    exchange.asked = asked;
    (exchange.rooms ??= new Set()).add(asked);
    budget.wait(asked);
  }

  /** What was asked for has come. @param {import('./exchange.cjs').Exchange} exchange @returns {Asked | null} its room, until it is consumed; null: it came without */
  came(exchange) {
    const { asked } = exchange;
    exchange.asked = null;
    if (asked === null) return null;
    if (this.late.size > 0) this.late.delete(exchange.peer_name);
    if (asked.is_admitted) return asked;
    asked.release();
    return null;
  }

  /** Nobody reads what comes of the call. @param {import('./exchange.cjs').Exchange} exchange */
  given_up(exchange) {
    const { asked, rooms } = exchange;
    exchange.asked = null;
    if (rooms === null) return;
    for (const room of rooms) {
      if (room === asked) room.shrink();
      else room.release();
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

module.exports = { Messages, Windows };
