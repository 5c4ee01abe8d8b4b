'use strict';
// `services.model.similar({ itemId: 3 }, { timeout: 5000 })`: from a name to a call.

const { DEPTH_MAX } = require('./protocol.cjs');
const { to_snake, to_camel, may_cross } = require('./names.cjs');
const { CallError, DeadlineExceeded, Overloaded, TooDeep, of_call } = require('./errors.cjs');
const { take_encoder, give_back } = require('./encode.cjs');
const { Call, Pending, flags_of } = require('./call.cjs');
const { stack_below } = require('./made.cjs');
const { scope_at_hand, context_of } = require('./scope.cjs');

/**
 * What languages and tools ask every object for: no names of services and functions. Those of one word are written with a capital letter
 * (`Then`), the others as they cross (`to_string`).
 */
const NO_NAMES = new Set(['then', 'constructor', 'prototype', 'toJSON', 'toString', 'valueOf', 'hasOwnProperty', 'asymmetricMatch', 'nodeType']);
const BEGINS_NAME = /^\p{L}/u;
const OPTIONS = new Set(['timeout', 'signal', 'idempotent']);
const TIMEOUT_MS_MAX = 0xffff_ffff;

/** The names of one function's parameters, as its callers have written them. */
class Names {
  constructor() {
    /** By what JavaScript has. @type {Map<string, string>} */
    this.crossing = new Map();
    /** @type {Map<string, string>} */
    this.written = new Map();
  }

  /** @param {string} name as the caller wrote it @returns {string} as it crosses */
  cross(name) {
    const known = this.crossing.get(name);
    return known === undefined ? this._learn(name) : known;
  }

  _learn(name) {
    const crosses = to_snake(name);
    if (!may_cross(crosses)) throw new TypeError(`${JSON.stringify(name)} cannot be the name of a parameter`);
    const other = this.written.get(crosses);
    if (other !== undefined) throw new TypeError(`the parameters ${other} and ${name} are both ${crosses} to other languages`);
    if (this.crossing.size >= NAMES_MAX) return crosses;
    this.crossing.set(name, crosses);
    this.written.set(crosses, name);
    return crosses;
  }

  /** An error whose issues, and its message, have the parameters' names as the caller writes them. @param {any} thrown */
  localised(thrown) {
    if (thrown.code !== 'invalid_arguments' || !Array.isArray(thrown.issues) || thrown.function !== undefined) return thrown;
    let text = thrown.message ?? '';
    const issues = thrown.issues.map(({ path, message }) => {
      const [first, ...rest] = path;
      if (typeof first !== 'string') return { path, message };
      const own = this.written.get(first) ?? to_camel(first);
      text = text.split('; ').map((part) => (begins_with_name(part, first) ? own + part.slice(first.length) : part)).join('; ');
      return { path: [own, ...rest], message };
    });
    return { ...thrown, message: text, issues };
  }
}
/** Parameters of one function whose names are remembered. */
const NAMES_MAX = 256;

/** Whether an issue, as text, is about that parameter or what is within. @param {string} issue @param {string} name */
function begins_with_name(issue, name) {
  return issue.startsWith(name) && ':.['.includes(issue.charAt(name.length) || ' ');
}

/** A function of a service, and how it is called. */
class Route {
  /** @param {string} service @param {string} name both as they cross */
  constructor(service, name) {
    this.service = service;
    this.name = name;
    this.service_bytes = Buffer.from(service);
    this.name_bytes = Buffer.from(name);
    this.names = new Names();
  }
}

/**
 * Writes the arguments.
 * @param {import('./encode.cjs').Encoder} encoder
 * @param {Route} route
 * @param {any} args
 * @returns {any} the one that is a stream of items; null if none is
 */
function write_arguments(encoder, { names }, args) {
  const keys = args === undefined || args === null ? [] : Object.keys(args);
  let iterable = null;
  let count = 0;
  for (const key of keys) {
    const value = args[key];
    if (value === undefined) continue;
    if (value !== null && typeof value === 'object' && typeof value[Symbol.asyncIterator] === 'function') {
      if (iterable !== null) throw new TypeError('two arguments are streams of items: one may be');
      iterable = value;
    } else {
      count++;
    }
  }
  encoder.head(5, count);
  encoder.enter();
  for (const key of keys) {
    const value = args[key];
    // Where none is a stream, that is null, and so may an argument be.
    if (value === undefined || (value === iterable && value !== null)) continue;
    encoder.path[0] = key;
    encoder.entry(names.cross(key), value);
  }
  return iterable;
}

/** @param {any} args @param {any} options @returns {string | null} what is wrong with them */
function misuse(args, options) {
  if (args !== undefined && args !== null && (typeof args !== 'object' || Array.isArray(args))) {
    return `a function of a service takes one object of its parameters by name, not ${Array.isArray(args) ? 'an array' : `a ${typeof args}`}`;
  }
  if (options === undefined) return null;
  if (options === null || typeof options !== 'object') return 'the options of a call are an object';
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name));
  if (unknown !== undefined) return `a call has no option ${unknown}: there are ${[...OPTIONS].join(', ')}`;
  const { timeout, signal } = options;
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout > 0)) return 'the timeout of a call is a number of milliseconds above 0';
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') return 'the signal of a call is an AbortSignal';
  return null;
}

