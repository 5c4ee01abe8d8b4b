'use strict';
// One call of another service's function: a promise of its answer, and an iterable of its items.

const { ABORT, CALL } = require('./protocol.cjs');
const { to_camel } = require('./names.cjs');
const { CallCancelled, DeadlineExceeded, InvalidResult, from_thrown, located, raise } = require('./errors.cjs');
const { decode } = require('./decode.cjs');
const { Items } = require('./items.cjs');
const { for_nobody } = require('./left.cjs');
const { frames_of } = require('./made.cjs');
const { Sending } = require('./sending.cjs');

function nothing() {}

class Call extends Promise {
  /** @type {(value: any) => void} */
  #resolve;
  /** @type {import('./services.cjs').Route} */
  #route;
  /** @type {{ stack?: string } | null} */
  #made;
  /** @type {Items | null} */
  #items = null;

  /** @param {import('./services.cjs').Route} route @param {{ stack?: string } | null} made where, if that was looked at */
  constructor(route, made) {
    let resolve;
    super((resolve_it) => {
      resolve = resolve_it;
    });
    this.#resolve = resolve;
    this.#route = route;
    this.#made = made;
  }

  /** It is answered. @param {any} value or a promise of it */
  static answer(call, value) {
    if (value instanceof Items) return call.#stream(value);
    call.#resolve(value);
  }

  /** @param {Call} call @returns {Items | null} */
  static items_of(call) {
    return call.#items;
  }

  /** Its await was forgotten, and its author is told so: what the call fails with then ends no worker. @param {object} value of a program, perhaps a call */
  static told(value) {
    if (#resolve in value) value.catch(nothing);
  }

  /** A stream is nothing to await: who does is told, and who iterates has it by `items_of`. @param {Items} items */
  #stream(items) {
    this.#items = items;
    this.catch(nothing);
    this.#resolve(raise(() => located(new TypeError(`${this.#shown()} answers with a stream of items: use \`for await (const item of ${this.#shown()})\``), this.#made)));
  }

  #shown() {
    return `services.${this.#route.service}.${to_camel(this.#route.name)}(…)`;
  }

  /** The items, where the function answers with a stream. @returns {AsyncIterableIterator<any>} */
  [Symbol.asyncIterator]() {
    // Who iterates gets the error from the iterator.
    this.catch(nothing);
    return new Reader(this);
  }

  /** What makes JSON of a promise finds `{}` in it. @returns {never} */
  toJSON() {
    Call.told(this);
    const error = new TypeError(`${this.#shown()} is a call, and no answer yet: use \`await ${this.#shown()}\`, or \`for await\` where it is a stream`);
    // What makes JSON of it is most often a framework, later and elsewhere.
    const frames = frames_of(this.#made?.stack);
    if (frames.length > 0) error.stack = [error.stack, '    of the call that was made', ...frames].join('\n');
    throw error;
  }
}
// `then` makes ordinary promises, and `await` takes this one as it is.
Object.defineProperty(Call.prototype, 'constructor', { value: Promise, writable: true, configurable: true });

/** Reads the items of a call, from before it is known that there are some. */
class Reader {
  /** @param {Call} call */
  constructor(call) {
    this.call = call;
    /** @type {Items | null} */
    this.items = null;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    return this.items === null ? this._first() : this.items.next();
  }

  async _first() {
    const items = await this._items();
    if (items === null) throw new TypeError('the function answers with one value, not with a stream of items: await the call');
    this.items = items;
    return items.next();
  }

  /** @returns {Promise<Items | null>} null: it is one value */
  async _items() {
    try {
      await this.call;
    } catch (error) {
      if (Call.items_of(this.call) === null) throw error;
    }
    return Call.items_of(this.call);
  }

  toJSON() {
    throw new TypeError('the items of a stream are no data yet: read them with `for await`');
  }

  return(value) {
    if (this.items !== null) return this.items.return(value);
    this._items().then((items) => items?.return(), nothing);
    return Promise.resolve({ value, done: true });
  }
}

/**
 * What a call is made with.
 * @typedef {object} About
 * @property {import('./services.cjs').Route} route
 * @property {import('./scope.cjs').Scope | null} scope
 * @property {AbortSignal | undefined} signal
 * @property {{ stack?: string } | null} made where, if that was looked at
 */

/** @implements {import('./exchange.cjs').Owner} @implements {import('./deadlines.cjs').Timed} */
class Pending {
  /**
   * @param {import('./runtime.cjs').Runtime} runtime
   * @param {About} about
   * @param {Call} call
   */
  constructor(runtime, { route, scope, signal, made }, call) {
    this.runtime = runtime;
    this.route = route;
    this.scope = scope;
    this.signal = signal;
    this.made = made;
    this.call = call;
    /** @type {import('./exchange.cjs').Exchange} */
    this.exchange = undefined;
    /** Of the answer. @type {Items | null} */
    this.items = null;
    /** Of an argument. @type {Sending | null} */
    this.sending = null;
    this.on_abort = null;
    this.tick = 0;
    this.before = null;
    this.after = null;
  }

