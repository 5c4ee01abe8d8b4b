'use strict';
// `func`: a function of this program that others may call, with what is known of its types.

const { Invalid, compile } = require('./schema.cjs');
const { of_standard } = require('./standard.cjs');
const { crossing, may_cross, to_snake } = require('./names.cjs');
const { calling_place, bound_name, show_place } = require('./place.cjs');

const OPTIONS = new Set(['name', 'input', 'output', 'items', 'stream', 'timeout', 'concurrency', 'queue', 'idempotent', 'errors']);

/** @typedef {{ decode: Function, encode: Function, from_json: Function, to_json: Function, schema: any }} Schema */

/**
 * @typedef {object} Parameters
 * @property {Map<string, string>} locals names as the function has them, by what they cross as
 * @property {string[] | null} positions the same in their order; null: the function takes one object
 * @property {Schema | null} schema of the object of them; null: there are none
 * @property {boolean} is_open others are let through
 * @property {{ name: string, local: string, schema: Schema } | null} input the one that is a stream of items
 */

/** A function that is offered. */
class Offered {
  /**
   * @param {Function} fn
   * @param {string} name as it crosses
   * @param {Parameters} parameters
   * @param {{ schema: Schema | null, stream: boolean }} result
   * @param {any} offer what is said of it
   * @param {string} place
   */
  constructor(fn, name, parameters, result, offer, place) {
    this.fn = fn;
    this.name = name;
    this.parameters = parameters;
    this.result = result.schema;
    /** It answers with items. */
    this.stream = result.stream;
    this.input = parameters.input;
    this.offer = offer;
    this.place = place;
  }

  /**
   * The arguments as the function takes them, by its own names.
   * @param {any} given by the names that cross
   * @param {boolean} is_json
   * @returns {any} or a promise of them
   */
  decode(given, is_json) {
    const { locals, schema, is_open } = this.parameters;
    if (given === null || typeof given !== 'object' || Array.isArray(given) || given instanceof Map) {
      throw new Invalid([{ path: [], message: 'expected an object of the parameters' }]);
    }
    const args = {};
    for (const key of Object.keys(given)) {
      const local = locals.get(key);
      if (local === undefined && !is_open) throw new Invalid([{ path: [key], message: 'there is no parameter of this name' }]);
      args[local ?? key] = given[key];
    }
    if (schema === null) return args;
    try {
      const decoded = is_json ? schema.from_json(args, []) : schema.decode(args, []);
      return typeof decoded?.then === 'function' ? decoded.catch((error) => crossing_issues(error)) : decoded;
    } catch (error) {
      return crossing_issues(error);
    }
  }

  /** @param {any} given @param {boolean} is_json */
  decode_item(given, is_json) {
    const { schema } = this.input;
    return is_json ? schema.from_json(given, []) : schema.decode(given, []);
  }

  /** @param {any} result of the function, or an item of it @param {boolean} is_json @returns {any} or a promise of it */
  encode(result, is_json) {
    if (this.result === null) return result;
    return is_json ? this.result.to_json(result, []) : this.result.encode(result, []);
  }

  /** @param {any} args @param {any} items of its stream @returns {any} */
  call(args, items) {
    const { positions, input } = this.parameters;
    const given = input === null ? args : { ...args, [input.local]: items };
    return positions === null ? this.fn(given) : this.fn(...positions.map((name) => given[name]));
  }
}

/** The names of parameters in issues as they cross. @returns {never} */
function crossing_issues(error) {
  for (const issue of error.issues ?? []) if (typeof issue.path[0] === 'string') issue.path = [to_snake(issue.path[0]), ...issue.path.slice(1)];
  throw error;
}

/** A schema of parameters with their names as they cross. @param {any} schema */
function crossing_schema(schema) {
  if (schema?.properties === undefined) return schema;
  const properties = Object.fromEntries(Object.entries(schema.properties).map(([name, of_name]) => [to_snake(name), of_name]));
  const required = schema.required?.map(to_snake);
  return { ...schema, properties, ...(required === undefined ? {} : { required }) };
}

/** Whether it answers with items, as far as that is to be seen. */
function is_generator(fn) {
  const kind = Object.prototype.toString.call(fn);
  return kind === '[object AsyncGeneratorFunction]' || kind === '[object GeneratorFunction]';
}

class Problem {
  /** @param {import('./place.cjs').Place | null} place @param {string} name */
  constructor(place, name) {
    this.where = show_place(place);
    this.name = name;
  }

  /** @param {string} what @returns {never} */
  failed(what) {
    throw new TypeError(`${this.where}: ${this.name === '' ? 'this function' : `the function ${this.name}`}: ${what}`);
  }
}

/**
 * @param {any} options
 * @param {Function} fn
 * @param {string} root the service's folder
 * @param {Map<string, Offered>} others that are offered already
 * @returns {Offered}
 */
