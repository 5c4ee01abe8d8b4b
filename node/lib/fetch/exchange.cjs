'use strict';
// One request and its response in the fetch lane: the body that comes in, the Response that goes out.

const { ABOARD_BYTES_MAX, REASON } = require('../protocol.cjs');
const { UnsendableResponse } = require('./fields.cjs');
const { is_light, lines_to_send, kBody, kStatus } = require('./response.cjs');

const CONTENT_LENGTH = /^content-length:/m;
/** Once the response has left: how long nobody may read on in a request's body before the rest is given up. */
const UNREAD_MS_MAX = 500;

class Exchange {
  /**
   * @param {import('../link.cjs').Link} link
   * @param {import('../link.cjs').Stream} stream
   * @param {import('./lane.cjs').FetchConnection} connection
   * @param {string} method
   * @param {boolean} has_body
   */
  constructor(link, stream, connection, method, has_body) {
    this.link = link;
    this.stream = stream;
    this.use = stream.use;
    this.connection = connection;
    this.method = method;
    this.target = '';
    this.has_body = has_body;
    /** Chunks of the body nobody has read; their credit is held. @type {{ bytes: Buffer, cost: number }[] | null} */
    this.chunks = null;
    /** The body has come whole. */
    this.complete = false;
    /** Somebody reads the body. */
    this.reading = false;
    /** How often a chunk was asked for. */
    this.asked = 0;
    /** Why its rest never comes, though nobody left. @type {Error | null} */
    this.given_up = null;
    /** Wakes who waits for a chunk. @type {(() => void) | null} */
    this.wake = null;
    /** Wakes who waits for credit. @type {(() => void) | null} */
    this.wake_writer = null;
    /** Nobody waits for the response any more. @type {Error | null} */
    this.left = null;
    /** @type {AbortController | null} */
    this.controller = null;
    /** @type {ReadableStreamDefaultReader | null} */
    this.reader = null;
    this.resource = null;
    /** @type {import('../origin.cjs').Origin} */
    this.origin = connection.origin;
  }

  /** The request as the log names it, without the query: that is the client's and may be secret. */
  get name() {
    return `${this.method} ${this.target.split('?', 1)[0]}`;
  }

  get signal() {
    if (this.controller === null) {
      this.controller = new AbortController();
      if (this.left !== null) this.controller.abort(this.left);
    }
    return this.controller.signal;
  }

  // ---- the request's body

  /** @param {Buffer} bytes @param {number} cost credit they cost */
  push(bytes, cost, last) {
    if (bytes.length > 0) (this.chunks ??= []).push({ bytes, cost });
    if (last) this.complete = true;
    this._wake();
  }

  _wake() {
    const { wake } = this;
    this.wake = null;
    if (wake !== null) wake();
  }

  /** @returns {Promise<Buffer | null>} the next chunk, null at the end */
  async next_chunk() {
    this.reading = true;
    this.asked++;
    for (;;) {
      const chunk = this.chunks?.shift();
      if (chunk !== undefined) {
        if (chunk.cost > 0) this.link.consume(this.stream, this.use, chunk.cost);
        return chunk.bytes;
      }
      if (this.given_up !== null) throw this.given_up;
      if (this.complete) return null;
      if (this.left !== null) throw this.left;
      await new Promise((resolve) => {
        this.wake = resolve;
      });
    }
  }

  /** @returns {Promise<Buffer>} all of the body */
  async whole_body() {
    const first = await this.next_chunk();
    if (first === null) return Buffer.alloc(0);
    const chunks = [first];
    for (let chunk = await this.next_chunk(); chunk !== null; chunk = await this.next_chunk()) chunks.push(chunk);
    return chunks.length === 1 ? first : Buffer.concat(chunks);
  }

