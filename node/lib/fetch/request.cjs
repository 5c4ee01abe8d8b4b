'use strict';
// A Request that is made of the head the front has parsed: method and url at once, the rest when it is touched.
//
// It is an instance of the global Request, whose prototype's accessors know it: what it can answer itself it does (method, url, headers,
// signal, the body read whole), for everything else undici's Request is made of it. `new Request(request)` works because the global
// constructor, while the fetch lane runs, hands undici the real one.

const { inspect } = require('node:util');

const kExchange = Symbol('diglot.exchange');
const kMethod = Symbol('diglot.method');
const kTarget = Symbol('diglot.target');
const kFields = Symbol('diglot.fields');
const kUrl = Symbol('diglot.url');
const kHeaders = Symbol('diglot.headers');
const kReal = Symbol('diglot.real');
const kRead = Symbol('diglot.read');

/** A host and a target that the URL parser would leave as they are. */
const PLAIN_HOST = /^(?!.*xn--)(?:(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*|127\.0\.0\.1)(?::(?:[1-9]\d{3}|[1-5]\d{4}))?$/;
const PLAIN_TARGET = /^\/[!$%&(-;=?-Z[\]_a-z~]*$/;
const DOT_SEGMENT = /\/(?:\.|%2e){1,2}(?:[/?]|$)/i;

const decoder = new TextDecoder();

/** The light request. Its prototype is the global Request's. */
function LightRequest(exchange, method, target, fields) {
  this[kExchange] = exchange;
  this[kMethod] = method;
  this[kTarget] = target;
  this[kFields] = fields;
  this[kUrl] = null;
  this[kHeaders] = null;
  this[kReal] = null;
  /** The body was read here, whole, and not through undici. */
  this[kRead] = false;
}

function host_of(request) {
  const fields = request[kFields];
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at];
    if (name.length === 4 && (name === 'Host' || name === 'host' || name.toLowerCase() === 'host')) return fields[at + 1];
  }
  return request[kExchange].connection.authority();
}

function url_of(request) {
  if (request[kUrl] === null) {
    const target = request[kTarget];
    if (target.startsWith('/') || target === '*') {
      const path = target === '*' ? '/*' : target;
      const host = host_of(request) || request[kExchange].connection.authority();
      const url = `${request[kExchange].connection.ends.tls ? 'https' : 'http'}://${host}${path}`;
      const plain = PLAIN_HOST.test(host) && PLAIN_TARGET.test(path) && !DOT_SEGMENT.test(path);
      request[kUrl] = plain ? url : new URL(url).href;
    } else {
      request[kUrl] = new URL(target).href;
    }
  }
  return request[kUrl];
}

function headers_of(request) {
  if (request[kHeaders] === null) {
    const headers = new Headers();
    const fields = request[kFields];
    for (let at = 0; at < fields.length; at += 2) headers.append(fields[at], fields[at + 1]);
    request[kHeaders] = headers;
  }
  return request[kHeaders];
}

/** The last host that was found to make a URL. @type {string | null} */
let good_host = null;

/** Whether host and target make a URL: a host like 1.2.3.256 passes for a name in HTTP and for no URL's. @param {LightRequest} request */
function has_url(request) {
  // With a host that makes one, every path does: most requests of a service name the host of the last.
  const has_path = request[kTarget].startsWith('/');
  const host = has_path ? host_of(request) : null;
  if (has_path && host === good_host) return true;
  try {
    url_of(request);
  } catch {
    return false;
  }
  if (has_path) good_host = host;
  return true;
}

let installed = false;

/** The class at the root of a class: undici's, where others have put one of their own in its place, as @hono/node-server does. */
function root_of(Class) {
  const Base = Object.getPrototypeOf(Class);
  return Base === Function.prototype || Base === null ? Class : root_of(Base);
}

