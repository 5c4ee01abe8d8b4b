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
const { sets_time } = require('./times.cjs');
const os = require('node:os');
const { REASON } = require('./protocol.cjs');
const { Origin, kOrigin, resource_of } = require('./origin.cjs');

const kStream = Symbol('diglot.stream');
const kLink = Symbol('diglot.link');
const kMessage = Symbol('diglot.message');
const kPending = Symbol('diglot.pending');
const kSent = Symbol('diglot.sent');
const kHeld = Symbol('diglot.held');
const kResource = Symbol('diglot.resource');
const kCancelled = Symbol('diglot.cancelled');
const kServing = Symbol('diglot.serving');
const kEnds = Symbol('diglot.ends');
const kFeed = Symbol('diglot.feed');
const kTunnel = Symbol('diglot.tunnel');
const kReset = Symbol('diglot.reset');
const kIdle = Symbol('diglot.idle');
const kTick = Symbol('diglot.tick');

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
  else socket[kLink].return_link_credit(bytes);
}

/** What Node says of a connection that ended so; null for an end without an error. @param {number} reason a `REASON` */
function connection_error(reason) {
  const code = { [REASON.CLIENT_GONE]: 'ECONNRESET', [REASON.TIMED_OUT]: 'ETIMEDOUT' }[reason];
  if (code === undefined) return null;
  return Object.assign(new Error(`read ${code}`), { errno: -os.constants.errno[code], code, syscall: 'read' });
}

/** @param {LinkSocket} socket @param {import('node:http').ServerResponse} message */
function tell_drained(socket, message) {
  if (socket[kMessage] === message && message.writableNeedDrain && socket._writableState.length === 0) socket.emit('drain');
}

