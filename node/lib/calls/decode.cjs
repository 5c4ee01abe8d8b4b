'use strict';
// CBOR (RFC 8949) to values, by the table in docs/internals/calls.md.
//
// Where the message has its Buffer to itself, long binary parts are views of it; else they are copies.

const { isUtf8 } = require('node:buffer');
const { NESTING_MAX } = require('./protocol.cjs');
const { TAG, BY_TAG, NDArray, widened, from_half } = require('./values.cjs');

/** A binary part that is as long as this is handed out where it lies, if that is the message's own Buffer. */
const VIEWED_BYTES_MIN = 4096;
/** A text this short is read character by character. */
const SHORT_BYTES_MAX = 12;
const TWO_32 = 0x1_0000_0000;
const KEYS = 1024;
const KEY_BYTES_MAX = 23;

/** What texts under tags look like. */
const POINT_IN_TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)$/;
const FORMS = new Map([
  [TAG.DATE, /^\d{4}-\d\d-\d\d$/],
  [TAG.TIME_OF_DAY, /^\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:\d\d)?$/],
  [TAG.DURATION, /^-?P(?=.)(?:\d+W)?(?:\d+D)?(?:T(?=.)(?:\d+H)?(?:\d+M)?(?:\d+(?:\.\d+)?S)?)?$/],
  [TAG.DECIMAL, /^(?:[+-]?(?:\d+\.?\d*|\.\d+)(?:[Ee][+-]?\d+)?|-?Infinity|-?s?NaN\d*)$/],
]);

/** It is no CBOR, or none that stands for a value. */
class Malformed extends Error {}

let source = Buffer.alloc(0);
let view = new DataView(source.buffer);
let at = 0;
let end = 0;
let depth = 0;
/** The bytes stay: nobody else writes there. */
let owned = false;
/** Where the message begins. */
let start = 0;

/** Keys that came before, by a hash of their bytes. @type {string[]} */
const known_keys = new Array(KEYS).fill('');

/**
 * @param {Buffer} buffer
 * @param {number} from
 * @param {number} to
 * @param {boolean} is_owned the buffer is this message's alone
 * @returns {any}
 * @throws {Malformed}
 */
function decode(buffer, from, to, is_owned) {
  if (buffer !== source) {
    source = buffer;
    view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }
  at = start = from;
  end = to;
  depth = 0;
  owned = is_owned;
  try {
    const value = read();
    if (at !== end) throw new Malformed(`${end - at} bytes follow the value`);
    return value;
  } finally {
    if (is_owned) {
      // Else the last message would be kept.
      source = NOTHING;
      view = NO_VIEW;
    }
  }
}

const NOTHING = source;
const NO_VIEW = view;

function cut_short() {
  throw new Malformed(`it is cut short at byte ${end - start}`);
}

/** The count of a head whose low five bits are `info`. */
function count_of(info) {
  if (info < 24) return info;
  if (info === 24) {
    if (at + 1 > end) cut_short();
    return source[at++];
  }
  let count = 0;
  if (info === 25) {
    if (at + 2 > end) cut_short();
    count = view.getUint16(at);
    at += 2;
  } else if (info === 26) {
    if (at + 4 > end) cut_short();
    count = view.getUint32(at);
    at += 4;
  } else if (info === 27) {
    if (at + 8 > end) cut_short();
    count = view.getUint32(at) * TWO_32 + view.getUint32(at + 4);
    at += 8;
  } else {
    throw new Malformed(`byte ${at - 1 - start} begins an item of no length, or of none that is known`);
  }
  return count;
}

/** @returns {any} */
function read() {
  if (at >= end) cut_short();
  const head = source[at++];
  const info = head & 0x1f;
  switch (head >> 5) {
    case 0: {
      if (info < 24) return info;
      const count = count_of(info);
      return count <= Number.MAX_SAFE_INTEGER ? count : view.getBigUint64(at - 8);
    }
    case 1: {
      if (info < 24) return -1 - info;
      const count = count_of(info);
      return count < Number.MAX_SAFE_INTEGER ? -1 - count : -1n - view.getBigUint64(at - 8);
    }
    case 2:
      return bytes(count_of(info));
    case 3:
      return text(count_of(info));
    case 4:
      return array(count_of(info));
    case 5:
      return map(count_of(info));
    case 6:
      return tagged(count_of(info));
    default:
      return simple(info);
  }
}

