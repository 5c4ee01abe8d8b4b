'use strict';
// Values to CBOR (RFC 8949), by the table in docs/internals/calls.md.
//
// One message at a time is written into a Buffer that is used again and again. Binary parts of SEGMENT_BYTES_MIN and more are not copied
// into it: the message is then a list of segments, among them the value's own memory.

const { NESTING_MAX } = require('./protocol.cjs');
const { UnsupportedValue, TooLarge } = require('./errors.cjs');
const { TAG, BY_CLASS, forgotten, is_ndarray } = require('./values.cjs');

const CAPACITY_BYTES = 64 * 1024;
/** After a message, a Buffer larger than this is given back. */
const KEPT_BYTES_MAX = 1024 * 1024;
/** A binary part that is as long as this stays where it is. */
const SEGMENT_BYTES_MIN = 16 * 1024;
/** A typed array as long as this is worth a longer head before it: its receiver has it where it lies. */
const ALIGNED_BYTES_MIN = 4096;
/** A text this short is written character by character. */
const SHORT_CHARS_MAX = 40;
const TWO_32 = 0x1_0000_0000;
const BIG_64 = 1n << 64n;

const { prototype: object_prototype } = Object;
const { getPrototypeOf, keys: own_keys } = Object;

/** Heads of a tag and of a byte string in all their lengths. */
const HEAD_BYTES = [1, 2, 3, 5, 9];

class Encoder {
  constructor() {
    this._take(Buffer.allocUnsafeSlow(CAPACITY_BYTES));
    /** Where the Buffer is written. */
    this.at = 0;
    /** What comes before the Buffer's bytes. @type {Uint8Array[] | null} */
    this.segments = null;
    this.segments_bytes = 0;
    this.depth = 0;
    /** The way to the value that is written. @type {(string | number)[]} */
    this.path = [];
    this.bytes_max = 0;
  }

  _take(buffer) {
    this.buffer = buffer;
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  /** Begins a message. @param {number} bytes_max */
  begin(bytes_max) {
    this.at = 0;
    this.segments = null;
    this.segments_bytes = 0;
    this.depth = 0;
    this.bytes_max = bytes_max;
    if (this.buffer.length > KEPT_BYTES_MAX) this._take(Buffer.allocUnsafeSlow(CAPACITY_BYTES));
  }

  /** Bytes of the message so far. */
  get length() {
    return this.segments_bytes + this.at;
  }

  /** The message as segments that stay as they are when another one is begun. @returns {Uint8Array[]} */
  detach() {
    const last = Buffer.from(this.buffer.subarray(0, this.at));
    return this.segments === null ? [last] : this.at === 0 ? this.segments : [...this.segments, last];
  }

  /** @param {number} bytes that are to be written */
  reserve(bytes) {
    const needed = this.at + bytes;
    if (needed <= this.buffer.length) return;
    if (this.length > this.bytes_max) this.too_large();
    let capacity = this.buffer.length * 2;
    while (capacity < needed) capacity *= 2;
    const larger = Buffer.allocUnsafeSlow(capacity);
    this.buffer.copy(larger, 0, 0, this.at);
    this._take(larger);
  }

  /** A message that became too long without having had to grow the Buffer. */
  check_length() {
    if (this.length > this.bytes_max) this.too_large();
  }

  too_large() {
    throw new TooLarge(`a message is longer than ${this.bytes_max} bytes, which is \`message_bytes_max\` of \`[functions]\``);
  }

  /** @param {string} what @returns {never} */
  unsupported(what) {
    const path = this.path.slice(0, this.depth);
    const error = new UnsupportedValue(`${path.length === 0 ? 'the value' : show_path(path)} is ${what}`);
    error.path = path;
    throw error;
  }

  /** The head of an item. @param {number} major @param {number} count */
  head(major, count) {
    this.reserve(9);
    const { buffer } = this;
    const type = major << 5;
    if (count < 24) {
      buffer[this.at++] = type | count;
    } else if (count < 0x100) {
      buffer[this.at] = type | 24;
      buffer[this.at + 1] = count;
      this.at += 2;
    } else if (count < 0x1_0000) {
      buffer[this.at] = type | 25;
      this.view.setUint16(this.at + 1, count);
      this.at += 3;
    } else if (count < TWO_32) {
      buffer[this.at] = type | 26;
      this.view.setUint32(this.at + 1, count);
      this.at += 5;
    } else {
      buffer[this.at] = type | 27;
      this.view.setUint32(this.at + 1, Math.floor(count / TWO_32));
      this.view.setUint32(this.at + 5, count >>> 0);
      this.at += 9;
    }
  }

  /** A head in `bytes` bytes, more than it needs. */
  long_head(major, count, bytes) {
    this.reserve(9);
    const { buffer, view, at } = this;
    const type = major << 5;
    if (bytes === 1) buffer[at] = type | count;
    else if (bytes === 2) buffer[at + 1] = count;
    else if (bytes === 3) view.setUint16(at + 1, count);
    else if (bytes === 5) view.setUint32(at + 1, count);
    else view.setBigUint64(at + 1, BigInt(count));
    if (bytes > 1) buffer[at] = type | (23 + HEAD_BYTES.indexOf(bytes));
    this.at += bytes;
  }

  /** @param {any} value */
  value(value) {
    switch (typeof value) {
      case 'string':
        return this.text(value);
      case 'number':
        return this.number(value);
      case 'boolean':
        return this.simple(value ? 21 : 20);
      case 'undefined':
        return this.simple(23);
      case 'object':
        return value === null ? this.simple(22) : this.object(value);
      case 'bigint':
        return this.bigint(value);
      case 'function':
        return this.unsupported(`a function${value.name === '' ? '' : ` (${value.name})`}, which cannot cross`);
      default:
        return this.unsupported('a symbol, which cannot cross');
    }
  }

  simple(number) {
    this.reserve(1);
    this.buffer[this.at++] = 0xe0 | number;
  }

  number(value) {
    if (Number.isSafeInteger(value) && (value !== 0 || 1 / value > 0)) {
      if (value >= 0) this.head(0, value);
      else this.head(1, -1 - value);
      return;
    }
    this.reserve(9);
    this.buffer[this.at] = 0xfb;
    this.view.setFloat64(this.at + 1, value);
    this.at += 9;
  }

  bigint(value) {
    const major = value < 0n ? 1 : 0;
    const count = major === 1 ? -1n - value : value;
    if (count <= BigInt(Number.MAX_SAFE_INTEGER)) return this.head(major, Number(count));
    if (count < BIG_64) {
      this.reserve(9);
      this.buffer[this.at] = (major << 5) | 27;
      this.view.setBigUint64(this.at + 1, count);
      this.at += 9;
      return;
    }
    const digits = count.toString(16);
    this.head(6, TAG.BIG + major);
    this.bytes(Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, 'hex'));
  }

