'use strict';
// Values as CBOR: against the golden values, which Python reads too, and there and back again.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { decode, Malformed } = require('../lib/calls/decode.cjs');
const { Encoder } = require('../lib/calls/encode.cjs');
const { UnsupportedValue } = require('../lib/calls/errors.cjs');
const { may_cross, to_snake, to_camel } = require('../lib/calls/names.cjs');
const { compile, Invalid } = require('../lib/calls/schema.cjs');
const { BY_DTYPE, NDArray } = require('../lib/calls/values.cjs');

const read_golden = (name) => JSON.parse(readFileSync(path.join(__dirname, '..', '..', 'crates', 'diglot-calls', 'golden', name), 'utf8'));
const golden = read_golden('values.json');
const BYTES_MAX = 67_108_864;

/** @returns {Buffer} */
function encoded(value) {
  const encoder = new Encoder();
  encoder.begin(BYTES_MAX);
  encoder.value(value);
  const bytes = Buffer.concat(encoder.detach());
  assert.equal(bytes.length, encoder.length);
  return bytes;
}

/** In a Buffer of its own, or between other bytes. */
function decoded(bytes, owned = false) {
  if (owned) {
    const own = Buffer.allocUnsafeSlow(bytes.length);
    bytes.copy(own);
    return decode(own, 0, own.length, true);
  }
  const among = Buffer.concat([Buffer.alloc(3, 0xff), bytes, Buffer.alloc(3, 0xff)]);
  return decode(among, 3, 3 + bytes.length, false);
}

/** Typed arrays of the numbers in a row. */
function numbers({ dtype, hex }) {
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  if (dtype === 'bool') return bytes;
  const { Type } = BY_DTYPE.get(dtype);
  return Type === undefined ? null : new Type(bytes.buffer);
}

/** The value that a description means in JavaScript, what it is encoded from; `undefined` where it comes from no value of JavaScript's. */
const BUILDERS = {
  null: () => null,
  undefined: () => undefined,
  boolean: ({ value }) => value,
  integer: ({ value }) => (Number.isSafeInteger(Number(value)) ? Number(value) : BigInt(value)),
  float: ({ bits }) => Buffer.from(bits, 'hex').readDoubleBE(),
  text: ({ value }) => value,
  bytes: ({ hex }) => Uint8Array.from(Buffer.from(hex, 'hex')),
  array: ({ items }) => items.map(build),
  map: ({ entries }) => Object.fromEntries(entries.map(([key, value]) => [build(key), build(value)])),
  any_map: ({ entries }) => new Map(entries.map(([key, value]) => [build(key), build(value)])),
  set: ({ items }) => new Set(items.map(build)),
  datetime: ({ value }) => new Date(value.replace(/([+-]\d\d)(\d\d)$/, '$1:$2')),
  typed_array: (described) => (described.dtype === 'bool' ? new NDArray([numbers(described).length], numbers(described), 'bool') : numbers(described)),
  ndarray: (described) => new NDArray(described.shape, numbers(described), described.dtype),
};

function build(described) {
  return BUILDERS[described.kind](described);
}

/** What JavaScript has a text for: it comes as one, and a schema says what it is. */
const TEXTS = new Set(['date', 'time', 'duration', 'decimal', 'uuid']);
/** Whether all of it comes from a value of JavaScript's as these very bytes. */
function is_written({ kind, dtype, value, items, entries }, bytes) {
  if (TEXTS.has(kind)) return false;
  // Bytes are a Uint8Array; a number that is integral is written as an integer; microseconds and offsets are not kept.
  if (kind === 'typed_array' && dtype === 'uint8') return false;
  if (kind === 'float' && Number.isSafeInteger(Number(value)) && !Object.is(Number(value), -0)) return false;
  if (kind === 'datetime' && !/\.\d{3}000\+0000$/.test(value)) return false;
  const within = [...(items ?? []), ...(entries ?? []).flat()];
  return within.every((one) => is_written(one, bytes));
}

describe('golden values', () => {
  for (const { name, value, hex, decode_only } of golden.values) {
    const bytes = Buffer.from(hex, 'hex');
    it(`reads ${name}`, () => {
      if (TEXTS.has(value.kind)) return assert.equal(typeof decoded(bytes), 'string');
      const has_type = (value.dtype === undefined || value.dtype === 'bool' || BY_DTYPE.get(value.dtype).Type !== undefined);
      for (const owned of [false, true]) {
        const read = decoded(bytes, owned);
        if (!has_type) assert.ok(read instanceof Float32Array);
        else if (name.includes('clamped')) assert.deepEqual(read, new Uint8ClampedArray([1, 2]));
        else assert.deepEqual(read, build(value));
      }
      // Keys that are digits come first in JavaScript's objects.
      if (decode_only !== true && has_type && name !== 'map of unusual keys' && is_written(value, bytes)) assert.equal(encoded(build(value)).toString('hex'), hex);
    });
  }

  for (const { name, hex } of golden.malformed) {
    it(`refuses ${name}`, () => {
      assert.throws(() => decoded(Buffer.from(hex, 'hex')), Malformed);
    });
  }
});

