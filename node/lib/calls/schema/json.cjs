'use strict';
// What JSON has no word for, as the values' table writes it there.

const { forgotten, is_ndarray } = require('../values.cjs');
const { kind_text, quoted } = require('./issues.cjs');

const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/** @param {Uint8Array | ArrayBuffer} bytes @returns {string} RFC 4648, section 4 */
function to_base64(bytes) {
  const view = bytes instanceof ArrayBuffer ? Buffer.from(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.toString('base64');
}

/** @param {string} text @returns {Uint8Array | null} `null`: it is none */
function from_base64(text) {
  if (text.length % 4 !== 0 || !BASE64.test(text)) return null;
  return new Uint8Array(Buffer.from(text, 'base64'));
}

/** @param {any} table of apache-arrow @param {import('./issues.cjs').Issues} issues @returns {string | null} Arrow's IPC stream as base64 */
function table_to_json(table, issues) {
  const bytes = require('../tables.cjs').write_table(table);
  if (bytes !== null) return to_base64(bytes);
  issues.add("a table, and apache-arrow, which writes it, is not among the program's packages");
  return null;
}

/** @param {string} text @param {import('./issues.cjs').Issues} issues @returns {any} a table of apache-arrow; `null`: it is none, which is told */
function table_from_json(text, issues) {
  const bytes = from_base64(text);
  let table = null;
  try {
    table = bytes === null ? null : require('../tables.cjs').read_table(bytes);
    if (bytes === null) issues.add(`${quoted(text)} is not base64`);
    else if (table === null) issues.add("a table came, and apache-arrow, which reads it, is not among the program's packages");
  } catch (error) {
    issues.add(`is not Arrow's IPC stream of a table: ${error.message}`);
  }
  return table;
}

/** @param {any} value one item of a row @param {string} [dtype] */
function number_to_json(value, dtype) {
  if (dtype === 'bool') return value !== 0;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  return Number.isFinite(value) ? value : String(value);
}

/** @param {ArrayLike<any>} data @param {number[]} shape @param {string} dtype @returns {any} arrays in arrays */
function nested(data, shape, dtype) {
  const at = { index: 0 };
  const level = (depth) => {
    if (depth === shape.length) return number_to_json(data[at.index++], dtype);
    return Array.from({ length: shape[depth] }, () => level(depth + 1));
  };
  return level(0);
}

/**
 * Whatever it is, by what it is.
 *
 * @param {any} value
 * @param {import('./issues.cjs').Issues} issues
 * @returns {any}
 */
function any_to_json(value, issues) {
  issues.step(typeof value === 'string' ? value.length : 1);
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return value;
    case 'number':
    case 'bigint':
      return number_to_json(value);
    case 'object':
      return value === null ? null : object_to_json(value, issues);
    default:
      issues.add(`${kind_text(value)} has no counterpart`);
      return null;
  }
}

/** @param {any} value @param {import('./issues.cjs').Issues} issues */
function object_to_json(value, issues) {
  if (value instanceof Date) {
    if (!Number.isNaN(value.getTime())) return value.toISOString();
    issues.add('is no valid Date');
    return null;
  }
  if (value instanceof Uint8Array || value instanceof ArrayBuffer) {
    issues.step(value.byteLength);
    return to_base64(value);
  }
  // Of typed arrays each item is a digit at least.
  if (ArrayBuffer.isView(value)) issues.step(/** @type {any} */ (value).length ?? value.byteLength);
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(/** @type {any} */ (value), (item) => number_to_json(item));
  if (is_ndarray(value)) {
    issues.step(value.data.length);
    return nested(value.data, value.shape, value.dtype);
  }
  if (value.batches !== undefined && require('../tables.cjs').is_table(value)) {
    issues.step(value.numRows * value.numCols);
    return table_to_json(value, issues);
  }
  if (!issues.deeper()) return null;
  const result = members_to_json(value, issues);
  issues.depth--;
  return result;
}

/** @param {import('./issues.cjs').Issues} issues @param {string} problem why it has no counterpart */
function without(issues, problem) {
  issues.add(problem);
  return null;
}

/** @param {any} value @param {import('./issues.cjs').Issues} issues */
function members_to_json(value, issues) {
  const item_to_json = (item, key) => {
    const before = issues.count;
    const converted = any_to_json(item, issues);
    if (issues.count !== before) issues.within(before, key);
    return converted;
  };
  if (Array.isArray(value)) {
    issues.room(value.length);
    return value.map(item_to_json);
  }
  if (value instanceof Set || value instanceof Map) issues.room(value.size);
  if (value instanceof Set) return Array.from(value, item_to_json);
  if (value instanceof Map) return Array.from(value, (pair, at) => [item_to_json(pair[0], at), item_to_json(pair[1], at)]);
  if (typeof value.then === 'function') return without(issues, `is ${forgotten(value)}`);
  if (typeof value.toJSON === 'function') return any_to_json(value.toJSON(), issues);
  if (Object.prototype.toString.call(value) !== '[object Object]') return without(issues, `is ${kind_text(value)}, which cannot cross: give it toJSON(), or send what it holds`);
  const object = {};
  const keys = Object.keys(value);
  issues.room(keys.length);
  for (const key of keys) {
    issues.step(key.length);
    const converted = item_to_json(value[key], key);
    if (key === '__proto__') Object.defineProperty(object, key, { value: converted, writable: true, enumerable: true, configurable: true });
    else object[key] = converted;
  }
  return object;
}

module.exports = { any_to_json, from_base64, nested, table_from_json, table_to_json, to_base64 };
