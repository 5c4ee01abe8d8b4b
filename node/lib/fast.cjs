'use strict';
// The fast lane: frames become real IncomingMessages and ServerResponses, served by Node's own code.
//
// What Node's parser does when it has parsed a head is done here with the head the front has parsed: an
// IncomingMessage of the server's class is filled and handed to Node's own `onIncoming`, which makes the response,
// watches over 'finish', answers Expect and emits 'request'. Body and end go through the functions Node's parser
// calls for them. So what an application can observe is decided by the Node it runs on.

const http = require('node:http');
const { LinkSocket, kStream, kHeld, kResource, kCancelled, kServing, kFeed, kEnds } = require('./socket.cjs');
const { kOrigin, dispatch, dispatched, resume } = require('./origin.cjs');
const { NAMES } = require('./names.cjs');
const { REASON, REQUEST } = require('./protocol.cjs');
const { split_lines } = require('./head.cjs');
const { speaks_tls } = require('./listen.cjs');
const { below_mount } = require('./mount.cjs');
const { Feed } = require('./bytes.cjs');
const sessions = require('./sessions.cjs');
const { fault_error } = require('./faults.cjs');
const { times_of } = require('./times.cjs');

const METHODS = new Set(http.METHODS);
const NO_BYTES = Buffer.alloc(0);
/** Of a request's head beside its names, values, method and target: `  HTTP/1.1`, the line's end and the last one. */
const HEAD_FIXED_BYTES = 14;
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
// Where a later Node lacks it, ticks and promises run at the end of the read instead of after each request.
const run_ticks = process._tickCallback ?? (() => {});

let parser_body = '';
let parser_complete = '';
/** The key under which a server keeps its class of requests. @type {symbol | null} */
let kIncomingMessage = null;
/** The key under which a request keeps `headers` once they are made. @type {symbol | null} */
let kHeaders = null;
/** Node's own listener for the errors of a server's sockets: emits 'clientError', or answers. @type {Function | null} */
let socket_on_error = null;

/** Learns what Node calls its parser's callbacks and its private keys, from the first socket. */
function learn_names(socket, server) {
  const Parser = socket.parser.constructor;
  parser_body = Parser.kOnBody;
  parser_complete = Parser.kOnMessageComplete;
  kIncomingMessage = own_symbol(server, 'IncomingMessage');
  kHeaders = own_symbol(new http.IncomingMessage(socket), 'kHeaders');
}

let watching = false;

/** Notices the end of a response when Node does, within `end()`: 'finish' comes a tick later, behind whatever the application does then. */
function watch_ends() {
  if (watching) return;
  watching = true;
  const { prototype } = http.ServerResponse;
  const { _finish: node_finish } = prototype;
  prototype._finish = function _finish() {
    const { socket } = this;
    node_finish.call(this);
    if (socket instanceof LinkSocket) socket._response_written();
  };
}

/** @param {object} object @param {string} description @returns {symbol} */
function own_symbol(object, description) {
  const found = Object.getOwnPropertySymbols(object).find((key) => key.description === description);
  if (found === undefined) throw new Error(`this Node.js (${process.version}) is unknown: it has no ${description}`);
  return found;
}

const { _addHeaderLine: node_add_header_line } = http.IncomingMessage.prototype;

/**
 * Makes `headers` at once: Node asks for `host` and `expect` of every request, and the ids spare it the lookup
 * of each name. What is not a first occurrence of a known name is Node's to decide (joined, dropped, an array).
 */
function fill_headers(request, fields, ids, length) {
  const headers = {};
  for (let index = 0, at = 0; at < length; index++, at += 2) {
    const id = ids[index];
    if (id !== 0) {
      const name = NAMES[id];
      if (headers[name] === undefined) {
        headers[name] = fields[at + 1];
        continue;
      }
    }
    request._addHeaderLine(fields[at], fields[at + 1], headers);
  }
  request[kHeaders] = headers;
}

/** Whether the application wants to see connections: beside Node's own listener there is another. */
function wants_connections(server) {
  if (speaks_tls(server)) return server.listenerCount('secureConnection') > 1 || server.listenerCount('connection') > 1;
  return server.listenerCount('connection') > 1;
}

