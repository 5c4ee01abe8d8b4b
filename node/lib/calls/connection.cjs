'use strict';
// The worker's end of the calls socket: frames in, frames out, the state and the credit of each call. No I/O, no values.
//
// `crates/diglot-calls` is the same machine in Rust; both read the same golden frames.

const {
  NAME,
  REVISION,
  PREFACE_BYTES,
  HEADER_BYTES,
  CALLS_MAX,
  NUMBER_MAX,
  OF_WORKER,
  CALL_FIXED_BYTES,
  RETURN_FIXED_BYTES,
  ABOARD_BYTES_MAX,
  DATA_BYTES_MAX,
  STREAM,
  STEP_BYTES,
  FLAG_END,
  TYPE,
  CALL,
  PAYLOAD_MAX_BY_TYPE,
  Violation,
  type_name,
} = require('./protocol.cjs');
const { Output, SEGMENT_BYTES_MIN } = require('./output.cjs');
const { Messages, Windows } = require('./credit.cjs');
const { Exchange, EXPECTS } = require('./exchange.cjs');
const { CallHead } = require('./head.cjs');
const receiving = require('./receiving.cjs');

/** What one call may put out before another's turn comes. */
const TURN_BYTES = 4 * DATA_BYTES_MAX;
/** So much waits at most to be written, before data of calls is left where it is. */
const OUTPUT_BYTES_MAX = 1024 * 1024;
const NO_BYTES = Buffer.alloc(0);
/** Ends a call that nobody waits for, where what is missing of it would never come or go. */
const CANCELLED = Buffer.from('{"code":"cancelled","message":"the caller waits no more"}');

/**
 * @typedef {object} Handler
 * @property {(exchange: Exchange, head: CallHead) => import('./exchange.cjs').Owner} called who serves it
 * @property {() => void} drain no call follows
 * @property {() => void} idle no call is open any more
 * @property {() => void} busy one is again
 * @property {(violation: Violation) => void} violation does not return, or throws
 */

class Connection {
  /** @param {Handler} handler @param {number} message_bytes_max until the broker has said it */
  constructor(handler, message_bytes_max) {
    this.handler = handler;
    this.output = new Output();
    this.head = new CallHead();
    this.greeted = false;
    this.message_bytes_max = message_bytes_max;
    /** Calls that this end began, by id without the highest bit. @type {Map<number, Exchange>} */
    this.ours = new Map();
    /** Calls of the broker. @type {Map<number, Exchange>} */
    this.theirs = new Map();
    this.last_number = 0;
    this.has_wrapped = false;
    this.their_last_number = 0;
    this.they_have_wrapped = false;
    /** DRAIN has come. */
    this.draining = false;
    this.windows = new Windows();
    const rooms = { admitted: (exchange) => receiving.admitted(this, exchange), stalled: receiving.stalled };
    this.of_arguments = new Messages(rooms);
    this.of_answers = new Messages(rooms);
    /** Calls with something to send, each in its turn. @type {Exchange[]} */
    this.ready = [];
    /** Bytes of a frame whose rest has not come. */
    this.carry = NO_BYTES;
    /** A DATA frame that has come in part: whose, and how much of it is missing. @type {Exchange | null} */
    this.data_of = null;
    this.data_left = 0;
    this.data_last = false;
  }

  // ---- from the broker

  /** Takes bytes that arrived. @param {Buffer} buffer @param {number} length */
  receive(buffer, length) {
    let at = 0;
    if (this.carry.length > 0) {
      // Of what is missing only as much as makes the frame whole: the rest stays where it is.
      while (this.carry.length > 0) {
        const missing = this._missing(this.carry);
        const taken = Math.min(missing, length - at);
        const bytes = Buffer.concat([this.carry, buffer.subarray(at, at + taken)]);
        at += taken;
        this.carry = NO_BYTES;
        if (taken < missing) {
          this.carry = bytes;
          return;
        }
        this._receive(bytes, 0, bytes.length);
        if (this.carry.length > 0 && at === length) return;
      }
    }
    this._receive(buffer, at, length);
  }