  text(value) {
    const chars = value.length;
    if (chars <= SHORT_CHARS_MAX) {
      this.reserve(2 + SHORT_CHARS_MAX);
      const { buffer } = this;
      const start = this.at + (chars < 24 ? 1 : 2);
      let index = 0;
      for (; index < chars; index++) {
        const code = value.charCodeAt(index);
        if (code >= 0x80) break;
        buffer[start + index] = code;
      }
      if (index === chars) {
        if (chars < 24) {
          buffer[this.at] = 0x60 | chars;
        } else {
          buffer[this.at] = 0x78;
          buffer[this.at + 1] = chars;
        }
        this.at = start + chars;
        return;
      }
    }
    const bytes = Buffer.byteLength(value);
    if (this.length + bytes > this.bytes_max) this.too_large();
    this.head(3, bytes);
    this.reserve(bytes);
    this.buffer.utf8Write(value, this.at, bytes);
    this.at += bytes;
  }

  /** A text that is no value of CBOR: a message in JSON. @param {string} text */
  json(text) {
    const bytes = Buffer.byteLength(text);
    if (bytes > this.bytes_max) this.too_large();
    this.reserve(bytes);
    this.buffer.utf8Write(text, this.at, bytes);
    this.at += bytes;
  }

  /** @param {Uint8Array} bytes */
  bytes(bytes) {
    this.head(2, bytes.length);
    this.raw(bytes);
  }

  /** @param {Uint8Array} bytes */
  raw(bytes) {
    const { length } = bytes;
    if (length < SEGMENT_BYTES_MIN) {
      this.reserve(length);
      this.buffer.set(bytes, this.at);
      this.at += length;
      return;
    }
    if (this.length + length > this.bytes_max) this.too_large();
    this.segments ??= [];
    if (this.at > 0) this.segments.push(Buffer.from(this.buffer.subarray(0, this.at)));
    this.segments.push(bytes);
    this.segments_bytes += this.at + length;
    this.at = 0;
  }

