'use strict';
// The front's end of a link in plain JavaScript: starts a worker process as the server does and speaks with it.
//
// It exists for the tests, which say frame by frame what they send and what must come back; the real front is Rust.

const { spawn } = require('node:child_process');
const { once, EventEmitter } = require('node:events');
const path = require('node:path');
const { after } = require('node:test');
const { NAMES, METHODS } = require('../lib/names.cjs');
const { TYPE, REQUEST, HEADER_BYTES, BODY_BYTES_MAX, LINK_QUANTUM_BYTES } = require('../lib/protocol.cjs');

const PRELOAD = path.join(__dirname, '..', 'preload.cjs');
const STREAMS_MAX = 1024;
const TYPE_NAMES = Object.fromEntries(Object.entries(TYPE).map(([name, number]) => [number, name]));

/** @returns {Buffer} one frame */
function frame(type, { flags = 0, generation = 0, stream = 0 } = {}, payload = Buffer.alloc(0)) {
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt32LE(payload.length, 0);
  header[4] = type;
  header[5] = flags;
  header.writeUInt16LE(generation, 6);
  header.writeUInt32LE(stream, 8);
  return Buffer.concat([header, payload]);
}

/** @returns {Buffer} the server's preface */
function preface(generation = 1, streams_max = STREAMS_MAX) {
  const bytes = Buffer.from('DIGLOT\x01\0\0\0\0\0\0\0\0\0', 'latin1');
  bytes.writeUInt32LE(generation, 8);
  bytes.writeUInt32LE(streams_max, 12);
  return bytes;
}

/**
 * A REQUEST payload.
 * @param {{ connection?: number, method?: string, version?: number, target?: string, mount?: string,
 *   headers?: string[], flags?: number, body?: string | Uint8Array }} request headers: name, value, name, value …
 */
function request_payload({
  connection = 1,
  method = 'GET',
  version = 11,
  target = '/',
  mount = '',
  headers = ['Host', 'example.test'],
  flags = REQUEST.KEEP_ALIVE,
  body = '',
}) {
  const id = METHODS.indexOf(method, 1);
  const fixed = Buffer.alloc(24);
  const absolute = /^https?:\/\/[^/?]*/.exec(target);
  const path_start = absolute === null ? 0 : absolute[0].length;
  const query = target.indexOf('?');
  const table = [];
  let text = id < 0 ? method : '';
  text += target;
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index];
    const value = headers[index + 1];
    table.push(Math.max(NAMES.indexOf(name.toLowerCase(), 1), 0), name.length, value.length & 0xff, value.length >> 8);
    text += name + value;
  }
  fixed.writeUInt32LE(connection, 0);
  fixed[4] = Math.max(id, 0);
  fixed[5] = version;
  fixed.writeUInt16LE(headers.length / 2, 6);
  fixed.writeUInt16LE(target.length, 8);
  fixed.writeUInt16LE(path_start, 10);
  fixed.writeUInt16LE((query < 0 ? target.length : query) - path_start, 12);
  fixed.writeUInt16LE(mount.length, 14);
  fixed[16] = id < 0 ? method.length : 0;
  fixed[17] = flags;
  fixed.writeUInt32LE(text.length, 20);
  return Buffer.concat([fixed, Buffer.from(table), Buffer.from(text, 'latin1'), Buffer.from(body)]);
}

/** An OPEN payload. */
function open_payload({ tls = false, peer = '192.0.2.7', peer_port = 40_000, local = '127.0.0.1', local_port = 8000 } = {}) {
  const fixed = Buffer.from([tls ? 1 : 0, 0, 0, 0, 0, 0, Buffer.byteLength(peer), Buffer.byteLength(local)]);
  fixed.writeUInt16LE(peer_port, 2);
  fixed.writeUInt16LE(local_port, 4);
  return Buffer.concat([fixed, Buffer.from(peer + local)]);
}

/** Splits bytes into frames as they come. */
class FrameReader {
  constructor() {
    this.bytes = Buffer.alloc(0);
    this.greeted = false;
  }