  /** Bytes that the kept ones need to become a header, or a frame. @param {Buffer} kept */
  _missing(kept) {
    if (!this.greeted) return PREFACE_BYTES - kept.length;
    if (kept.length < HEADER_BYTES) return HEADER_BYTES - kept.length;
    return HEADER_BYTES + kept.readUInt32LE(0) - kept.length;
  }

  _receive(buffer, from, length) {
    let at = from;
    if (!this.greeted) {
      if (!NAME.startsWith(buffer.latin1Slice(at, Math.min(length, at + NAME.length)))) {
        return this.violated("the peer does not speak Diglot's calls protocol");
      }
      if (length - at < PREFACE_BYTES) return this._keep(buffer, at, length);
      this._preface(buffer, at);
      at += PREFACE_BYTES;
    }
    if (this.data_left > 0) at = this._more_data(buffer, at, length);
    while (length - at >= HEADER_BYTES) {
      const bytes = this._payload_bytes(buffer, at);
      const payload_at = at + HEADER_BYTES;
      if (payload_at + bytes > length) {
        if (buffer[at + 4] !== TYPE.DATA) break;
        this._begin_data(buffer, at, bytes);
        return void this._more_data(buffer, payload_at, length);
      }
      this._frame(buffer, at, payload_at, payload_at + bytes);
      at = payload_at + bytes;
    }
    if (at < length) this._keep(buffer, at, length);
  }

  _keep(buffer, at, length) {
    this.carry = Buffer.from(buffer.subarray(at, length));
  }

  _preface(buffer, at) {
    const revision = buffer.readUInt16LE(at + 6);
    if (revision !== REVISION) return this.violated(`the peer speaks revision ${revision} of the calls protocol, this end speaks ${REVISION}`);
    const bytes_max = buffer.readUInt32LE(at + 8);
    if (bytes_max === 0 || buffer.readUInt32LE(at + 12) !== 0) return this.violated('the preface carries impossible numbers');
    this.message_bytes_max = bytes_max;
    this.greeted = true;
  }

  /** Checks a frame's header. @returns {number} bytes of its payload */
  _payload_bytes(buffer, at) {
    const bytes = (buffer[at] | (buffer[at + 1] << 8) | (buffer[at + 2] << 16)) + buffer[at + 3] * 0x1000000;
    const type = buffer[at + 4];
    const bytes_max = PAYLOAD_MAX_BY_TYPE[type];
    if (bytes_max < 0) this.violated(`a frame of the type ${type_name(type)}, which no broker sends`);
    const flags = buffer[at + 5];
    const is_right = type === TYPE.THROW ? flags === FLAG_END : type >= TYPE.CALL && type <= TYPE.DATA ? flags <= FLAG_END : flags === 0;
    if (!is_right) this.violated(`a ${type_name(type)} frame with the flags 0x${flags.toString(16)}, which it cannot have`);
    const is_of_socket = type === TYPE.DRAIN;
    if (is_of_socket !== ((buffer[at + 8] | buffer[at + 9] | buffer[at + 10] | (buffer[at + 11] & 0x7f)) === 0) || (is_of_socket && buffer[at + 11] !== 0)) {
      this.violated(`a ${type_name(type)} frame with an id it cannot have`);
    }
    if ((buffer[at + 6] | buffer[at + 7]) !== 0) this.violated(`a ${type_name(type)} frame whose reserved bytes are not 0`);
    if (bytes > bytes_max) this.violated(`a ${type_name(type)} frame of ${bytes} bytes, above the maximum of ${bytes_max}`);
    return bytes;
  }

