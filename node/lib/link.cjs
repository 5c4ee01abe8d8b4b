'use strict';
// The worker's end of the link: frames in, frames out, the state and the credit of each stream. No I/O.
//
// `crates/diglot-link/src/worker.rs` is the same machine in Rust; both read the same golden frames. Bytes that
// arrived go into `receive`, which calls the handler for what they meant; what is to be sent is in `output`.
// A stream's object belongs to its id and is used again by the next stream of that id.

const {
  REVISION,
  PREFACE_BYTES,
  HEADER_BYTES,
  STREAMS_MAX,
  SESSION_BYTES_MAX,
  TEXT_BYTES_MAX,
  ABOARD_BYTES_MAX,
  BODY_BYTES_MAX,
  MESSAGE_BYTES_MAX,
  STREAM_WINDOW_BYTES,
  LINK_WINDOW_BYTES,
  LINK_QUANTUM_BYTES,
  RESPONSE_FIXED_BYTES,
  FLAG_END,
  TYPE,
  PAYLOAD_MAX_BY_TYPE,
  FLAGS_BY_TYPE,
  ADDRESS_BY_TYPE,
  Violation,
  typeName,
} = require('./protocol.cjs');
const { Output } = require('./output.cjs');
const { RequestHead, may_tunnel, read_fault, read_open } = require('./head.cjs');

const NAME = 'DIGLOT';

/** How far a stream is from being a tunnel. */
const TUNNEL = Object.freeze({
  /** The request is none that can become one. */
  NEVER: 0,
  /** It is not one yet. */
  POSSIBLE: 1,
  /** TUNNEL was sent. What the front sends before its own is the request's, and so is an END of it. */
  ASKED: 2,
  /** The front has sent TUNNEL. */
  OPEN: 3,
});

/** One request and its response. */
class Stream {
  /** @param {number} id */
  constructor(id) {
    this.id = id;
    this.generation = 0;
    /** Counts the uses of the id without end: who comes late compares it with what it was. */
    this.use = 0;
    this.request_open = false;
    this.response_open = false;
    this.head_sent = false;
    /** A `TUNNEL`. */
    this.tunnel = TUNNEL.NEVER;
    /** Bytes this end may still send. */
    this.send_credit = 0;
    /** Bytes the front may still send. */
    this.promised = 0;
    /** Bytes read by the application and not yet given back as credit. */
    this.consumed = 0;
    /** Where in the output the response's last frame is, within that epoch. */
    this.frame_at = 0;
    this.frame_epoch = 0;
    /** Whatever serves the stream. @type {any} */
    this.owner = null;
  }

  /** Raw bytes pass both ways, or soon will. */
  get tunnels() {
    return this.tunnel >= TUNNEL.ASKED;
  }
}

/**
 * What frames from the front mean. All are called while `receive` runs; `buffer` is used again afterwards.
 * @typedef {object} Handler
 * @property {(connection: number, ends: import('./head.cjs').Ends) => void} open
 * @property {(connection: number) => void} closed
 * @property {(stream: Stream, head: RequestHead, buffer: Buffer, at: number, end: number, last: boolean) => void} request
 * @property {(stream: Stream, buffer: Buffer, at: number, end: number, last: boolean) => void} body
 * @property {(stream: Stream, lines: string) => void} trailers
 * @property {(stream: Stream, reason: number) => void} cancel
 * @property {(stream: Stream, fault: { connection: number, rule: string, bytes: Buffer }) => void} fault what came in the place of a
 *   request's head, where the stream has no owner, or of its body
 * @property {(stream: Stream) => void} credit
 * @property {() => void} link_credit
 * @property {() => void} farewell
 * @property {() => void} paused no request follows, until READY is said again
 * @property {() => void} drain
 * @property {() => void} idle the last open response but those of tunnels has ended; behind DRAIN, any has
 * @property {(violation: Violation) => void} violation does not return, or throws
 */

