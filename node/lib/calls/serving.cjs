'use strict';
// One call of a function of this program: from its arguments to the answer.

const { run_as } = require('../origin.cjs');
const { ABORT } = require('./protocol.cjs');
const { CallCancelled, DeadlineExceeded, InvalidArguments } = require('./errors.cjs');
const { decode } = require('./decode.cjs');
const { take_encoder, give_back } = require('./encode.cjs');
const { Items, Refused } = require('./items.cjs');
const { json_text, json_value } = require('./json_text.cjs');
const { Sending } = require('./sending.cjs');
const { issues_of, issues_text, thrown, thrown_by_arguments, thrown_by_function, thrown_by_result, thrown_invalid, thrown_invalid_result } = require('./thrown.cjs');

/** What is said where a value, or nothing, stands for a stream. @param {boolean} is_json comes from who has none to give */
function stream_expected(is_json) {
  return is_json ? 'is a stream of items, which only a service can give: call the function from one' : 'is a stream of items: give an (async) iterator of them';
}

/** @implements {import('./exchange.cjs').Owner} @implements {import('./scope.cjs').Scope} */
class Serving {
  /**
   * @param {import('./connection.cjs').Connection} connection
   * @param {import('./exchange.cjs').Exchange} exchange
   * @param {import('./functions.cjs').Offered} offered
   * @param {import('./head.cjs').CallHead} head
   */
  constructor(connection, exchange, offered, head) {
    this.connection = connection;
    this.exchange = exchange;
    this.offered = offered;
    this.is_json = head.is_json;
    this.deadline_ms = head.timeout_ms === 0 ? Infinity : performance.now() + head.timeout_ms;
    this.depth = head.depth;
    this.context = head.context;
    this.calls = null;
    /** It was aborted for this. */
    this.reason = 0;
    /** @type {AbortController | null} */
    this.controller = null;
    /** The items of its argument that is a stream. @type {Items | null} */
    this.items = null;
    /** Those of its answer. @type {Sending | null} */
    this.sending = null;
  }

  /** Of the log's lines about errors that nobody caught. */
  get name() {
    return `a call of ${this.offered.name}()`;
  }

  get count() {
    return 1;
  }

  get is_open() {
    return !this.exchange.over;
  }