  _frame(buffer, at, payload_at, end) {
    const type = buffer[at + 4];
    const last = buffer[at + 5] === FLAG_END;
    const number = buffer[at + 8] | (buffer[at + 9] << 8) | (buffer[at + 10] << 16) | ((buffer[at + 11] & 0x7f) << 24);
    const is_ours = buffer[at + 11] > 0x7f;
    if (type === TYPE.CALL) return this._call(number, is_ours, buffer, payload_at, end, last);
    if (type === TYPE.DRAIN) return this._drain();
    const exchange = this._known(number, is_ours, type);
    switch (type) {
      case TYPE.RETURN:
        if (!is_ours) return this._not_for(type);
        if (exchange !== null) receiving.returned(this, exchange, buffer, payload_at, end, last);
        return;
      case TYPE.DATA:
        if (exchange !== null) receiving.data(this, exchange, buffer, payload_at, end, last);
        return;
      case TYPE.THROW:
        if (!is_ours) return this._not_for(type);
        if (exchange !== null) receiving.thrown(this, exchange, buffer, payload_at, end);
        return;
      case TYPE.GRANT: {
        const bytes = end - payload_at === 4 ? buffer.readUInt32LE(payload_at) : 0;
        if (bytes === 0) return this.violated('a malformed GRANT frame');
        if (exchange !== null) this._granted(exchange, bytes);
        return;
      }
      case TYPE.STOP:
        if (!is_ours) return this._not_for(type);
        exchange?.owner?.stopped();
        return;
      default: {
        if (is_ours) return this._not_for(type);
        const reason = end - payload_at === 1 ? buffer[payload_at] : 0;
        if (reason < 1 || reason > 4) return this.violated('a malformed ABORT frame');
        if (exchange !== null && !exchange.is_aborted) this._aborted(exchange, reason);
      }
    }
  }

  /** The caller waits no more: it sends nothing, and grants nothing. What runs may answer with as much as fits. */
  _aborted(exchange, reason) {
    exchange.is_aborted = true;
    exchange.owner?.aborted(reason);
    const { expects } = exchange;
    if (exchange.is_answered || expects === EXPECTS.MESSAGE || expects === EXPECTS.END) this.throw(exchange, CANCELLED);
  }

  _not_for(type) {
    this.violated(`a ${type_name(type)} frame for a call that cannot have one`);
  }

  /** @returns {Exchange | null} null if it is over */
  _known(number, is_ours, type) {
    const exchange = (is_ours ? this.ours : this.theirs).get(number);
    if (exchange !== undefined) return exchange;
    const was_begun = is_ours ? this.has_wrapped || number <= this.last_number : this.they_have_wrapped || number <= this.their_last_number;
    if (!was_begun) this.violated(`a ${type_name(type)} frame for a call that was not begun`);
    return null;
  }

  _call(number, is_ours, buffer, at, end, last) {
    const { head } = this;
    if (is_ours) return this.violated("a CALL frame with an id that is not the broker's to give");
    if (this.draining) return this.violated('a CALL frame behind DRAIN');
    if (this.theirs.size >= CALLS_MAX) return this.violated(`more than ${CALLS_MAX} calls are open`);
    if (number !== this._their_next_number()) return this.violated('a CALL frame whose id is not the next');
    const problem = head.read(buffer, at, end, last, this.message_bytes_max);
    if (problem !== null) return this.violated(problem);
    const exchange = new Exchange(number, false, head.service, null);
    this._opened(this.theirs, number, exchange);
    exchange.send_credit = head.window;
    exchange.has_items = head.has_items;
    exchange.owner = this.handler.called(exchange, head);
    if (!exchange.over) receiving.message(this, exchange, head.arguments_bytes, buffer, head.arguments_at, end, last);
  }

  /** Counts on. @returns {number} */
  _their_next_number() {
    let number = this.their_last_number;
    do {
      if (number === NUMBER_MAX) {
        number = 0;
        this.they_have_wrapped = true;
      }
      number++;
    } while (this.they_have_wrapped && this.theirs.has(number));
    this.their_last_number = number;
    return number;
  }

  _drain() {
    if (this.draining) return this.violated('a second DRAIN frame');
    this.draining = true;
    this.handler.drain();
  }

