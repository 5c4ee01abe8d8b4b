'use strict';
// Schemas of other libraries: Standard JSON Schema (https://standardschema.dev/json-schema: zod from 4.2, arktype), valibot's through its
// converter, and JSON Schema itself, as TypeBox's schemas are.
//
// JSON Schema is had from them for those who call; what a value is, the library's own validation says, and its transforms apply.

const { Invalid, compile } = require('./schema.cjs');
const { ISSUES_MAX } = require('./schema/issues.cjs');
const { did_you_mean, is_object, put } = require('./schema/objects.cjs');
const { lost_in } = require('./schema/lost.cjs');
const { json_schema_of, is_standard } = require('./schema/vendors.cjs');
const { normalised, rooted, told_apart } = require('./schema/normalised.cjs');

/**
 * @typedef {object} Schema what `func` needs of one: `Compiled` is such as well
 * @property {any} schema JSON Schema
 * @property {(value: any, path?: (string | number)[]) => any} decode as all four: throws `Invalid`, or gives a promise where the library validates asynchronously
 * @property {(value: any, path?: (string | number)[]) => any} encode
 * @property {(value: any, path?: (string | number)[]) => any} from_json
 * @property {(value: any, path?: (string | number)[]) => any} to_json
 */

/** A library's schema: values get the types it wants by its JSON Schema, and then it says what they are. @implements {Schema} */
class Validated {
  /** @param {any} given the library's object @param {any} schema its JSON Schema */
  constructor(given, schema) {
    this.schema = schema;
    this._validate = (value) => given['~standard'].validate(value);
    this._compiled = compile(schema);
  }

  decode(value, path) {
    return this._validated(this._compiled.coerce(value, false), path, same);
  }

  from_json(value, path) {
    return this._validated(this._compiled.coerce(value, true), path, same);
  }

  encode(value, path) {
    return this._validated(value, path, (result) => this._compiled.encode(result, path));
  }

  to_json(value, path) {
    return this._validated(value, path, (result) => this._compiled.to_json(result, path));
  }

  /** @param {any} value @param {(string | number)[] | undefined} path @param {(value: any) => any} then */
  _validated(value, path, then) {
    const result = this._validate(value);
    if (typeof result?.then === 'function') return result.then((settled) => then(outcome(settled, path)));
    return then(outcome(result, path));
  }
}

const same = (value) => value;

/** @param {any} result of a validation @param {(string | number)[]} [path] */
function outcome(result, path = []) {
  if (result.issues === undefined) return result.value;
  throw new Invalid(result.issues.map((issue) => ({ path: [...path, ...(issue.path ?? []).flatMap(segment)], message: String(issue.message) })));
}

/** @param {any} part of a path, as Standard Schema has it @returns {(string | number)[]} none of an item of a set, which has no key */
function segment(part) {
  const key = part !== null && typeof part === 'object' ? part.key : part;
  return key === null ? [] : [typeof key === 'number' ? key : String(key)];
}

/**
 * @param {any} given what a program gave as a schema
 * @param {'input' | 'output'} side which of its types is meant: parameters have the first, results the second
 * @param {(name: string) => any} [load] a module of the service's
 * @returns {Schema}
 * @throws {TypeError} that says what is wrong with it and what to do
 */
function of_standard(given, side, load = require_from_service) {
  if (is_standard(given)) return new Validated(given, json_schema_of(given, side, load));
  if (typeof given === 'boolean' || (given !== null && typeof given === 'object' && !Array.isArray(given))) {
    return compile(told_apart(normalised(rooted(given)), is_typebox(given)));
  }
  throw new TypeError('this is no schema: give one of zod (from 4.2), valibot, TypeBox or arktype, or JSON Schema');
}

/** @param {any} given @returns {boolean} */
function is_typebox(given) {
  return '~kind' in given || Object.getOwnPropertySymbols(given).some((symbol) => symbol.description === 'TypeBox.Kind');
}

/** @param {string} name */
function require_from_service(name) {
  const { createRequire } = require('node:module');
  const { join } = require('node:path');
  return createRequire(join(process.cwd(), 'service.js'))(name);
}