/** Teaches the global Request about light ones. */
function install() {
  if (installed) return;
  installed = true;
  const Global = globalThis.Request;
  const Native = root_of(Global);
  const { prototype } = Native;

  function real_of(request) {
    if (request[kExchange] === undefined) return request;
    if (request[kReal] === null) {
      const exchange = request[kExchange];
      const init = { method: request[kMethod], headers: headers_of(request), signal: exchange.signal };
      if (exchange.has_body && request[kMethod] !== 'GET' && request[kMethod] !== 'HEAD') {
        init.body = exchange.body_stream();
        init.duplex = 'half';
      }
      const real = new Native(url_of(request), init);
      // A body that was read is a body that cannot be read again.
      if (request[kRead] && real.body !== null) real.body.getReader();
      request[kReal] = real;
    }
    return request[kReal];
  }

  /** Reads the whole body without a stream, if nobody has touched it. */
  function read_whole(request, convert) {
    const exchange = request[kExchange];
    if (request[kRead]) return Promise.reject(new TypeError('Body is unusable: Body has already been read'));
    if (!exchange.has_body || request[kMethod] === 'GET' || request[kMethod] === 'HEAD') return Promise.resolve(convert(Buffer.alloc(0)));
    request[kRead] = true;
    return exchange.whole_body().then(convert);
  }

  const whole = {
    text: (bytes) => decoder.decode(bytes),
    json: (bytes) => JSON.parse(decoder.decode(bytes)),
    arrayBuffer: (bytes) => bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    bytes: (bytes) => new Uint8Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)),
  };
  const own = {
    method: (request) => request[kMethod],
    url: url_of,
    headers: headers_of,
    signal: (request) => request[kExchange].signal,
    bodyUsed: (request) => request[kRead] || (request[kReal]?.bodyUsed ?? false),
  };
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (descriptor.get !== undefined) {
      const native_get = descriptor.get;
      const light_get = own[name] ?? ((request) => native_get.call(real_of(request)));
      const get = { [name]() { return this?.[kExchange] === undefined ? native_get.call(this) : light_get(this); } }[name];
      Object.defineProperty(prototype, name, { ...descriptor, get });
    } else if (name !== 'constructor' && typeof descriptor.value === 'function') {
      const native_method = descriptor.value;
      const convert = whole[name];
      const method = {
        [name](...args) {
          if (this?.[kExchange] === undefined) return native_method.apply(this, args);
          if (convert !== undefined && this[kReal] === null) return read_whole(this, convert);
          return native_method.apply(real_of(this), args);
        },
      }[name];
      Object.defineProperty(prototype, name, { ...descriptor, value: method });
    }
  }
  const native_inspect = prototype[inspect.custom];
  if (native_inspect !== undefined) {
    prototype[inspect.custom] = function (...args) {
      return native_inspect.apply(this?.[kExchange] === undefined ? this : real_of(this), args);
    };
  }

  function Request(...args) {
    const [input] = args;
    if (new.target === undefined) throw new TypeError("Class constructor Request cannot be invoked without 'new'");
    if (input?.[kExchange] !== undefined) args[0] = real_of(input);
    return Reflect.construct(Global, args, new.target === Request ? Global : new.target);
  }
  Request.prototype = Global.prototype;
  Object.defineProperty(Request, 'prototype', { writable: false, enumerable: false });
  Object.defineProperty(Request, 'length', { value: 1, configurable: true });
  Object.defineProperty(Global.prototype, 'constructor', { value: Request, writable: true, configurable: true, enumerable: false });
  globalThis.Request = Request;
  LightRequest.prototype = Global.prototype;

  // undici's fetch knows its own requests only: passing on the one that came is what a proxy does.
  const native_fetch = globalThis.fetch;
  globalThis.fetch = function fetch(input, init = undefined) {
    if (input?.[kExchange] === undefined) return native_fetch(input, init);
    try {
      return native_fetch(real_of(input), init);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

module.exports = { install, has_url, LightRequest };