  _begin_data(buffer, at, bytes) {
    const number = buffer.readUInt32LE(at + 8) & NUMBER_MAX;
    this.data_of = this._known(number, buffer[at + 11] > 0x7f, TYPE.DATA);
    this.data_left = bytes;
    this.data_last = buffer[at + 5] === FLAG_END;
  }

  /** The next of a DATA frame that is not whole. @returns {number} where its bytes end */
  _more_data(buffer, at, length) {
    const bytes = Math.min(this.data_left, length - at);
    this.data_left -= bytes;
    const exchange = this.data_of;
    const whole = this.data_left === 0;
    if (whole) this.data_of = null;
    if (exchange !== null && !exchange.over) receiving.data(this, exchange, buffer, at, at + bytes, whole && this.data_last);
    return at + bytes;
  }

  // ---- to the broker

  _opened(of, number, exchange) {
    if (this.ours.size + this.theirs.size === 0) this.handler.busy();
    of.set(number, exchange);
  }

  /** @returns {boolean} no further call can be begun */
  get is_full() {
    return this.ours.size >= CALLS_MAX;
  }

  _next_number() {
    let number = this.last_number;
    do {
      if (number === NUMBER_MAX) {
        number = 0;
        this.has_wrapped = true;
      }
      number++;
    } while (this.has_wrapped && this.ours.has(number));
    this.last_number = number;
    return number;
  }

  /**
   * Begins a call; `is_full` was asked.
   * @param {Buffer} service @param {Uint8Array} name
   * @param {import('./encode.cjs').Encoder} message the arguments
   * @param {{ timeout_ms: number, depth: number, context: string, flags: number }} about
   * @param {import('./exchange.cjs').Owner} owner
   * @returns {Exchange}
   */
  begin(service, name, message, { timeout_ms, depth, context, flags }, owner) {
    const number = this._next_number();
    const exchange = new Exchange((number | OF_WORKER) >>> 0, true, service, owner);
    this._opened(this.ours, number, exchange);
    exchange.window = exchange.granted = this.windows.take();
    const { output } = this;
    const { length } = message;
    const aboard = Math.min(length, ABOARD_BYTES_MAX);
    const payload_bytes = CALL_FIXED_BYTES + service.length + name.length + context.length + aboard;
    const items = (flags & CALL.ITEMS) !== 0;
    const is_whole = aboard === length && !items;
    output.reserve(HEADER_BYTES + payload_bytes);
    output.header(TYPE.CALL, is_whole ? FLAG_END : 0, exchange.id, payload_bytes);
    output.u32(length);
    output.u32(exchange.window);
    output.u32(timeout_ms);
    const { buffer } = output;
    let at = output.length;
    buffer[at] = flags;
    buffer[at + 1] = service.length;
    buffer[at + 2] = name.length;
    buffer[at + 3] = depth;
    buffer[at + 4] = context.length;
    buffer[at + 5] = context.length >>> 8;
    buffer[at + 6] = 0;
    buffer[at + 7] = 0;
    at += 8;
    for (let index = 0; index < service.length; index++) buffer[at++] = service[index];
    for (let index = 0; index < name.length; index++) buffer[at++] = name[index];
    if (context !== '') at += buffer.latin1Write(context, at);
    output.length = at;
    if (is_whole) exchange.send_open = false;
    this._aboard(exchange, message, aboard, length, !items);
    return exchange;
  }

  /** The start of a message goes into the frame at hand, its rest waits. */
  _aboard(exchange, message, aboard, length, ends) {
    const { output } = this;
    if (message.segments === null && aboard === length) {
      message.buffer.copy(output.buffer, output.length, 0, aboard);
      output.length += aboard;
      return;
    }
    const segments = message.detach();
    let left = aboard;
    let index = 0;
    let at = 0;
    while (left > 0) {
      const segment = segments[index];
      const taken = Math.min(left, segment.length - at);
      output.buffer.set(segment.subarray(at, at + taken), output.length);
      output.length += taken;
      left -= taken;
      at += taken;
      if (at === segment.length) {
        index++;
        at = 0;
      }
    }
    if (index === segments.length) return;
    exchange.queue = segments.slice(index);
    exchange.queue_at = at;
    exchange.ends = ends;
    this._have_turn(exchange);
  }

