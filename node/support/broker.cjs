'use strict';
// The broker in plain JavaScript: starts workers as the server does, and passes their calls to one another.
//
// It exists for the tests; the real broker is Rust. It keeps no queue: a call goes to the first worker of the service that offers the function.

const { EventEmitter, once } = require('node:events');
const { Front } = require('./front.cjs');
const { decode } = require('../lib/calls/decode.cjs');
const { Encoder } = require('../lib/calls/encode.cjs');
const { CALL, TYPE, HEADER_BYTES } = require('../lib/calls/protocol.cjs');

const BY_WORKER = 0x8000_0000;
const MESSAGE_BYTES_MAX = 67_108_864;

/** @returns {Buffer} one frame */
function frame(type, id, payload = Buffer.alloc(0), flags = 0) {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(payload.length, 0);
  header[4] = type;
  header[5] = flags;
  header.writeUInt32LE(id, 8);
  return Buffer.concat([header, payload]);
}

/** @returns {Buffer} a value as CBOR */
function encoded(value) {
  const encoder = new Encoder();
  encoder.begin(MESSAGE_BYTES_MAX);
  encoder.value(value);
  return Buffer.concat(encoder.detach());
}

/** @param {Buffer} bytes CBOR */
function decoded(bytes) {
  return decode(bytes, 0, bytes.length, false);
}

/** @returns {Buffer} the broker's preface */
function preface(message_bytes_max = MESSAGE_BYTES_MAX) {
  const bytes = Buffer.from('DGCALL\x01\0\0\0\0\0\0\0\0\0', 'latin1');
  bytes.writeUInt32LE(message_bytes_max, 8);
  return bytes;
}

/** One worker, on its calls socket. */
class Peer {
  constructor(broker, service, front) {
    this.broker = broker;
    this.service = service;
    this.front = front;
    this.offers = new Map();
    this.next_id = 1;
    /** Where frames of a call go: by id here, the other worker and its id there. */
    this.routes = new Map();
    this.bytes = Buffer.alloc(0);
    this.greeted = false;
    this.socket = front.child.stdio[4];
    this.socket.on('error', () => {});
    this.socket.on('data', (data) => this._data(data));
    this.socket.write(preface(broker.message_bytes_max));
  }

  _data(data) {
    this.bytes = this.bytes.length === 0 ? data : Buffer.concat([this.bytes, data]);
    let at = 0;
    for (const { socket } of this.broker.peers) socket.cork();
    process.nextTick(() => this.broker.peers.forEach(({ socket }) => socket.uncork()));
    if (!this.greeted) {
      if (this.bytes.length < 16) return;
      this.greeted = true;
      at = 16;
    }
    while (this.bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + this.bytes.readUInt32LE(at);
      if (end > this.bytes.length) break;
      this._frame(this.bytes.subarray(at, end));
      at = end;
    }
    this.bytes = this.bytes.subarray(at);
  }

  _frame(bytes) {
    const type = bytes[4];
    const id = bytes.readUInt32LE(8);
    this.broker.frames.push({ from: this.service, type, id, length: bytes.length });
    if (type === TYPE.ABORT) this.broker.emit('abort');
    this.broker.emit('frame');
    if (type === TYPE.OFFER) {
      const offer = JSON.parse(bytes.subarray(HEADER_BYTES).toString());
      this.offers.set(offer.name, offer);
      this.broker.emit('offer');
      return;
    }
    if (type === TYPE.CALL) return this._call(bytes, id);
    const route = this.routes.get(id);
    if (route === undefined) return;
    const is_over = id < BY_WORKER && (type === TYPE.THROW || ((type === TYPE.RETURN || type === TYPE.DATA) && bytes[5] === 1));
    if (is_over) {
      this.routes.delete(id);
      route.peer?.routes.delete(route.id);
    }
    if (route.answer !== undefined) route.answer(bytes, is_over);
    else this.broker.pass(route.peer, route.id, bytes);
  }

  _call(bytes, id) {
    const at = HEADER_BYTES;
    const service_bytes = bytes[at + 13];
    const name_at = at + 20 + service_bytes;
    const service = bytes.toString('latin1', at + 20, name_at);
    const name = bytes.toString('latin1', name_at, name_at + bytes[at + 14]);
    this.broker.calls.push({ service, name, timeout_ms: bytes.readUInt32LE(at + 8), flags: bytes[at + 12], depth: bytes[at + 15], context: bytes.toString('latin1', name_at + bytes[at + 14], name_at + bytes[at + 14] + bytes.readUInt16LE(at + 16)) });
    this.broker.emit('call');
    const raw = this.broker.raw.get(`${service}.${name}`);
    if (raw !== undefined) return this.socket.write(raw(id));
    const peers = this.broker.peers.filter((peer) => peer.service === service);
    const callee = peers.find((peer) => peer.offers.has(name));
    if (callee === undefined) {
      const code = peers.length === 0 ? 'unknown_service' : 'unknown_function';
      return this.socket.write(frame(TYPE.THROW, id, Buffer.from(JSON.stringify({ code, message: `there is no ${service}.${name}` })), 1));
    }
    const to = callee.next_id++;
    this.routes.set(id, { peer: callee, id: to });
    callee.routes.set(to, { peer: this, id });
    const own = Buffer.from(this.service);
    const head = Buffer.from(bytes.subarray(at, at + 20));
    head[13] = own.length;
    const payload = Buffer.concat([head, own, bytes.subarray(name_at)]);
    callee.socket.write(frame(TYPE.CALL, to, payload, bytes[5]));
  }

