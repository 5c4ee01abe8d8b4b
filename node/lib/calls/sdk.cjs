'use strict';
// What the package `diglot` is: `func`, `services`, `signal`, `context`, `NDArray` and the errors.
//
// In a worker there is one of it, whichever copy of the package the program has found. `way` is how it gets to its server.

const { isMainThread } = require('node:worker_threads');
const { at_work } = require('../origin.cjs');
const errors = require('./errors.cjs');
const { NDArray } = require('./values.cjs');
const { fields_at_hand } = require('./scope.cjs');
const { Caller, make_services } = require('./services.cjs');

const { from_thrown: _from_thrown, located: _located, of_call: _of_call, raise: _raise, read_thrown: _read_thrown, ...classes } = errors;

/** Where the worker leaves what every copy of the package is to give (`worker.cjs`): a function that returns it. */
const kSdk = Symbol.for('diglot.sdk');

const NOT_RUN = 'is not run by Diglot, so no service can be called: start it with `diglot serve`, or put a stub in the place of the service with `diglot/testing`';

/**
 * @param {() => import('./runtime.cjs').Runtime | null} way null: there is no server
 * @param {string} root the service's folder
 */
function make_sdk(way, root) {
  /** @type {import('./runtime.cjs').Runtime | null} */
  let runtime = null;

  /** @param {string} service that is called */
  function running(service) {
    runtime ??= way();
    if (runtime !== null) return runtime;
    throw new classes.Unavailable(isMainThread ? `${stubs_beside(service, caller.stubs)}this process ${NOT_RUN}` : 'a worker thread has no way to the server: call from the main thread');
  }

  /** Offers a function to the other services. */
  function func(first, second) {
    const [options, fn] = second === undefined ? [{}, first] : [first, second];
    if (typeof fn !== 'function' || options === null || typeof options !== 'object') {
      throw new TypeError('func() takes a function, or options and a function: func({ input: … }, async ({ itemId }) => …)');
    }
    runtime ??= way();
    if (runtime !== null) {
      const { make_offered } = require('./functions.cjs');
      runtime.offer(make_offered(options, fn, root, runtime.functions));
    }
    return fn;
  }

  /** @returns {AbortSignal} of the call at hand: aborted when its caller waits no more. Outside of one it never is. */
  function signal() {
    const scope = at_work();
    const { Serving } = require('./serving.cjs');
    return scope instanceof Serving ? scope.signal : new AbortController().signal;
  }

  const caller = new Caller(running);
  return { caller, exported: { func, services: make_services(caller), signal, context: fields_at_hand, NDArray, ...classes } };
}

/** What tells a test of a name that is misspelt. @param {string} service @param {Map<string, any>} stubs */
function stubs_beside(service, stubs) {
  return stubs.size === 0 ? '' : `there is no stub of "${service}": there is one of ${[...stubs.keys()].map((name) => `"${name}"`).join(', ')}; `;
}

/** For a process that is no worker: functions are only functions, and calls fail but for stubs. */
let alone = null;

/** @returns {ReturnType<typeof make_sdk>} */
function sdk() {
  const of_worker = process[kSdk];
  if (of_worker !== undefined) return of_worker();
  alone ??= make_sdk(() => null, process.cwd());
  return alone;
}

module.exports = { sdk, make_sdk };
