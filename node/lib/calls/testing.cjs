'use strict';
// Stubs: functions in the place of a service, for tests. Values are encoded and decoded on their way, as they are on the real one.

const { decode } = require('./decode.cjs');
const { take_encoder, give_back } = require('./encode.cjs');
const { UnknownFunction, RemoteError, CallError, from_thrown, of_call } = require('./errors.cjs');
const { to_snake, to_camel } = require('./names.cjs');
const { sdk } = require('./sdk.cjs');
const { write_arguments } = require('./services.cjs');
const { thrown_by_function } = require('./thrown.cjs');

const MESSAGE_BYTES_MAX = 67_108_864;

/** @param {(encoder: import('./encode.cjs').Encoder) => any} write @returns {[any, Buffer]} what `write` returned, and the message */
function written(write) {
  const encoder = take_encoder();
  try {
    encoder.begin(MESSAGE_BYTES_MAX);
    const result = write(encoder);
    encoder.check_length();
    return [result, Buffer.concat(encoder.detach())];
  } finally {
    give_back(encoder);
  }
}

/** A value as the other end would have it. */
function crossed(value) {
  const [, bytes] = written((encoder) => encoder.value(value));
  return decode(bytes, 0, bytes.length, false);
}

/** The parameters as a function in JavaScript has them. */
function arguments_of(route, args) {
  const [iterable, bytes] = written((encoder) => write_arguments(encoder, route, args));
  const given = decode(bytes, 0, bytes.length, false);
  const named = Object.fromEntries(Object.entries(given).map(([name, value]) => [to_camel(name), value]));
  if (iterable === null) return named;
  const stream = Object.keys(args).find((name) => args[name] === iterable);
  return { ...named, [stream]: items_of(iterable) };
}

async function* items_of(iterable) {
  for await (const item of iterable) yield crossed(item);
}

/** What a function threw as its caller would get it. */
function crossed_error(error, route) {
  if (error instanceof CallError && !(error instanceof RemoteError)) return of_call(error, route.service, route.name);
  return from_thrown(JSON.parse(thrown_by_function(error).toString()), route.service, route.name);
}

/**
 * Puts functions in the place of a service until `restore()`.
 * @param {string} service
 * @param {Record<string, (args: any) => any>} functions
 */
function stub(service, functions) {
  const { stubs } = sdk().caller;
  const name = to_snake(service.replaceAll('-', '_'));
  const by_name = new Map(Object.entries(functions).map(([local, fn]) => [to_snake(local), fn]));
  const before = stubs.get(name);
  async function call(route, args) {
    const fn = by_name.get(route.name);
    if (fn === undefined) throw new UnknownFunction(`its stub has no function ${route.name}(): it has ${[...by_name.keys()].map((known) => `${to_camel(known)}()`).join(', ') || 'none'}`, { service: name, function: route.name });
    const given = arguments_of(route, args);
    try {
      const result = await fn(given);
      return typeof result?.[Symbol.asyncIterator] === 'function' ? new StubbedItems(result, route) : crossed(result);
    } catch (error) {
      throw crossed_error(error, route);
    }
  }
  stubs.set(name, call);
  function restore() {
    if (stubs.get(name) !== call) return;
    if (before === undefined) stubs.delete(name);
    else stubs.set(name, before);
  }
  return { restore, ...(Symbol.dispose === undefined ? {} : { [Symbol.dispose]: restore }) };
}

const { Items } = require('./items.cjs');

/** The items of a stubbed function: to its reader as those of a real one. */
class StubbedItems extends Items {
  constructor(iterable, route) {
    const iterator = iterable[Symbol.asyncIterator]();
    super(null, null, () => iterator.return?.());
    this.iterator = iterator;
    this.route = route;
  }

  async next() {
    if (this.is_over) return { value: undefined, done: true };
    try {
      const { value, done } = await this.iterator.next();
      if (!done) return { value: crossed(value), done: false };
      this.is_over = true;
      return { value: undefined, done: true };
    } catch (error) {
      this.is_over = true;
      throw crossed_error(error, this.route);
    }
  }
}

module.exports = { stub };
