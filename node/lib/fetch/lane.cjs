'use strict';
// The fetch lane: `export default { fetch }` is called with a Request for each request, and its Response is sent.

const { REASON, REQUEST } = require('../protocol.cjs');
const { below_mount } = require('../mount.cjs');
const { Exchange } = require('./exchange.cjs');
const { UnsendableResponse } = require('./fields.cjs');
const { Origin, resource_of, resource_within, origin_within, dispatch, resume, dispatched } = require('../origin.cjs');
const light_request = require('./request.cjs');
const light_response = require('./response.cjs');

const ERROR_LINES = 'content-type: text/plain;charset=UTF-8\r\n';
// Where a later Node lacks it, ticks and promises run at the end of the read instead of after each request.
const run_ticks = process._tickCallback ?? (() => {});

/** A client connection as the fetch lane knows it. */
class FetchConnection {
  /** @param {import('../head.cjs').Ends} ends */
  constructor(ends) {
    this.ends = ends;
    /** What the application gets as second argument. @type {object | null} */
    this.environment = null;
    this.origin = new Origin();
    this.resource = resource_of(this.origin);
  }

  /** @returns {string} the host of a request that names none */
  authority() {
    const { local, local_port } = this.ends;
    if (local_port === 0) return 'localhost';
    return `${local.includes(':') ? `[${local}]` : local}:${local_port}`;
  }

  /** @returns {object} where the client is, in the form adapters for Node have made usual */
  env() {
    if (this.environment === null) {
      const { peer, peer_port, local, local_port, tls } = this.ends;
      const socket = {
        remoteAddress: peer === '' ? undefined : peer,
        remotePort: peer === '' ? undefined : peer_port,
        remoteFamily: peer === '' ? undefined : peer.includes(':') ? 'IPv6' : 'IPv4',
        localAddress: local_port === 0 ? undefined : local,
        localPort: local_port === 0 ? undefined : local_port,
        encrypted: tls,
      };
      this.environment = { incoming: { socket } };
    }
    return this.environment;
  }
}

class FetchLane {
  /**
   * @param {import('../link.cjs').Link} link
   * @param {{ fetch: Function }} app
   * @param {() => void} served called after each request
   */
  constructor(link, app, served) {
    this.link = link;
    this.app = app;
    this.served = served;
    this.serve = this.serve.bind(this);
    /** Promises given to `waitUntil`. */
    this.waiting = new Set();
    /** Called when the last of them has settled. @type {() => void} */
    this.settled = () => {};
    this.context = {
      waitUntil: (promise) => this.wait_until(promise),
      passThroughOnException() {},
    };
    light_request.install();
    light_response.install();
  }

  wait_until(promise) {
    const waited = Promise.resolve(promise).catch(report);
    this.waiting.add(waited);
    waited.then(() => {
      this.waiting.delete(waited);
      if (this.waiting.size === 0) this.settled();
    });
  }

  /** As FastLane.request. */
  request(stream, head, connection, body, last) {
    const target = head.mount_length > 0 ? below_mount(head) : head.target;
    const exchange = new Exchange(this.link, stream, connection, head.method, (head.flags & REQUEST.BODY) !== 0 || body !== null);
    exchange.target = head.target;
    stream.owner = exchange;
    if (last) exchange.complete = true;
    if (body !== null) exchange.push(body, 0, last);
    const request = new light_request.LightRequest(exchange, head.method, target, head.fields);
    if (!light_request.has_url(request)) {
      this.link.respond(stream, 400, ERROR_LINES, 'Bad Request', true);
      exchange.done();
      return this.served();
    }
    const origin = origin_within(connection.origin);
    const resource = origin === connection.origin ? resource_within(connection.resource) : resource_of(origin);
    exchange.resource = resource;
    exchange.origin = origin;
    dispatch(origin, head);
    resource.runInAsyncScope(this.serve, undefined, exchange, request);
    run_ticks();
    dispatched();
    this.served();
  }

  serve(exchange, request) {
    let result;
    try {
      result = this.app.fetch(request, exchange.connection.env(), this.context);
    } catch (error) {
      return this.fail(exchange, error);
    }
    if (result instanceof Response) return this.answer(exchange, result);
    Promise.resolve(result).then(
      (response) => this.answer(exchange, response),
      (error) => this.fail(exchange, error),
    );
  }

  answer(exchange, response) {
    if (!light_response.is_response(response)) {
      return this.fail(exchange, new TypeError(`fetch() must return a Response, it returned ${describe(response)}`));
    }
    try {
      exchange.respond(response)?.catch((error) => this.fail(exchange, error));
    } catch (error) {
      this.fail(exchange, error);
    }
  }

  /** The application failed: a 500 if nothing has left yet. */
  fail(exchange, error) {
    const { stream, link } = exchange;
    if (exchange.left === null) {
      // Its stack would show this server's code and nothing of the application's.
      if (error instanceof UnsendableResponse) process.stderr.write(`diglot: ${exchange.name} is answered with 500: ${error.message}\n`);
      else report(error);
      if (stream.use !== exchange.use || !stream.response_open) return;
      if (stream.head_sent) link.cancel(stream, REASON.APP_FAILED);
      else link.respond(stream, 500, ERROR_LINES, 'Internal Server Error', true);
    }
    exchange.done();
  }

  /** As FastLane.body. */
  body(exchange, _stream, body, last) {
    resume(exchange.origin);
    exchange.resource.runInAsyncScope(exchange.push, exchange, body, body.length, last);
    run_ticks();
    dispatched();
  }

  /** Trailer fields have no place in a Request; they only end its body. */
  trailers(exchange) {
    resume(exchange.origin);
    exchange.resource.runInAsyncScope(exchange.push, exchange, Buffer.alloc(0), 0, true);
    run_ticks();
    dispatched();
  }

  cancel(exchange) {
    const error = new DOMException('The client has gone away.', 'AbortError');
    exchange.origin.leave();
    resume(exchange.origin);
    exchange.resource.runInAsyncScope(exchange.leave, exchange, error);
    run_ticks();
    dispatched();
  }

  credit(exchange) {
    exchange.on_credit();
  }

  closed() {}

  new_connection(ends) {
    return new FetchConnection(ends);
  }
}

function describe(value) {
  return value === null || typeof value !== 'object' ? String(value) : (value.constructor?.name ?? 'an object');
}

/** Shows an application's error as Node shows one that nobody caught, without its end. */
function report(error) {
  console.error(error);
}

module.exports = { FetchLane, FetchConnection };
