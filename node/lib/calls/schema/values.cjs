'use strict';
// Text and numbers; and the types that JSON Schema has no word for, by `x-diglot`.

const { kind_text, quoted } = require('./issues.cjs');
const { CHECKED, date_check } = require('./formats.cjs');
const { map_check, set_check } = require('./collections.cjs');
const { rows_check } = require('./rows.cjs');
const { from_base64, table_from_json, table_to_json, to_base64 } = require('./json.cjs');

const TEXT_KEYWORDS = ['minLength', 'maxLength', 'pattern', 'format'];
const NUMBER_KEYWORDS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'];

/** @param {any} schema whether it says something of text */
function text_like(schema) {
  return TEXT_KEYWORDS.some((keyword) => schema[keyword] !== undefined);
}

/** @param {any} schema whether it says something of numbers */
function number_like(schema) {
  return NUMBER_KEYWORDS.some((keyword) => schema[keyword] !== undefined);
}

/** @param {any} schema @returns {((value: string, issues: import('./issues.cjs').Issues) => void) | null} */
function text_bounds(schema) {
  const { minLength: min = 0, maxLength: max = Number.POSITIVE_INFINITY, format } = schema;
  const pattern = schema.pattern === undefined ? null : regular_expression(schema.pattern);
  const checked = Object.hasOwn(CHECKED, format ?? '') ? CHECKED[format] : null;
  if (min === 0 && max === Number.POSITIVE_INFINITY && pattern === null && checked === null) return null;
  return (value, issues) => {
    // In characters; of those outside the basic plane JavaScript counts two.
    if (value.length < min || (value.length < 2 * min && characters(value) < min)) issues.add(`has ${characters(value)} characters, at least ${min} are required`);
    else if (value.length > max && characters(value) > max) issues.add(`has ${characters(value)} characters, at most ${max} are allowed`);
    if (pattern !== null && !pattern.test(value)) issues.add(`${quoted(value)} does not match ${pattern.source}`);
    if (checked !== null && !checked.is(value)) issues.add(`${quoted(value)} is not ${checked.text}`);
  };
}

/** @param {string} pattern */
function regular_expression(pattern) {
  try {
    return new RegExp(pattern, 'u');
  } catch {
    // Escapes that are only taken without.
    return new RegExp(pattern);
  }
}

/** @param {string} text */
function characters(text) {
  let count = 0;
  for (const _ of text) count++;
  return count;
}

/** @param {any} schema @param {import('./build.cjs').Context} context @returns {NonNullable<import('./build.cjs').Check>} */
function text_check(schema, context) {
  const { mode } = context;
  if (schema.format === 'date-time' && schema['x-diglot'] === undefined) return date_check(schema, mode);
  const bounds = text_bounds(schema);
  if (schema['x-diglot'] === 'text' && schema.format === 'date-time') {
    // Somebody else's point in time, as text.
    return (given, issues) => {
      const value = mode.incoming && given instanceof Date && !Number.isNaN(given.getTime()) ? given.toISOString() : given;
      return of_text(value, bounds, issues);
    };
  }
  return (value, issues) => of_text(value, bounds, issues);
}

function of_text(value, bounds, issues) {
  if (typeof value !== 'string') issues.add(`expected a string, not ${kind_text(value)}`);
  else if (bounds !== null) bounds(value, issues);
  return value;
}

/** @param {any} schema @returns {((value: number | bigint, issues: import('./issues.cjs').Issues) => void) | null} */
function number_bounds(schema) {
  if (!number_like(schema)) return null;
  const { minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below, multipleOf: multiple } = schema;
  return (value, issues) => {
    // A NaN is within no bounds.
    if (minimum !== undefined && !(value >= minimum)) issues.add(`${value} is less than ${minimum}`);
    if (maximum !== undefined && !(value <= maximum)) issues.add(`${value} is more than ${maximum}`);
    if (above !== undefined && !(value > above)) issues.add(`${value} is not more than ${above}`);
    if (below !== undefined && !(value < below)) issues.add(`${value} is not less than ${below}`);
    if (multiple !== undefined && !is_multiple(Number(value), multiple)) issues.add(`${value} is not a multiple of ${multiple}`);
  };
}

/** @param {number} value @param {number} of */
function is_multiple(value, of) {
  if (!Number.isFinite(value)) return false;
  const times = value / of;
  // 0.3 is a multiple of 0.1, whatever binary fractions make of it.
  return Math.abs(times - Math.round(times)) <= Number.EPSILON * Math.max(1, Math.abs(times));
}