class Link {
  /** @param {Handler} handler */
  constructor(handler) {
    this.handler = handler;
    this.output = new Output();
    this.head = new RequestHead();
    /** @type {(Stream | undefined)[]} by id */
    this.streams = [];
    this.open_streams = 0;
    /** How many of them are tunnels. */
    this.open_tunnels = 0;
    this.greeted = false;
    this.said_ready = false;
    /** PAUSE was said behind the last READY. */
    this.pausing = false;
    /** Of those that were said, so many are not answered. */
    this.pauses = 0;
    this.draining = false;
    this.streams_max = 0;
    this.generation = 0;
    this.send_credit = LINK_WINDOW_BYTES;
    this.promised = LINK_WINDOW_BYTES;
    this.consumed = 0;
    /** Bytes of a frame whose rest has not come, in a Buffer of their own. */
    this.carry = Buffer.allocUnsafeSlow(0);
    this.carry_length = 0;
    /** What was to be said before the preface had come. @type {[number, Uint8Array][]} */
    this.early = [];
    /** What `receive` has not handled yet: where it begins and ends. @type {Buffer | null} */
    this.rest = null;
    this.rest_at = 0;
    this.rest_end = 0;
    /** Whether a response that is complete now would wait for no other: then it is ended and flushed at once. @type {() => boolean} */
    this.waits_for_none = () => false;
    /** Writes `output`. */
    this.flush = () => {};
  }

  // ---- from the front

  /**
   * Takes bytes that arrived. Should the handler throw, what it has not seen yet is kept for the next call.
   * @param {Buffer} buffer
   * @param {number} length
   */
  receive(buffer, length) {
    let at = 0;
    while (this.carry_length > 0) {
      at = this._complete_carry(buffer, at, length);
      if (at < 0) return;
    }
    if (!this.greeted) {
      if (length - at < PREFACE_BYTES) return this._keep(buffer, at, length);
      this._preface(buffer, at);
      at += PREFACE_BYTES;
    }
    let next = at;
    try {
      while (length - next >= HEADER_BYTES) {
        at = next;
        const end = at + HEADER_BYTES + this._payload_bytes(buffer, at);
        if (end > length) break;
        next = end;
        this.rest = buffer;
        this.rest_at = end;
        this.rest_end = length;
        this._frame(buffer, at, end);
      }
    } finally {
      if (next < length) this._keep(buffer, next, length);
    }
  }

  /** True if a whole request waits among the bytes that `receive` was given and has not handled. */
  get request_waits() {
    const { rest, rest_end } = this;
    for (let at = this.rest_at; rest !== null && rest_end - at >= HEADER_BYTES; ) {
      const end = at + HEADER_BYTES + rest.readUInt32LE(at);
      if (end > rest_end) return false;
      if (rest[at + 4] === TYPE.REQUEST) return true;
      at = end;
    }
    return false;
  }

  /** True if bytes are kept that may hold whole frames: after a throw. `receive` with no bytes goes on. */
  get interrupted() {
    return this.carry_length >= HEADER_BYTES && this._missing() <= 0;
  }

  /**
   * Keeps bytes until the rest of their frame is there.
   * @param {Buffer} buffer
   * @param {number} at
   * @param {number} end
   */
  _keep(buffer, at, end) {
    const length = end - at;
    if (this.carry.length < length) this.carry = Buffer.allocUnsafeSlow(Math.max(length, 4096));
    buffer.copy(this.carry, 0, at, end);
    this.carry_length = length;
  }

  /** @returns {number} bytes the kept frame, its header or the preface still needs */
  _missing() {
    if (!this.greeted) return PREFACE_BYTES - this.carry_length;
    if (this.carry_length < HEADER_BYTES) return HEADER_BYTES - this.carry_length;
    return HEADER_BYTES + this._payload_bytes(this.carry, 0) - this.carry_length;
  }

  /**
   * Completes what is kept with bytes of `buffer` and handles it.
   * @param {Buffer} buffer
   * @param {number} at where to begin in it
   * @param {number} length
   * @returns {number} where its bytes go on; -1 if all were taken and it is still not whole
   */
  _complete_carry(buffer, at, length) {
    for (;;) {
      const missing = this._missing();
      if (missing <= 0) break;
      const taken = Math.min(missing, length - at);
      if (taken === 0) return -1;
      if (this.carry.length < this.carry_length + taken) {
        const larger = Buffer.allocUnsafeSlow(Math.max(this.carry_length + missing, 4096));
        this.carry.copy(larger, 0, 0, this.carry_length);
        this.carry = larger;
      }
      buffer.copy(this.carry, this.carry_length, at, at + taken);
      this.carry_length += taken;
      at += taken;
    }
    const kept = this.carry.subarray(0, this.carry_length);
    this.carry = Buffer.allocUnsafeSlow(0);
    this.carry_length = 0;
    let finished = false;
    try {
      this.receive(kept, kept.length);
      finished = true;
    } finally {
      if (!finished && at < length) {
        const rest = Buffer.concat([this.carry.subarray(0, this.carry_length), buffer.subarray(at, length)]);
        this._keep(rest, 0, rest.length);
      }
    }
    return at;
  }