/** What a server decides by that was not told how to; undefined where Node has no such option. */
const default_should_upgrade = String(new http.Server().shouldUpgradeCallback);

/**
 * By what the request's connection may be taken over: then Node's parser decides, and 'upgrade' or 'connect' get it.
 * @returns {string | null}
 */
function taken_over_by(server, head) {
  if (head.method === 'CONNECT') return "'connect'";
  if ((head.flags & REQUEST.UPGRADE) === 0) return null;
  if (server.listenerCount('upgrade') > 0) return "'upgrade'";
  return String(server.shouldUpgradeCallback) !== default_should_upgrade ? 'shouldUpgradeCallback' : null;
}

/** A client connection as this worker knows it. */
class Connection {
  /** @param {import('./head.cjs').Ends} ends */
  constructor(ends) {
    this.ends = ends;
    /** @type {LinkSocket | null} */
    this.socket = null;
    /** Sockets of streams that run at the same time as the first one's. @type {Set<LinkSocket> | null} */
    this.others = null;
  }

  /** @returns {Iterable<LinkSocket>} every socket it has */
  *sockets() {
    if (this.socket !== null) yield this.socket;
    if (this.others !== null) yield* this.others;
  }
}

class FastLane {
  /**
   * @param {import('./link.cjs').Link} link
   * @param {import('node:http').Server} server
   * @param {() => void} served called after each request
   * @param {((line: string) => void) | null} debug told of what goes another way, and why
   */
  constructor(link, server, served, debug = null) {
    this.link = link;
    this.server = server;
    this.served = served;
    this.debug = debug;
    /** The server's 'request' listener, or listeners, at the last request. @type {unknown} */
    this.listener = undefined;
    this.head_bytes_max = server.maxHeaderSize || http.maxHeaderSize;
    this.serve = this.serve.bind(this);
    this.serve_body = this.serve_body.bind(this);
    /** The front has been told to announce connections when they are accepted. */
    this.is_early = false;
    watch_ends();
    this.wants_early();
  }

  /** Whether connections count from their beginning: the application watches them, or their time. */
  wants_early() {
    const { head_ms, request_ms } = times_of(this.server);
    if (!this.is_early && (head_ms > 0 || request_ms > 0 || wants_connections(this.server))) {
      this.is_early = true;
      this.link.announce_early();
    }
    return this.is_early;
  }

  /**
   * A socket for a stream of this connection: the connection's one if it is free.
   * @param {Connection} connection
   */
  socket_for(connection) {
    const first = connection.socket;
    if (first === null || first.destroyed) return (connection.socket = this.new_socket(connection));
    if (this.is_free(first)) return first;
    connection.others ??= new Set();
    for (const other of connection.others) {
      if (other.destroyed) connection.others.delete(other);
      else if (this.is_free(other)) return other;
    }
    const another = this.new_socket(connection);
    another[kEnds] = null;
    connection.others.add(another);
    return another;
  }

  /** Whether a socket can serve a further stream: it serves none, was not taken over nor ended, and is this server's. */
  is_free(socket) {
    return !socket.busy && !socket.is_tunnel && !socket.writableEnded && socket._server === this.server;
  }

  new_socket(connection) {
    const { server } = this;
    const { head_ms, request_ms } = times_of(server);
    if (head_ms > 0 || request_ms > 0) this.link.limit(connection.ends.connection, head_ms, request_ms);
    const socket = new LinkSocket(this.link, connection.ends, server);
    if (wants_connections(server)) {
      this.debug?.(`connection ${connection.ends.connection} goes through Node's parser: somebody listens for 'connection'`);
      server.emit(speaks_tls(server) ? 'secureConnection' : 'connection', socket);
      socket[kFeed] = new Feed(socket, false);
      run_ticks();
      return socket;
    }
    http._connectionListener.call(server, socket);
    if (kIncomingMessage === null) learn_names(socket, server);
    // The server's list of parsers is for those that parse: one that never does would be timed out.
    socket.parser.remove();
    // Of Node's own sockets the first tick is over before a request comes: a late 'resume' would undo its 'pause'.
    run_ticks();
    return socket;
  }

