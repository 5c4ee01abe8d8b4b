'use strict';
// Numbers of one type, in a row or of any shape: typed arrays, and NDArray.

const { kind_text } = require('./issues.cjs');
const { is_shaped, nested } = require('./json.cjs');

/** The typed array of a type of numbers. That of `float16` is not in every Node. */
const TYPED = {
  __proto__: null,
  int8: Int8Array,
  uint8: Uint8Array,
  uint8_clamped: Uint8ClampedArray,
  int16: Int16Array,
  uint16: Uint16Array,
  int32: Int32Array,
  uint32: Uint32Array,
  int64: BigInt64Array,
  uint64: BigUint64Array,
  float16: /** @type {any} */ (globalThis).Float16Array,
  float32: Float32Array,
  float64: Float64Array,
};
const DTYPES = new Set([...Object.keys(TYPED), 'bool']);

/** @param {any} value @returns {string | null} the type of its numbers, `null`: it is not of this kind */
function dtype_of(value) {
  if (is_shaped(value)) return value.dtype;
  if (!ArrayBuffer.isView(value) || value instanceof DataView) return null;
  const name = value instanceof Uint8Array ? 'Uint8Array' : value.constructor.name;
  for (const [dtype, type] of Object.entries(TYPED)) if (type !== undefined && name === type.name) return dtype;
  return null;
}

/** @type {import('./values.cjs').Special} */
function rows_check(schema, context) {
  const { dtype, shape } = schema;
  if (dtype !== undefined && !DTYPES.has(dtype)) throw new TypeError(`"dtype": ${JSON.stringify(dtype)} is not one of ${[...DTYPES].join(', ')}`);
  const { incoming, json } = context.mode;
  const is_row = shape === undefined || shape.length === 1;
  const expected = `an array of ${dtype ?? 'numbers'}${shape === undefined ? '' : ` of the shape (${shape.map((length) => length ?? '?').join(', ')})`}`;
  return (given, issues) => {
    let value = given;
    if (Array.isArray(given)) value = is_row ? from_numbers(given, dtype ?? 'float64') : from_nested(given, dtype ?? 'float64', shape.length);
    const found = dtype_of(value);
    if (found === null || (dtype !== undefined && found !== dtype)) {
      issues.add(`expected ${expected}, not ${found === null ? kind_text(given) : `of ${found}`}`);
      return given;
    }
    const lengths = is_shaped(value) ? value.shape : [value.length];
    if (shape !== undefined && !(lengths.length === shape.length && shape.every((length, at) => length === null || length === lengths[at]))) {
      issues.add(`expected ${expected}, not (${lengths.join(', ')})`);
      return given;
    }
    if (json && !incoming) return is_shaped(value) ? nested(value.data, value.shape, value.dtype) : nested(value, lengths, found);
    return value;
  };
}

const UNUSUAL = { __proto__: null, NaN: Number.NaN, Infinity: Number.POSITIVE_INFINITY, '-Infinity': Number.NEGATIVE_INFINITY };

/** @param {any[]} items @param {string} dtype @returns {any} `null`: they are not all of this type */
function from_numbers(items, dtype) {
  if (dtype === 'bool') return shaped(items.every((item) => typeof item === 'boolean') ? Uint8Array.from(items, Number) : null, [items.length], dtype);
  const type = TYPED[dtype];
  if (type === undefined) return null;
  const is_big = dtype === 'int64' || dtype === 'uint64';
  const is_float = dtype.startsWith('float');
  const row = new type(items.length);
  for (let at = 0; at < items.length; at++) {
    const item = typeof items[at] === 'string' && is_float ? UNUSUAL[items[at]] : items[at];
    if (is_big ? !(typeof item === 'bigint' || Number.isSafeInteger(item)) : typeof item !== 'number') return null;
    row[at] = is_big ? BigInt(item) : item;
    // An integer that is not what it was does not fit.
    if (!is_float && (is_big ? row[at] !== BigInt(item) : row[at] !== item)) return null;
  }
  return row;
}

/** @param {any[]} items arrays in arrays @param {string} dtype @param {number} depth @returns {any} `null`: they are not of one shape */
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
  const row = from_numbers(flat, dtype);
  return row === null ? null : shaped(is_shaped(row) ? row.data : row, shape, dtype);
}

/** @param {any} data @param {number[]} shape @param {string} dtype */
function shaped(data, shape, dtype) {
  if (data === null) return null;
  const { NDArray } = require('../ndarray.cjs');
  return new NDArray(data, shape, dtype);
}

module.exports = { DTYPES, TYPED, dtype_of, rows_check };