  /**
   * @param {Buffer} buffer
   * @param {number} at
   */
  _preface(buffer, at) {
    if (buffer.latin1Slice(at, at + NAME.length) !== NAME) {
      return this._violated("the peer does not speak Diglot's link protocol");
    }
    const revision = buffer.readUInt16LE(at + 6);
    if (revision !== REVISION) {
      return this._violated(`the peer speaks revision ${revision} of the link protocol, this end speaks ${REVISION}`);
    }
    this.generation = buffer.readUInt32LE(at + 8);
    this.streams_max = buffer.readUInt32LE(at + 12);
    if (this.streams_max < 1 || this.streams_max > STREAMS_MAX) {
      return this._violated('the preface carries impossible numbers');
    }
    this.greeted = true;
    this.output.reserve(PREFACE_BYTES);
    buffer.copy(this.output.buffer, this.output.length, at, at + PREFACE_BYTES);
    this.output.length += PREFACE_BYTES;
    for (const [type, payload] of this.early) this.output.frame(type, 0, 0, payload);
    this.early.length = 0;
  }

  /**
   * Checks a frame's header.
   * @param {Buffer} buffer
   * @param {number} at
   * @returns {number} bytes of its payload
   */
  _payload_bytes(buffer, at) {
    const bytes = (buffer[at] | (buffer[at + 1] << 8) | (buffer[at + 2] << 16)) + buffer[at + 3] * 0x1000000;
    const type = buffer[at + 4];
    const bytes_max = PAYLOAD_MAX_BY_TYPE[type];
    if (bytes_max < 0) this._violated(`a frame of the unknown type ${typeName(type)}`);
    const flags = buffer[at + 5];
    const flags_rule = FLAGS_BY_TYPE[type];
    if (flags_rule === 1 ? flags > FLAG_END : flags !== (flags_rule === 2 ? FLAG_END : 0)) {
      this._violated(`a ${typeName(type)} frame with the flags 0x${flags.toString(16)}, which it cannot have`);
    }
    const generation = buffer[at + 6] | (buffer[at + 7] << 8);
    const address_rule = ADDRESS_BY_TYPE[type];
    const no_stream = (buffer[at + 8] | buffer[at + 9] | buffer[at + 10] | buffer[at + 11]) === 0;
    const linked = type === TYPE.CREDIT && no_stream;
    if ((generation !== 0 && (address_rule !== 0 || linked)) || (address_rule === 1 && !no_stream)) {
      this._violated(`a ${typeName(type)} frame with an address it cannot have`);
    }
    if (bytes > bytes_max) {
      this._violated(`a ${typeName(type)} frame of ${bytes} bytes, above the maximum of ${bytes_max}`);
    }
    return bytes;
  }