  /** Steps into a value of many. */
  enter() {
    if (++this.depth > NESTING_MAX) {
      this.depth = 3;
      this.unsupported(`nested more than ${NESTING_MAX} deep, or contains itself`);
    }
  }

  object(value) {
    if (Array.isArray(value)) return this.array(value);
    const prototype = getPrototypeOf(value);
    if (prototype !== object_prototype && prototype !== null) return this.special(value);
    if (typeof value.toJSON === 'function') return this.from_json(value);
    this.map(value);
  }

  array(value) {
    const { length } = value;
    this.head(4, length);
    this.enter();
    const at = this.depth - 1;
    for (let index = 0; index < length; index++) {
      this.path[at] = index;
      this.value(value[index]);
    }
    this.depth--;
  }

  map(value) {
    const keys = own_keys(value);
    const { length } = keys;
    let count = length;
    for (let index = 0; index < length; index++) if (value[keys[index]] === undefined) count--;
    this.head(5, count);
    this.enter();
    const at = this.depth - 1;
    for (let index = 0; index < length && count > 0; index++) {
      const key = keys[index];
      const of_key = value[key];
      if (of_key === undefined) continue;
      count--;
      this.path[at] = key;
      this.entry(key, of_key);
    }
    this.depth--;
  }

  /** A key and its value. @param {string} key @param {any} value */
  entry(key, value) {
    if (typeof value === 'object' && value !== null && value.byteLength >= ALIGNED_BYTES_MIN && ArrayBuffer.isView(value)) this.key_before(key, value);
    else this.text(key);
    this.value(value);
  }

  /** A key with a head of such a length that the numbers which follow can be aligned. @param {string} key @param {ArrayBufferView} array */
  key_before(key, array) {
    const element = BY_CLASS.get(array[Symbol.toStringTag]);
    const bytes = Buffer.byteLength(key);
    const length = element === undefined ? null : head_before(this.length, head_bytes(bytes), bytes, element, array.byteLength);
    if (length === null) return this.text(key);
    this.long_head(3, bytes, length);
    this.reserve(bytes);
    this.buffer.utf8Write(key, this.at, bytes);
    this.at += bytes;
  }

  /** An object that says itself what it is as data. */
  from_json(value) {
    const key = this.depth === 0 ? '' : String(this.path[this.depth - 1]);
    const json = value.toJSON(key);
    if (json !== null && typeof json === 'object' && typeof json.toJSON === 'function' && !(json instanceof Date)) {
      return this.unsupported('an object whose toJSON() returns one that has toJSON() again');
    }
    this.value(json);
  }

  special(value) {
    const name = Object.prototype.toString.call(value).slice(8, -1);
    const element = ArrayBuffer.isView(value) ? BY_CLASS.get(name) : undefined;
    if (element !== undefined) return this.typed(value, element);
    switch (name) {
      case 'ArrayBuffer':
      case 'SharedArrayBuffer':
        return this.bytes(new Uint8Array(value));
      case 'DataView':
        return this.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
      case 'Date':
        return this.date(value);
      case 'Map':
        return this.map_of_any(value);
      case 'Set':
        this.head(6, TAG.SET);
        return this.array([...value]);
      case 'Array':
        return this.array([...value]);
    }
    if (is_ndarray(value)) return this.ndarray(value);
    // Before its toJSON(), which a call has to say the same.
    if (typeof value.then === 'function') return this.unsupported(forgotten(value));
    if (typeof value.toJSON === 'function') return this.from_json(value);
    if (value.batches !== undefined && require('./tables.cjs').is_table(value)) return this.table(value);
    // An instance of a class of the program's own, or an object of another realm: its fields.
    if (name === 'Object') return this.map(value);
    return this.unsupported(`a ${name}, which cannot cross: give it toJSON(), or send what it holds`);
  }

  /** @param {any} value of apache-arrow */
  table(value) {
    const bytes = require('./tables.cjs').write_table(value);
    if (bytes === null) return this.unsupported('a table, and apache-arrow, which writes it, is not among the program\'s packages');
    this.head(6, TAG.TABLE);
    this.bytes(bytes);
  }

  date(value) {
    if (Number.isNaN(value.getTime())) return this.unsupported('an invalid Date');
    const text = value.toISOString();
    // Python's years begin with 1.
    if (text.length !== 24 || text.startsWith('0000')) return this.unsupported('a Date outside of the years 1 to 9999');
    this.head(6, TAG.TIME);
    // Without the zeros that mean nothing.
    this.text(text.replace(/\.?0*Z$/, 'Z'));
  }