  /** It has begun. @param {import('./exchange.cjs').Exchange} exchange @param {number} deadline_ms */
  begun(exchange, deadline_ms) {
    this.exchange = exchange;
    const { scope } = this;
    if (deadline_ms !== Infinity) this.runtime.deadlines.add(this, deadline_ms);
    if (scope !== null) (scope.calls ??= new Set()).add(this);
  }

  /** Takes up what the program has given for it: its own objects, which may throw. @param {any} iterable the argument that is a stream; null: none is */
  attach(iterable) {
    const failed = (error) => this._give_up(ABORT.GIVEN_UP, () => error);
    try {
      if (this.signal !== undefined) this._listen(this.signal);
      if (iterable === null) return;
      this.sending = new Sending(this.runtime.connection, this.exchange, iterable, (encoder, item) => encoder.value(item));
      this.sending.run().catch(failed);
    } catch (error) {
      failed(error);
    }
  }

  /** @param {AbortSignal} signal */
  _listen(signal) {
    const on_abort = () => this._give_up(ABORT.GIVEN_UP, () => signal.reason);
    signal.addEventListener('abort', on_abort, { once: true });
    this.on_abort = on_abort;
  }

  _finished() {
    this.runtime.deadlines.remove(this);
    this.scope?.calls?.delete(this);
    if (this.on_abort !== null) this.signal.removeEventListener('abort', this.on_abort);
    this.sending?.stop();
  }

  /** @param {() => any} make */
  _fail(make) {
    this._finished();
    if (this.items !== null) this.items.end(make);
    else Call.answer(this.call, raise(make));
  }

  message(buffer, at, end, owned) {
    let value;
    try {
      value = decode(buffer, at, end, owned);
    } catch (error) {
      return this._fail(() => this._unreadable(error.message));
    }
    this._finished();
    Call.answer(this.call, value);
  }

  _unreadable(problem) {
    const { service, name } = this.route;
    const message = `the answer cannot be read: ${problem}`;
    return located(new InvalidResult(message, { service, function: name, issues: [{ path: [], message }] }), this.made);
  }

  /** @param {new (message: string, about: object) => Error} Class @param {string} message */
  _failed(Class, message) {
    const { service, name } = this.route;
    return located(new Class(message, { service, function: name }), this.made);
  }

  streams() {
    this.items = new Items(this.runtime.connection, this.exchange, () => this._give_up(ABORT.GIVEN_UP, null));
    Call.answer(this.call, this.items);
  }

  item(buffer, at, end, owned, cost, room) {
    const { items } = this;
    if (items.is_over) return;
    try {
      items.push(decode(buffer, at, end, owned), cost, room);
    } catch (error) {
      this.broken(error.message);
    }
  }

  stalled(problem) {
    this._give_up(ABORT.DEADLINE, () => this._failed(DeadlineExceeded, `the answer: ${problem}`));
  }

  broken(problem) {
    this._give_up(ABORT.GIVEN_UP, () => this._unreadable(problem));
  }

  ended() {
    this._finished();
    this.items?.end();
  }

  thrown(error) {
    const { service, name, names } = this.route;
    this._fail(() => from_thrown(names.localised(error), service, name, this.made));
  }

  stopped() {
    this.sending?.stop();
    this.runtime.connection.end_items(this.exchange);
  }

  credit() {
    this.sending?.go_on();
  }

  /** Its deadline. */
  passed() {
    this._give_up(ABORT.DEADLINE, () => this._failed(DeadlineExceeded, 'it was not answered before its deadline'));
  }

  /** The request, or the call, that it was made in is not waited for any more. */
  leave() {
    this._give_up(ABORT.CLIENT_LEFT, () => for_nobody(this._failed(CallCancelled, 'who waited for this has left')));
  }

  /** @param {number} reason @param {(() => any) | null} make the error for who waits; null: nobody does */
  _give_up(reason, make) {
    this.runtime.connection.abort(this.exchange, reason);
    if (make === null) this._finished();
    else this._fail(make);
  }
}

/**
 * @param {any} iterable the argument that is a stream, if there is one
 * @param {boolean} idempotent
 */
function flags_of(iterable, idempotent) {
  return (iterable === null ? 0 : CALL.ITEMS) | (idempotent ? CALL.IDEMPOTENT : 0);
}

module.exports = { Call, Pending, flags_of };