  /**
   * Serves a request.
   * @param {import('./link.cjs').Stream} stream
   * @param {import('./head.cjs').RequestHead} head
   * @param {Connection} connection
   * @param {Buffer | null} body what came of it with the head
   * @param {boolean} last the body is complete
   */
  request(stream, head, connection, body, last) {
    const { server } = this;
    if (server._events.request !== this.listener) {
      this.listener = server._events.request;
      sessions.look(this.link);
    }
    const socket = this.socket_for(connection);
    if (socket[kFeed] === null) this.feed_if_taken_over(socket, head);
    stream.owner = socket;
    socket[kStream] = stream;
    socket[kServing] = true;
    if (socket._handle !== null) socket._handle.bytesRead += bytes_of(head) + (body === null ? 0 : body.length);
    const resource = socket[kResource];
    const feed = socket[kFeed];
    if (feed !== null) {
      dispatch(socket[kOrigin], head);
      resource.runInAsyncScope(feed.request, feed, head, body, last);
      run_ticks();
      dispatched();
      return this.served();
    }
    if (!METHODS.has(head.method)) {
      return this.refuse(socket, 'MethodInvalid', Buffer.from(`${head.method} ${head.target} HTTP/1.1\r\n`, 'latin1'), true);
    }
    if (head.text_bytes >= this.head_bytes_max) return this.refuse(socket, 'HeaderTooLarge', NO_BYTES, true);
    // Nobody takes the connection over: what came behind the request is the front's to send again.
    if ((head.flags & REQUEST.AHEAD) !== 0) body = null;
    const { fields, version } = head;
    const parser = socket.parser;
    const request = new server[kIncomingMessage](socket);
    parser.incoming = request;
    if (version === 11) {
      request.httpVersionMajor = 1;
      request.httpVersionMinor = 1;
      request.httpVersion = '1.1';
    } else {
      request.httpVersionMajor = version === 20 ? 2 : 1;
      request.httpVersionMinor = 0;
      request.httpVersion = version === 20 ? '2.0' : '1.0';
    }
    request.joinDuplicateHeaders = server.joinDuplicateHeaders;
    if (head.mount_length > 0) {
      request.url = below_mount(head);
      request.originalUrl = head.target;
    } else {
      request.url = head.target;
    }
    request.upgrade = (head.flags & REQUEST.UPGRADE) !== 0;
    const pairs_max = parser.maxHeaderPairs;
    const length = pairs_max > 0 && pairs_max < fields.length ? pairs_max : fields.length;
    fields.length = length;
    request._addHeaderLines(fields, length);
    if (request._addHeaderLine === node_add_header_line) fill_headers(request, fields, head.ids, length);
    request.method = head.method;
    dispatch(socket[kOrigin], head);
    resource.runInAsyncScope(this.serve, undefined, parser, request, (head.flags & REQUEST.KEEP_ALIVE) !== 0, body, last);
    run_ticks();
    // As Node's parser, which lets ticks run behind a piece of the body: who reads it does so before its end is known.
    if (body !== null && last && parser.incoming === request) {
      resource.runInAsyncScope(parser[parser_complete], parser);
      run_ticks();
    }
    dispatched();
    this.served();
  }

  /** From a request that may take the connection over, Node's parser reads it. */
  feed_if_taken_over(socket, head) {
    const by = taken_over_by(this.server, head);
    if (by === null) return;
    this.debug?.(`${head.method} ${head.target} goes through Node's parser: ${by} may take its connection over`);
    socket[kFeed] = new Feed(socket, true);
  }

  serve(parser, request, keep_alive, body, last) {
    parser.onIncoming(request, keep_alive);
    if (body !== null) parser[parser_body](body);
    else if (last && parser.incoming === request) parser[parser_complete]();
  }

  /**
   * More of a request's body.
   * @param {LinkSocket} socket
   * @param {import('./link.cjs').Stream} stream
   * @param {Buffer} body
   * @param {boolean} last
   */
  body(socket, stream, body, last) {
    const resource = socket[kResource];
    if (socket._handle !== null) socket._handle.bytesRead += body.length;
    resume(socket[kOrigin]);
    const feed = socket[kFeed];
    if (feed !== null) resource.runInAsyncScope(feed.body, feed, stream, body, last);
    else resource.runInAsyncScope(this.serve_body, undefined, socket, stream, body, last);
    if (last) socket._request_done(stream);
    run_ticks();
    dispatched();
    if (feed !== null && stream.tunnels) this.served();
  }

