'use strict';
// The state of calls without sockets: a connection, what is fed to it and what it sends.

const { Connection } = require('../lib/calls/connection.cjs');
const { Encoder } = require('../lib/calls/encode.cjs');
const { HEADER_BYTES, TYPE } = require('../lib/calls/protocol.cjs');
const { frame, preface } = require('./broker.cjs');

const MESSAGE_BYTES_MAX = 67_108_864;

/** A message of these bytes, whatever they stand for. */
function message_of(bytes) {
  const encoder = new Encoder();
  encoder.begin(MESSAGE_BYTES_MAX);
  encoder.raw(bytes);
  return encoder;
}

/** Notes what it hears of a call. */
class Noted {
  constructor() {
    this.events = [];
  }
  message(buffer, at, end) {
    this.events.push(['message', buffer.toString('hex', at, end)]);
  }
  streams() {
    this.events.push(['streams']);
  }
  item(buffer, at, end, _owned, cost, room) {
    this.events.push(['item', buffer.toString('hex', at, end), cost, room]);
  }
  ended() {
    this.events.push(['ended']);
  }
  thrown(error) {
    this.events.push(['thrown', error]);
  }
  broken(problem) {
    this.events.push(['broken', problem]);
  }
  stalled(problem) {
    this.events.push(['stalled', problem]);
  }
  stopped() {
    this.events.push(['stopped']);
  }
  aborted(reason) {
    this.events.push(['aborted', reason]);
  }
  credit() {
    this.events.push(['credit']);
  }
}

/** A connection, greeted unless told otherwise, and what it was called for. */
function connected(greeted = true) {
  const calls = [];
  const events = [];
  const connection = new Connection(
    {
      called(exchange, { service, function: name, timeout_ms, depth, context, is_json, has_items, window }) {
        const owner = new Noted();
        calls.push({ exchange, owner, head: { service, function: name, deadline_ms: timeout_ms, depth, context, json: is_json, items: has_items, window } });
        return owner;
      },
      drain: () => events.push('drain'),
      idle: () => events.push('idle'),
      busy: () => events.push('busy'),
      violation(violation) {
        throw violation;
      },
    },
    MESSAGE_BYTES_MAX,
  );
  if (greeted) feed(connection, preface());
  return { connection, calls, events };
}

function feed(connection, ...parts) {
  const bytes = Buffer.concat(parts);
  connection.receive(bytes, bytes.length);
}

/** The bytes that wait to be sent. */
function sent(connection) {
  connection.fill();
  const bytes = Buffer.concat(connection.output.parts().map((part) => Buffer.from(part)));
  connection.output.clear(false);
  return bytes;
}

function* frames_of(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const end = at + HEADER_BYTES + bytes.readUInt32LE(at);
    yield { type: bytes[at + 4], end: bytes[at + 5] === 1, id: bytes.readUInt32LE(at + 8), payload: bytes.subarray(at + HEADER_BYTES, end) };
    at = end;
  }
}

const ABOUT = { timeout_ms: 30_000, depth: 0, context: '', flags: 0 };
const ARGUMENTS = Buffer.from('a1676974656d5f696403', 'hex');

/** Begins a call of `model.similar`. */
function begin(connection, { about = {}, message = ARGUMENTS, owner = new Noted() } = {}) {
  const exchange = connection.begin(Buffer.from('model'), Buffer.from('similar'), message_of(message), { ...ABOUT, ...about }, owner);
  return { exchange, owner };
}

/** The payload of a CALL. */
function call_payload({ total = ARGUMENTS.length, window = 65_536, flags = 0, service = '', name = 'similar', aboard = ARGUMENTS } = {}) {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(total, 0);
  head.writeUInt32LE(window, 4);
  head[12] = flags;
  head[13] = service.length;
  head[14] = name.length;
  return Buffer.concat([head, Buffer.from(service + name), aboard]);
}

function u32(...values) {
  const bytes = Buffer.alloc(4 * values.length);
  values.forEach((value, index) => bytes.writeUInt32LE(value, 4 * index));
  return bytes;
}

/** A call that has come, its frame taken. */
function called({ flags = 0 } = {}) {
  const { connection, calls } = connected();
  feed(connection, frame(TYPE.CALL, 1, call_payload({ flags }), flags === 0 ? 1 : 0));
  return { connection, exchange: calls[0].exchange, owner: calls[0].owner };
}

module.exports = { MESSAGE_BYTES_MAX, Noted, begin, call_payload, called, connected, feed, frames_of, message_of, sent, u32 };
