'use strict';
// Numbers of one type, in a row or of any shape: typed arrays, and NDArray.

const { BY_CLASS, BY_DTYPE, NDArray, is_ndarray } = require('../values.cjs');
const { kind_text } = require('./issues.cjs');
const { nested } = require('./json.cjs');

const DTYPES = new Set([...BY_DTYPE.keys(), 'bool']);
/** The typed array of a type of numbers; this Node may have none of some. @type {Record<string, any>} */
const TYPED = Object.fromEntries([...BY_DTYPE.values()].map(({ dtype, Type }) => [dtype, Type]));
/** What halves come as where this Node has no array of them. */
const WIDENED = TYPED.float16 === undefined ? 'float32' : 'float16';

/** @param {any} value @returns {string | null} the type of its numbers, `null`: it is not of this kind */
function dtype_of(value) {
  if (is_ndarray(value)) return value.dtype;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return null;
  // A Buffer is one of bytes.
  return BY_CLASS.get(/** @type {any} */ (value)[Symbol.toStringTag])?.dtype ?? null;
}

/**
 * One dimension is a typed array; another number of them, and one that is not known, an NDArray.
 *
 * @type {import('./values.cjs').Special}
 */
function rows_check(schema, context) {
  const { dtype, shape } = schema;
  if (dtype !== undefined && !DTYPES.has(dtype)) throw new TypeError(`"dtype": ${JSON.stringify(dtype)} is not one of ${[...DTYPES].join(', ')}`);
  const { incoming, json } = context.mode;
  const is_row = shape?.length === 1;
  const expected = `an array of ${dtype ?? 'numbers'}${shape === undefined ? '' : ` of the shape (${shape.map((length) => length ?? '?').join(', ')})`}`;
  return (given, issues) => {
    let value = given;
    if (Array.isArray(given)) value = from_nested(given, dtype ?? 'float64', shape?.length ?? depth_of(given));
    if (incoming && dtype === 'uint8_clamped') value = clamped(value);
    const found = dtype_of(value);
    if (found === null || !(dtype === undefined || found === dtype || (dtype === 'float16' && found === WIDENED))) {
      issues.add(`expected ${expected}, not ${found === null ? kind_text(given) : `of ${found}`}`);
      return given;
    }
    const lengths = is_ndarray(value) ? value.shape : [value.length];
    if (shape !== undefined && !(lengths.length === shape.length && shape.every((length, at) => length === null || length === lengths[at]))) {
      issues.add(`expected ${expected}, not (${lengths.join(', ')})`);
      return given;
    }
    if (json && !incoming) return is_ndarray(value) ? nested(value.data, value.shape, value.dtype) : nested(value, lengths, found);
    // A Uint8Array by itself is bytes.
    if (!incoming) return found === 'uint8' && !is_ndarray(value) ? new NDArray([value.length], value) : value;
    // Of booleans there is no typed array.
    if (is_row && found !== 'bool') return is_ndarray(value) ? value.data : value;
    return is_ndarray(value) ? value : new NDArray([value.length], value);
  };
}

/** Bytes as what is declared: who calls may have none that are clamped. @param {any} value */
function clamped(value) {
  if (dtype_of(value) !== 'uint8') return value;
  const { buffer, byteOffset, length } = is_ndarray(value) ? value.data : value;
  const row = new Uint8ClampedArray(buffer, byteOffset, length);
  return is_ndarray(value) ? new NDArray(value.shape, row) : row;
}

/** @param {any[]} items @returns {number} how deep arrays of one shape nest, at least 1 */
function depth_of(items) {
  let depth = 1;
  for (let level = items[0]; Array.isArray(level); level = level[0]) depth++;
  return depth;
}

const UNUSUAL = { __proto__: null, NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY };

const FLOAT16_MAX = 65_519;

/** @param {number} number @param {string} dtype of floats @returns {number} what it is in such an array, as far as that is finite or not */
function within(number, dtype) {
  if (dtype === 'float16') return Math.abs(number) > FLOAT16_MAX ? Number.POSITIVE_INFINITY : number;
  return dtype === 'float32' ? Math.fround(number) : number;
}

/** @param {any[]} items @param {string} dtype @returns {any} a typed array; `null`: they are not all of this type */
function from_numbers(items, dtype) {
  if (dtype === 'bool') return items.every((item) => typeof item === 'boolean') ? Uint8Array.from(items, Number) : null;
  const type = TYPED[dtype] ?? TYPED[WIDENED];
  const is_big = dtype === 'int64' || dtype === 'uint64';
  const is_float = dtype.startsWith('float');
  const row = new type(items.length);
  for (let at = 0; at < items.length; at++) {
    const item = typeof items[at] === 'string' && is_float ? UNUSUAL[items[at]] : items[at];
    // One that was finite, and is not in this type, or in none of JavaScript's.
    if (is_float && item === items[at] && Number.isFinite(Number(item)) && !Number.isFinite(within(Number(item), dtype))) return null;
    if (is_big ? !(typeof item === 'bigint' || Number.isSafeInteger(item)) : typeof item !== 'number' && !(is_float && typeof item === 'bigint')) return null;
    row[at] = is_big ? BigInt(item) : Number(item);
    // An integer that is not what it was does not fit.
    if (!is_float && (is_big ? row[at] !== BigInt(item) : row[at] !== item)) return null;
  }
  return row;
}

/** @param {any[]} items arrays in arrays @param {string} dtype @param {number} depth @returns {NDArray | null} `null`: they are not of one shape */
function from_nested(items, dtype, depth) {
  const shape = [];
  for (let level = items, at = 0; at < depth; at++) {
    if (!Array.isArray(level)) return null;
    shape.push(level.length);
    level = level[0] ?? [];
  }
  let flat = items;
  for (let at = 1; at < depth; at++) {
    if (!flat.every((part) => Array.isArray(part) && part.length === shape[at])) return null;
    flat = flat.flat();
  }
  const data = from_numbers(flat, dtype);
  return data === null ? null : new NDArray(shape, data, dtype === 'bool' ? dtype : undefined);
}

module.exports = { DTYPES, TYPED, rows_check };