  /** @param {Buffer} data */
  *read(data) {
    this.bytes = this.bytes.length === 0 ? data : Buffer.concat([this.bytes, data]);
    let at = 0;
    if (!this.greeted && this.bytes.length >= 16) {
      this.greeted = true;
      at = 16;
      yield { type: 'PREFACE', payload: this.bytes.subarray(0, 16) };
    }
    while (this.greeted && this.bytes.length - at >= HEADER_BYTES) {
      const end = at + HEADER_BYTES + this.bytes.readUInt32LE(at);
      if (end > this.bytes.length) break;
      yield {
        type: TYPE_NAMES[this.bytes[at + 4]],
        end: this.bytes[at + 5] === 1,
        generation: this.bytes.readUInt16LE(at + 6),
        stream: this.bytes.readUInt32LE(at + 8),
        payload: this.bytes.subarray(at + HEADER_BYTES, end),
      };
      at = end;
    }
    this.bytes = this.bytes.subarray(at);
  }
}

/** A test that waits longer than this waits for ever. */
const WAIT_MS_MAX = 10_000;

/**
 * Resolves when `ready()` is true; looks at each event of this name. Rejects with what `state` says when it takes too long.
 * @param {EventEmitter} emitter
 * @param {string} event
 * @param {() => boolean} ready
 * @param {() => string} state
 */
async function wait(emitter, event, ready, state) {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), WAIT_MS_MAX);
  try {
    while (!ready()) await once(emitter, event, { signal: controller.signal });
  } catch (error) {
    if (controller.signal.aborted) throw new Error(`waited in vain: ${state()}`);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** A request the test has begun: what came back, and what may still be sent. */
class Exchange extends EventEmitter {
  constructor(front, stream, generation) {
    super();
    this.front = front;
    this.stream = stream;
    this.generation = generation;
    this.frames = [];
    this.wire = Buffer.alloc(0);
    this.over = false;
    /** The worker has taken the connection over: `wire` is what it has sent since. */
    this.tunnel = false;
    /** The client has ended its direction of a tunnel; one that does not keep it open does when the worker has ended its own. */
    this.ended = false;
    this.keeps_open = false;
    this.stopped = false;
    this.cancelled = 0;
    /** Credit is given back at once unless a test wants to hold it. */
    this.hold = false;
    this.held = 0;
    this.credit = 0;
  }

  body(data, end = false) {
    if (this.tunnel && end) {
      this.ended = true;
      if (this.over) this.front.free.push(this.stream);
    }
    const bytes = Buffer.from(data);
    for (let at = 0; at < bytes.length || (at === 0 && end); at += BODY_BYTES_MAX) {
      const part = bytes.subarray(at, at + BODY_BYTES_MAX);
      const last = end && at + BODY_BYTES_MAX >= bytes.length;
      this.send(TYPE.BODY, part, last);
    }
  }

  send(type, payload, end = false) {
    this.front.write(frame(type, { stream: this.stream, generation: this.generation, flags: end ? 1 : 0 }, payload));
  }

  cancel(reason = 1) {
    this.send(TYPE.CANCEL, Buffer.of(reason));
  }

  give_credit(bytes = this.held) {
    this.held -= bytes;
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(bytes);
    this.send(TYPE.CREDIT, payload);
  }

  /** Resolves when `ready()` is true; looks at each frame. */
  async until(ready) {
    await wait(this, 'frame', ready, () => `of stream ${this.stream} came ${JSON.stringify(this.frames)}; stderr ${this.front.stderr}`);
    return this;
  }

  /** The whole response, when it is complete. */
  async response() {
    await this.until(() => this.over);
    return this.cancelled > 0 ? { cancelled: this.cancelled, text: this.text } : parse(this);
  }

  get text() {
    return this.wire.toString('latin1');
  }
}

/** Reads a WIRE response as a client would, or a structured one. */
function parse(exchange) {
  const structured = exchange.frames.find((one) => one.type === 'RESPONSE');
  if (structured !== undefined) {
    const lines_bytes = structured.payload.readUInt32LE(4);
    const lines = structured.payload.toString('latin1', 8, 8 + lines_bytes);
    const parts = exchange.frames.filter((one) => one.type === 'BODY').map((one) => one.payload);
    const body = Buffer.concat([structured.payload.subarray(8 + lines_bytes), ...parts]);
    return { status: structured.payload.readUInt16LE(0), headers: fields(lines.split('\r\n').slice(0, -1)), body, text: body.toString() };
  }
  let rest = exchange.wire;
  const interim = [];
  for (;;) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) throw new Error(`no whole head in ${JSON.stringify(rest.toString('latin1'))}`);
    const [line, ...lines] = rest.toString('latin1', 0, end).split('\r\n');
    rest = rest.subarray(end + 4);
    const status = Number(line.split(' ')[1]);
    const headers = fields(lines);
    if (status < 200) {
      interim.push({ status, headers });
      continue;
    }
    let trailers = {};
    let body = rest;
    if (headers['transfer-encoding'] === 'chunked') {
      const chunks = [];
      for (;;) {
        const line_end = rest.indexOf('\r\n');
        const bytes = parseInt(rest.toString('latin1', 0, line_end), 16);
        rest = rest.subarray(line_end + 2);
        if (bytes === 0) break;
        chunks.push(rest.subarray(0, bytes));
        rest = rest.subarray(bytes + 2);
      }
      trailers = fields(rest.toString('latin1').split('\r\n').filter(Boolean));
      body = Buffer.concat(chunks);
    }
    return { status, line, headers, raw: lines, interim, trailers, body, text: body.toString() };
  }
}

