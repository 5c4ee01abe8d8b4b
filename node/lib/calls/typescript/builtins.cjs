'use strict';
// Types with a meaning of their own: TypeScript's and Node's classes, Diglot's, Arrow's.

const { is_of_sdk } = require('./options.cjs');

const BYTES = () => ({ type: 'string', contentEncoding: 'base64', 'x-diglot': 'bytes' });
const row_of = (dtype) => () => ({ type: 'array', 'x-diglot': 'array', dtype, shape: [null] });

/** @param {import('./types.cjs').Types} types @param {any} type */
function set_of(types, type) {
  const [item] = types.checker.getTypeArguments(type);
  return { type: 'array', uniqueItems: true, 'x-diglot': 'set', items: types.within('[]', () => types.convert(item)) };
}

/** @param {import('./types.cjs').Types} types @param {any} type */
function map_of(types, type) {
  const [key, value] = types.checker.getTypeArguments(type);
  const pair = [types.within('[key]', () => types.convert(key)), types.within('[value]', () => types.convert(value))];
  return { type: 'array', 'x-diglot': 'map', items: { type: 'array', prefixItems: pair, minItems: 2, maxItems: 2 } };
}

/** @param {string} why */
const refused = (why) => (types, _type, name) => types.fail(`${/^[AEIOU]/.test(name) ? 'an' : 'a'} ${name} cannot cross${why}`);

/**
 * By the name of their symbol.
 *
 * @type {Record<string, (types: import('./types.cjs').Types, type: any, name: string) => any>}
 */
const BUILT_IN = {
  __proto__: /** @type {any} */ (null),
  Date: () => ({ type: 'string', format: 'date-time' }),
  Uint8Array: BYTES,
  Buffer: BYTES,
  ArrayBuffer: BYTES,
  Set: set_of,
  ReadonlySet: set_of,
  Map: map_of,
  ReadonlyMap: map_of,
  Int8Array: row_of('int8'),
  Uint8ClampedArray: row_of('uint8_clamped'),
  Int16Array: row_of('int16'),
  Uint16Array: row_of('uint16'),
  Int32Array: row_of('int32'),
  Uint32Array: row_of('uint32'),
  BigInt64Array: row_of('int64'),
  BigUint64Array: row_of('uint64'),
  Float16Array: row_of('float16'),
  Float32Array: row_of('float32'),
  Float64Array: row_of('float64'),
  Function: (types) => types.fail('a function cannot cross'),
  Promise: refused(': only the result as a whole may be one'),
  RegExp: refused(': send its source'),
  Error: refused(': throw it'),
  URL: refused(': send its href'),
  WeakMap: refused(''),
  WeakSet: refused(''),
  SharedArrayBuffer: refused(''),
  DataView: refused(': send its bytes'),
  AsyncIterable: refused(' within a value: one parameter, or the result, may be a stream'),
  AsyncIterator: refused(' within a value: one parameter, or the result, may be a stream'),
  AsyncIterableIterator: refused(' within a value: one parameter, or the result, may be a stream'),
  AsyncGenerator: refused(' within a value: one parameter, or the result, may be a stream'),
  Iterable: refused(': send an array'),
  Iterator: refused(': send an array, or make it asynchronous and a stream'),
  Generator: refused(': make it asynchronous, and it is a stream'),
  String: refused(': say string'),
  Number: refused(': say number'),
  Boolean: refused(': say boolean'),
};

/** @param {any} symbol @param {import('./types.cjs').Types} types @param {(file: string) => boolean} is_theirs @returns {boolean} whether one of these files declares it */
function is_from(symbol, types, is_theirs) {
  const [declaration] = types.compiler.declarations_of(symbol);
  return declaration !== undefined && is_theirs(declaration.getSourceFile().fileName);
}

/**
 * @param {import('./types.cjs').Types} types
 * @param {any} type
 * @param {any} symbol of it
 * @returns {any} `null`: it is not of the package `diglot`
 */
function of_diglot(types, type, symbol) {
  if (symbol.name !== 'NDArray' || !is_from(symbol, types, is_of_sdk)) return null;
  // NDArray<'float32'>; without the argument, or with more than one, numbers of any type.
  const { TypeFlags, ObjectFlags } = types.compiler;
  const [of] = type.objectFlags & ObjectFlags.Reference ? types.checker.getTypeArguments(type) : [];
  const dtype = of !== undefined && of.flags & TypeFlags.StringLiteral ? types.compiler.literal_of(of) : undefined;
  return { type: 'array', 'x-diglot': 'array', ...(dtype === undefined ? {} : { dtype }) };
}

/** @param {import('./types.cjs').Types} types @param {any} symbol @returns {boolean} whether it is Arrow's table */
function of_arrow(types, symbol) {
  return symbol.name === 'Table' && is_from(symbol, types, (file) => file.includes('/node_modules/apache-arrow/'));
}

module.exports = { BUILT_IN, of_arrow, of_diglot };
