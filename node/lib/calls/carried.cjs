'use strict';
// What an error carries beside its message, as JSON has it (docs/internals/calls.md, "JSON"), and what of that stays behind.

const { Issues } = require('./schema/issues.cjs');
const { any_to_json } = require('./schema/json.cjs');

/** Of the JSON of all that crosses. */
const DATA_BYTES_MAX = 65_536;
/** How much is looked at of it, with what stays behind: values, characters and bytes. */
const LOOKS_MAX = 5 * DATA_BYTES_MAX;
/** Fields that are named of those that stay behind, and the characters of each. */
const NAMED_MAX = 10;
const NAME_CHARS_MAX = 100;

/** Why a value stays behind. */
class Unfit extends Error {}

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
 * @returns {{ data: any, left: string[] }} what crosses, and each that does not, with why
 */
function carried(error, own) {
  const whole = json_of(() => error.data, DATA_BYTES_MAX, new Looks());
  if (whole.problem === null && whole.value === undefined) return by_fields(error, own === null ? [] : (names_of(error)?.filter((name) => !own.has(name)) ?? []));
  if (whole.problem === null) return { data: whole.value, left: [] };
  const names = names_of_record(() => error.data);
  if (names === null) return { data: undefined, left: [`all of it: ${whole.problem}`] };
  return by_fields(error.data, names);
}

/** @param {any} data @param {string[]} names */
function by_fields(data, names) {
  const looks = new Looks();
  const left = [];
  const kept = [];
  // Braces; of each field quotes, colon and comma.
  let bytes = 2;
  for (const name of names) {
    const around = Buffer.byteLength(JSON.stringify(name)) + 2;
    const one = json_of(() => data[name], DATA_BYTES_MAX - bytes - around, looks);
    if (one.problem !== null) left.push(`${name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX)}…` : name}: ${one.problem}`);
    else if (one.value !== undefined) {
      kept.push([name, one.value]);
      bytes += one.bytes + around;
    }
  }
  return { data: kept.length === 0 ? undefined : Object.fromEntries(kept), left };
}

/** @param {() => any} look @param {number} bytes_max @param {Looks} looks @returns {{ value: any, bytes: number, problem: string | null }} */
function json_of(look, bytes_max, looks) {
  try {
    const text = JSON.stringify(any_to_json(look(), new First(looks, bytes_max)), digits);
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

/** @param {string[]} left @returns {string} a line of the stack; empty: nothing stays behind */
function left_text(left) {
  if (left.length === 0) return '';
  const more = left.length > NAMED_MAX ? [`${left.length - NAMED_MAX} more`] : [];
  return `(its data did not cross whole; ${[...left.slice(0, NAMED_MAX), ...more].join('; ')})`;
}

module.exports = { carried, left_text };