function fields(lines) {
  const result = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    result[name] = name in result ? `${result[name]}, ${value}` : value;
  }
  return result;
}

/** Workers that run. A test that failed may have left its own, for which this process would wait for ever. @type {Set<Front>} */
const running = new Set();
after(() => Promise.all([...running].map((front) => front.stop())));

class Front extends EventEmitter {
  /**
   * Starts `node --require preload.cjs <file>`.
   * @param {string} file
   * @param {{ orders?: object, env?: object, node_args?: string[], node?: string, calls?: boolean }} [options] calls: with a calls socket
   */
  constructor(file, { orders = {}, env = {}, node_args = [], calls = false, node = process.env.DIGLOT_TEST_NODE ?? process.execPath } = {}) {
    super();
    this.file = file;
    this.stdout = '';
    this.stderr = '';
    this.frames = [];
    this.failed = null;
    this.generations = new Map();
    this.exchanges = new Map();
    this.next_stream = 1;
    this.free = [];
    this.link_held = 0;
    this.child = spawn(node, ['--require', PRELOAD, ...node_args, file], {
      cwd: path.dirname(file),
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...(calls ? ['pipe'] : [])],
      env: {
        ...process.env,
        DIGLOT_TEST_NODE: undefined,
        NODE_OPTIONS: '',
        PORT: '8000',
        ...env,
        DIGLOT_LINK: '3',
        ...(calls ? { DIGLOT_CALLS: '4' } : {}),
        DIGLOT_WORKER: JSON.stringify({
          service: 'test',
          worker: 0,
          generation: 1,
          root: path.dirname(file),
          entry: { file },
          listen: [{ host: '127.0.0.1', port: 8000 }],
          port: null,
          ...orders,
        }),
      },
    });
    this.child.stdout.setEncoding('utf8').on('data', (text) => this._output('stdout', text));
    this.child.stderr.setEncoding('utf8').on('data', (text) => this._output('stderr', text));
    this.exit = once(this.child, 'close').then(([code, signal]) => ({ code, signal }));
    running.add(this);
    this.exit.then(() => {
      running.delete(this);
      this.emit('frame');
    });
    this.link = this.child.stdio[3];
    this.link.on('error', () => {});
    const reader = new FrameReader();
    this.link.on('data', (data) => {
      for (const one of reader.read(data)) this._frame(one);
    });
    this.write(preface());
  }

  _output(name, text) {
    this[name] += text;
    this.emit('output');
  }

  _frame(one) {
    this.frames.push(one);
    if (one.type === 'PAUSE' && !this.holds_pause) this.pause();
    if (one.type === 'FAILED') this.failed = one.payload.toString();
    const exchange = this.exchanges.get(one.stream);
    if (exchange !== undefined && exchange.generation === one.generation) this._response(exchange, one);
    this.emit('frame', one);
  }

  _response(exchange, one) {
    exchange.frames.push(one);
    if (one.type === 'TUNNEL') {
      exchange.tunnel = true;
      exchange.send(TYPE.TUNNEL, Buffer.alloc(0));
    }
    if (one.type === 'WIRE' || one.type === 'BODY') {
      if (one.type === 'WIRE' || exchange.tunnel) exchange.wire = Buffer.concat([exchange.wire, one.payload]);
      exchange.held += one.payload.length;
      this._return_link_credit(one.payload.length);
      if (!exchange.hold && exchange.held > 0 && !one.end) exchange.give_credit();
    }
    if (one.type === 'STOP') exchange.stopped = true;
    if (one.type === 'CREDIT') exchange.credit += one.payload.readUInt32LE();
    if (one.type === 'CANCEL') exchange.cancelled = one.payload[0];
    if (one.end || one.type === 'CANCEL') {
      exchange.over = true;
      if (!exchange.tunnel || exchange.ended || one.type === 'CANCEL') this.free.push(exchange.stream);
      else if (!exchange.keeps_open) exchange.body('', true);
    } else if (one.type === 'STOP' && exchange.tunnel && !exchange.ended) {
      exchange.ended = true;
      if (exchange.over) this.free.push(exchange.stream);
    }
    exchange.emit('frame', one);
  }

  _return_link_credit(bytes) {
    this.link_held += bytes;
    if (this.link_held < LINK_QUANTUM_BYTES) return;
    const payload = Buffer.alloc(4);
    payload.writeUInt32LE(this.link_held);
    this.link_held = 0;
    this.write(frame(TYPE.CREDIT, {}, payload));
  }

  write(bytes) {
    this.link.write(bytes);
  }

  /** Resolves when the worker is ready to serve; rejects with what it said if it ends before. */
  async ready() {
    await this.until(() => this.frames.some((one) => one.type === 'READY'));
    return this;
  }

  async until(ready) {
    const ended = () => this.child.exitCode !== null || this.child.signalCode !== null;
    await wait(this, 'frame', () => ready() || ended(), () => `stdout ${this.stdout}\nstderr ${this.stderr}`);
    if (!ready()) throw new Error(`the worker ended (${this.child.exitCode ?? this.child.signalCode}):\n${this.stderr}`);
  }

  /** Resolves when stdout or stderr holds the text. */
  async says(text) {
    await this.until_said(() => this.stdout.includes(text) || this.stderr.includes(text), JSON.stringify(text));
  }

  /** Resolves when `said()` is true of stdout and stderr; looks at each piece of them. */
  async until_said(said, what = String(said)) {
    await wait(this, 'output', said, () => `for ${what}\nstdout ${this.stdout}\nstderr ${this.stderr}`);
  }

  open(connection = 1, ends = {}) {
    this.write(frame(TYPE.OPEN, { stream: connection }, open_payload(ends)));
  }

  closed(connection = 1) {
    this.write(frame(TYPE.CLOSED, { stream: connection }));
  }

  ping() {
    this.write(frame(TYPE.PING, {}, Buffer.from('12345678')));
  }

  /** Answers PAUSE: no request follows. */
  pause() {
    this.write(frame(TYPE.PAUSE));
  }

  farewell() {
    this.write(frame(TYPE.FAREWELL));
  }

  drain() {
    this.write(frame(TYPE.DRAIN));
  }

  /** Bytes of a REQUEST frame, and the exchange it begins. `end`: the body is complete. */
  begin(request = {}, end = true) {
    const stream = this.free.shift() ?? this.next_stream++;
    const generation = this.generations.get(stream) ?? 0;
    this.generations.set(stream, (generation + 1) & 0xffff);
    const exchange = new Exchange(this, stream, generation);
    this.exchanges.set(stream, exchange);
    const bytes = frame(TYPE.REQUEST, { stream, generation, flags: end ? 1 : 0 }, request_payload(request));
    return { exchange, bytes };
  }

  /** Sends a FAULT in the place of a request's head, and resolves to the exchange when the answer is over. */
  fault(payload) {
    const { exchange } = this.begin();
    exchange.send(TYPE.FAULT, payload);
    return exchange.until(() => exchange.over);
  }

  /** Sends a request. */
  request(request = {}, end = true) {
    const { exchange, bytes } = this.begin(request, end);
    this.write(bytes);
    return exchange;
  }

  /** Sends a request and resolves to its response. */
  fetch(request = {}, end = true) {
    return this.request(request, end).response();
  }

  async stop() {
    this.link.destroy();
    return this.exit;
  }
}

module.exports = { Front, frame, preface, request_payload, open_payload, FrameReader };