/** The schema of an object whose properties are parameters: they have other names where they cross. @implements {Schema} */
class Parameters {
  /**
   * @param {any} given what a program gave as a schema
   * @param {(names: string[]) => Map<string, string>} crossing to each name that crosses, the program's own; throws where two fall together
   * @param {(name: string) => any} [load] a module of the service's
   */
  constructor(given, crossing, load) {
    const of_library = is_standard(given);
    const whole = of_standard(given, 'input', load);
    /** What of them is anything to those who call. */
    this.lost = lost_in(whole.schema);
    const own = object_schema(whole.schema);
    // Those that are not known are found here; a second look is for what is within.
    this._inner = of_library || own.additionalProperties !== false ? whole : compile({ ...own, additionalProperties: true });
    const names = Object.keys(own.properties ?? {});
    /** @type {[crosses: string, written: string][]} */
    const pairs = [...crossing(names)].filter(([, written]) => names.includes(written));
    this._crossing = pairs.map(([crosses]) => crosses);
    this._written = pairs.map(([, written]) => written);
    const crosses = new Map(pairs.map(([name, written]) => [written, name]));
    this._rename = (name) => crosses.get(name) ?? name;
    this.schema = {
      ...own,
      properties: Object.fromEntries(Object.entries(own.properties ?? {}).map(([name, schema]) => [this._rename(name), schema])),
      ...(own.required === undefined ? {} : { required: own.required.map(this._rename) }),
      additionalProperties: own.additionalProperties ?? own.patternProperties !== undefined,
    };
    this._is_closed = this.schema.additionalProperties === false;
  }

  decode(value, path) {
    return this._run(value, path, 'decode');
  }

  from_json(value, path) {
    return this._run(value, path, 'from_json');
  }

  /** @param {any} given the object that crossed @param {(string | number)[]} [path] @param {'decode' | 'from_json'} way */
  _run(given, path = [], way) {
    if (!is_object(given)) throw new Invalid([{ path, message: 'expected an object of the parameters' }]);
    const value = {};
    let count = 0;
    for (let at = 0; at < this._crossing.length; at++) {
      const name = this._crossing[at];
      if (!Object.hasOwn(given, name)) continue;
      count++;
      put(value, this._written[at], given[name]);
    }
    const names = Object.keys(given);
    if (count !== names.length) this._others(given, names, value, path);
    try {
      const result = this._inner[way](value, path);
      return typeof result?.then === 'function' ? result.catch((error) => this._renamed(error, path)) : result;
    } catch (error) {
      return this._renamed(error, path);
    }
  }

  /** What is no parameter. @param {any} given @param {string[]} names @param {any} value the object of the parameters @param {(string | number)[]} path */
  _others(given, names, value, path) {
    const others = names.filter((name) => !this._crossing.includes(name)).slice(0, this._is_closed ? ISSUES_MAX : undefined);
    if (!this._is_closed) {
      for (const name of others) put(value, name, given[name]);
      return;
    }
    const known = `there ${this._crossing.length === 1 ? 'is' : 'are'} ${this._crossing.join(', ') || 'none'}`;
    const unknown = others.map((name) => ({ name, message: `is no parameter: ${did_you_mean(name, this._crossing) ?? known}` }));
    // One that another was meant to be is told with that.
    const is_meant = (name) => unknown.some(({ message }) => message.includes(`"${name}"`));
    const missing = (this.schema.required ?? []).filter((name) => !Object.hasOwn(given, name) && !is_meant(name));
    const issues = [...unknown, ...missing.map((name) => ({ name, message: 'is required' }))];
    throw new Invalid(issues.slice(0, ISSUES_MAX).map(({ name, message }) => ({ path: [...path, name], message })));
  }

  /** @param {any} error @param {(string | number)[]} path @returns {never} */
  _renamed(error, path) {
    if (!(error instanceof Invalid)) throw error;
    const at = path.length;
    throw new Invalid(error.issues.map((issue) => ({ ...issue, path: issue.path.map((part, index) => (index === at ? this._rename(part) : part)) })));
  }
}

/** @param {any} schema @returns {any} behind a reference at its top */
function object_schema(schema) {
  let own = schema;
  for (const seen = new Set(); typeof own?.$ref === 'string' && !seen.has(own); ) {
    seen.add(own);
    const name = own.$ref.replace('#/$defs/', '');
    own = Object.hasOwn(schema.$defs ?? {}, name) ? { ...schema.$defs[name], $defs: schema.$defs } : own;
  }
  if (own?.type === 'object') return own;
  throw new TypeError('the schema of the parameters has to be that of an object, whose properties they are');
}

module.exports = { of_standard, Parameters, is_standard };