  /**
   * Handles one whole frame.
   * @param {Buffer} buffer
   * @param {number} at where it begins
   * @param {number} end where it ends
   */
  _frame(buffer, at, end) {
    const type = buffer[at + 4];
    const last = buffer[at + 5] === FLAG_END;
    const generation = buffer[at + 6] | (buffer[at + 7] << 8);
    const id = (buffer[at + 8] | (buffer[at + 9] << 8) | (buffer[at + 10] << 16)) + buffer[at + 11] * 0x1000000;
    const payload_at = at + HEADER_BYTES;
    switch (type) {
      case TYPE.REQUEST:
        return this._request(id, generation, buffer, payload_at, end, last);
      case TYPE.BODY:
        return this._body(id, generation, buffer, payload_at, end, last);
      case TYPE.CREDIT:
        return this._credit(id, generation, buffer, payload_at, end);
      case TYPE.TRAILERS: {
        const stream = this._known(type, id, generation);
        if (stream === null || !stream.request_open || stream.tunnel === TUNNEL.ASKED) return;
        stream.request_open = false;
        if (stream.owner !== null) this.handler.trailers(stream, buffer.latin1Slice(payload_at, end));
        return this._release(stream);
      }
      case TYPE.CANCEL: {
        if (end - payload_at !== 1 || buffer[payload_at] < 1 || buffer[payload_at] > 8) this._malformed(type);
        const stream = this._known(type, id, generation);
        if (stream === null) return;
        stream.request_open = false;
        if (stream.owner !== null) this.handler.cancel(stream, buffer[payload_at]);
        return this._release(stream);
      }
      case TYPE.FAULT:
        return this._fault(id, generation, buffer, payload_at, end);
      case TYPE.OPEN: {
        const ends = read_open(id, buffer, payload_at, end);
        if (ends === null) return this._malformed(type);
        return this.handler.open(id, ends);
      }
      case TYPE.CLOSED:
        return this.handler.closed(id);
      case TYPE.TUNNEL: {
        const stream = this._known(type, id, generation);
        if (stream === null) return;
        if (stream.tunnel !== TUNNEL.ASKED) return this._violated(`a TUNNEL frame out of turn on stream ${id}`);
        stream.tunnel = TUNNEL.OPEN;
        return;
      }
      case TYPE.FAREWELL:
        return this.handler.farewell();
      case TYPE.PAUSE:
        if (this.pauses === 0) return this._violated('a PAUSE frame that answers none');
        this.pauses--;
        if (this.pausing && this.pauses === 0) this.said_ready = false;
        return this.handler.paused();
      case TYPE.DRAIN:
        this.draining = true;
        return this.handler.drain();
      case TYPE.PING:
        if (end - payload_at !== 8) this._malformed(type);
        return this.output.frame(TYPE.PONG, 0, 0, buffer.subarray(payload_at, end));
      default:
        return this._violated(`a ${typeName(type)} frame out of turn on stream ${id}`);
    }
  }

  _request(id, generation, buffer, at, end, last) {
    if (id === 0 || id > this.streams_max) {
      return this._violated(`a REQUEST frame for stream ${id}, of ${this.streams_max}`);
    }
    const head = this.head;
    if (!head.read(buffer, at, end)) return this._malformed(TYPE.REQUEST);
    const stream = this._begin(TYPE.REQUEST, id, generation, !last);
    if (may_tunnel(head.flags, head.method)) stream.tunnel = TUNNEL.POSSIBLE;
    this.handler.request(stream, head, buffer, head.body_at, end, last);
  }

  /** Begins a stream. @returns {Stream} */
  _begin(type, id, generation, request_open) {
    let stream = this.streams[id];
    if (stream === undefined) {
      while (this.streams.length < id) this.streams.push(undefined);
      stream = this.streams[id] = new Stream(id);
    }
    if (stream.response_open || stream.request_open || !this.said_ready || this.draining) {
      this._violated(`a ${typeName(type)} frame out of turn on stream ${id}`);
    }
    stream.generation = generation;
    stream.use++;
    stream.request_open = request_open;
    stream.response_open = true;
    stream.head_sent = false;
    stream.tunnel = TUNNEL.NEVER;
    stream.send_credit = STREAM_WINDOW_BYTES;
    stream.promised = STREAM_WINDOW_BYTES;
    stream.consumed = 0;
    stream.frame_epoch = 0;
    stream.owner = null;
    this.open_streams++;
    return stream;
  }

  _fault(id, generation, buffer, at, end) {
    if (id === 0 || id > this.streams_max) return this._violated(`a FAULT frame for stream ${id}, of ${this.streams_max}`);
    const fault = read_fault(buffer, at, end);
    if (fault === null) return this._malformed(TYPE.FAULT);
    let stream = this.streams[id];
    if (stream?.use > 0 && stream.generation === generation) {
      // The body's: too late where the worker wants no more of it.
      if (!stream.request_open) return;
      stream.request_open = false;
      if (stream.owner === null) return this._release(stream);
    } else {
      stream = this._begin(TYPE.FAULT, id, generation, false);
    }
    this.handler.fault(stream, fault);
    this._release(stream);
  }