function simple(info) {
  switch (info) {
    case 20:
      return false;
    case 21:
      return true;
    case 22:
      return null;
    case 23:
      return undefined;
    case 25:
      if (at + 2 > end) cut_short();
      at += 2;
      return from_half(view.getUint16(at - 2));
    case 26:
      if (at + 4 > end) cut_short();
      at += 4;
      return view.getFloat32(at - 4);
    case 27:
      if (at + 8 > end) cut_short();
      at += 8;
      return view.getFloat64(at - 8);
    default:
      throw new Malformed(`byte ${at - 1 - start} is a simple value that is not known`);
  }
}

/** @param {number} length @returns {number} where so many bytes begin; they are stepped over */
function take(length) {
  const from = at;
  if (length > end - at) cut_short();
  at += length;
  return from;
}

/** @returns {Uint8Array} */
function bytes(length) {
  const from = take(length);
  if (owned && length >= VIEWED_BYTES_MIN) return new Uint8Array(source.buffer, source.byteOffset + from, length);
  return new Uint8Array(source.subarray(from, from + length));
}

/** @returns {string} */
function text(length) {
  const from = take(length);
  return length <= SHORT_BYTES_MAX ? short_text(from, length) : long_text(from, from + length);
}

const { fromCharCode } = String;

function long_text(from, to) {
  const result = source.utf8Slice(from, to);
  // What stands for malformed bytes may also have been sent.
  if (result.includes('\ufffd') && !isUtf8(source.subarray(from, to))) throw new Malformed('a text is not UTF-8');
  return result;
}

function short_text(from, length) {
  for (let index = from; index < at; index++) if (source[index] >= 0x80) return long_text(from, from + length);
  let result = '';
  let index = from;
  for (; index + 4 <= at; index += 4) {
    result += fromCharCode(source[index], source[index + 1], source[index + 2], source[index + 3]);
  }
  for (; index < at; index++) result += fromCharCode(source[index]);
  return result;
}

function enter() {
  if (++depth > NESTING_MAX) throw new Malformed(`it is nested more than ${NESTING_MAX} deep`);
}

/** @returns {any[]} */
function array(length) {
  if (length > end - at) cut_short();
  enter();
  const result = [];
  for (let index = 0; index < length; index++) result.push(read());
  depth--;
  return result;
}

/** @returns {any} */
function map(length) {
  if (2 * length > end - at) cut_short();
  enter();
  const result = {};
  for (let index = 0; index < length; index++) {
    if (at >= end) cut_short();
    if (source[at] >> 5 !== 3) throw new Malformed('a map has a key that is not text');
    const key = read_key();
    const value = read();
    if (result[key] !== undefined && Object.hasOwn(result, key)) throw new Malformed(`a map has the key ${JSON.stringify(key)} twice`);
    if (key === '__proto__') Object.defineProperty(result, key, { value, writable: true, enumerable: true, configurable: true });
    else result[key] = value;
  }
  depth--;
  return result;
}

/** @returns {string} the one string for keys of the same text, as engines like it */
function read_key() {
  const length = source[at] - 0x60;
  if (length > KEY_BYTES_MAX) {
    const info = source[at++] & 0x1f;
    return text(count_of(info));
  }
  at++;
  const from = take(length);
  let hash = length;
  for (let index = from; index < at; index++) hash = (hash * 31 + source[index]) | 0;
  const slot = hash & (KEYS - 1);
  const known = known_keys[slot];
  if (known.length === length) {
    let index = 0;
    while (index < length && known.charCodeAt(index) === source[from + index]) index++;
    if (index === length) return known;
  }
  const key = long_text(from, at);
  // With other characters than ASCII there are fewer of them than bytes, and it is never found.
  known_keys[slot] = key;
  return key;
}

/** @param {number} tag @returns {any} */
function tagged(tag) {
  const element = BY_TAG.get(tag);
  if (element !== undefined) return numbers(element);
  switch (tag) {
    case TAG.TIME:
      return date(tagged_text(tag));
    case TAG.BIG:
    case TAG.BIG_NEGATIVE:
      return big(read_bytes(tag), tag === TAG.BIG_NEGATIVE);
    case TAG.SET:
      return set_of(read_array(tag));
    case TAG.MAP:
      return map_of_any();
    case TAG.DATE:
    case TAG.TIME_OF_DAY:
    case TAG.DURATION:
    case TAG.DECIMAL:
      return of_form(tagged_text(tag), tag);
    case TAG.UUID:
      return uuid(read_bytes(tag));
    case TAG.NDARRAY:
      return ndarray();
    case TAG.BOOLEANS: {
      const data = booleans(read_bytes(tag));
      return new NDArray([data.length], data, 'bool');
    }
    case TAG.TABLE: {
      const table = table_of(read_bytes(tag));
      if (table === null) throw new Malformed("a table came, and apache-arrow, which reads it, is not among the program's packages");
      return table;
    }
    default:
      throw new Malformed(`a value of the unknown tag ${tag}`);
  }
}

