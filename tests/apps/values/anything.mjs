// Values of every kind that JavaScript has and calls carry.
import { createRequire } from 'node:module';
import { NDArray } from 'diglot';

const fc = createRequire(process.argv[1])('fast-check');

/** From the first year that Python has to the last, and those of whole seconds. */
export const dates = fc.oneof(
  fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
  fc.integer({ min: -(2 ** 31), max: 2 ** 31 }).map((seconds) => new Date(seconds * 1000)),
);

/** Any 16 bits: halves of characters stand alone in some. */
const halves = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 12 }).map((codes) => String.fromCharCode(...codes));
export const texts = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary', maxLength: 60 }), halves, fc.string({ minLength: 30, maxLength: 300 }));
const names = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'toString', 'hasOwnProperty', '', '0', '17', '-1', 'then'), texts);

export const integers = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.constantFrom(2 ** 53 - 1, 1 - 2 ** 53, 2 ** 32, -(2 ** 32) - 1));
export const bigints = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.bigInt({ min: -(2n ** 2000n), max: 2n ** 2000n }),
  fc.constantFrom(2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n, -(2n ** 63n), -(2n ** 64n), -(2n ** 64n) - 1n, 1n),
);

const bits = fc.uint8Array({ maxLength: 64 });
/** Any bits of a type, from anywhere within a buffer. */
export const row = (Type) =>
  fc.tuple(bits, fc.nat(3)).map(([bytes, skipped]) => {
    const size = Type.BYTES_PER_ELEMENT;
    const count = Math.floor(bytes.length / size);
    const held = new Type(count + skipped);
    new Uint8Array(held.buffer).set(bytes.subarray(0, count * size), skipped * size);
    return held.subarray(skipped);
  });
const TYPES = [Uint16Array, Uint32Array, BigUint64Array, Int8Array, Int16Array, Int32Array, BigInt64Array, Float32Array, Float64Array, Uint8ClampedArray, globalThis.Float16Array].filter(Boolean);
export const typed_arrays = fc.oneof(...TYPES.map(row));
const sevenths = Float64Array.from({ length: 10_000 }, (_, at) => at / 7);
const long_rows = fc.integer({ min: 1000, max: 10_000 }).map((length) => sevenths.slice(0, length));

const lengths = fc.array(fc.nat(4), { maxLength: 4 });
/** @param {any} Type @param {fc.Arbitrary<number[]>} shapes @param {string} [dtype] */
export const shaped = (Type, shapes = lengths, dtype = undefined) =>
  fc.tuple(shapes, fc.uint8Array({ minLength: 8, maxLength: 64 })).map(([shape, some]) => {
    const data = new Type(shape.reduce((product, length) => product * length, 1));
    // From the first bytes on again where there are more numbers.
    new Uint8Array(data.buffer).forEach((_, at, all) => {
      all[at] = dtype === 'bool' ? some[at % some.length] & 1 : some[at % some.length];
    });
    return new NDArray(shape, data, dtype);
  });
const NUMBERS = TYPES.filter((Type) => Type !== Uint8ClampedArray);
export const ndarrays = fc.oneof(shaped(Uint8Array, lengths, 'bool'), shaped(Uint8Array, lengths.filter((shape) => shape.length !== 1)), ...NUMBERS.map((Type) => shaped(Type)));

const bytes = fc.oneof(
  bits,
  bits.map((some) => Buffer.from(some)),
  bits.map((some) => Uint8Array.from(some).buffer),
  bits.map((some) => new DataView(Uint8Array.from(some).buffer)),
  fc.integer({ min: 4000, max: 40_000 }).map((length) => new Uint8Array(length).fill(length)),
);

/** What Python can have as a key, and in a set. */
const hashable = fc.oneof(fc.constantFrom(null, true, false), fc.double(), integers, bigints, texts, dates, bits, fc.array(integers, { maxLength: 3 }));
const distinct = (items) => new Set(items);

export const { anything } = fc.letrec((tie) => ({
  leaf: fc.oneof(fc.constantFrom(null, undefined, true, false), fc.double(), integers, bigints, texts, dates, bytes, typed_arrays, ndarrays, long_rows),
  anything: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    fc.array(tie('anything'), { maxLength: 6 }),
    fc.sparseArray(tie('anything'), { maxLength: 6, noTrailingHole: true }),
    fc.dictionary(names, tie('anything'), { maxKeys: 6 }),
    fc.array(fc.tuple(hashable, tie('anything')), { maxLength: 5 }).map((pairs) => new Map(pairs)),
    fc.array(fc.tuple(texts, tie('anything')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
    fc.array(hashable, { maxLength: 5 }).map(distinct),
  ),
}));

const HOLDERS = [(value) => [value], (value) => ({ a: value }), (value) => new Map([[1, value]]), (value) => [0, value, new Float32Array(3)]];

/** As deep as an argument may be, which is in a map of its own: 127. */
export const deep = fc
  .tuple(fc.array(fc.constantFrom(...HOLDERS), { minLength: 100, maxLength: 127 }), fc.oneof(fc.constant(null), ndarrays, dates))
  .map(([holders, leaf]) => holders.reduce((value, hold) => hold(value), leaf));

/** What has to be among them. */
export const edges = [
  null,
  [null, { a: null }, new Map([[null, null]])],
  Number.NaN,
  -0,
  Number.POSITIVE_INFINITY,
  Number.MIN_VALUE,
  Number.MAX_VALUE,
  2 ** 53,
  -(2 ** 53),
  '\ud800',
  '\ufeff',
  'a\0b',
  { '\ud800': '\udc00' },
  JSON.parse('{"__proto__": {"__proto__": 1}, "toJSON": 1}'),
  new Date('0001-01-01T00:00:00Z'),
  new Date('9999-12-31T23:59:59.999Z'),
  new Date(-1),
  new NDArray([], new Float64Array([1.5])),
  new NDArray([0, 3], new Int8Array()),
  new Set([Number.NaN, null, 'a']),
  new Map([[Number.NaN, { a: undefined }]]),
  new Map(),
  new Set(),
  [undefined, [undefined]],
  Object.create(null),
  [],
  {},
];
