'use strict';
// `func`: a function of this program that others may call, with what is known of its types.

const { Declared, is_class_of_errors } = require('./declared.cjs');
const { compile } = require('./schema.cjs');
const { lost_in } = require('./schema/lost.cjs');
const { of_standard, Parameters } = require('./standard.cjs');
const { crossing, may_cross, to_snake } = require('./names.cjs');
const { declaration_error } = require('./declaration.cjs');
const { calling_place, bound_name, show_place } = require('./place.cjs');

const OPTIONS = new Set(['name', 'input', 'output', 'items', 'stream', 'timeout', 'concurrency', 'queue', 'idempotent', 'errors']);
/** Where nothing says what a result, or an item, is. */
const ANYTHING = compile(true);
/** In one line of the log. */
const LOST_SHOWN = 8;
/** Of an OFFER: 32 bits. */
const NUMBER_MAX = 0xffff_ffff;
const NO_PARAMETERS = { type: 'object', properties: {}, additionalProperties: false };

/** @typedef {import('./standard.cjs').Schema} Schema */

/**
 * @typedef {object} Takes
 * @property {import('./standard.cjs').Parameters} schema of the object of them, by the names that cross
 * @property {string[] | null} positions the function's own names in their order; null: it takes one object
 * @property {{ name: string, local: string, schema: Schema } | null} input the one that is a stream of items
 */

/** A function that is offered. */
class Offered {
  /**
   * @param {Function} fn
   * @param {{ name: string, local: string }} called as it crosses, and as the program has it
   * @param {Takes} takes
   * @param {{ schema: Schema, stream: boolean }} gives
   * @param {any} offer what is said of it
   * @param {Record<string, any>} errors those that it says it throws, as it says it
   * @param {string} place
   */
  constructor(fn, { name, local }, takes, gives, offer, errors, place) {
    this.declared = new Declared(offer.errors ?? [], errors, `${local} (${place})`);
    this.fn = fn;
    this.name = name;
    this.local = local;
    this.parameters = takes.schema;
    this.positions = takes.positions;
    this.input = takes.input;
    this.result = gives.schema;
    /** It answers with items. */
    this.stream = gives.stream;
    this.offer = offer;
    this.place = place;
  }

  /** Where it stands, as a stack has it. */
  get stack() {
    return `    at ${this.local} (${this.place})`;
  }

  /**
   * The arguments as the function takes them, by its own names.
   * @param {any} given by the names that cross
   * @param {boolean} is_json
   * @returns {any} or a promise of them
   */
  decode(given, is_json) {
    return is_json ? this.parameters.from_json(given, []) : this.parameters.decode(given, []);
  }

  /** @param {any} given @param {boolean} is_json */
  decode_item(given, is_json) {
    const { schema } = this.input;
    return is_json ? schema.from_json(given, []) : schema.decode(given, []);
  }

  /** @param {any} result of the function, or an item of it @param {boolean} is_json @returns {any} or a promise of it */
  encode(result, is_json) {
    return is_json ? this.result.to_json(result, []) : this.result.encode(result, []);
  }

  /** @param {any} args @param {any} items of its stream @returns {any} */
  call(args, items) {
    const { positions, input } = this;
    const given = input === null ? args : { ...args, [input.local]: items };
    return positions === null ? this.fn(given) : this.fn(...positions.map((name) => given[name]));
  }
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
    throw declaration_error(`${this.where}: ${this.name === '' ? 'this function' : `the function ${this.name}`}: ${what}`);
  }

  /** Tells the log what callers are not told. @param {Record<string, import('./schema/lost.cjs').Lost[]>} sides */
  lost(sides) {
    const all = Object.entries(sides).flatMap(([side, found]) => found.map(({ path, what }) => `${side}${/^(?:\[|$)/.test(path) ? '' : '.'}${path} (${what})`));
    if (all.length === 0) return;
    const shown = [...new Set(all)];
    const more = shown.length > LOST_SHOWN ? `, and ${shown.length - LOST_SHOWN} more` : '';
    const list = shown.slice(0, LOST_SHOWN).join(', ');
    process.stderr.write(`diglot: ${this.where}: the function ${this.name}: JSON Schema has no word for ${list}${more}: to callers it may be anything\n`);
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
  const bound = place === null ? null : bound_name(place);
  const described = options.input === undefined && place !== null ? find_described(place, root, [options.name, fn.name, bound]) : null;
  const local = options.name ?? described?.name ?? (fn.name !== '' ? fn.name : bound);
  const problem = new Problem(place, local ?? '');
  check_options(options, problem);
  if (local === null || local === undefined) problem.failed('it has no name: bind it to a const, or give func({ name: "…" }, …)');
  const name = to_snake(local);
  if (!may_cross(name)) problem.failed('its name cannot cross: use letters, digits and _, a letter first');
  const other = others.get(name);
  if (other !== undefined && other.local !== local) {
    problem.failed(`${other.local} of ${other.place} and ${local} are both ${name} to other languages: rename one, or give it another with func({ name: "…" }, …)`);
  }
  if (other !== undefined && other.place !== problem.where) problem.failed(`that of ${other.place} has the same name`);
  if (described === null && options.input === undefined && options.items === undefined && fn.length > 0) {
    problem.failed(
      'nothing says what its parameters are: write it in TypeScript, or give func({ input: … }, …) a schema of zod, valibot or TypeBox; of TypeScript that is compiled, `diglot types` writes it down',
    );
  }
  const takes = what_it_takes(options, described, problem);
  const stream = options.stream ?? described?.stream ?? is_generator(fn);
  const result = of(options.output ?? described?.result, 'output', problem);
  const offer = {
    name,
    params: takes.schema.schema,
    result: result?.schema,
    stream: stream || undefined,
    input: takes.input === null ? undefined : { name: takes.input.name, schema: takes.input.schema.schema },
    errors: options.errors === undefined ? undefined : declared_errors(options.errors, described?.errors ?? {}, problem),
    doc: described?.doc,
    idempotent: options.idempotent || undefined,
    concurrency: options.concurrency,
    queue: options.queue,
    timeout_ms: options.timeout === undefined ? undefined : Math.ceil(options.timeout),
    file: place?.file,
    line: place?.line,
  };
  problem.lost({ input: [...takes.schema.lost, ...lost_in(takes.input?.schema.schema)], output: lost_in(result?.schema) });
  return new Offered(fn, { name, local }, takes, { schema: result ?? ANYTHING, stream }, offer, options.errors ?? {}, problem.where);
}