  /** @returns {ReadableStream} the body, read as its reader asks for it */
  body_stream() {
    return new ReadableStream(
      {
        pull: async (controller) => {
          const chunk = await this.next_chunk();
          if (chunk === null) controller.close();
          else controller.enqueue(new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length));
        },
        cancel: () => this.discard(),
      },
      { highWaterMark: 0 },
    );
  }

  /** What of the body has not been read never will be. */
  discard() {
    for (const chunk of this.chunks ?? []) if (chunk.cost > 0) this.link.consume(this.stream, this.use, chunk.cost);
    this.chunks = null;
    if (this.complete) return;
    this.complete = true;
    if (this.stream.use === this.use) this.link.stop(this.stream);
    this._wake();
  }

  // ---- the response

  /** The front has given the stream up. @param {Error} error */
  leave(error) {
    this.left = error;
    this.link.cancel(this.stream, REASON.ACKNOWLEDGED);
    this.controller?.abort(error);
    this.reader?.cancel(error).catch(() => {});
    this._wake();
    this.on_credit();
  }

  on_credit() {
    const { wake_writer } = this;
    this.wake_writer = null;
    if (wake_writer !== null) wake_writer();
  }

  /** The response has left whole, or never will. */
  done() {
    if (!this.has_body || this.complete) return;
    if (this.reading) this._watch_reader();
    else this.discard();
  }

  /** Lets who reads the body go on, but not a client wait that sends to nobody: it would send for ever, and never read its response. */
  _watch_reader() {
    const { asked } = this;
    const look = () => {
      if (this.complete || this.left !== null) return;
      if (this.wake !== null || this.asked !== asked) return this._watch_reader();
      this.given_up = new Error('the rest of the body was given up: the response had left, and nobody read on');
      this.discard();
    };
    setTimeout(look, UNREAD_MS_MAX).unref();
  }

  /**
   * Sends a Response.
   * @param {Response} response
   * @returns {Promise<void> | undefined} undefined if it left at once
   */
  respond(response) {
    if (this.left !== null) {
      if (!is_light(response)) response.body?.cancel(this.left).catch(() => {});
      return undefined;
    }
    if (!is_light(response)) return this._respond_stream(response);
    let body = response[kBody];
    let lines = lines_to_send(response);
    const status = response[kStatus];
    if (this.method === 'HEAD') {
      if (body !== null && !CONTENT_LENGTH.test(lines)) lines += `content-length: ${Buffer.byteLength(body)}\r\n`;
      body = null;
    }
    if (this.link.respond(this.stream, status, lines, body, true)) {
      this.done();
      return undefined;
    }
    return this._respond_long(status, lines, typeof body === 'string' ? Buffer.from(body) : body);
  }

  /** A body that is there but too long to ride with its head. */
  async _respond_long(status, lines, body) {
    const length = CONTENT_LENGTH.test(lines) ? '' : `content-length: ${body.length}\r\n`;
    this._head(status, lines + length, null, false);
    if (await this._write(body)) this.link.body_end(this.stream);
    this.done();
  }

  _head(status, lines, body, last) {
    if (!this.link.respond(this.stream, status, lines, body, last)) throw new UnsendableResponse('the header section of the Response is too long');
  }

  /** @returns {Promise<boolean>} false if nobody waits for it any more */
  async _write(bytes) {
    for (let at = 0; this.left === null; ) {
      at += this.link.body_bytes(this.stream, bytes, at);
      if (at === bytes.length) return true;
      await new Promise((resolve) => {
        this.wake_writer = resolve;
      });
    }
    return false;
  }

  /**
   * A body that comes from a stream. The head waits for the first chunk as long as that takes no turn of the loop:
   * so a short body still leaves in one frame, and an event stream's head leaves at once.
   */
  async _respond_stream(response) {
    const { status, body } = response;
    let lines;
    try {
      if (status < 200) throw new UnsendableResponse(`a Response of status ${status} cannot be sent`);
      lines = lines_to_send(response);
    } catch (error) {
      body?.cancel(error).catch(() => {});
      throw error;
    }
    if (body === null || this.method === 'HEAD') {
      body?.cancel().catch(() => {});
      this._head(status, lines, null, true);
      return this.done();
    }
    const reader = (this.reader = body.getReader());
    let head_sent = false;
    let first = null;
    for (;;) {
      const reading = reader.read();
      if (!head_sent && (await Promise.race([reading, next_turn()])) === undefined) {
        this._head(status, lines, first, false);
        first = null;
        head_sent = true;
      }
      const { done, value: given } = await reading;
      if (this.left !== null) return this.done();
      if (done) break;
      // Against the standard, and what adapters for Node take.
      const value = typeof given === 'string' ? Buffer.from(given) : given;
      if (!(value instanceof Uint8Array)) throw new TypeError('a chunk of a Response body is not a Uint8Array');
      if (!head_sent && first === null && value.length <= ABOARD_BYTES_MAX) {
        first = value;
        continue;
      }
      if (!head_sent) this._head(status, lines, first, false);
      head_sent = true;
      if (!(await this._write(value))) return this.done();
    }
    if (head_sent) this.link.body_end(this.stream);
    else this._head(status, lines, first, true);
    this.done();
  }
}

/** @returns {Promise<undefined>} resolves at the end of this turn of the loop */
function next_turn() {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

module.exports = { Exchange };
