'use strict';
// A Response that is made of what the application gave and nothing else until somebody asks for more.
//
// undici's Response wraps every body in a stream and every header list in an object. Most responses are a text
// with a few fields that go straight to the client, so while the fetch lane runs the global `Response` is a constructor that
// keeps such a response as it came. It shares its prototype with undici's: `instanceof` holds for both in both directions,
// and the prototype's own accessors turn a light response into a real one when they are asked for what it has not got.
// What is not plainly valid is handed to undici at once, which decides and throws as ever.

const { inspect } = require('node:util');
const { split_lines } = require('../head.cjs');
const { fault_of, framing_fault_of, lines_of_fields, check_size, TOKEN, NAME_BYTES_MAX, OWN_FIELDS_MAX } = require('./fields.cjs');

/** The body as it was given: text, bytes that were copied, or null. */
const kBody = Symbol('diglot.body');
const kStatus = Symbol('diglot.status');
const kStatusText = Symbol('diglot.status_text');
/** `name: value\r\n` each, lowercase names. */
const kLines = Symbol('diglot.lines');
/** The Headers, once somebody has asked for them: from then on they count and not the lines. */
const kHeaders = Symbol('diglot.headers');
/** undici's Response, once there had to be one. */
const kReal = Symbol('diglot.real');

/** Visible characters with white space only inside. */
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/;
const REASON_PHRASE = /^[\t\x20-\x7e\x80-\xff]*$/;
const TEXT_TYPE = 'content-type: text/plain;charset=UTF-8\r\n';
const JSON_TYPE = 'content-type: application/json\r\n';
const NULL_BODY = new Set([101, 204, 205, 304]);

/** What the last `fields_of` found beside the lines. */
let has_type = false;

/**
 * @param {any} init what `headers` may be
 * @returns {string | null} the fields as lines; null if undici must decide, or they cannot be sent and are refused when they are to be
 */
