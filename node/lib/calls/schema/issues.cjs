'use strict';
// What is wrong with a value, gathered while it is walked.

const { forgotten } = require('../values.cjs');

/** So many are told; who sends a million wrong items does not get a message of them all. */
const ISSUES_MAX = 50;
/** Of a value that is quoted, at most so many characters. */
const QUOTED_MAX = 60;
/** As deep as values may nest (docs/internals/calls.md). */
const DEPTH_MAX = 128;

/** Only made where something is wrong does it hold anything: paths are put together on the way back. */
class Issues {
  constructor() {
    this.count = 0;
    /** Messages that take their time are made when they are told. @type {{ path: (string | number)[], message: string | (() => string) }[]} */
    this.list = [];
    this.depth = 0;
    /** Values nest too deep: no more are gone into, since of one that contains itself twice there are two to the power of its depth. */
    this.is_too_deep = false;
    /** @type {Map<object, Map<object, any>> | null} */
    this._kept = null;
  }

  /** @param {object} by who kept it @param {object} value @returns {any} what was kept of a value */
  kept(by, value) {
    return this._kept?.get(by)?.get(value);
  }

  /** @param {object} by @param {object} value @param {any} outcome */
  keep(by, value, outcome) {
    this._kept ??= new Map();
    const of_this = this._kept.get(by);
    if (of_this === undefined) this._kept.set(by, new Map([[value, outcome]]));
    else of_this.set(value, outcome);
  }

  /** @param {string | (() => string)} message */
  add(message) {
    this.count++;
    if (this.list.length < ISSUES_MAX) this.list.push({ path: [], message });
  }

  /** As much more is looked at: a walk that has bounds ends at them. @param {number} _size characters, bytes or items, 1 of what has none */
  step(_size) {}

  /** So many parts are about to be looked at, each of which is a step at least. @param {number} _count */
  room(_count) {}

  /** @param {(string | number)[]} [path] what holds the value @returns {{ path: (string | number)[], message: string }[]} */
  told(path = []) {
    return this.list.map(({ path: within, message }) => ({ path: [...path, ...within], message: typeof message === 'string' ? message : message() }));
  }

  /** Going one deeper. @returns {boolean} whether that may be; if not, it is told */
  deeper() {
    this.is_too_deep ||= this.depth >= DEPTH_MAX;
    if (this.is_too_deep) this.add(`values nest at most ${DEPTH_MAX} deep: is it one that contains itself?`);
    else this.depth++;
    return !this.is_too_deep;
  }

  /** Those that came since are inside of this part. @param {number} since a former `count` @param {string | number} key */
  within(since, key) {
    for (let at = since; at < this.list.length; at++) this.list[at].path.unshift(key);
  }

  /** @param {number} count a former one */
  forget(count) {
    this.count = count;
    if (this.list.length > count) this.list.length = count;
  }
}

/** @param {any} value @returns {string} what it is, with its article */
function kind_text(value) {
  if (value === null) return 'null';
  if (value === undefined) return 'undefined';
  if (Array.isArray(value)) return 'an array';
  if (typeof value !== 'object') return Number.isNaN(value) ? 'NaN' : `a ${typeof value}`;
  if (typeof value.then === 'function') return forgotten(value);
  const name = value.constructor?.name;
  if (name === undefined || name === 'Object') return 'an object';
  return `${/^[AEIOU](?!int|8)/.test(name) ? 'an' : 'a'} ${name}`;
}

/** @param {any} value @returns {string} for a message */
function quoted(value) {
  let text;
  if (typeof value === 'string') text = JSON.stringify(value);
  else if (typeof value === 'bigint') text = `${value}n`;
  else if (value === null || typeof value !== 'object') text = String(value);
  else if (value instanceof Date || Array.isArray(value) || value.constructor === Object) {
    try {
      text = JSON.stringify(value);
    } catch {
      text = undefined;
    }
  }
  text ??= kind_text(value);
  return text.length > QUOTED_MAX ? `${text.slice(0, QUOTED_MAX - 1)}…` : text;
}

module.exports = { DEPTH_MAX, ISSUES_MAX, Issues, kind_text, quoted };