  drain() {
    this.socket.write(frame(TYPE.DRAIN, 0));
    this.front.drain();
  }
}

class Broker extends EventEmitter {
  constructor({ message_bytes_max = MESSAGE_BYTES_MAX } = {}) {
    super();
    this.message_bytes_max = message_bytes_max;
    /** @type {Peer[]} */
    this.peers = [];
    this.calls = [];
    this.frames = [];
    /** Functions of no worker, which answer with frames: by `service.name`. @type {Map<string, (id: number) => Buffer>} */
    this.raw = new Map();
  }

  /**
   * Starts a worker and waits until it is ready.
   * @param {string} service
   * @param {string} file
   * @param {any} [options] as Front's
   */
  async start(service, file, options = {}) {
    const peer = this.spawn(service, file, options);
    await peer.front.ready();
    // What it offers was written before that: it is read in the same turn of the loop.
    await new Promise(setImmediate);
    return peer;
  }

  spawn(service, file, options = {}) {
    const orders = { service, functions: { service, timeout_ms: 30_000, queue: 1024, message_bytes_max: this.message_bytes_max }, ...options.orders };
    const front = new Front(file, { ...options, orders, calls: true });
    const peer = new Peer(this, service, front);
    this.peers.push(peer);
    return peer;
  }

  /**
   * Calls a function as one who is no worker.
   * @param {Peer} peer
   * @param {string} name
   * @param {any} args
   * @param {{ json?: boolean, timeout_ms?: number, window?: number, context?: string, items?: Buffer, read?: (bytes: Buffer) => any }} [options] items: the bytes of a stream of them
   * @returns {Promise<any> & { id: number }} the answer: a value, or `items` of a stream; rejects with `thrown`
   */
  call(peer, name, args, { json = false, timeout_ms = 0, window = MESSAGE_BYTES_MAX, context = '', items, read = json ? JSON.parse : decoded } = {}) {
    const id = peer.next_id++;
    const message = json ? Buffer.from(JSON.stringify(args)) : encoded(args);
    const head = Buffer.alloc(20);
    head.writeUInt32LE(message.length, 0);
    head.writeUInt32LE(window, 4);
    head.writeUInt32LE(timeout_ms, 8);
    head[12] = (json ? CALL.JSON : 0) | (items === undefined ? 0 : CALL.ITEMS);
    head[14] = name.length;
    head.writeUInt16LE(context.length, 16);
    const answer = new Promise((resolve, reject) => {
      const parts = [];
      let total = 0;
      peer.routes.set(id, {
        answer(bytes, is_over) {
          const payload = Buffer.from(bytes.subarray(HEADER_BYTES));
          if (bytes[4] === TYPE.THROW) return reject(Object.assign(new Error(`thrown ${payload}`), { thrown: JSON.parse(payload.toString()) }));
          if (bytes[4] === TYPE.RETURN) total = payload.readUInt32LE(0);
          if (bytes[4] === TYPE.RETURN || bytes[4] === TYPE.DATA) parts.push(bytes[4] === TYPE.RETURN ? payload.subarray(4) : payload);
          if (!is_over) return;
          const whole = Buffer.concat(parts);
          if (total !== 0xffff_ffff) return resolve(read(whole));
          const items = [];
          for (let at = 0; at < whole.length; at += 4 + whole.readUInt32LE(at)) items.push(read(whole.subarray(at + 4, at + 4 + whole.readUInt32LE(at))));
          resolve({ items });
        },
      });
    });
    const is_whole = message.length <= 32_768 && items === undefined;
    peer.socket.write(frame(TYPE.CALL, id, Buffer.concat([head, Buffer.from(name), Buffer.from(context), message.subarray(0, 32_768)]), is_whole ? 1 : 0));
    if (items !== undefined) peer.socket.write(frame(TYPE.DATA, id, items, 1));
    return Object.assign(answer, { id });
  }

  pass(peer, id, bytes) {
    const passed = Buffer.from(bytes);
    passed.writeUInt32LE(id, 8);
    peer.socket.write(passed);
  }

  /** Resolves when a function is called that was not before. @param {string} name */
  async until_call(name) {
    while (!this.calls.some((call) => call.name === name && !call.was_seen)) await once(this, 'call');
    this.calls.find((call) => call.name === name && !call.was_seen).was_seen = true;
  }

  /** Resolves when a call is aborted, once for each. */
  async until_aborted() {
    const seen = () => this.frames.find((one) => one.type === TYPE.ABORT && !one.was_seen);
    while (seen() === undefined) await once(this, 'abort');
    seen().was_seen = true;
  }

  /** Resolves when a worker of the service has sent such a frame. @param {string} service @param {number} type @param {number} id */
  async until_frame(service, type, id) {
    while (!this.frames.some((one) => one.from === service && one.type === type && one.id === id)) await once(this, 'frame');
  }

  /** Resolves when the worker offers the function. @param {Peer} peer @param {string} name */
  async until_offer(peer, name) {
    while (!peer.offers.has(name)) await once(this, 'offer');
  }

  /** @returns {Buffer} an ABORT frame */
  abort(id, reason = 1) {
    return frame(TYPE.ABORT, id, Buffer.of(reason));
  }

  async stop() {
    await Promise.all(this.peers.map((peer) => peer.front.stop()));
  }
}

module.exports = { Broker, Peer, encoded, frame, preface };