function lines_of(init) {
  has_type = false;
  if (init === undefined || init === null) return '';
  let lines = '';
  let count = 0;
  if (init instanceof Headers) {
    for (const [name, value] of init) {
      if (fault_of(name, value) !== null || ++count > OWN_FIELDS_MAX) return null;
      if (name === 'content-type') has_type = true;
      lines += `${name}: ${value}\r\n`;
    }
    return lines;
  }
  if (Object.getPrototypeOf(init) !== Object.prototype || Symbol.iterator in init) return null;
  let has_length = false;
  for (const key of Object.keys(init)) {
    const value = init[key];
    if (typeof value !== 'string' || !TOKEN.test(key) || !VALUE.test(value)) return null;
    const name = key.toLowerCase();
    if (name.length > NAME_BYTES_MAX || framing_fault_of(name, value) !== null || ++count > OWN_FIELDS_MAX) return null;
    if (name === 'content-type') has_type = true;
    if (name === 'content-length') {
      if (has_length) return null;
      has_length = true;
    }
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

/** Whether a light response is all there is to this object. */
function is_light(response) {
  return response[kStatus] !== undefined && response[kReal] === null;
}

let installed = false;

/** Whether it is undici's as Node made it: others have put a class of their own in its place, as @hono/node-server does. */
function is_native({ prototype }) {
  const { status, headers, body } = Object.getOwnPropertyDescriptors(prototype);
  const is_own = (descriptor) => descriptor?.get !== undefined && descriptor.configurable;
  return Object.getPrototypeOf(prototype) === Object.prototype && [status, headers, body].every(is_own);
}

/** Puts the light constructor in the place of the global one, where that is Node's own. */
function install() {
  if (installed) return;
  const Native = globalThis.Response;
  if (!is_native(Native)) return;
  installed = true;
  const { prototype } = Native;

  function Response(body, init) {
    if (new.target === undefined) throw new TypeError("Class constructor Response cannot be invoked without 'new'");
    if (new.target !== Response) return Reflect.construct(Native, [body, init], new.target);
    let status = 200;
    let status_text = '';
    let lines = '';
    has_type = false;
    if (init !== undefined && init !== null) {
      if (init.status !== undefined) status = init.status;
      if (init.statusText !== undefined) status_text = init.statusText;
      lines = lines_of(init.headers);
    }
    let kept = null;
    if (typeof body === 'string') {
      kept = body.isWellFormed() ? body : body.toWellFormed();
      if (!has_type && lines !== null) lines = TEXT_TYPE + lines;
    } else if (body instanceof Uint8Array) {
      kept = Uint8Array.prototype.slice.call(body);
    } else if (body instanceof ArrayBuffer) {
      kept = new Uint8Array(body.slice(0));
    } else if (body !== undefined && body !== null) {
      return new Native(body, init);
    }
    const plain =
      lines !== null &&
      Number.isInteger(status) &&
      status >= 200 &&
      status <= 599 &&
      typeof status_text === 'string' &&
      REASON_PHRASE.test(status_text) &&
      (kept === null || !NULL_BODY.has(status));
    if (!plain) return new Native(body, init);
    this[kBody] = kept;
    this[kStatus] = status;
    this[kStatusText] = status_text;
    this[kLines] = lines;
    this[kHeaders] = null;
    this[kReal] = null;
  }

  function headers_of(response) {
    let headers = response[kHeaders];
    if (headers === null) {
      headers = new Headers();
      const fields = split_lines(response[kLines]);
      for (let at = 0; at < fields.length; at += 2) headers.append(fields[at], fields[at + 1]);
      response[kHeaders] = headers;
    }
    return headers;
  }

  function real_of(response) {
    if (response[kStatus] === undefined) return response;
    if (response[kReal] === null) {
      const init = { status: response[kStatus], statusText: response[kStatusText], headers: headers_of(response) };
      response[kReal] = new Native(response[kBody], init);
    }
    return response[kReal];
  }

  const own = {
    status: (response) => response[kStatus],
    statusText: (response) => response[kStatusText],
    ok: (response) => response[kStatus] <= 299,
    type: () => 'default',
    url: () => '',
    redirected: () => false,
    headers: headers_of,
    bodyUsed: (response) => response[kReal]?.bodyUsed ?? false,
  };
  for (const [name, descriptor] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
    if (descriptor.get !== undefined) {
      const native_get = descriptor.get;
      const light_get = own[name] ?? ((response) => native_get.call(real_of(response)));
      const get = { [name]() { return this?.[kStatus] === undefined ? native_get.call(this) : light_get(this); } }[name];
      Object.defineProperty(prototype, name, { ...descriptor, get });
    } else if (name === 'clone') {
      const native_clone = descriptor.value;
      const clone = function clone() {
        if (this?.[kStatus] === undefined) return native_clone.call(this);
        const init = { status: this[kStatus], statusText: this[kStatusText], headers: headers_of(this) };
        if (this[kReal] === null && this[kBody] === null) return new Native(null, init);
        return new Native(native_clone.call(real_of(this)).body, init);
      };
      Object.defineProperty(prototype, name, { ...descriptor, value: clone });
    } else if (name !== 'constructor' && typeof descriptor.value === 'function') {
      const native_method = descriptor.value;
      const method = { [name](...args) { return native_method.apply(this?.[kStatus] === undefined ? this : real_of(this), args); } }[name];
      Object.defineProperty(prototype, name, { ...descriptor, value: method });
    }
  }
  const native_inspect = prototype[inspect.custom];
  if (native_inspect !== undefined) {
    prototype[inspect.custom] = function (...args) {
      return native_inspect.apply(this?.[kStatus] === undefined ? this : real_of(this), args);
    };
  }

  Response.prototype = prototype;
  Object.defineProperty(Response, 'prototype', { writable: false, enumerable: false });
  for (const name of ['error', 'redirect']) {
    Object.defineProperty(Response, name, Object.getOwnPropertyDescriptor(Native, name));
  }
  Response.json = function json(data, init) {
    const text = init === undefined ? JSON.stringify(data) : undefined;
    if (text === undefined) return Native.json(data, init);
    const response = new Response(null);
    response[kBody] = text.isWellFormed() ? text : text.toWellFormed();
    response[kLines] = JSON_TYPE;
    return response;
  };
  Object.defineProperty(Response, 'length', { value: 0, configurable: true });
  Object.defineProperty(prototype, 'constructor', { value: Response, writable: true, configurable: true, enumerable: false });
  globalThis.Response = Response;
}

/**
 * The status line's and the fields' part of any Response.
 * @param {Response} response
 * @returns {string} lines as the link wants them
 * @throws {import('./fields.cjs').UnsendableResponse} they are not what the front accepts
 */
function lines_to_send(response) {
  const as_made = response[kStatus] !== undefined && response[kHeaders] === null;
  return check_size(as_made ? response[kLines] : lines_of_fields(response.headers));
}

/** Whether it is a Response, of whichever class: undici's from npm has one of its own. */
function is_response(value) {
  if (value instanceof Response) return true;
  const looks_so = value !== null && typeof value === 'object' && Object.prototype.toString.call(value) === '[object Response]';
  return looks_so && Number.isInteger(value.status) && typeof value.headers?.[Symbol.iterator] === 'function';
}

module.exports = { install, is_light, is_response, lines_to_send, kBody, kStatus };
