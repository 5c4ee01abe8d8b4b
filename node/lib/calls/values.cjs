'use strict';
// Values that JavaScript has no type of its own for, and the numbers of their tags (docs/internals/calls.md, "Values").

const TAG = Object.freeze({
  TIME: 0,
  BIG: 2,
  BIG_NEGATIVE: 3,
  UUID: 37,
  NDARRAY: 40,
  SET: 258,
  MAP: 259,
  DATE: 1004,
  TABLE: 43302,
  BOOLEANS: 43303,
  DECIMAL: 43304,
  DURATION: 43305,
  TIME_OF_DAY: 43306,
});

/** @typedef {{ tag: number, dtype: string, size: number, Type: any }} Element */

/** Types of numbers in a row (RFC 8746, little-endian). `Type` is undefined where this Node has none. @type {Element[]} */
const ELEMENTS = [
  { tag: 64, dtype: 'uint8', size: 1, Type: Uint8Array },
  { tag: 68, dtype: 'uint8_clamped', size: 1, Type: Uint8ClampedArray },
  { tag: 69, dtype: 'uint16', size: 2, Type: Uint16Array },
  { tag: 70, dtype: 'uint32', size: 4, Type: Uint32Array },
  { tag: 71, dtype: 'uint64', size: 8, Type: BigUint64Array },
  { tag: 72, dtype: 'int8', size: 1, Type: Int8Array },
  { tag: 77, dtype: 'int16', size: 2, Type: Int16Array },
  { tag: 78, dtype: 'int32', size: 4, Type: Int32Array },
  { tag: 79, dtype: 'int64', size: 8, Type: BigInt64Array },
  { tag: 84, dtype: 'float16', size: 2, Type: globalThis.Float16Array },
  { tag: 85, dtype: 'float32', size: 4, Type: Float32Array },
  { tag: 86, dtype: 'float64', size: 8, Type: Float64Array },
];
const BY_TAG = new Map(ELEMENTS.map((element) => [element.tag, element]));
/** By `Symbol.toStringTag`: a typed array may be another realm's. */
const BY_CLASS = new Map(ELEMENTS.filter(({ Type }) => Type !== undefined).map((element) => [element.Type.name, element]));
const BY_DTYPE = new Map(ELEMENTS.map((element) => [element.dtype, element]));

/** An array of any shape, row by row. */
class NDArray {
  /**
   * @param {number[]} shape
   * @param {ArrayLike<number> | ArrayLike<bigint>} data a typed array; of dtype `bool` a Uint8Array of 0 and 1
   * @param {string} [dtype] `float32`, `bool` and so on; else that of `data`
   */
  constructor(shape, data, dtype) {
    const own = BY_CLASS.get(data?.[Symbol.toStringTag])?.dtype;
    if (own === undefined) throw new TypeError('the data of an NDArray is a typed array');
    if (dtype !== undefined && dtype !== own && !(dtype === 'bool' && own === 'uint8')) {
      throw new TypeError(`an NDArray of dtype ${dtype} cannot have its data in a ${data[Symbol.toStringTag]}`);
    }
    const length = shape.reduce((product, size) => product * size, 1);
    if (!shape.every((size) => Number.isSafeInteger(size) && size >= 0) || length !== data.length) {
      throw new RangeError(`an NDArray of shape [${shape}] has ${length} elements, its data ${data.length}`);
    }
    this.shape = shape;
    this.data = data;
    this.dtype = dtype ?? own;
  }
}

/** What is a promise within a value: its await was forgotten. */
const FORGOTTEN = 'a promise: is an await missing?';

/** @param {any} promise in the place of data, which its author is told. One that is no call is left alone: it may begin when it is asked for. @returns {string} what it is */
function forgotten(promise) {
  require('./call.cjs').Call.told(promise);
  return FORGOTTEN;
}

/** @param {any} value of whichever copy of the package */
function is_ndarray(value) {
  return value instanceof NDArray || (value?.constructor?.name === 'NDArray' && Array.isArray(value.shape) && ArrayBuffer.isView(value.data));
}

/** Numbers of 16 bits as numbers of 32, for a Node without Float16Array. @param {Uint16Array} halves @returns {Float32Array} */
function widened(halves) {
  return Float32Array.from(halves, from_half);
}

/** @param {number} half the bits of a float of 16 bits @returns {number} */
function from_half(half) {
  const exponent = (half >> 10) & 0x1f;
  const mantissa = half & 0x3ff;
  const sign = half & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * mantissa * 2 ** -24;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (1 + mantissa / 1024) * 2 ** (exponent - 15);
}

module.exports = { forgotten, TAG, BY_TAG, BY_CLASS, BY_DTYPE, NDArray, is_ndarray, widened, from_half };