  _body(id, generation, buffer, at, end, last) {
    const bytes = end - at;
    if (bytes > this.promised) return this._violated(`${bytes} bytes on the link without credit`);
    this.promised -= bytes;
    const stream = this._known(TYPE.BODY, id, generation);
    if (stream?.request_open) {
      if (bytes > stream.promised) return this._violated(`${bytes} bytes on stream ${id} without credit`);
      stream.promised -= bytes;
      const ends = last && stream.tunnel !== TUNNEL.ASKED;
      if (ends) stream.request_open = false;
      if (stream.owner !== null) {
        this.handler.body(stream, buffer, at, end, ends);
        return this._release(stream);
      }
    }
    this.return_link_credit(bytes);
  }

  _credit(id, generation, buffer, at, end) {
    const bytes = end - at === 4 ? buffer.readUInt32LE(at) : 0;
    if (bytes === 0) return this._malformed(TYPE.CREDIT);
    if (id === 0) {
      this.send_credit += bytes;
      if (this.send_credit > LINK_WINDOW_BYTES) return this._violated('credit for the link beyond its window');
      return this.handler.link_credit();
    }
    const stream = this._known(TYPE.CREDIT, id, generation);
    if (stream === null || !stream.response_open) return;
    stream.send_credit += bytes;
    if (stream.send_credit > STREAM_WINDOW_BYTES) this._violated(`credit for stream ${id} beyond its window`);
    if (stream.owner !== null) this.handler.credit(stream);
  }

  /** @returns {Stream | null} null if the stream the frame belonged to is over */
  _known(type, id, generation) {
    const stream = this.streams[id];
    if (stream === undefined) {
      this._violated(`a ${typeName(type)} frame for stream ${id}, which was never opened`);
      return null;
    }
    return stream.generation === generation ? stream : null;
  }

  _malformed(type) {
    this._violated(`a ${typeName(type)} frame whose payload is malformed`);
  }

  _violated(message) {
    this.handler.violation(new Violation(message));
  }

  // ---- to the front

  /**
   * Says that the application is loaded.
   * @param {number} kind an `INTERFACE`
   * @param {string} runtime a line for the log
   */
  ready(kind, runtime) {
    this.said_ready = true;
    this.pausing = false;
    this._say(TYPE.READY, Buffer.concat([Buffer.of(kind), Buffer.from(runtime)]));
  }

  /** Asks for no more requests. Some may come until the front has answered. */
  pause() {
    this.pausing = true;
    this.pauses++;
    this.output.frame(TYPE.PAUSE, 0, 0, null);
  }

  /**
   * Says why the application could not be loaded. Of a text that is too long the start is kept, where Node's
   * stacks have the error.
   * @param {string} reason
   */
  failed(reason) {
    let bytes = Buffer.from(reason);
    if (bytes.length > MESSAGE_BYTES_MAX) {
      let end = MESSAGE_BYTES_MAX;
      while ((bytes[end] & 0xc0) === 0x80) end--;
      bytes = bytes.subarray(0, end);
    }
    this._say(TYPE.FAILED, bytes);
  }

  /**
   * Asks for the requests of a session: those whose query has its name as `sid`. A name that no frame can carry is not claimed.
   * @param {string} session
   */
  claim(session) {
    this._say_of_session(TYPE.CLAIM, session);
  }

  /** Says that a session is over. @param {string} session */
  release(session) {
    this._say_of_session(TYPE.RELEASE, session);
  }

  _say_of_session(type, session) {
    const name = Buffer.from(session);
    if (name.length > 0 && name.length <= SESSION_BYTES_MAX) this._say(type, name);
  }

  _say(type, payload) {
    if (this.greeted) this.output.frame(type, 0, 0, payload);
    else this.early.push([type, payload]);
  }

  /** @returns {number} bytes `wire_bytes` or `body_bytes` would take now */
  room(stream) {
    return Math.min(stream.send_credit, this.send_credit);
  }