function make_offered(options, fn, root, others) {
  const place = calling_place();
  const described = options.input === undefined && options.output === undefined && place !== null ? find_described(place, root, [options.name, fn.name, bound_name(place)]) : null;
  const local = options.name ?? (fn.name !== '' ? fn.name : (described?.name ?? (place === null ? null : bound_name(place))));
  const problem = new Problem(place, local ?? '');
  check_options(options, problem);
  if (local === null || local === undefined) problem.failed('it has no name: bind it to a const, or give func({ name: "…" }, …)');
  const name = to_snake(local);
  if (!may_cross(name)) problem.failed('its name cannot cross: use letters, digits and _, a letter first');
  const other = others.get(name);
  if (other !== undefined && other.place !== problem.where) problem.failed(`that of ${other.place} has the same name`);
  if (described === null && options.input === undefined && options.items === undefined && fn.length > 0) {
    problem.failed(
      'nothing says what its parameters are: write it in TypeScript, or give func({ input: … }, …) a schema of zod, valibot or TypeBox, or let `diglot types` write them down',
    );
  }
  const parameters = described === null ? given_parameters(options, problem) : described_parameters(described, problem);
  const stream = options.stream ?? described?.stream ?? is_generator(fn);
  const result_schema = described === null ? of(options.output, 'output', problem) : described.result === undefined ? null : compile(described.result);
  const offer = {
    name,
    params: crossing_schema(described?.params_schema ?? parameters.schema?.schema ?? { type: 'object', properties: {} }),
    result: result_schema?.schema,
    stream: stream || undefined,
    input: parameters.input === null ? undefined : { name: parameters.input.name, schema: parameters.input.schema.schema },
    errors: options.errors === undefined ? undefined : declared_errors(options.errors, problem),
    doc: described?.doc,
    idempotent: options.idempotent || undefined,
    concurrency: options.concurrency,
    queue: options.queue,
    timeout_ms: options.timeout === undefined ? undefined : Math.ceil(options.timeout),
    file: place?.file,
    line: place?.line,
  };
  return new Offered(fn, name, parameters, { schema: result_schema, stream }, offer, problem.where);
}

/** What its source says of the function. @param {import('./place.cjs').Place} place @param {string} root @param {(string | null | undefined)[]} names it may have */
function find_described(place, root, names) {
  const { described_at } = require('./typescript/functions.cjs');
  return described_at(place, names, { root });
}

/** @param {any} given a library's schema @param {'input' | 'output'} side @param {Problem} problem @returns {Schema | null} */
function of(given, side, problem) {
  if (given === undefined) return null;
  try {
    return of_standard(given, side);
  } catch (error) {
    return problem.failed(`its ${side}: ${error.message}`);
  }
}

/** @param {any} options @param {Problem} problem @returns {Parameters} */
function given_parameters(options, problem) {
  const schema = of(options.input, 'input', problem);
  const items = Object.entries(options.items ?? {});
  if (items.length > 1) problem.failed('two parameters are streams of items: one may be');
  const names = Object.keys(schema?.schema.properties ?? {});
  const failed = (what) => problem.failed(what);
  const locals = crossing([...names, ...items.map(([name]) => name)], failed);
  const additional = schema?.schema.additionalProperties;
  const input = items.map(([name, of_item]) => ({ name: to_snake(name), local: name, schema: of(of_item, 'input', problem) }))[0] ?? null;
  return { locals, positions: null, schema, is_open: schema !== null && additional !== undefined && additional !== false && names.length === 0, input };
}

/** @param {any} described @param {Problem} problem @returns {Parameters} */
function described_parameters({ params, params_schema, input }, problem) {
  const names = Object.keys(params_schema?.properties ?? {});
  const stream = input === undefined || input === null ? [] : [input.name];
  const locals = crossing([...new Set([...names, ...stream])], (what) => problem.failed(what));
  const of_items = stream.length === 0 ? null : { name: to_snake(input.name), local: input.name, schema: compile(input.schema) };
  return { locals, positions: Array.isArray(params) ? params : null, schema: compile(params_schema), is_open: false, input: of_items };
}

/** @param {any} errors by the name of their class @param {Problem} problem */
function declared_errors(errors, problem) {
  return Object.entries(errors).map(([type, data]) => ({ type, data: data === true || data === undefined ? undefined : of(data, 'output', problem)?.schema }));
}

function check_options(options, problem) {
  for (const name of Object.keys(options)) if (!OPTIONS.has(name)) problem.failed(`there is no option ${name}: there are ${[...OPTIONS].join(', ')}`);
  const { timeout, concurrency, queue, name, input, output } = options;
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0)) problem.failed('timeout is a number of milliseconds above 0');
  if (concurrency !== undefined && !(Number.isSafeInteger(concurrency) && concurrency > 0)) problem.failed('concurrency is a whole number above 0');
  if (queue !== undefined && !(Number.isSafeInteger(queue) && queue >= 0)) problem.failed('queue is a whole number, 0 or above');
  if (name !== undefined && typeof name !== 'string') problem.failed('name is a string');
  if (input === null || output === null) problem.failed('input and output are schemas');
}

module.exports = { Offered, make_offered };
