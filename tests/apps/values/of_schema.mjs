// Values of JavaScript's by a JSON Schema, as the language that offers the function has written it.
import { createRequire } from 'node:module';
import { NDArray } from 'diglot';
import { bigints, dates, integers, row, shaped, texts } from './anything.mjs';
import { Sent } from './crossed.mjs';

const fc = createRequire(process.argv[1])('fast-check');

const TYPED = {
  bool: Uint8Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint8_clamped: Uint8ClampedArray,
  uint16: Uint16Array,
  int16: Int16Array,
  uint32: Uint32Array,
  int32: Int32Array,
  uint64: BigUint64Array,
  int64: BigInt64Array,
  float16: globalThis.Float16Array,
  float32: Float32Array,
  float64: Float64Array,
};
/** A type that is declared to be of integers is of those that are exact; -0 is none, and so 0. */
const { isSafeInteger } = Number;
const no_integers = fc.oneof(
  fc.double().filter((number) => !isSafeInteger(number)),
  fc.constantFrom(2 ** 53, -(2 ** 53), 2 ** 60, 1e300),
);
const exact = fc.oneof(
  { weight: 8, arbitrary: integers },
  { weight: 2, arbitrary: integers.map(BigInt) },
  { weight: 1, arbitrary: fc.constant(new Sent(-0, 0)) },
  { weight: 1, arbitrary: no_integers.map((number) => new Sent(number)) },
);
const ints = fc.oneof({ weight: 3, arbitrary: exact }, { weight: 1, arbitrary: bigints });
/** A bigint is a number where that holds it. */
const numbers = fc.oneof(
  { weight: 8, arbitrary: fc.double() },
  { weight: 1, arbitrary: integers },
  { weight: 1, arbitrary: fc.integer({ min: 53, max: 1023 }).map((bits) => new Sent(2n ** BigInt(bits), 2 ** bits)) },
  { weight: 1, arbitrary: fc.oneof(fc.integer({ min: 53, max: 1023 }).map((bits) => 2n ** BigInt(bits) + 1n), fc.constant(10n ** 400n)).map((number) => new Sent(number)) },
);
/** How deep what contains itself is made. */
const DEPTH_MAX = 4;

const two = (number) => String(number).padStart(2, '0');
const fraction = fc.oneof(fc.constant(''), fc.integer({ min: 1, max: 999_999 }).map((micros) => `.${String(micros).padStart(6, '0').replace(/0+$/, '')}`));
const clock = fc.tuple(fc.nat(23), fc.nat(59), fc.nat(59), fraction).map(([hour, minute, second, rest]) => `${two(hour)}:${two(minute)}:${two(second)}${rest}`);
const offset = fc.constantFrom('', '+00:00', '+02:00', '-23:59');
const FORMATS = {
  'date-time': dates,
  date: dates.map((date) => date.toISOString().slice(0, 10)),
  time: fc.tuple(clock, offset).map((parts) => parts.join('')),
  // As Python writes them: days, and seconds of less than one.
  duration: fc.tuple(fc.constantFrom('', '-'), fc.nat(999_999), fc.nat(86_399), fraction).map(([sign, days, seconds, rest]) => {
    const time = seconds > 0 || rest !== '' ? `T${seconds}${rest}S` : '';
    if (days === 0) return time === '' ? 'PT0S' : `${sign}P${time}`;
    return `${sign}P${days}D${time}`;
  }),
  decimal: fc.oneof(
    fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fraction).map(([whole, rest]) => `${whole}${rest}`),
    fc.constantFrom('NaN', 'Infinity', '-Infinity', '0.00', '-0', '1E+400', '1E-30'),
  ),
  uuid: fc.uuid(),
};

/**
 * @param {any} schema
 * @param {{ definitions?: Record<string, any>, is_python: boolean }} of whom: Python's integers have no bounds
 * @returns {any} an arbitrary
 */
