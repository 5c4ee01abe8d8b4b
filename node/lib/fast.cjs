'use strict';
// The fast lane: frames become real IncomingMessages and ServerResponses, served by Node's own code.
//
// What Node's parser does when it has parsed a head is done here with the head the front has parsed: an
// IncomingMessage of the server's class is filled and handed to Node's own `onIncoming`, which makes the response,
// watches over 'finish', answers Expect and emits 'request'. Body and end go through the functions Node's parser
// calls for them. So what an application can observe is decided by the Node it runs on.

const http = require('node:http');
const { LinkSocket, kStream, kHeld, kResource, kCancelled, kServing } = require('./socket.cjs');
const { NAMES } = require('./names.cjs');
const { REQUEST } = require('./protocol.cjs');
const { split_lines } = require('./head.cjs');
const { speaks_tls } = require('./listen.cjs');
const { below_mount } = require('./mount.cjs');
const { ByteSocket } = require('./bytes.cjs');

const METHODS = new Set(http.METHODS);
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
// Where a later Node lacks it, ticks and promises run at the end of the read instead of after each request.
const run_ticks = process._tickCallback ?? (() => {});

let parser_body = '';
let parser_complete = '';
/** The key under which a server keeps its class of requests. @type {symbol | null} */
let kIncomingMessage = null;
/** The key under which a request keeps `headers` once they are made. @type {symbol | null} */
let kHeaders = null;

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

/** Whether the request's connection may be taken over: then Node's parser decides, and 'upgrade' or 'connect' get it. */
function takes_over(server, head) {
  return head.method === 'CONNECT' || ((head.flags & REQUEST.UPGRADE) !== 0 && server.listenerCount('upgrade') > 0);
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
   */
  constructor(link, server, served) {
    this.link = link;
    this.server = server;
    this.served = served;
    this.serve = this.serve.bind(this);
    this.serve_body = this.serve_body.bind(this);
    watch_ends();
  }

  /**
   * A socket for a stream of this connection: the connection's one if it is free.
   * @param {Connection} connection
   * @param {boolean} bytes it must be one that feeds Node's parser
   */
  socket_for(connection, bytes) {
    const first = connection.socket;
    if (first === null || first.destroyed) return (connection.socket = this.new_socket(connection, bytes));
    if (this.is_free(first, bytes)) return first;
    connection.others ??= new Set();
    for (const other of connection.others) {
      if (other.destroyed) connection.others.delete(other);
      else if (this.is_free(other, bytes)) return other;
    }
    const another = this.new_socket(connection, bytes);
    connection.others.add(another);
    return another;
  }

  /**
   * Whether a socket can serve a further stream: it serves none, was not ended by who took it over, is this server's, and feeds the
   * parser if that is needed.
   */
  is_free(socket, bytes) {
    return !socket.busy && !socket.writableEnded && socket._server === this.server && (!bytes || socket instanceof ByteSocket);
  }

  new_socket(connection, bytes) {
    const { server } = this;
    if (bytes || wants_connections(server)) {
      const socket = new ByteSocket(this.link, connection.ends, server);
      server.emit(speaks_tls(server) ? 'secureConnection' : 'connection', socket);
      socket.watch_parser();
      run_ticks();
      return socket;
    }
    const socket = new LinkSocket(this.link, connection.ends, server);
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
    const socket = this.socket_for(connection, takes_over(server, head));
    stream.owner = socket;
    socket[kStream] = stream;
    socket[kServing] = true;
    const resource = socket[kResource];
    if (socket instanceof ByteSocket) {
      resource.runInAsyncScope(socket.feed_request, socket, head, body, last);
      run_ticks();
      return this.served();
    }
    if (!METHODS.has(head.method)) return socket.end(BAD_REQUEST);
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
    request._addHeaderLines(fields, length);
    if (request._addHeaderLine === node_add_header_line) fill_headers(request, fields, head.ids, length);
    request.method = head.method;
    resource.runInAsyncScope(this.serve, undefined, parser, request, (head.flags & REQUEST.KEEP_ALIVE) !== 0, body, last);
    run_ticks();
    this.served();
  }

  serve(parser, request, keep_alive, body, last) {
    parser.onIncoming(request, keep_alive);
    if (body !== null) parser[parser_body](body);
    if (last && parser.incoming === request) parser[parser_complete]();
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
    if (socket instanceof ByteSocket) resource.runInAsyncScope(socket.feed_body, socket, stream, body, last);
    else resource.runInAsyncScope(this.serve_body, undefined, socket, stream, body, last);
    if (last) socket._request_done(stream);
    run_ticks();
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
    if (socket instanceof ByteSocket) {
      socket[kResource].runInAsyncScope(socket.feed_trailers, socket, lines);
    } else if (parser?.incoming && fields !== null) {
      parser._headers = fields;
      socket[kResource].runInAsyncScope(parser[parser_complete], parser);
    }
    socket._request_done(stream);
    run_ticks();
  }

  /** The response may be written on. */
  credit(socket) {
    socket._credit_came();
  }

  /** Nobody waits for the response any more. */
  cancel(socket) {
    socket[kCancelled] = true;
    socket._client_left(() => {
      socket[kResource].runInAsyncScope(socket.destroy, socket);
      run_ticks();
    });
  }

  /** The client connection is gone. @param {Connection} connection */
  closed(connection) {
    for (const socket of connection.sockets()) {
      // One whose stream was given up ends in its own time.
      if (!socket[kCancelled] || !socket.busy) socket.destroy();
    }
  }

  /** @param {import('./head.cjs').Ends} ends */
  new_connection(ends) {
    return new Connection(ends);
  }
}

module.exports = { FastLane, Connection };