class Caller {
  /** @param {(service: string) => import('./runtime.cjs').Runtime} runtime for calls of a service; throws where there is none */
  constructor(runtime) {
    this.runtime = runtime;
    /** Where a test has put another in the place of a service. @type {Map<string, (route: Route, args: any, options: any) => any>} */
    this.stubs = new Map();
  }

  /** @param {Route} route @param {any} args @param {any} options @param {Function} called what the program has called @returns {Call} */
  call(route, args, options, called) {
    const made = stack_below(called);
    const call = new Call(route, made);
    try {
      const problem = misuse(args, options);
      if (problem !== null) throw new TypeError(`${route.service}.${route.name}(): ${problem}`);
      const stub = this.stubs.size === 0 ? undefined : this.stubs.get(route.service);
      if (stub === undefined) this._begin(route, args, options, call, made);
      else answer_with(call, stub(route, args, options));
    } catch (error) {
      if (error instanceof CallError) Error.captureStackTrace(of_call(error, route.service, route.name), called);
      Call.answer(call, Promise.reject(error));
    }
    return call;
  }

  _begin(route, args, options, call, made) {
    const runtime = this.runtime(route.service);
    const { connection } = runtime;
    const signal = options?.signal;
    if (signal?.aborted) return Call.answer(call, Promise.reject(signal.reason));
    const scope = scope_at_hand();
    const depth = scope === null || scope.depth === undefined ? 0 : scope.depth + 1;
    if (depth > DEPTH_MAX) throw new TooDeep(`calls stand within calls, ${depth} of them`);
    if (connection.is_full) throw new Overloaded('too many calls of this worker are not answered yet');
    let deadline_ms = scope?.deadline_ms ?? Infinity;
    let timeout_ms = 0;
    const { timeout = Infinity } = options ?? {};
    if (timeout !== Infinity || deadline_ms !== Infinity) {
      const now_ms = performance.now();
      deadline_ms = Math.min(deadline_ms, now_ms + timeout);
      if (deadline_ms <= now_ms) throw new DeadlineExceeded('the deadline of the call that this one is made in has passed');
      timeout_ms = Math.min(Math.max(Math.round(deadline_ms - now_ms), 1), TIMEOUT_MS_MAX);
    }
    const context = scope === null ? '' : context_of(scope);
    const pending = new Pending(runtime, { route, scope, signal, made }, call);
    const encoder = take_encoder();
    let iterable;
    try {
      encoder.begin(connection.message_bytes_max);
      iterable = write_arguments(encoder, route, args);
      encoder.check_length();
      const about = { timeout_ms, depth, context, flags: flags_of(iterable, options?.idempotent === true) };
      const exchange = connection.begin(route.service_bytes, route.name_bytes, encoder, about, pending);
      pending.begun(exchange, deadline_ms);
    } finally {
      give_back(encoder);
    }
    if (iterable !== null || signal !== undefined) pending.attach(iterable);
  }
}

/** @param {Call} call @param {Promise<any>} stubbed */
async function answer_with(call, stubbed) {
  try {
    Call.answer(call, await stubbed);
  } catch (error) {
    Call.answer(call, Promise.reject(error));
  }
}

/**
 * An object that has whatever is asked of it: made when it is asked for, and from then on a property like any other.
 *
 * Of what does not begin with a letter it has nothing: so begins no name, but much that tools ask every object for (`$$typeof`, `_bsontype`,
 * `@@__IMMUTABLE_ITERABLE__@@`).
 *
 * @param {string} shown what it is as text
 * @param {(name: string) => any} make
 */
function on_demand(shown, make) {
  const root = Object.create(null, { toString: { value: () => shown } });
  const makes = {
    get(target, name, receiver) {
      if (name === 'toString') return target.toString;
      if (typeof name !== 'string' || !BEGINS_NAME.test(name) || NO_NAMES.has(name)) return undefined;
      const value = make(name);
      // One that somebody has frozen makes it anew each time.
      Reflect.defineProperty(receiver, name, { value, enumerable: true, configurable: true });
      return value;
    },
  };
  return Object.create(new Proxy(root, makes));
}

/** @param {Caller} caller @returns {any} what the package exports */
function make_services(caller) {
  return on_demand('services', (service) => {
    const of_service = crossing_name(service, 'service');
    return on_demand(`services.${of_service}`, (name) => {
      const route = new Route(of_service, crossing_name(name, 'function'));
      const called = (args, options) => caller.call(route, args, options, called);
      return called;
    });
  });
}

function crossing_name(name, what) {
  const crosses = to_snake(what === 'service' ? name.replaceAll('-', '_') : name);
  if (!may_cross(crosses)) throw new TypeError(`${JSON.stringify(name)} cannot be the name of a ${what}`);
  return crosses;
}

module.exports = { Caller, Names, Route, make_services, write_arguments };
