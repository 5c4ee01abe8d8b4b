'use strict';
// What the application sees as the client's connection: a net.Socket whose bytes travel in the link's frames.
//
// There is one for each client connection a worker has heard of, made when its first request comes. Node's own
// `connectionListener` is run on it, so that Node's own code answers for timeouts, 'finish', 'close', aborts and
// diagnostics; only the bytes of requests never pass through it, because the front has parsed them.
//
// A response is written by Node's OutgoingMessage as to any socket. `write` puts what it gets straight into the
// link's output while there is credit; without credit the ordinary Writable machinery takes over, which is where
// `res.write()` returning false and 'drain' come from.

const { AsyncResource } = require('node:async_hooks');
const net = require('node:net');
const { REASON } = require('./protocol.cjs');

const kStream = Symbol('diglot.stream');
const kLink = Symbol('diglot.link');
const kMessage = Symbol('diglot.message');
const kPending = Symbol('diglot.pending');
const kSent = Symbol('diglot.sent');
const kHeld = Symbol('diglot.held');
const kResource = Symbol('diglot.resource');
const kCancelled = Symbol('diglot.cancelled');
const kServing = Symbol('diglot.serving');

/** Stands where a socket has its libuv handle: addresses, and reading that starts and stops. */
class Handle {
  /**
   * @param {import('./head.cjs').Ends} ends
   */
  constructor(ends) {
    this.ends = ends;
    this.reading = false;
    this.fd = -1;
    this.bytesRead = 0;
    this.bytesWritten = 0;
    this.writeQueueSize = 0;
    /** @type {LinkSocket | null} */
    this.link_socket = null;
  }

  readStart() {
    if (this.link_socket !== null) this.link_socket[kHeld] > 0 && give_back(this.link_socket);
    return 0;
  }

  readStop() {
    return 0;
  }

  getpeername(out) {
    return fill_address(out, this.ends.peer, this.ends.peer_port);
  }

  getsockname(out) {
    return fill_address(out, this.ends.local, this.ends.local_port);
  }

  close(callback) {
    if (callback !== undefined) setImmediate(callback);
  }

  setNoDelay() {
    return 0;
  }

  setKeepAlive() {
    return 0;
  }

  ref() {}

  unref() {}

  hasRef() {
    return true;
  }
}

function fill_address(out, address, port) {
  const family = net.isIP(address);
  if (family === 0) return 0;
  out.address = address;
  out.family = family === 6 ? 'IPv6' : 'IPv4';
  out.port = port;
  return 0;
}

/** Credit for body bytes that were held back while nobody read. */
function give_back(socket) {
  const stream = socket[kStream];
  const bytes = socket[kHeld];
  socket[kHeld] = 0;
  if (stream !== null) socket[kLink].consume(stream, stream.use, bytes);
}

/** @param {LinkSocket} socket @param {import('node:http').ServerResponse} message */
function tell_drained(socket, message) {
  if (socket[kMessage] === message && message.writableNeedDrain && socket.writableLength === 0) socket.emit('drain');
}

/** @param {LinkSocket} socket */
function destroy_if_idle(socket) {
  if (!socket.busy) socket.destroy();
}

class LinkSocket extends net.Socket {
  /**
   * @param {import('./link.cjs').Link} link
   * @param {import('./head.cjs').Ends} ends
   * @param {import('node:http').Server & { highWaterMark?: number }} server
   */
  constructor(link, ends, server) {
    const handle = new Handle(ends);
    super({ handle, allowHalfOpen: true, highWaterMark: server.highWaterMark });
    handle.link_socket = this;
    this[kLink] = link;
    /** The stream that is served, null between requests. @type {import('./link.cjs').Stream | null} */
    this[kStream] = null;
    this[kMessage] = null;
    this[kPending] = null;
    /** Bytes written in all. */
    this[kSent] = 0;
    /** Body bytes that were handed out, but whose credit waits for the reader. */
    this[kHeld] = 0;
    /** What a connection's requests run in: one for all of them, as Node's parser has it. */
    this[kResource] = new AsyncResource('HTTPINCOMINGMESSAGE');
    /** The front has given the stream up. */
    this[kCancelled] = false;
    /** A request is served: what is asked of the socket's time counts. */
    this[kServing] = true;
    if (ends.tls) {
      this.encrypted = true;
      this.authorized = false;
      this.alpnProtocol = false;
      // The client's certificate is the front's business: to the application it has shown none.
      this.getPeerCertificate = () => ({});
    }
    this._server = server;
    server._connections++;
  }

  /** True if a request or its response is not over: a further stream needs a socket of its own. */
  get busy() {
    const stream = this[kStream];
    return stream !== null && (stream.response_open || stream.request_open) && stream.owner === this;
  }

  // Node sets this when a response gets the socket and clears it when the response has finished.
  get _httpMessage() {
    return this[kMessage];
  }

  set _httpMessage(message) {
    const before = this[kMessage];
    this[kMessage] = message;
    if (message === null && before !== null) this._response_done(before);
  }

  _response_done(message) {
    this[kServing] = false;
    const stream = this[kStream];
    if (stream === null) return;
    this[kLink].wire_end(stream);
    if (!stream.request_open) this[kStream] = null;
    else if (message.req?._dumped) this._request_unread(stream, message.req);
    // Node would close the connection when its keep-alive time is over; here that time is the front's.
    if (!this._server.listening || this[kCancelled]) setImmediate(destroy_if_idle, this);
  }

  /** The process ends before 'finish' came: a response that was written whole is whole. */
  _end_written() {
    const message = this[kMessage];
    if (message?.finished && this.writableLength === 0 && this[kStream] !== null) this[kLink].wire_end(this[kStream]);
  }