/** Numbers that are the same at every run. */
function* randoms(seed) {
  for (let state = seed >>> 0; ; ) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Values of all kinds, one within the other. */
class Generated {
  constructor(seed) {
    this.numbers = randoms(seed);
  }

  below(limit) {
    return Math.floor(this.numbers.next().value * limit);
  }

  text() {
    const alphabet = ['a', 'Z', '_', '0', ' ', 'ä', '€', '水', '𝄞', '\0', '"'];
    return Array.from({ length: this.below(4) === 0 ? this.below(300) : this.below(12) }, () => alphabet[this.below(alphabet.length)]).join('');
  }

  many(make, most) {
    return Array.from({ length: this.below(most) }, make);
  }

  value(depth = 0) {
    const of = this.below(depth > 4 ? 12 : 18);
    switch (of) {
      case 0:
        return [null, true, false, undefined][this.below(4)];
      case 1:
        return this.below(300) - 150;
      case 2:
        return (this.below(2 ** 32) - 2 ** 31) * (this.below(2) === 0 ? 1 : 2 ** 21);
      case 3:
        return [NaN, Infinity, -Infinity, -0, 5e-324, 1.5][this.below(6)];
      case 4:
        return (this.numbers.next().value - 0.5) * 10 ** (this.below(600) - 300);
      case 5: {
        const value = (this.below(2) === 0 ? 1n : -1n) * (BigInt(this.below(2 ** 32)) << BigInt(this.below(200)));
        return Number.isSafeInteger(Number(value)) ? Number(value) : value;
      }
      case 6:
      case 7:
        return this.text();
      case 8:
        return Uint8Array.from(this.many(() => this.below(256), 100));
      case 9:
        return new Date(this.below(2 ** 42));
      case 10: {
        const types = [...BY_DTYPE.values()].filter(({ Type, dtype }) => Type !== undefined && dtype !== 'uint8');
        const { Type, size } = types[this.below(types.length)];
        const bytes = Uint8Array.from(this.many(() => this.below(128), 20).flatMap((byte) => new Array(size).fill(byte)));
        return new Type(bytes.buffer);
      }
      case 11: {
        const shape = [this.below(4), this.below(4), this.below(3)];
        return new NDArray(shape, new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(this.below(100)));
      }
      case 12:
      case 13:
        return this.many(() => this.value(depth + 1), 6);
      case 14:
        return new Set(this.many(() => this.value(depth + 1), 4));
      case 15:
        return new Map(this.many(() => [this.value(depth + 1), this.value(depth + 1)], 4));
      default:
        return Object.fromEntries(this.many(() => [this.text(), this.value(depth + 1)], 6).filter(([, value]) => value !== undefined));
    }
  }
}

describe('values', () => {
  it('go there and back again', () => {
    const generated = new Generated(1);
    for (let count = 0; count < 20_000; count++) {
      const value = generated.value();
      const bytes = encoded(value);
      assert.deepEqual(decoded(bytes, count % 2 === 0), value);
    }
  });

  it('are malformed wherever they are cut, or have a bit changed, and nothing worse', () => {
    const generated = new Generated(2);
    for (let count = 0; count < 2000; count++) {
      const bytes = encoded(generated.value());
      for (let cut = 0; cut < bytes.length; cut += 1 + generated.below(20)) assert.throws(() => decoded(bytes.subarray(0, cut)), Malformed);
      const changed = Buffer.from(bytes);
      changed[generated.below(changed.length)] ^= 1 << generated.below(8);
      try {
        decoded(changed);
      } catch (error) {
        assert.ok(error instanceof Malformed, error.stack);
      }
    }
  });

  it('in long parts are not copied, on either side', () => {
    const value = { before: 'x', numbers: new Float64Array(10_000).fill(1.5), after: [new Uint8Array(50_000)] };
    const encoder = new Encoder();
    encoder.begin(BYTES_MAX);
    encoder.value(value);
    const segments = encoder.detach();
    assert.ok(segments.some(({ buffer }) => buffer === value.numbers.buffer));
    const message = Buffer.concat(segments);
    const own = Buffer.allocUnsafeSlow(message.length);
    message.copy(own);
    const back = decode(own, 0, own.length, true);
    assert.deepEqual(back, value);
    assert.equal(back.numbers.buffer, own.buffer, 'it is aligned, and lies where it came');
    assert.notEqual(decode(own, 0, own.length, false).numbers.buffer, own.buffer);
  });

  it('of numbers in a row are aligned wherever they stand as values', () => {
    for (const Type of [Float32Array, Float64Array, Uint16Array]) {
      for (let before = 0; before < 16; before++) {
        for (const value of [{ before: 'x'.repeat(before), numbers: new Type(5000) }, { before: 'x'.repeat(before), numbers: new NDArray([50, 100], new Type(5000)) }]) {
          const bytes = encoded(value);
          const own = Buffer.allocUnsafeSlow(bytes.length);
          bytes.copy(own);
          const { numbers: back } = decode(own, 0, own.length, true);
          assert.deepEqual(back, value.numbers);
          assert.equal((back.data ?? back).buffer, own.buffer, `${Type.name} behind ${before} bytes`);
        }
      }
    }
  });

  it('that are promises are not asked: some begin when they are', () => {
    const asked = [];
    class Lazy extends Promise {
      // biome-ignore lint/suspicious/noThenProperty: as those have that begin when they are asked for
      then() {
        asked.push('then');
      }
      catch() {
        asked.push('catch');
      }
    }
    const promise = new Lazy(() => {});
    assert.throws(() => encoded({ promise }), /^UnsupportedValue: promise is a promise: is an await missing\?$/);
    for (const schema of [{ type: 'number' }, { anyOf: [{ type: 'number' }, { type: 'string' }] }, true]) {
      assert.throws(() => compile(schema).to_json(promise), Invalid);
    }
    assert.deepEqual(asked, []);
  });

  it('without a counterpart are named with the way to them', () => {
    class Hidden {
      #secret = 1;
      get secret() {
        return this.#secret;
      }
    }
    const cyclic = {};
    cyclic.self = cyclic;
    const cases = [
      [{ items: [1, { price: () => 1 }] }, ['items', 1, 'price'], /^items\[1\]\.price is a function \(price\)/],
      [{ of: Symbol('x') }, ['of'], /^of is a symbol/],
      [[Promise.resolve()], [0], /^\[0\] is a promise: is an await missing\?$/],
      [{ inner: new (class extends Promise { toJSON() {} })(() => {}) }, ['inner'], /^inner is a promise: is an await missing\?$/],
      [new Map([['key', new WeakMap()]]), ['key'], /^key is a WeakMap/],
      [{ when: new Date(Number.NaN) }, ['when'], /^when is an invalid Date/],
      [/x/, [], /^the value is a RegExp/],
      [cyclic, ['self', 'self', 'self'], /nested more than 128 deep, or contains itself/],
    ];
    for (const [value, where, message] of cases) {
      assert.throws(() => encoded(value), (error) => {
        assert.ok(error instanceof UnsupportedValue);
        assert.deepEqual(error.path, where);
        assert.match(error.message, message);
        return true;
      });
    }
    assert.deepEqual(decoded(encoded(new Hidden())), {}, 'an instance of a class is its fields');
  });

  it('say themselves what they are, with toJSON()', () => {
    assert.deepEqual(decoded(encoded({ url: new URL('http://a.test/'), own: { toJSON: (key) => [key] } })), { url: 'http://a.test/', own: ['own'] });
  });

  it('have no prototype to be poisoned', () => {
    const value = decoded(encoded(JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1}')));
    assert.equal(Object.getPrototypeOf(value), Object.prototype);
    assert.deepEqual(Object.keys(value), ['__proto__', 'constructor']);
  });

  it('of text with half a character cross as U+FFFD', () => {
    assert.equal(decoded(encoded('a\ud800b')), 'a\ufffdb');
  });
});

describe('names', () => {
  const names = read_golden('names.json');

  it('cross as in every language', () => {
    for (const [written, crosses] of Object.entries(names.crossing)) assert.equal(to_snake(written), crosses);
    // What is a letter of A to Z in small only, and not as it stands, is none.
    assert.equal(may_cross(to_snake('\u212Aelvin')), false);
  });

  it('are written in a form that crosses as the same again', () => {
    for (const [crosses, camel] of Object.entries(names.camel)) assert.deepEqual([to_camel(crosses), to_snake(camel)], [camel, crosses]);
  });
});