  /** The answer. @param {Exchange} exchange @param {import('./encode.cjs').Encoder} message */
  answer(exchange, message) {
    if (exchange.over) return;
    const { length } = message;
    const aboard = Math.min(length, ABOARD_BYTES_MAX);
    const is_whole = aboard === length;
    if (exchange.is_aborted && length - aboard > exchange.send_credit) return this.throw(exchange, CANCELLED);
    this._return(exchange, length, aboard, is_whole ? FLAG_END : 0);
    this._aboard(exchange, message, aboard, length, true);
    if (is_whole) this._sent_end(exchange);
  }

  _return(exchange, length, aboard, flags) {
    exchange.is_answered = true;
    const { output } = this;
    output.reserve(HEADER_BYTES + RETURN_FIXED_BYTES + aboard);
    output.header(TYPE.RETURN, flags, exchange.id, RETURN_FIXED_BYTES + aboard);
    output.u32(length);
  }

  /** The answer is a stream of items. The call is over if nobody waits for them. @param {Exchange} exchange */
  answer_stream(exchange) {
    if (exchange.is_aborted) this.throw(exchange, CANCELLED);
    else if (!exchange.over) this._return(exchange, STREAM, 0, 0);
  }

  /**
   * Sends an item, or lets it wait for credit.
   * @param {Exchange} exchange
   * @param {import('./encode.cjs').Encoder} message
   * @returns {boolean} false: no more before `credit` of its owner, which `wait` asks for
   */
  send_item(exchange, message) {
    if (exchange.over || !exchange.send_open) return true;
    const { length } = message;
    const { output } = this;
    if (exchange.queue === null && 4 + length <= exchange.send_credit && message.segments === null && length < SEGMENT_BYTES_MIN) {
      output.item(exchange.id, message.buffer, length);
      exchange.send_credit -= 4 + length;
      return exchange.send_credit > 0 && output.bytes < OUTPUT_BYTES_MAX;
    }
    const [first, ...rest] = message.detach();
    const with_length = Buffer.allocUnsafe(4 + first.length);
    with_length.writeUInt32LE(length);
    with_length.set(first, 4);
    (exchange.queue ??= []).push(with_length, ...rest);
    this._have_turn(exchange);
    return false;
  }

  /** `credit` of its owner is called when more may be sent. @param {Exchange} exchange */
  wait(exchange) {
    exchange.waits = true;
    this._have_turn(exchange);
  }

  /** No item follows. @param {Exchange} exchange */
  end_items(exchange) {
    if (exchange.over || !exchange.send_open || exchange.ends) return;
    if (exchange.queue !== null) {
      exchange.ends = true;
      return;
    }
    this.output.end(exchange.id);
    this._sent_end(exchange);
  }

  /** @param {Exchange} exchange @param {Buffer} json */
  throw(exchange, json) {
    if (exchange.over) return;
    this.output.frame(TYPE.THROW, FLAG_END, exchange.id, json);
    this._sent_end(exchange);
  }

  /** What waits of the caller's items is not wanted. @param {Exchange} exchange */
  stop(exchange) {
    if (!exchange.over && exchange.expects === EXPECTS.ITEMS) this.output.frame(TYPE.STOP, 0, exchange.id, null);
  }

  /** The caller waits no more. Its id stays taken until the callee has answered. @param {Exchange} exchange @param {number} reason */
  abort(exchange, reason) {
    if (exchange.over) return;
    exchange.owner = null;
    exchange.queue = null;
    exchange.waits = false;
    exchange.send_open = false;
    exchange.buffer = null;
    exchange.to_grant = 0;
    this.messages_of(exchange).given_up(exchange);
    this.output.frame(TYPE.ABORT, 0, exchange.id, Buffer.of(reason));
  }

  _sent_end(exchange) {
    exchange.send_open = false;
    exchange.queue = null;
    if (!exchange.is_ours) this.end(exchange);
  }

