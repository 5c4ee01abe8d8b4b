'use strict';
// What an error carries beside its message, as JSON has it (docs/internals/calls.md, "JSON"), and what of that stays behind.

const { Issues } = require('./schema/issues.cjs');
const { any_to_json } = require('./schema/json.cjs');

/** Of the JSON of all that crosses. */
const DATA_BYTES_MAX = 65_536;
/** Fields that are named of those that stay behind, and the characters of each. */
const NAMED_MAX = 10;
const NAME_CHARS_MAX = 100;

/** Why a value stays behind. */
class Unfit extends Error {}

/** The first of them ends the walk, which goes into no more objects than what may cross has bytes. */
class First extends Issues {
  steps = 0;

  deeper() {
    this.steps++;
    if (this.steps > DATA_BYTES_MAX) throw new Unfit(too_long());
    return super.deeper();
  }

  /** @param {string} problem @returns {never} */
  add(problem) {
    throw new Unfit(problem);
  }
}

/**
 * @param {any} data
 * @returns {{ data: any, left: string[] }} what crosses, and each that does not, with why
 */
function carried(data) {
  if (data === undefined) return { data, left: [] };
  const whole = json_of(() => data, DATA_BYTES_MAX);
  if (whole.problem === null) return { data: whole.value, left: [] };
  if (!is_record(data)) return { data: undefined, left: [`all of it: ${whole.problem}`] };
  return by_fields(data);
}

function by_fields(data) {
  const left = [];
  const kept = [];
  // Braces; of each field quotes, colon and comma.
  let bytes = 2;
  for (const name of Object.keys(data)) {
    const around = Buffer.byteLength(JSON.stringify(name)) + 2;
    const one = json_of(() => data[name], DATA_BYTES_MAX - bytes - around);
    if (one.problem !== null) left.push(`${name.length > NAME_CHARS_MAX ? `${name.slice(0, NAME_CHARS_MAX)}…` : name}: ${one.problem}`);
    else if (one.value !== undefined) {
      kept.push([name, one.value]);
      bytes += one.bytes + around;
    }
  }
  return { data: kept.length === 0 ? undefined : Object.fromEntries(kept), left };
}

/** @param {() => any} look @param {number} bytes_max @returns {{ value: any, bytes: number, problem: string | null }} */
function json_of(look, bytes_max) {
  try {
    const text = JSON.stringify(any_to_json(look(), new First()), digits);
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

/** Its fields cross one by one. */
function is_record(value) {
  return Object.prototype.toString.call(value) === '[object Object]' && !ArrayBuffer.isView(value.data) && typeof value.toJSON !== 'function' && typeof value.then !== 'function';
}

/** @param {string[]} left @returns {string} a line of the stack; empty: nothing stays behind */
function left_text(left) {
  if (left.length === 0) return '';
  const more = left.length > NAMED_MAX ? [`${left.length - NAMED_MAX} more`] : [];
  return `(its data did not cross whole; ${[...left.slice(0, NAMED_MAX), ...more].join('; ')})`;
}

module.exports = { carried, left_text };