  /** @returns {AbortSignal} */
  get signal() {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.reason !== 0) this.controller.abort(this._why());
    }
    return this.controller.signal;
  }

  message(buffer, at, end, owned) {
    const { offered, exchange } = this;
    let given;
    try {
      given = this.is_json ? json_value(buffer.utf8Slice(at, end)) : decode(buffer, at, end, owned);
    } catch (error) {
      return this._throw(thrown_invalid('invalid_arguments', [{ path: [], message: `the arguments cannot be read: ${error.message}` }]));
    }
    if (exchange.has_items !== (offered.input !== null)) {
      const name = offered.input?.name;
      const message = name === undefined ? 'no parameter is a stream of items' : stream_expected(this.is_json);
      return this._throw(thrown_invalid('invalid_arguments', [{ path: name === undefined ? [] : [name], message }]));
    }
    if (exchange.has_items) this.items = new Items(this.connection, exchange, () => this.connection.stop(exchange));
    run_as(this, begin, this, given);
  }

  item(buffer, at, end, owned, cost, room) {
    const { items, offered, is_json } = this;
    if (items === null || items.is_over) return;
    try {
      const given = is_json ? json_value(buffer.utf8Slice(at, end)) : decode(buffer, at, end, owned);
      const decoded = offered.decode_item(given, is_json);
      items.push(typeof decoded?.then === 'function' ? this._settled(decoded) : decoded, cost, room);
    } catch (error) {
      this._refuse(issues_of_item(error));
    }
  }

  /** An item whose schema validates asynchronously. @param {PromiseLike<any>} decoded @returns {Promise<any>} that never rejects */
  _settled(decoded) {
    return Promise.resolve(decoded).catch((error) => new Refused(this._refuse(issues_of_item(error))));
  }

  stalled(problem) {
    this._throw(thrown('deadline_exceeded', `the arguments: ${problem}`));
  }

  broken(problem) {
    this._refuse([{ path: [], message: problem }]);
  }

  /**
   * The function is told what is wrong with its items, and gets no more of them.
   *
   * @param {{ path: (string | number)[], message: string }[]} issues
   * @returns {() => InvalidArguments} makes what it is told
   */
  _refuse(issues) {
    const { name } = this.offered.input;
    const within = issues.map(({ path, message }) => ({ path: [name, ...path], message }));
    const make = () => new InvalidArguments(issues_text(within), { issues: within });
    // Of several that are being validated the first has said so.
    const is_told = this.items?.is_over === true;
    this.items?.end(make);
    if (!is_told) this.connection.stop(this.exchange);
    return make;
  }

  ended() {
    this.items?.end();
  }

  credit() {
    this.sending?.go_on();
  }

  /** @param {number} reason */
  aborted(reason) {
    if (this.reason !== 0) return;
    this.reason = reason;
    const why = this._why();
    // Who listens is the call's own code.
    if (this.controller !== null) run_as(this, () => this.controller.abort(why));
    this.items?.end(() => why);
    if (this.calls !== null) for (const call of this.calls) call.leave();
    // What runs on answers when it is done.
    this.sending?.stop();
  }

  _why() {
    if (this.reason === ABORT.DEADLINE) return new DeadlineExceeded('the deadline of the call has passed');
    const who = { [ABORT.CLIENT_LEFT]: 'the client it worked for has left', [ABORT.WORKER_ENDED]: "the caller's worker has ended" };
    return new CallCancelled(who[this.reason] ?? 'the caller has given up');
  }

  _throw(json) {
    this.items?.end();
    this.connection.throw(this.exchange, json);
  }

  /** @param {any} error what the function threw */
  fail(error) {
    if (this.exchange.over) return;
    if (this.reason !== 0) this._throw(thrown('cancelled', this._why().message));
    else this._throw(this.offered.declared.checked(thrown_by_function(error, this.offered.declared)));
  }

  /** @param {any} error what the schema of its arguments threw */
  refuse(error) {
    this._throw(thrown_by_arguments(error));
  }

  /** @param {any} result */
  answer(result) {
    const { exchange, offered } = this;
    if (exchange.over) return;
    try {
      if (offered.stream) return this._answer_stream(result);
      const encoded = offered.encode(result, this.is_json);
      if (typeof encoded?.then !== 'function') return this._send(encoded);
      // The schema is one that validates asynchronously.
      encoded.then((settled) => this._send(settled)).catch((error) => this._unsendable(error));
    } catch (error) {
      this._unsendable(error);
    }
  }

  _send(encoded) {
    const { connection, exchange } = this;
    const encoder = take_encoder();
    try {
      encoder.begin(connection.message_bytes_max);
      this._write(encoder, encoded);
      encoder.check_length();
      this.items?.end();
      connection.answer(exchange, encoder);
    } finally {
      give_back(encoder);
    }
  }

  _write(encoder, encoded) {
    if (this.is_json) encoder.json(json_text(encoded));
    else encoder.value(encoded);
  }

  _unsendable(error) {
    this._throw(this.offered.declared.checked(thrown_by_result(error, this.offered)));
  }

  _answer_stream(result) {
    const { connection, exchange, offered, is_json } = this;
    if (typeof (result?.[Symbol.asyncIterator] ?? result?.[Symbol.iterator]) !== 'function') {
      const { kind_text } = require('./schema/issues.cjs');
      return this._throw(thrown_invalid_result([{ path: [], message: `expected a stream of items, not ${kind_text(result)}` }], offered.stack));
    }
    const write = (encoder, encoded) => this._write(encoder, encoded);
    const sending = new Sending(connection, exchange, result, write, (item) => offered.encode(item, is_json));
    connection.answer_stream(exchange);
    if (exchange.over) return sending.stop();
    this.sending = sending;
    sending.run().then(
      () => this.items?.end(),
      (error) => {
        this.sending = null;
        this._unsendable(error);
      },
    );
  }
}

/** @param {any} error what an item's schema threw */
function issues_of_item(error) {
  return issues_of(error) ?? [{ path: [], message: String(error?.message ?? error) }];
}

/** Calls the function. Runs as the call's. @param {Serving} serving @param {any} given */
function begin(serving, given) {
  try {
    const args = serving.offered.decode(given, serving.is_json);
    if (typeof args?.then !== 'function') return call(serving, args);
    args.then(
      (settled) => call(serving, settled),
      (error) => serving.refuse(error),
    );
  } catch (error) {
    serving.refuse(error);
  }
}

/** @param {Serving} serving @param {any} args */
function call(serving, args) {
  const { offered, items } = serving;
  // Its arguments were looked at for as long as somebody waited.
  if (serving.reason !== 0) return serving.fail(null);
  try {
    const result = offered.call(args, items);
    // A call of another function's stream is a promise as well.
    if (offered.stream && typeof result?.[Symbol.asyncIterator] === 'function') return serving.answer(result);
    if (!(result instanceof Promise || (!offered.stream && typeof result?.then === 'function'))) return serving.answer(result);
    Promise.resolve(result).then(
      (settled) => serving.answer(settled),
      (error) => serving.fail(error),
    );
  } catch (error) {
    serving.fail(error);
  }
}

module.exports = { Serving };