  /**
   * Takes the client's connection over, for a request that may become a tunnel: from now on what `wire_text` and `wire_bytes` send is raw,
   * and so is what comes as body.
   * @param {Stream} stream
   * @returns {boolean} false where something was answered before, or it is no such request: nothing was sent
   */
  begin_tunnel(stream) {
    if (stream.tunnel !== TUNNEL.POSSIBLE || !stream.response_open || stream.head_sent || stream.frame_epoch !== 0) return false;
    stream.tunnel = TUNNEL.ASKED;
    stream.request_open = true;
    this.open_tunnels++;
    this.output.frame(TYPE.TUNNEL, stream.generation, stream.id, null);
    if (this.open_streams === this.open_tunnels) this.handler.idle();
    return true;
  }

  /**
   * Sends text of a WIRE response, or of a tunnel.
   * @param {Stream} stream
   * @param {string} text
   * @param {boolean} latin1 else UTF-8
   * @returns {number} bytes sent; -1 if there may not be credit or room for it in one frame: nothing was sent
   */
  wire_text(stream, text, latin1) {
    return this._text(stream.tunnel < TUNNEL.ASKED ? TYPE.WIRE : TYPE.BODY, stream, text, latin1);
  }

  /** As `wire_text`, for the body of a structured response, in UTF-8. */
  body_text(stream, text) {
    return this._text(TYPE.BODY, stream, text, false);
  }

  _text(type, stream, text, latin1) {
    const bytes_max = latin1 ? text.length : 3 * text.length;
    if (bytes_max > stream.send_credit || bytes_max > this.send_credit || bytes_max > BODY_BYTES_MAX) return -1;
    const output = this.output;
    const at = output.open(type, stream, bytes_max);
    const buffer = output.buffer;
    const bytes = latin1 ? buffer.latin1Write(text, output.length) : buffer.utf8Write(text, output.length);
    output.appended(at, bytes);
    stream.send_credit -= bytes;
    this.send_credit -= bytes;
    return bytes;
  }

  /**
   * Sends as many bytes as there is credit for.
   * @param {Stream} stream
   * @param {Uint8Array} data
   * @param {number} from where to begin in it
   * @returns {number} bytes sent
   */
  wire_bytes(stream, data, from) {
    return this._bytes(stream.tunnel < TUNNEL.ASKED ? TYPE.WIRE : TYPE.BODY, stream, data, from);
  }

  /** As `wire_bytes`, for the body of a structured response. */
  body_bytes(stream, data, from) {
    return this._bytes(TYPE.BODY, stream, data, from);
  }

  _bytes(type, stream, data, from) {
    const end = from + Math.min(data.length - from, stream.send_credit, this.send_credit);
    const output = this.output;
    for (let at = from; at < end; ) {
      const bytes = Math.min(end - at, BODY_BYTES_MAX);
      const frame_at = output.open(type, stream, bytes);
      output.buffer.set(at === 0 && bytes === data.length ? data : data.subarray(at, at + bytes), output.length);
      output.appended(frame_at, bytes);
      at += bytes;
    }
    stream.send_credit -= end - from;
    this.send_credit -= end - from;
    return end - from;
  }

  /** The WIRE response is complete, or this direction of the tunnel. */
  wire_end(stream) {
    if (!stream.response_open) return;
    this.output.end(stream.tunnel < TUNNEL.ASKED ? TYPE.WIRE : TYPE.BODY, stream);
    this._close_response(stream);
  }

  /** The body of a structured response is complete. */
  body_end(stream) {
    if (!stream.response_open) return;
    this.output.end(TYPE.BODY, stream);
    this._close_response(stream);
  }

