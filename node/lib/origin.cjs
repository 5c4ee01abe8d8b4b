'use strict';
// Which request the code that runs belongs to: asked when it throws, and when it calls a function of another service.
//
// While a request is handed out, and the ticks and promises behind it run, it is `dispatched`. What comes later, from a timer, a
// socket or a promise, is found by the context that Node carries along: since Node 24 that costs nothing here, because what an AsyncResource
// captures at its making it brings back anyway. Before, an AsyncLocalStorage switches async_hooks on, which slow down every promise of
// the program: there the later ones are not told apart, but in a program that uses the package `diglot`.
//
// The context is the client connection's, which has one request at a time. Code that runs on when its request is over may therefore be
// taken for that of the next one: the log says so where it can be.

const { AsyncLocalStorage, AsyncResource } = require('node:async_hooks');

/** The first Node.js that carries a context along by itself. */
const FIRST_CARRYING_MAJOR = 24;
const [major] = process.versions.node.split('.');
const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
const carries = Number(major) >= FIRST_CARRYING_MAJOR && !flags.includes('--no-async-context-frame');
let storage = carries ? new AsyncLocalStorage() : null;
/** The program uses the package: requests of one connection are told apart, too. */
let tells_apart = false;

/** Where who serves a request keeps its connection's Origin. */
const kOrigin = Symbol('diglot.origin');

/** More of a path, or of an id, would hide the rest of the line. */
const PATH_CHARS_MAX = 200;
const ID_CHARS_MAX = 64;

/** A client connection's latest request, as the log names it. */
class Origin {
  constructor() {
    this.method = '';
    /** As the client has sent it, with its query. */
    this.target = '';
    /** Name, value, name, value …; null once it is answered. @type {string[] | null} */
    this.fields = null;
    /** Requests of this connection so far. */
    this.count = 0;
    /** Calls that the request at hand has made and that are not answered. @type {Set<{ leave: () => void }> | null} */
    this.calls = null;
    /** What they carry of its fields, once that was asked for. @type {string | null} */
    this.context = null;
  }

  /** It is not answered yet: its calls end with it. */
  get is_open() {
    return this.fields !== null;
  }

  /** Nobody waits for the answer any more: nor for those of its calls. */
  leave() {
    const { calls } = this;
    this.calls = null;
    if (calls !== null) for (const call of calls) call.leave();
  }

  /** Without the query: that is the client's and may be secret. */
  get name() {
    const path = this.target.split('?', 1)[0];
    const id = request_id(this.fields ?? []);
    const shown = path.length > PATH_CHARS_MAX ? `${path.slice(0, PATH_CHARS_MAX)}…` : path;
    return `${this.method} ${shown}${id === undefined ? '' : ` (request id ${id})`}`;
  }
}

/** @param {string[]} fields @returns {string | undefined} what the client, or a proxy before it, calls the request */
function request_id(fields) {
  for (let at = 0; at < fields.length; at += 2) {
    if (fields[at].toLowerCase() === 'x-request-id') return fields[at + 1].slice(0, ID_CHARS_MAX);
  }
  return undefined;
}

/** @type {{ dispatched: Origin | null }} */
const at_hand = { dispatched: null };

function make_resource() {
  return new AsyncResource('HTTPINCOMINGMESSAGE');
}

/**
 * What the requests of a connection run in.
 * @param {Origin} origin
 * @returns {AsyncResource}
 */
function resource_of(origin) {
  return storage === null ? make_resource() : storage.run(origin, make_resource);
}

/**
 * What one request runs in, where a connection's are kept apart.
 * @param {AsyncResource} of_connection from `resource_of`
 */
function resource_within(of_connection) {
  return storage === null ? make_resource() : of_connection.runInAsyncScope(make_resource);
}

/** The program makes calls, or serves them: from here on its code is told apart on every Node. */
function tell_apart() {
  tells_apart = true;
  storage ??= new AsyncLocalStorage();
}

/** What one request of several at a time on its connection belongs to. @param {Origin} of_connection */
function origin_within(of_connection) {
  return tells_apart ? new Origin() : of_connection;
}

/**
 * Runs code as another's: that of a call which is served.
 * @template T
 * @param {any} owner has what an Origin has
 * @param {(...args: any[]) => T} run
 * @param {...any} args
 * @returns {T}
 */
function run_as(owner, run, ...args) {
  return storage.run(owner, run, ...args);
}

/** @returns {any} whose code runs: an Origin, or what `run_as` was given */
function at_work() {
  return storage?.getStore() ?? at_hand.dispatched;
}

/** A request is given to the program. @param {Origin} origin @param {import('./head.cjs').RequestHead} head */
function dispatch(origin, head) {
  origin.method = head.method;
  origin.target = head.target;
  origin.fields = head.fields;
  origin.count++;
  origin.calls = null;
  origin.context = null;
  at_hand.dispatched = origin;
}

/** More of it is given to the program. @param {Origin} origin */
function resume(origin) {
  at_hand.dispatched = origin;
}

/** It has come back, and its ticks have run. */
function dispatched() {
  at_hand.dispatched = null;
}

/**
 * Whose code runs.
 * @returns {{ origin: Origin, certain: boolean } | null | undefined} null: no request's; undefined: not known
 */
function find_origin() {
  const { dispatched } = at_hand;
  // Who survives the error goes on with something else.
  at_hand.dispatched = null;
  if (dispatched !== null) return { origin: dispatched, certain: true };
  if (storage === null) return undefined;
  const origin = storage.getStore();
  return origin === undefined ? null : { origin, certain: origin.count === 1 };
}

module.exports = {
  FIRST_CARRYING_MAJOR,
  Origin,
  kOrigin,
  resource_of,
  resource_within,
  origin_within,
  tell_apart,
  run_as,
  at_work,
  dispatch,
  resume,
  dispatched,
  find_origin,
};