/** @param {Uint8Array} stream @returns {any} null: there is no apache-arrow to read it */
function table_of(stream) {
  try {
    return require('./tables.cjs').read_table(stream);
  } catch (error) {
    throw new Malformed(`a table that apache-arrow cannot read: ${error.message}`);
  }
}

function set_of(items) {
  const result = new Set(items);
  if (result.size !== items.length) throw new Malformed('a set has an item twice');
  return result;
}

/** The count of what a tag stands over, which is of one major type. */
function count_under(tag, major) {
  if (at >= end) cut_short();
  const head = source[at++];
  if (head >> 5 !== major) throw new Malformed(`tag ${tag} does not stand over what it has to`);
  return count_of(head & 0x1f);
}

function tagged_text(tag) {
  return text(count_under(tag, 3));
}

function read_bytes(tag) {
  return bytes(count_under(tag, 2));
}

function read_array(tag) {
  return array(count_under(tag, 4));
}

function of_form(text, tag) {
  if (!FORMS.get(tag).test(text)) throw new Malformed(`${JSON.stringify(text)} is nothing that tag ${tag} stands over`);
  return text;
}

function date(text) {
  const value = new Date(POINT_IN_TIME.test(text) ? text : Number.NaN);
  if (Number.isNaN(value.getTime())) throw new Malformed(`${JSON.stringify(text)} is no point in time`);
  return value;
}

function big(digits, negative) {
  const count = digits.length === 0 ? 0n : BigInt(`0x${Buffer.from(digits).toString('hex')}`);
  const value = negative ? -1n - count : count;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function uuid(of_uuid) {
  if (of_uuid.length !== 16) throw new Malformed(`a UUID of ${of_uuid.length} bytes`);
  const hex = Buffer.from(of_uuid).toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function map_of_any() {
  const length = count_under(TAG.MAP, 5);
  if (2 * length > end - at) cut_short();
  enter();
  const result = new Map();
  for (let index = 0; index < length; index++) {
    const key = read();
    if (result.has(key)) throw new Malformed('a map has a key twice');
    result.set(key, read());
  }
  depth--;
  return result;
}

/** A typed array. @param {import('./values.cjs').Element} element */
function numbers({ tag, dtype, size, Type }) {
  const length = count_under(tag, 2);
  if (length % size !== 0) throw new Malformed(`${length} bytes of ${dtype}`);
  const from = take(length);
  const Read = Type ?? Uint16Array;
  const offset = source.byteOffset + from;
  const is_viewed = owned && length >= VIEWED_BYTES_MIN && offset % size === 0;
  const array = new Read(is_viewed ? source.buffer : aligned(from, length), is_viewed ? offset : 0, length / size);
  return Type === undefined ? widened(array) : array;
}

/** @returns {ArrayBuffer} a copy */
function aligned(from, length) {
  const offset = source.byteOffset + from;
  return source.buffer.slice(offset, offset + length);
}

function booleans(data) {
  for (let index = 0; index < data.length; index++) if (data[index] > 1) throw new Malformed('a boolean in a row is neither 0 nor 1');
  return data;
}

/** Lengths alone: no more values within values. @param {number} count */
function shape_of(count) {
  if (count > NESTING_MAX) throw new Malformed(`an array of ${count} dimensions`);
  return Array.from({ length: count }, () => count_under(TAG.NDARRAY, 0));
}

function ndarray() {
  if (count_under(TAG.NDARRAY, 4) !== 2) throw new Malformed(`tag ${TAG.NDARRAY} stands over a shape and the numbers in a row`);
  const shape = shape_of(count_under(TAG.NDARRAY, 4));
  const tag = count_under(TAG.NDARRAY, 6);
  if (tag !== TAG.BOOLEANS && !BY_TAG.has(tag)) throw new Malformed(`tag ${TAG.NDARRAY} stands over tag ${tag}, which is of no numbers in a row`);
  const data = tagged(tag);
  const is_bool = tag === TAG.BOOLEANS;
  try {
    return is_bool ? new NDArray(shape, data.data, 'bool') : new NDArray(shape, data);
  } catch (error) {
    throw new Malformed(error.message);
  }
}

module.exports = { decode, Malformed };