  /**
   * Sends a structured response's head with the start of its body aboard.
   * @param {Stream} stream
   * @param {number} status 200..=999
   * @param {string} lines `name: value\r\n` each, latin-1, at most TEXT_BYTES_MAX
   * @param {string | Uint8Array | null} body at most ABOARD_BYTES_MAX; text goes as UTF-8
   * @param {boolean} last the body is complete with it
   * @returns {boolean} false if a part is too long for one frame: nothing was sent
   */
  respond(stream, status, lines, body, last) {
    const body_max = body === null ? 0 : typeof body === 'string' ? 3 * body.length : body.length;
    if (lines.length > TEXT_BYTES_MAX || body_max > ABOARD_BYTES_MAX) return false;
    const output = this.output;
    output.reserve(HEADER_BYTES + RESPONSE_FIXED_BYTES + lines.length + body_max);
    const at = output.header(TYPE.RESPONSE, last ? FLAG_END : 0, stream.generation, stream.id, 0);
    const buffer = output.buffer;
    let to = output.length;
    buffer[to] = status;
    buffer[to + 1] = status >>> 8;
    buffer[to + 2] = 0;
    buffer[to + 3] = 0;
    buffer[to + 4] = lines.length;
    buffer[to + 5] = lines.length >>> 8;
    buffer[to + 6] = lines.length >>> 16;
    buffer[to + 7] = 0;
    to += RESPONSE_FIXED_BYTES;
    to += buffer.latin1Write(lines, to);
    if (typeof body === 'string') {
      to += buffer.utf8Write(body, to);
    } else if (body !== null) {
      buffer.set(body, to);
      to += body.length;
    }
    output.appended(at, to - output.length);
    stream.head_sent = true;
    if (last) this._close_response(stream);
    return true;
  }

  /** The rest of the request's body is not wanted. */
  stop(stream) {
    if (!stream.request_open) return;
    stream.request_open = false;
    if (!stream.response_open) stream.owner = null;
    this.output.frame(TYPE.STOP, stream.generation, stream.id, null);
  }

  /**
   * Ends the stream without completing its response, or confirms the front's CANCEL.
   * @param {Stream} stream
   * @param {number} reason a `REASON`
   */
  cancel(stream, reason) {
    stream.request_open = false;
    stream.owner = null;
    if (!stream.response_open) return;
    this.output.frame(TYPE.CANCEL, stream.generation, stream.id, Buffer.of(reason));
    this._close_response(stream);
  }

  /** Connections are to be announced when they are accepted. */
  announce_early() {
    this._say(TYPE.EARLY, Buffer.alloc(0));
  }

  /**
   * The application's limits for a client connection; 0 leaves one to the front.
   * @param {number} connection
   * @param {number} head_ms from a request's first byte to the end of its head
   * @param {number} request_ms to the end of its body
   */
  limit(connection, head_ms, request_ms) {
    const payload = Buffer.alloc(8);
    payload.writeUInt32LE(head_ms, 0);
    payload.writeUInt32LE(request_ms, 4);
    this.output.frame(TYPE.LIMITS, 0, connection, payload);
  }

  /** The application has closed a client connection. @param {number} connection */
  hang_up(connection) {
    this.output.frame(TYPE.HANGUP, 0, connection, null);
  }

  /** The application closes a client connection, unless a request has begun to come on it. @param {number} connection */
  close_idle(connection) {
    this.output.frame(TYPE.CLOSEIDLE, 0, connection, null);
  }

  /**
   * Bytes of the stream's BODY payloads were read by the application, or thrown away.
   * @param {Stream} stream
   * @param {number} use the stream's when they came; it may be over
   * @param {number} bytes
   */
  consume(stream, use, bytes) {
    // What may become a tunnel may open that direction again: its credit is counted on.
    if (stream.use === use && (stream.request_open || (stream.tunnel !== TUNNEL.NEVER && stream.response_open))) {
      stream.consumed += bytes;
      if (stream.consumed >= STREAM_WINDOW_BYTES / 2) {
        this.output.frame_u32(TYPE.CREDIT, stream.generation, stream.id, stream.consumed);
        stream.promised += stream.consumed;
        stream.consumed = 0;
      }
    }
    this.return_link_credit(bytes);
  }

  /** Bytes are no longer held of a stream that is over. @param {number} bytes */
  return_link_credit(bytes) {
    this.consumed += bytes;
    if (this.consumed < LINK_QUANTUM_BYTES) return;
    this.output.frame_u32(TYPE.CREDIT, 0, 0, this.consumed);
    this.promised += this.consumed;
    this.consumed = 0;
  }

  _close_response(stream) {
    stream.response_open = false;
    if (stream.tunnels) this.open_tunnels--;
    this._release(stream);
    if (--this.open_streams === this.open_tunnels || this.draining) this.handler.idle();
  }

  /** A stream that is over in both directions has no owner. */
  _release(stream) {
    if (!stream.request_open && !stream.response_open) stream.owner = null;
  }
}

module.exports = { Link, Stream, TUNNEL };