  map_of_any(value) {
    this.head(6, TAG.MAP);
    this.head(5, value.size);
    this.enter();
    const at = this.depth - 1;
    for (const [key, of_key] of value) {
      this.path[at] = typeof key === 'object' ? '(key)' : String(key);
      this.value(key);
      this.value(of_key);
    }
    this.depth--;
  }

  /** @param {any} array @param {import('./values.cjs').Element} element */
  typed(array, { tag, size }) {
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    if (tag === 64) return this.bytes(bytes);
    this.tagged_bytes(tag, size, bytes);
  }

  /** Bytes under a tag, the first of them at a multiple of `size` if heads of some length bring it there. */
  tagged_bytes(tag, size, bytes) {
    const { length } = bytes;
    const [tag_bytes, count_bytes] = heads_for(this.length, tag, length, size);
    this.long_head(6, tag, tag_bytes);
    this.long_head(2, length, count_bytes);
    this.raw(bytes);
  }

  ndarray({ shape, data, dtype }) {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const { tag, size } = dtype === 'bool' ? { tag: TAG.BOOLEANS, size: 1 } : BY_CLASS.get(data[Symbol.toStringTag]);
    if (shape.length !== 1) {
      const heads = 1 + shape.reduce((sum, length) => sum + head_bytes(length), head_bytes(shape.length));
      this.long_head(6, TAG.NDARRAY, head_before(this.length, head_bytes(TAG.NDARRAY), heads, { tag, size }, bytes.length) ?? head_bytes(TAG.NDARRAY));
      this.head(4, 2);
      this.head(4, shape.length);
      for (const length of shape) this.head(0, length);
    }
    this.tagged_bytes(tag, size, bytes);
  }
}

/** Shortest head of a count. */
function head_bytes(count) {
  return count < 24 ? 1 : count < 0x100 ? 2 : count < 0x1_0000 ? 3 : count < TWO_32 ? 5 : 9;
}

/**
 * How long the heads of tag and bytes are to be: together as short as they can, the tag's first.
 * @param {number} at where the tag's begins
 * @returns {[number, number]}
 */
function heads_for(at, tag, length, size) {
  const shortest = [head_bytes(tag), head_bytes(length)];
  if ((at + shortest[0] + shortest[1]) % size === 0) return shortest;
  return aligned_heads(at, shortest, size) ?? shortest;
}

/** @returns {[number, number] | null} null: there are none */
function aligned_heads(at, shortest, size) {
  let best = null;
  for (const tag_bytes of HEAD_BYTES) {
    for (const count_bytes of HEAD_BYTES) {
      if (tag_bytes < shortest[0] || count_bytes < shortest[1] || (at + tag_bytes + count_bytes) % size !== 0) continue;
      if (best === null || tag_bytes + count_bytes < best[0] + best[1]) best = [tag_bytes, count_bytes];
    }
  }
  return best;
}

/**
 * How long a head is to be, so that numbers in a row can be aligned which stand behind it and `between` bytes.
 * @param {number} at where it begins
 * @param {number} shortest
 * @param {number} between
 * @param {{ tag: number, size: number }} element
 * @param {number} length of the numbers, in bytes
 * @returns {number | null} null: of no length
 */
function head_before(at, shortest, between, { tag, size }, length) {
  const heads = [head_bytes(tag), head_bytes(length)];
  return HEAD_BYTES.find((bytes) => bytes >= shortest && aligned_heads(at + bytes + between, heads, size) !== null) ?? null;
}

/** @param {(string | number)[]} path @returns {string} as one writes it: `item.tags[3]` */
function show_path(path) {
  return path.reduce((shown, key) => (typeof key === 'number' ? `${shown}[${key}]` : shown === '' ? key : `${shown}.${key}`), '');
}

/** The encoder that nobody uses: a value's own toJSON() may make a call. @type {Encoder | null} */
let idle = new Encoder();

/** @returns {Encoder} for one message */
function take_encoder() {
  const encoder = idle ?? new Encoder();
  idle = null;
  return encoder;
}

/** @param {Encoder} encoder */
function give_back(encoder) {
  idle = encoder;
}

module.exports = { Encoder, take_encoder, give_back, show_path, SEGMENT_BYTES_MIN };