/** @param {LinkSocket} socket */
function destroy_if_idle(socket) {
  if (!socket.busy) socket._leave();
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
    /** Null where the connection is another socket's, too: the end of this one is not its end. */
    this[kEnds] = ends;
    /** The stream that is served, null between requests. @type {import('./link.cjs').Stream | null} */
    this[kStream] = null;
    this[kMessage] = null;
    this[kPending] = null;
    /** Bytes written in all. */
    this[kSent] = 0;
    /** Body bytes that were handed out, but whose credit waits for the reader. */
    this[kHeld] = 0;
    /** What a connection's requests run in: one for all of them, as Node's parser has it. */
    this[kOrigin] = new Origin();
    this[kResource] = resource_of(this[kOrigin]);
    /** The front has given the stream up. */
    this[kCancelled] = false;
    /** A request is served: what is asked of the socket's time counts. */
    this[kServing] = true;
    /** Set where Node's parser reads the requests. @type {import('./bytes.cjs').Feed | null} */
    this[kFeed] = null;
    this[kTunnel] = false;
    /** The application resets the connection. */
    this[kReset] = false;
    /** It is closed for being idle: the client's connection goes on if a request has begun to come. */
    this[kIdle] = false;
    /** Bytes written since it was corked: the link has them, where Node's own socket would hold them until it is uncorked. */
    this[kTick] = 0;
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

  /** The application has taken the connection over: it carries no requests any more. */
  get is_tunnel() {
    return this[kTunnel];
  }

  /** The response is a stream of events, which need not come to an end by itself. */
  get has_events() {
    const header = this[kMessage]?._header;
    return typeof header === 'string' && /\r\ncontent-type:[ \t]*text\/event-stream/i.test(header);
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
    this[kOrigin].fields = null;
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
    if (message?.finished && this._writableState.length === 0 && this[kStream] !== null) this[kLink].wire_end(this[kStream]);
  }

  /** Nobody will read the rest of the request's body: the client need not send it. */
  _request_unread(stream, request) {
    // The parser has to see the body to its end, read or not, before the next request.
    if (this[kFeed] !== null) return;
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

  /** Node is about to hand the connection over (or to close it, for a CONNECT that nobody listens for). */
  _begin_tunnel() {
    const stream = this[kStream];
    if (stream !== null) this[kTunnel] = this[kLink].begin_tunnel(stream);
  }

  /**
   * Bytes of a tunnel, or its end.
   * @param {import('./link.cjs').Stream} stream
   * @param {Buffer} bytes
   * @param {number} credit_bytes what they have cost
   * @param {boolean} last the client sends nothing more
   */
  _tunnel_came(stream, bytes, credit_bytes, last) {
    const { use } = stream;
    if (bytes.length > 0) {
      this._handle.bytesRead += bytes.length;
      if (this.timeout) this._unrefTimer();
      const goes_on = this.push(bytes);
      if (goes_on || this.destroyed) {
        this[kLink].consume(stream, use, credit_bytes);
      } else {
        // As libuv's: no more is taken until the application has read so far that Node asks for more.
        this._handle.reading = false;
        this[kHeld] += credit_bytes;
      }
    }
    if (last && !this.destroyed) {
      this._tunnel_ended();
      this.push(null);
      this.read(0);
    }
  }

  /** A direction of the tunnel has ended. When both have, the stream is over, though the application may have some left to read. */
  _tunnel_ended() {
    const stream = this[kStream];
    if (stream !== null && !stream.request_open && !stream.response_open) this[kStream] = null;
  }

  /** The front has given the stream up: for a tunnel, its client's connection is gone. @param {number} reason a `REASON` */
  _given_up(reason) {
    this.destroy((this[kTunnel] && connection_error(reason)) || undefined);
  }

  write(chunk, encoding, callback) {
    const stream = this[kStream];
    const state = this._writableState;
    // As much as fills the socket's buffer goes through it: `write` is to return false, and 'drain' to follow.
    const fits = chunk.length < state.highWaterMark;
    if (stream !== null && fits && state.length === 0 && !state.ending && !state.destroyed && stream.response_open) {
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
        if (state.corked > 0) this[kTick] += bytes;
        if (this.timeout) this._unrefTimer();
        if (typeof callback === 'function') process.nextTick(callback);
        return true;
      }
    }
    return super.write(chunk, encoding, callback);
  }

  uncork() {
    super.uncork();
    if (this._writableState.corked === 0) this[kTick] = 0;
    this._all_written();
  }

  get writableLength() {
    return this._writableState.length + this[kTick];
  }

  /**
   * A message that was corked may have been told to wait for 'drain' by its own count, though the link took so much of it at once that this
   * socket was never full. Node's would have been, and would tell it when the system has the bytes.
   */
  _all_written() {
    const message = this[kMessage];
    if (message?.writableNeedDrain && this._writableState.length === 0) process.nextTick(tell_drained, this, message);
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
    if (stream === null || !stream.response_open || this._writableState.length > 0 || !link.waits_for_none()) return;
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
    if (stream === null) return;
    this[kLink].wire_end(stream);
    if (this[kTunnel]) this._tunnel_ended();
  }

  /** The client's connection ends with this one, once. At the worker's end, those without a request are not its any more: others serve them. */
  _hang_up() {
    const ends = this[kEnds];
    const link = this[kLink];
    if (!this[kIdle]) this[kEnds] = null;
    if (ends === null || ends.gone || (link.draining && this[kStream] === null)) return;
    if (this[kIdle]) link.close_idle(ends.connection);
    else link.hang_up(ends.connection);
  }

  /** Ends for being idle. So does the client's connection, unless a request has begun to come: only the front knows of that. */
  _close_idle() {
    this[kIdle] = true;
    this.destroy();
  }

  /** Ends, and so does the client's connection, also where it has outlived this one. */
  _close() {
    if (!this.destroyed) this.destroy();
    else if (this[kIdle]) {
      this[kIdle] = false;
      this._hang_up();
    }
  }

  _onTimeout() {
    // What its listeners, or Node in their stead, do to a socket without a request is done to an idle connection.
    this[kIdle] = !this.busy && !this[kTunnel];
    super._onTimeout();
    if (!this.destroyed) this[kIdle] = false;
  }

  _final(callback) {
    if (this[kStream] === null) this._hang_up();
    this._end_response();
    callback();
  }

  /**
   * An answer that Node gives to what is no request, before it destroys the connection, ends with the connection: without its end the
   * front would take it for one that was cut off.
   */
  destroy(error, callback) {
    const is_answered = error?.code?.startsWith?.('HPE_') && !this._httpMessage?._headerSent && this[kStream]?.frame_epoch > 0;
    if (is_answered) this._end_response();
    return super.destroy(error, callback);
  }

  /** Ends for the application. The client's connection goes on: other workers serve it. */
  _leave() {
    this[kEnds] = null;
    this.destroy();
  }

  _destroy(error, callback) {
    if (this[kHeld] > 0) give_back(this);
    const stream = this[kStream];
    // Before the stream is given up: its client gets what the connection's end tells, and no answer in the application's stead.
    if (!this[kCancelled]) this._hang_up();
    if (stream !== null) {
      this[kStream] = null;
      const link = this[kLink];
      if (stream.response_open) link.cancel(stream, this._cancel_reason());
      else link.stop(stream);
    }
    this[kPending] = null;
    super._destroy(error, callback);
  }

  _cancel_reason() {
    if (this[kCancelled]) return REASON.ACKNOWLEDGED;
    return this[kReset] ? REASON.RESET : REASON.APP_FAILED;
  }

  // Between two requests the connection's time is the front's, but where the application sets its server's keepAliveTimeout: only what
  // is asked for during a request has an effect.
  setTimeout(ms, callback) {
    if (!this[kServing] && !sets_time(this._server, 'keepAliveTimeout')) {
      if (this.timeout) super.setTimeout(0);
      return this;
    }
    if (ms === 0 && !this.timeout && callback === undefined) return this;
    return super.setTimeout(ms, callback);
  }

  get bytesWritten() {
    return this[kSent] + this._writableState.length;
  }

  get _bytesDispatched() {
    return this[kSent];
  }

  resetAndDestroy() {
    this[kReset] = true;
    return this.destroy();
  }

  ref() {
    return this;
  }

  unref() {
    return this;
  }
}

module.exports = { LinkSocket, kStream, kHeld, kResource, kCancelled, kServing, kFeed, kEnds };