export function of_schema(schema, by, depth = 0) {
  const of = (part) => of_schema(part, by, depth + 1);
  if (schema.$ref !== undefined) return of_schema(by.definitions[schema.$ref.replace('#/$defs/', '')], by, depth);
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) {
    // What no number is, is a bigint there.
    const is_any = schema.anyOf.some((part) => part['x-diglot'] === 'bigint');
    return fc.oneof(...schema.anyOf.filter((part) => depth <= DEPTH_MAX || part.$ref === undefined).map((part) => (is_any && part.type === 'number' ? fc.double() : of(part))));
  }
  switch (schema['x-diglot']) {
    case 'bigint':
      return fc.oneof(bigints, integers.map(BigInt));
    case 'bytes':
      return fc.uint8Array({ maxLength: 100 });
    case 'set':
      return fc.array(of(schema.items ?? { type: 'string' }), { maxLength: 5 }).map((items) => new Set(items));
    case 'map':
      return fc.array(fc.tuple(...schema.items.prefixItems.map(of)), { maxLength: 5 }).map((pairs) => new Map(pairs));
    case 'array':
      return rows(schema);
    case 'decimal':
      return FORMATS.decimal;
    case 'undefined':
      return fc.constant(null);
  }
  switch (schema.type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return by.is_python ? ints : exact;
    case 'number':
      return numbers;
    case 'string':
      return FORMATS[schema.format] ?? texts;
    case 'array':
      return fc.oneof(...(schema.prefixItems === undefined ? [list(schema.items, of, depth)] : [fc.tuple(...schema.prefixItems.map(of))]));
    case 'object':
      return object(schema, of, depth);
  }
  return fc.oneof(integers, texts, fc.constant(null));
}

function list(items, of, depth) {
  return depth > DEPTH_MAX ? fc.constant([]) : fc.array(of(items ?? { type: 'integer' }), { maxLength: 3 });
}

/** With all that it may have: what is left out, Python's classes have a default for. */
function object({ properties, additionalProperties }, of, depth) {
  if (properties === undefined) return depth > DEPTH_MAX ? fc.constant({}) : fc.dictionary(texts, of(additionalProperties ?? { type: 'integer' }), { maxKeys: 4 });
  return fc.record(Object.fromEntries(Object.entries(properties).map(([name, part]) => [name, of(part)])));
}

/** Where Node has no array of them: those that 16 bits hold, in one of 32. */
const halves = fc.array(fc.tuple(fc.integer({ min: -1023, max: 1023 }), fc.integer({ min: -24, max: 5 })), { maxLength: 30 }).map((all) => Float32Array.from(all, ([digits, exponent]) => digits * 2 ** exponent));

/** @param {Float32Array} some @param {number[]} lengths @returns {Float32Array} so many of them, from the first on again */
const again = (some, lengths) => Float32Array.from({ length: lengths.reduce((product, length) => product * length, 1) }, (_, at) => some[at % some.length] ?? 0.5);

/** Those that every array of Python's has: `array.array` has none of halves or booleans, and nothing is clamped. */
const OF_ALL = Object.keys(TYPED).filter((dtype) => !['float16', 'bool', 'uint8_clamped'].includes(dtype));

function rows({ dtype, shape }) {
  if (dtype === undefined) return fc.oneof(...OF_ALL.map((one) => rows({ dtype: one, shape })));
  const Type = TYPED[dtype];
  // Typed arrays, as JavaScript has them; of booleans it has none.
  if (shape?.length === 1 && shape[0] === null && dtype !== 'bool') return Type === undefined ? halves : row(Type);
  const lengths = shape === undefined ? fc.array(fc.nat(3), { maxLength: 3 }) : fc.tuple(...shape.map((length) => (length === null ? fc.nat(5) : fc.constant(length))));
  if (Type === undefined) return fc.tuple(lengths, halves).map(([lengths, some]) => new NDArray(lengths, again(some, lengths)));
  return shaped(Type, lengths, dtype === 'bool' ? dtype : undefined);
}
