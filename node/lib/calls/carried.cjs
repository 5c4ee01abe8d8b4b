'use strict';
// What an error carries beside its message, as JSON has it (docs/internals/calls.md, "JSON"), and what of that stays behind.

const { Issues } = require('./schema/issues.cjs');
const { any_to_json } = require('./schema/json.cjs');

/** Of the JSON of all that crosses. */
const DATA_BYTES_MAX = 65_536;
/** How much is looked at of it, with what stays behind: values, characters and bytes. */
const LOOKS_MAX = 8 * DATA_BYTES_MAX;
/** A text for which there is always time. */
const SMALL_CHARS_MAX = 100;
/** `"a":1,` */
const FIELD_BYTES_MIN = 6;
/** Fields that are named of those that stay behind, and the characters of each. */
const NAMED_MAX = 10;
const NAME_CHARS_MAX = 100;

/** Why a value stays behind: no Error, whose stack takes its time. */
class Unfit {
  /** @param {string} message */
  constructor(message) {
    this.message = message;
  }
}

/** What stays behind. */
class Left {
  /** @type {string[]} */
  named = [];
  count = 0;

  /** @param {string} name @param {string} problem */
  add(name, problem) {
    this.count++;
    if (!this.is_long()) this.named.push(`${name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX)}…` : name}: ${problem}`);
  }

  /** @returns {boolean} of more only the number is told */
  is_long() {
    return this.named.length === NAMED_MAX;
  }

  /** @returns {string} a line of the stack; empty: nothing stays behind */
  text() {
    if (this.count === 0) return '';
    const more = this.count > this.named.length ? [`${this.count - this.named.length} more`] : [];
    return `(its data did not cross whole; ${[...this.named, ...more].join('; ')})`;
  }
}

/** How much more may be looked at of what an error carries. */
class Looks {
  left = LOOKS_MAX;
}

/** The first of them ends the walk, and so does more than may cross: of JSON each value is a byte at least, and each character. */
class First extends Issues {
  /** @param {Looks} looks @param {number} bytes_max */
  constructor(looks, bytes_max) {
    super();
    this._looks = looks;
    this._bytes_left = bytes_max;
  }

  /** @param {number} size */
  step(size) {
    this.room(size);
    this._bytes_left -= size;
    this._looks.left -= size;
    if (this._looks.left < 0) throw new Unfit('there is too much of all of it');
  }

  /** What is too long by itself is not looked at, and takes nothing from others. @param {number} count */
  room(count) {
    if (count > this._bytes_left) throw new Unfit(too_long());
  }

  /** @param {string | (() => string)} problem @returns {never} */
  add(problem) {
    throw new Unfit(typeof problem === 'string' ? problem : problem());
  }
}

/**
 * Its `data`, or else the fields the program gave it.
 *
 * @param {any} error
 * @param {Set<string> | null} own names of fields that every such error has; `null`: its `data` alone
 * @returns {{ data: any, note: string }} what crosses, and a line of what does not, with why
 */
function carried(error, own) {
  const whole = json_of(() => error.data, DATA_BYTES_MAX, new Looks());
  if (whole.problem === null && whole.value === undefined) return by_fields(error, own === null ? [] : (names_of(error)?.filter((name) => !own.has(name)) ?? []));
  if (whole.problem === null) return { data: whole.value, note: '' };
  const names = names_of_record(() => error.data);
  if (names !== null) return by_fields(error.data, names);
  const left = new Left();
  left.add('all of it', whole.problem);
  return { data: undefined, note: left.text() };
}

/** @param {any} data @param {string[]} names */
function by_fields(data, names) {
  const looks = new Looks();
  const left = new Left();
  const kept = [];
  // Braces; of each field quotes, colon and comma.
  let bytes = 2;
  for (const [at, name] of names.entries()) {
    if (left.is_long() && bytes + FIELD_BYTES_MIN > DATA_BYTES_MAX) {
      left.count += names.length - at;
      break;
    }
    const around = Buffer.byteLength(JSON.stringify(name)) + 2;
    const one = json_of(() => data[name], DATA_BYTES_MAX - bytes - around, looks);
    if (one.problem !== null) left.add(name, one.problem);
    else if (one.value !== undefined) {
      kept.push([name, one.value]);
      bytes += one.bytes + around;
    }
  }
  return { data: kept.length === 0 ? undefined : Object.fromEntries(kept), note: left.text() };
}

/** @param {() => any} look @param {number} bytes_max @param {Looks} looks @returns {{ value: any, bytes: number, problem: string | null }} */
function json_of(look, bytes_max, looks) {
  try {
    const value = look();
    // A code, or a reason, is what others want to know: there is always time for it.
    const text = JSON.stringify(any_to_json(value, new First(is_small(value) ? new Looks() : looks, bytes_max)), digits);
    if (text === undefined) return { value: undefined, bytes: 0, problem: null };
    const bytes = Buffer.byteLength(text);
    return bytes > bytes_max ? { value: undefined, bytes, problem: too_long() } : { value: JSON.parse(text), bytes, problem: null };
  } catch (error) {
    // A getter of the program's may throw anything.
    return { value: undefined, bytes: 0, problem: error instanceof Unfit ? error.message : 'it cannot be looked at' };
  }
}

/** Who reads it has numbers that hold no more than 2⁵³. */
function digits(_name, part) {
  return typeof part === 'bigint' ? String(part) : part;
}

function too_long() {
  return `longer than the ${DATA_BYTES_MAX} bytes that may cross`;
}

/** @param {any} value @returns {string[] | null} of its own fields */
function names_of(value) {
  try {
    return Object.keys(value);
  } catch {
    return null;
  }
}

/** @param {() => any} look @returns {string[] | null} of a record, whose fields cross one by one */
function names_of_record(look) {
  try {
    const value = look();
    const is_record = Object.prototype.toString.call(value) === '[object Object]' && !ArrayBuffer.isView(value.data) && typeof value.toJSON !== 'function' && typeof value.then !== 'function';
    return is_record ? Object.keys(value) : null;
  } catch {
    return null;
  }
}

/** @param {any} value */
function is_small(value) {
  return value === null || (typeof value === 'string' ? value.length <= SMALL_CHARS_MAX : typeof value !== 'object');
}

module.exports = { carried };