  serve_body(socket, stream, body, last) {
    const parser = socket.parser;
    if (socket.timeout) socket._unrefTimer();
    if (body.length > 0) {
      const { use } = stream;
      const handle = socket._handle;
      if (parser !== null && parser !== undefined && handle !== null) parser[parser_body](body);
      // Credit goes back at once while the application reads, else when it reads on.
      if (socket[kStream] === stream && handle !== null && !handle.reading) socket[kHeld] += body.length;
      else this.link.consume(stream, use, body.length);
    }
    if (last && parser?.incoming) parser[parser_complete]();
  }

  /** The body has ended, with trailer fields. */
  trailers(socket, stream, lines) {
    const { parser } = socket;
    const fields = split_lines(lines);
    resume(socket[kOrigin]);
    const feed = socket[kFeed];
    if (feed !== null) {
      socket[kResource].runInAsyncScope(feed.trailers, feed, lines);
    } else if (parser?.incoming && fields !== null) {
      parser._headers = fields;
      socket[kResource].runInAsyncScope(parser[parser_complete], parser);
    }
    socket._request_done(stream);
    run_ticks();
    dispatched();
  }

  /**
   * What a client has sent is no request, or has not come in time.
   * @param {import('./link.cjs').Stream} stream
   * @param {{ rule: string, bytes: Buffer }} fault
   * @param {Connection} connection
   */
  fault(stream, { rule, bytes }, connection) {
    const of_head = stream.owner === null;
    let socket = stream.owner;
    if (of_head) {
      socket = stream.owner = this.socket_for(connection);
      socket[kStream] = stream;
      socket[kServing] = true;
    }
    this.refuse(socket, rule, bytes, of_head);
  }

  /** Has Node deal with it as with an error of its parser: 'clientError', or the server's own answer. */
  refuse(socket, rule, bytes, of_head) {
    socket_on_error ??= socket.listeners('error').find((listener) => listener.name === 'socketOnError');
    resume(socket[kOrigin]);
    // An HTTP/1.1 request without Host is well formed for Node's parser: its server refuses it, and tells nobody.
    if (rule === 'HostMissing') socket[kResource].runInAsyncScope(socket.end, socket, BAD_REQUEST);
    else socket[kResource].runInAsyncScope(socket_on_error, socket, fault_error(rule, bytes, of_head));
    run_ticks();
    dispatched();
    this.served();
  }

  /** The response may be written on. */
  credit(socket) {
    resume(socket[kOrigin]);
    socket._credit_came();
    dispatched();
  }

  /** Nobody waits for the response any more. */
  cancel(socket, reason) {
    // It can still read: what the program does about that is the server's setting.
    if (reason === REASON.CLIENT_ENDED && this.server.httpAllowHalfOpen) return;
    socket[kCancelled] = true;
    socket[kOrigin].leave();
    socket._client_left(() => {
      resume(socket[kOrigin]);
      socket[kResource].runInAsyncScope(socket._given_up, socket, reason);
      run_ticks();
      dispatched();
    });
  }

  /** The client connection is gone. @param {Connection} connection */
  closed(connection) {
    for (const socket of connection.sockets()) {
      // One whose stream was given up ends in its own time, and one that was taken over when the application has read what came.
      if (!socket.is_tunnel && (!socket[kCancelled] || !socket.busy)) socket.destroy();
    }
  }

  /** @param {import('./head.cjs').Ends} ends */
  new_connection(ends) {
    const connection = new Connection(ends);
    if (this.wants_early()) connection.socket = this.new_socket(connection);
    return connection;
  }
}

/** What a head takes as text, as most clients write it. @param {import('./head.cjs').RequestHead} head */
function bytes_of(head) {
  return head.method.length + head.text_bytes + 2 * head.fields.length + HEAD_FIXED_BYTES;
}

module.exports = { FastLane, Connection };