/** How JSON writes what it has no number for. */
const UNUSUAL = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** @param {any} schema @param {import('./build.cjs').Context} context @param {boolean} is_integer @returns {NonNullable<import('./build.cjs').Check>} */
function number_check(schema, context, is_integer) {
  const bounds = number_bounds(schema);
  const { incoming, json } = context.mode;
  return (given, issues) => {
    let value = given;
    if (typeof value !== 'number') {
      if (incoming && json && !is_integer && UNUSUAL.has(value)) value = UNUSUAL.get(value);
      else if (typeof value === 'bigint' && (is_integer ? Number.isSafeInteger(Number(value)) : is_held(value, json))) value = Number(value);
      else if (typeof value === 'bigint') {
        issues.add(`${quoted(value)} is beyond what a number holds: declare a bigint`);
        return given;
      } else {
        issues.add(`expected ${is_integer ? 'an integer' : 'a number'}, not ${kind_text(given)}`);
        return given;
      }
    }
    if (is_integer) {
      if (!Number.isSafeInteger(value)) {
        issues.add(Number.isInteger(value) ? `${value} is no exact integer: declare a bigint` : `expected an integer, not ${value}`);
        return value;
      }
      // There is no integer -0.
      if (value === 0) value = 0;
    }
    if (bounds !== null) bounds(value, issues);
    return json && !incoming && !Number.isFinite(value) ? String(value) : value;
  };
}

/** @param {bigint} value @param {boolean} json @returns {boolean} whether a number holds it as it is, or in JSON is written so */
function is_held(value, json) {
  const number = Number(value);
  return Number.isFinite(number) && (BigInt(number) === value || (json && String(number) === String(value)));
}

const DIGITS = /^-?(0|[1-9]\d*)$/;
/** A longer one takes its time to convert. */
const DIGITS_MAX = 10_000;

/** @param {any} schema @returns {boolean} whether each integer within its bounds is a number that JSON.parse keeps */
function are_held({ minimum, maximum, exclusiveMinimum: above, exclusiveMaximum: below }) {
  const beyond = 2 ** 53;
  return (minimum > -beyond || above >= -beyond) && (maximum < beyond || below <= beyond);
}

/** @type {Special} */
function bigint_check(schema, context) {
  const bounds = number_bounds(schema);
  const { incoming, json } = context.mode;
  const may_be_text = incoming && json && !are_held(schema);
  return (given, issues) => {
    let value = given;
    if (typeof value === 'number' && Number.isSafeInteger(value)) value = BigInt(value);
    else if (may_be_text && typeof value === 'string' && value.length <= DIGITS_MAX && DIGITS.test(value)) value = BigInt(value);
    if (typeof value !== 'bigint') {
      issues.add(typeof value === 'number' ? `${value} is no exact integer` : `expected an integer, not ${kind_text(value)}`);
      return given;
    }
    if (bounds !== null) bounds(value, issues);
    if (!json || incoming) return value;
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  };
}

/** @type {Special} */
function bytes_check(_schema, context) {
  const { incoming, json } = context.mode;
  return (given, issues) => {
    let value = given;
    if (incoming && json && typeof value === 'string') value = from_base64(value);
    if (value === null && given !== null) issues.add(`${quoted(given)} is not base64`);
    else if (!(value instanceof Uint8Array) && !(value instanceof ArrayBuffer && !incoming)) issues.add(`expected bytes, not ${kind_text(value)}`);
    else return json && !incoming ? to_base64(value) : value;
    return given;
  };
}

/** @type {Special} */
function decimal_check(schema, context) {
  const { incoming } = context.mode;
  const text = text_check({ ...schema, format: 'decimal' }, context);
  // A number is a decimal as well as it is written.
  return (value, issues) => text(incoming && (typeof value === 'number' || typeof value === 'bigint') ? String(value) : value, issues);
}

/** @type {Special} */
function undefined_check() {
  return (value, issues) => {
    if (value !== undefined && value !== null) issues.add(`expected nothing, not ${kind_text(value)}`);
    return undefined;
  };
}

/** @type {Special} */
function table_check(_schema, context) {
  const { incoming, json } = context.mode;
  return (given, issues) => {
    const value = incoming && json && typeof given === 'string' ? table_from_json(given, issues) : given;
    if (value === null && given !== null) return given;
    const is_table = value !== null && typeof value === 'object' && (value instanceof Uint8Array || (typeof value.numRows === 'number' && value.schema !== undefined));
    if (!is_table) issues.add(`expected a table, not ${kind_text(given)}`);
    else if (json && !incoming) return value instanceof Uint8Array ? to_base64(value) : table_to_json(value, issues);
    return value;
  };
}

/**
 * @typedef {(schema: any, context: import('./build.cjs').Context) => import('./build.cjs').Check} Special
 */

/** @type {Record<string, Special>} by `x-diglot` */
const SPECIAL = {
  __proto__: null,
  bigint: bigint_check,
  bytes: bytes_check,
  set: set_check,
  map: map_check,
  decimal: decimal_check,
  array: rows_check,
  table: table_check,
  undefined: undefined_check,
  text: text_check,
};

module.exports = { SPECIAL, number_check, number_like, text_check, text_like };