/** What its source says of the function. @param {import('./place.cjs').Place} place @param {string} root @param {(string | null | undefined)[]} names it may have */
function find_described(place, root, names) {
  const { described_at } = require('./typescript/functions.cjs');
  return described_at(place, names, { root });
}

/** @param {any} given a library's schema @param {'input' | 'output'} side @param {Problem} problem @returns {Schema | null} */
function of(given, side, problem) {
  return given === undefined ? null : guarded(() => of_standard(given, side), side, problem);
}

function guarded(make, side, problem) {
  try {
    return make();
  } catch (error) {
    return problem.failed(`its ${side}: ${error.message}`);
  }
}

/** @param {any} options @param {any} described @param {Problem} problem @returns {Takes} */
function what_it_takes(options, described, problem) {
  const items = described?.input === undefined ? Object.entries(options.items ?? {}) : [[described.input.name, described.input.schema]];
  if (items.length > 1) problem.failed('two parameters are streams of items: one may be');
  const names = (own) =>
    crossing([...own, ...items.map(([name]) => name)], (what) => {
      throw new TypeError(what);
    });
  const given = options.input ?? described?.params_schema ?? NO_PARAMETERS;
  const input = items.map(([name, of_item]) => ({ name: to_snake(name), local: name, schema: of(of_item, 'input', problem) ?? ANYTHING }))[0] ?? null;
  return { schema: guarded(() => new Parameters(given, names), 'input', problem), positions: described?.params ?? null, input };
}

/** @param {any} errors by the name of their class @param {Record<string, any>} described those of which the source says what they carry @param {Problem} problem */
function declared_errors(errors, described, problem) {
  return Object.entries(errors).map(([type, said]) => {
    const data = said === true || is_class_of_errors(said) ? described[type] : said;
    return { type, data: data === undefined ? undefined : of(data, 'output', problem)?.schema };
  });
}

/** @param {any} value @returns {string} */
function shown(value) {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function check_options(options, problem) {
  for (const name of Object.keys(options)) if (!OPTIONS.has(name)) problem.failed(`there is no option ${name}: there are ${[...OPTIONS].join(', ')}`);
  const { timeout, concurrency, queue, name, input, output } = options;
  const is_count = (value, min) => value === undefined || (Number.isInteger(value) && value >= min && value <= NUMBER_MAX);
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0 && timeout <= NUMBER_MAX)) {
    problem.failed(`timeout is a number of milliseconds above 0, at most ${NUMBER_MAX} (49 days), and not ${shown(timeout)}`);
  }
  if (!is_count(concurrency, 1)) problem.failed(`concurrency is a whole number from 1 to ${NUMBER_MAX}, and not ${shown(concurrency)}`);
  if (!is_count(queue, 0)) problem.failed(`queue is a whole number from 0 to ${NUMBER_MAX}, and not ${shown(queue)}`);
  if (name !== undefined && typeof name !== 'string') problem.failed('name is a string');
  if (input === null || output === null) problem.failed('input and output are schemas');
  const { errors } = options;
  if (errors !== undefined && (typeof errors !== 'object' || errors === null || Array.isArray(errors))) {
    problem.failed('errors are an object of their classes: { OutOfStock }, or of the names of these: { OutOfStock: true }, or with the schema of its data in the place of true');
  }
}

module.exports = { Offered, make_offered };
