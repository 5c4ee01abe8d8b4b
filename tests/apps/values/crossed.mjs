// What a value of JavaScript comes back as when it was Python's, and the one text of a value.
import { createRequire } from 'node:module';
import { NDArray } from 'diglot';

const fc = createRequire(process.argv[1])('fast-check');
const typed_array = Object.getPrototypeOf(Uint8Array);

/** A value that does not come back as what it is: JavaScript has one type of number, and others have two. */
export class Sent {
  /** @param {number | bigint} value @param {number} [back] nothing: the type does not take it */
  constructor(value, back) {
    Object.assign(this, { value, back });
  }

  toJSON() {
    return this.value;
  }
}

/** The value is none that its type takes. */
export class NotTaken extends Error {}

/** @param {any} value @param {boolean} is_typed a schema said what it is, so what languages have differently is told apart */
export function crossed(value, is_typed) {
  const within = (part) => crossed(part, is_typed);
  switch (typeof value) {
    case 'undefined':
      return null;
    case 'string':
      return value.toWellFormed();
    case 'bigint':
      return Number.isSafeInteger(Number(value)) ? Number(value) : value;
    case 'object':
      break;
    default:
      return value;
  }
  if (value === null || value instanceof Date) return value;
  if (value instanceof Sent) {
    if (value.back === undefined) throw new NotTaken();
    return value.back;
  }
  if (Array.isArray(value)) return Array.from(value, within);
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (value instanceof DataView) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  if (value instanceof Uint8Array || (value instanceof Uint8ClampedArray && !is_typed)) return new Uint8Array(value);
  if (value instanceof typed_array) return value;
  if (value instanceof NDArray) return in_a_row(value);
  if (value instanceof Set) return differing(new Set([...value].map(within)), value.size);
  if (value instanceof Map) return of_map(value, within, is_typed);
  return object_of(Object.keys(value).filter((key) => value[key] !== undefined).map((key) => [key.toWellFormed(), within(value[key])]));
}

/** A row of numbers is a typed array; only of booleans JavaScript has none. */
function in_a_row(value) {
  return value.shape.length === 1 && value.dtype !== 'bool' ? value.data : value;
}

/** Where no schema says that it is a map, one of texts is an object. */
function of_map(value, within, is_typed) {
  const pairs = [...value].map(([key, part]) => [within(key), within(part)]);
  if (!is_typed && pairs.every(([key]) => typeof key === 'string')) return object_of(pairs);
  return differing(new Map(pairs), value.size);
}

function object_of(pairs) {
  const result = {};
  for (const [key, value] of pairs) Object.defineProperty(result, key, { value, enumerable: true, configurable: true, writable: true });
  differing({ size: Object.keys(result).length }, pairs.length);
  return result;
}

/** What falls together in Python, as 1 and true or two halves of characters do, is refused there: another test's matter. */
function differing(result, size) {
  fc.pre(result.size === size);
  if (result instanceof Set || result instanceof Map) fc.pre(new Set([...result.keys()].map(of_python)).size === size);
  return result;
}

function of_python(key) {
  return told(typeof key === 'boolean' ? Number(key) : Array.isArray(key) ? key.map(of_python) : key);
}

/** @param {any} value @returns {string} the same for what is the same, to the last bit */
export function told(value) {
  if (value === undefined) return 'undefined';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  if (typeof value === 'string') return JSON.stringify(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof Date) return `Date(${value.getTime()})`;
  if (Array.isArray(value)) return `[${Array.from(value, told)}]`;
  if (value instanceof typed_array) return `${value[Symbol.toStringTag]}(${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')})`;
  if (value instanceof NDArray) return `NDArray(${value.dtype}, [${value.shape}], ${told(value.data)})`;
  if (value instanceof Set) return `Set(${[...value].map(told).sort()})`;
  if (value instanceof Map) return `Map(${[...value].map(([key, part]) => `${told(key)}: ${told(part)}`).sort()})`;
  if (Object.getPrototypeOf(value) !== Object.prototype) return `a ${value.constructor?.name}`;
  return `{${Object.keys(value)
    .map((key) => `${told(key)}: ${told(value[key])}`)
    .sort()}}`;
}