  /** Nobody will read the rest of the request's body: the client need not send it. */
  _request_unread(stream, request) {
    this[kLink].stop(stream);
    this[kStream] = null;
    const { parser } = this;
    if (parser?.incoming === request) parser[parser.constructor.kOnMessageComplete]();
  }

  /** The request's body has come whole, after its response had left. */
  _request_done(stream) {
    if (this[kStream] === stream && !stream.response_open) this[kStream] = null;
  }

  /** @param {import('./link.cjs').Stream} stream @param {number} bytes of the body that were read */
  _consume(stream, bytes) {
    this[kLink].consume(stream, stream.use, bytes);
  }

  write(chunk, encoding, callback) {
    const stream = this[kStream];
    const state = this._writableState;
    if (stream !== null && state.length === 0 && !state.ending && !state.destroyed && stream.response_open) {
      let bytes = -1;
      if (typeof chunk === 'string') {
        if (encoding === undefined || encoding === null || encoding === 'utf8') {
          bytes = chunk === '' ? 0 : this[kLink].wire_text(stream, chunk, false);
        } else if (encoding === 'latin1') {
          bytes = chunk === '' ? 0 : this[kLink].wire_text(stream, chunk, true);
        }
      } else if (chunk instanceof Uint8Array && typeof encoding !== 'function') {
        if (chunk.length <= this[kLink].room(stream)) bytes = this[kLink].wire_bytes(stream, chunk, 0);
      }
      if (bytes >= 0) {
        this[kSent] += bytes;
        if (this.timeout) this._unrefTimer();
        if (typeof callback === 'function') process.nextTick(callback);
        return true;
      }
    }
    return super.write(chunk, encoding, callback);
  }

  uncork() {
    super.uncork();
    this._all_written();
  }

  /**
   * A message that was corked may have been told to wait for 'drain' by its own count, though the link took so much of it at once that this
   * socket was never full. Node's would have been, and would tell it when the system has the bytes.
   */
  _all_written() {
    const message = this[kMessage];
    if (message?.writableNeedDrain && this.writableLength === 0) process.nextTick(tell_drained, this, message);
  }

  _write(chunk, encoding, callback) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    this[kPending] = { chunks: [bytes], index: 0, at: 0, callback, resource: new AsyncResource('WRITEWRAP') };
    this._send_pending();
  }

  _writev(entries, callback) {
    const chunks = entries.map(({ chunk, encoding }) => (typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk));
    this[kPending] = { chunks, index: 0, at: 0, callback, resource: new AsyncResource('WRITEWRAP') };
    this._send_pending();
  }

  /** There is credit again. 'drain' and the callbacks of writes get the context of who wrote, as from Node's own socket. */
  _credit_came() {
    const pending = this[kPending];
    if (pending !== null) pending.resource.runInAsyncScope(this._send_pending, this);
  }

  /** Sends what waits for credit, as far as it goes. */
  _send_pending() {
    const pending = this[kPending];
    if (pending === null) return;
    const stream = this[kStream];
    const link = this[kLink];
    while (pending.index < pending.chunks.length) {
      const chunk = pending.chunks[pending.index];
      // Without a stream nobody is there to read: a write between two requests goes nowhere.
      if (stream?.response_open) {
        const sent = link.wire_bytes(stream, chunk, pending.at);
        this[kSent] += sent;
        pending.at += sent;
        if (pending.at < chunk.length) {
          if (sent > 0 && this.timeout) this._unrefTimer();
          return;
        }
      }
      pending.index++;
      pending.at = 0;
    }
    this[kPending] = null;
    pending.callback();
    this._all_written();
  }

  /** The application has ended a response, though not finished its turn. */
  _response_written() {
    const stream = this[kStream];
    const link = this[kLink];
    if (stream === null || !stream.response_open || this.writableLength > 0 || !link.waits_for_none()) return;
    link.wire_end(stream);
    link.flush();
  }

  /**
   * The client has left. Of a body that came whole and is more than Node itself would have read from its socket, the
   * application hears of that behind the body's end, as it would without a server before it; else at once, but behind what
   * came right before.
   * @param {() => void} leave
   */
  _client_left(leave) {
    const request = this[kMessage]?.req;
    const unread = request?.complete && !request.readableEnded && !request.destroyed;
    if (!unread) leave();
    else if (request.readableLength < request.readableHighWaterMark) setImmediate(leave);
    else request.once('end', () => setImmediate(leave));
  }

  /** What has been written is all of the response. */
  _end_response() {
    const stream = this[kStream];
    if (stream !== null) this[kLink].wire_end(stream);
  }

  _final(callback) {
    this._end_response();
    callback();
  }

  _destroy(error, callback) {
    const stream = this[kStream];
    if (stream !== null) {
      this[kStream] = null;
      const link = this[kLink];
      if (this[kHeld] > 0) {
        link.consume(stream, stream.use, this[kHeld]);
        this[kHeld] = 0;
      }
      if (stream.response_open) link.cancel(stream, this[kCancelled] ? REASON.ACKNOWLEDGED : REASON.APP_FAILED);
      else link.stop(stream);
    }
    this[kPending] = null;
    super._destroy(error, callback);
  }

  // Between two requests the connection's time is the front's: only what is asked for during one has an effect.
  setTimeout(ms, callback) {
    if (!this[kServing]) {
      if (this.timeout) super.setTimeout(0);
      return this;
    }
    if (ms === 0 && !this.timeout && callback === undefined) return this;
    return super.setTimeout(ms, callback);
  }

  get bytesWritten() {
    return this[kSent] + this.writableLength;
  }

  get _bytesDispatched() {
    return this[kSent];
  }

  resetAndDestroy() {
    return this.destroy();
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }
}

module.exports = { LinkSocket, kStream, kHeld, kResource, kCancelled, kServing };
