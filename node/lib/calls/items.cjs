'use strict';
// A stream of items: that of an answer, as its caller reads it, or of an argument, as its callee does.

const { raise } = require('./errors.cjs');

const DONE = Object.freeze({ value: undefined, done: true });
/** Consumed items leave the list when there are so many. */
const SPENT_MAX = 1024;

/** In the place of an item that turned out to be none: its reader gets this error. */
class Refused {
  /** @param {() => any} make */
  constructor(make) {
    this.make = make;
  }
}

/** @implements {AsyncIterableIterator<any>} */
class Items {
  /**
   * @param {import('./connection.cjs').Connection} connection
   * @param {import('./exchange.cjs').Exchange} exchange
   * @param {() => void} left the reader wants no more
   */
  constructor(connection, exchange, left) {
    this.connection = connection;
    this.exchange = exchange;
    this.left = left;
    /** Value, cost, room, value, cost, room … @type {any[]} */
    this.waiting = [];
    /** Where the next is. */
    this.next_at = 0;
    this.is_over = false;
    /** Makes the error it ended with, until the reader has been told. @type {(() => any) | null} */
    this.error = null;
    /** Readers that wait. @type {((result: any) => void)[]} */
    this.readers = [];
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** An item has come, or a promise of one, which never rejects. */
  push(value, cost, room) {
    if (this.is_over) return;
    const reader = this.readers.shift();
    if (reader === undefined) return void this.waiting.push(value, cost, room);
    this.connection.consumed(this.exchange, cost, room);
    reader(this._result(value));
  }

  /** What a reader gets for an item. */
  _result(value) {
    return value instanceof Promise ? value.then((settled) => this._settled(settled)) : { value, done: false };
  }

  _settled(value) {
    if (!(value instanceof Refused)) return { value, done: false };
    // What came behind it is nobody's, and the reader is told by this.
    this._forget();
    return raise(value.make);
  }

  _forget() {
    this.waiting = [];
    this.next_at = 0;
    this.error = null;
  }

  /** None follows. @param {(() => any) | null} [error] makes what the reader is to get */
  end(error = null) {
    if (this.is_over) return;
    this.is_over = true;
    this.error = error;
    for (const reader of this.readers.splice(0)) this._tell_end(reader);
  }

  _tell_end(resolve) {
    const { error } = this;
    this.error = null;
    resolve(error === null ? DONE : raise(error));
  }

  /** @returns {Promise<IteratorResult<any>>} */
  next() {
    const { waiting, next_at } = this;
    if (next_at < waiting.length) {
      const value = waiting[next_at];
      this.connection.consumed(this.exchange, waiting[next_at + 1], waiting[next_at + 2]);
      waiting[next_at] = undefined;
      this.next_at = next_at + 3;
      if (this.next_at === waiting.length || this.next_at > SPENT_MAX) {
        waiting.splice(0, this.next_at);
        this.next_at = 0;
      }
      return Promise.resolve(this._result(value));
    }
    return new Promise((resolve) => {
      if (this.is_over) this._tell_end(resolve);
      else this.readers.push(resolve);
    });
  }

  /** What makes JSON of it is not shown what is within. @returns {never} */
  toJSON() {
    throw new TypeError('a stream of items is no data yet: read it with `for await`');
  }

  /** The reader leaves. */
  return(value) {
    const was_over = this.is_over;
    this._forget();
    this.end();
    if (!was_over) this.left();
    return Promise.resolve({ value, done: true });
  }

  throw(error) {
    this.return();
    return Promise.reject(error);
  }
}

module.exports = { Items, Refused };
