'use strict';
// Deadlines of calls: many at a time, of which hardly one passes. They share one timer.

/** Deadlines that lie in the same so many milliseconds pass together, at their end. */
const TICK_MS = 8;
/** As far ahead as Node's timers reach. */
const TIMER_MS_MAX = 0x7fff_ffff;
/** When there are more ticks than this, those without deadlines are forgotten. */
const TICKS_MAX = 128;

/**
 * @typedef {object} Timed
 * @property {number} tick when it passes; 0: it is not waited for
 * @property {Timed | null} before
 * @property {Timed | null} after
 * @property {() => void} passed
 */

class Deadlines {
  constructor() {
    /** Those of one tick, each a ring around its head. @type {Map<number, any>} */
    this.rings = new Map();
    /** Ticks that have, or had, deadlines, the soonest last. @type {number[]} */
    this.ticks = [];
    /** @type {NodeJS.Timeout | null} */
    this.timer = null;
    this.timer_tick = 0;
  }

  /** @param {Timed} timed @param {number} at_ms of `performance.now()` */
  add(timed, at_ms) {
    const tick = Math.ceil(at_ms / TICK_MS);
    let ring = this.rings.get(tick);
    if (ring === undefined) ring = this._new_ring(tick);
    timed.tick = tick;
    timed.before = ring.before;
    timed.after = ring;
    ring.before.after = timed;
    ring.before = timed;
  }

  /** @param {Timed} timed */
  remove(timed) {
    if (timed.tick === 0) return;
    const { before, after } = timed;
    before.after = after;
    after.before = before;
    // Its ring is empty: a tick without a ring is passed over.
    if (before === after) this.rings.delete(timed.tick);
    timed.tick = 0;
    timed.before = timed.after = null;
  }

  _new_ring(tick) {
    const ring = { before: null, after: null };
    ring.before = ring.after = ring;
    this.rings.set(tick, ring);
    if (this.ticks.length > TICKS_MAX) this.ticks = this.ticks.filter((known) => this.rings.has(known));
    const { ticks } = this;
    let at = ticks.length;
    while (at > 0 && ticks[at - 1] < tick) at--;
    if (ticks[at - 1] !== tick) ticks.splice(at, 0, tick);
    if (this.timer === null || tick < this.timer_tick) this._set(tick);
    return ring;
  }

  _set(tick) {
    clearTimeout(this.timer);
    this.timer_tick = tick;
    const left_ms = Math.max(tick * TICK_MS - performance.now(), 0) + 1;
    this.timer = setTimeout(() => this._passed(), Math.min(left_ms, TIMER_MS_MAX));
    // Whether calls keep the process alive, their socket says.
    this.timer.unref();
  }

  _passed() {
    this.timer = null;
    const { ticks } = this;
    const now = Math.floor(performance.now() / TICK_MS);
    while (ticks.length > 0 && (ticks.at(-1) <= now || !this.rings.has(ticks.at(-1)))) {
      const ring = this.rings.get(ticks.pop());
      while (ring !== undefined && ring.after !== ring) {
        const timed = ring.after;
        this.remove(timed);
        timed.passed();
      }
    }
    if (ticks.length > 0) this._set(ticks.at(-1));
  }
}

module.exports = { Deadlines, TICK_MS };