  /** The call is over. @param {Exchange} exchange */
  end(exchange) {
    if (exchange.over) return;
    exchange.over = true;
    exchange.owner = null;
    exchange.queue = null;
    exchange.waits = false;
    exchange.buffer = null;
    (exchange.is_ours ? this.ours : this.theirs).delete(exchange.id & NUMBER_MAX);
    if (exchange.window > 0) this.windows.give_back(exchange.window);
    if (exchange.rooms !== null) for (const room of exchange.rooms) room.release();
    if (this.ours.size + this.theirs.size === 0) this.handler.idle();
  }

  messages_of(exchange) {
    return exchange.is_ours ? this.of_answers : this.of_arguments;
  }

  // ---- credit

  /** Grants what was asked for, as far as so much may be under way. @param {Exchange} exchange */
  grant_more(exchange) {
    const bytes = Math.min(exchange.to_grant, STEP_BYTES - exchange.granted);
    if (bytes <= 0) return;
    exchange.to_grant -= bytes;
    this.grant(exchange, bytes);
  }

  grant(exchange, bytes) {
    exchange.granted += bytes;
    this.output.frame_u32(TYPE.GRANT, exchange.id, bytes);
  }

  /**
   * An item was consumed.
   * @param {Exchange} exchange
   * @param {number} cost what it took of the window
   * @param {import('./credit.cjs').Asked | null} room what it had of the budget
   */
  consumed(exchange, cost, room) {
    if (exchange.over) return;
    room?.release();
    // Who has ended needs no more credit.
    if (exchange.expects !== EXPECTS.ITEMS) return;
    exchange.consumed += cost;
    if (exchange.consumed >= exchange.window >> 1) {
      const bytes = exchange.consumed;
      exchange.consumed = 0;
      this.grant(exchange, bytes);
    }
  }

  _granted(exchange, bytes) {
    exchange.send_credit += bytes;
    if (exchange.send_credit > 0xffff_ffff) return this.violated('more credit than can be');
    this._have_turn(exchange);
  }

  /** Something of it may be sent, when its turn comes. */
  _have_turn(exchange) {
    if (exchange.is_ready || exchange.send_credit === 0 || (exchange.queue === null && !exchange.waits)) return;
    exchange.is_ready = true;
    if (this.ready.push(exchange) === 1) this.output.wanted();
  }

  /** Puts out data of those that have some, each in its turn. */
  fill() {
    const { ready, output } = this;
    while (ready.length > 0 && output.bytes < OUTPUT_BYTES_MAX) {
      const exchange = ready.shift();
      exchange.is_ready = false;
      if (exchange.queue !== null) this._put_out(exchange);
      if (exchange.queue !== null) {
        this._have_turn(exchange);
      } else if (exchange.waits && exchange.send_credit > 0) {
        exchange.waits = false;
        exchange.owner?.credit();
      }
    }
  }

  _put_out(exchange) {
    const { queue } = exchange;
    let left = TURN_BYTES;
    while (queue.length > 0 && left > 0 && exchange.send_credit > 0) {
      const segment = queue[0];
      const bytes = Math.min(segment.length - exchange.queue_at, DATA_BYTES_MAX, exchange.send_credit, left);
      const at = exchange.queue_at;
      const is_rest = at + bytes === segment.length;
      const is_last = is_rest && queue.length === 1 && exchange.ends;
      if (bytes > 0) this.output.data(exchange.id, segment, at, bytes, is_last ? FLAG_END : 0);
      exchange.send_credit -= bytes;
      left -= bytes;
      exchange.queue_at = is_rest ? 0 : at + bytes;
      if (is_rest) queue.shift();
      if (is_last) return this._sent_end(exchange);
    }
    if (queue.length === 0) exchange.queue = null;
  }

  /** @param {string} message @returns {never} */
  violated(message) {
    const violation = new Violation(message);
    this.handler.violation(violation);
    throw violation;
  }
}

module.exports = { Connection };
