'use strict';
// The fast lane: frames become real IncomingMessages and ServerResponses, served by Node's own code.
//
// What Node's parser does when it has parsed a head is done here with the head the front has parsed: an
// IncomingMessage of the server's class is filled and handed to Node's own `onIncoming`, which makes the response,
// watches over 'finish', answers Expect and emits 'request'. Body and end go through the functions Node's parser
// calls for them. So what an application can observe is decided by the Node it runs on.

const http = require('node:http');
const { AsyncResource } = require('node:async_hooks');
const { LinkSocket, kStream, kHeld, kResource, kCancelled, kServing } = require('./socket.cjs');
const { REQUEST } = require('./protocol.cjs');
const { split_lines } = require('./head.cjs');

const METHODS = new Set(http.METHODS);
const BAD_REQUEST = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n';
const RESOURCE_OPTIONS = { requireManualDestroy: true };
const run_ticks = process._tickCallback;

let parser_body = '';
let parser_complete = '';
/** The key under which a server keeps its class of requests. @type {symbol | null} */
let kIncomingMessage = null;

/** Learns what Node's parser calls its callbacks, from the first one seen. */
function learn_parser(socket, server) {
  const Parser = socket.parser.constructor;
  parser_body = Parser.kOnBody;
  parser_complete = Parser.kOnMessageComplete;
  kIncomingMessage = Object.getOwnPropertySymbols(server).find((key) => key.description === 'IncomingMessage') ?? null;
}

/**
 * The request target below the prefix the service is mounted at.
 * @param {import('./head.cjs').RequestHead} head
 */
function below_mount(head) {
  const { target, path_start, mount_length } = head;
  const rest = target.slice(path_start + mount_length);
  return target.slice(0, path_start) + (rest.startsWith('/') ? rest : `/${rest}`);
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
  }

  /**
   * A socket for a stream of this connection: the connection's one if it is free.
   * @param {Connection} connection
   */
  socket_for(connection) {
    const first = connection.socket;
    if (first !== null && !first.destroyed) {
      if (!first.busy) return first;
      connection.others ??= new Set();
      for (const other of connection.others) {
        if (other.destroyed) connection.others.delete(other);
        else if (!other.busy) return other;
      }
      const another = this.new_socket(connection);
      connection.others.add(another);
      return another;
    }
    return (connection.socket = this.new_socket(connection));
  }

  new_socket(connection) {
    const socket = new LinkSocket(this.link, connection.ends, this.server);
    http._connectionListener.call(this.server, socket);
    if (kIncomingMessage === null) learn_parser(socket, this.server);
    // The server's list of parsers is for those that parse: one that never does would be timed out.
    socket.parser.remove();
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
    const socket = this.socket_for(connection);
    stream.owner = socket;
    socket[kStream] = stream;
    socket[kServing] = true;
    const resource = new AsyncResource('HTTPINCOMINGMESSAGE', RESOURCE_OPTIONS);
    socket[kResource] = resource;
    if (!METHODS.has(head.method)) {
      socket.end(BAD_REQUEST);
      return;
    }
    const { server } = this;
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
    request._addHeaderLines(fields, pairs_max > 0 && pairs_max < fields.length ? pairs_max : fields.length);
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
    socket[kResource].runInAsyncScope(this.serve_body, undefined, socket, stream, body, last);
    run_ticks();
  }

  serve_body(socket, stream, body, last) {
    const parser = socket.parser;
    if (socket.timeout) socket._unrefTimer();
    if (body.length > 0) {
      const { generation } = stream;
      const handle = socket._handle;
      if (parser !== null && parser !== undefined && handle !== null) parser[parser_body](body);
      // Credit goes back at once while the application reads, else when it reads on.
      if (handle !== null && handle.reading) this.link.consume(stream, generation, body.length);
      else if (socket[kStream] === stream) socket[kHeld] += body.length;
      else this.link.consume(stream, generation, body.length);
    }
    if (last && parser?.incoming) parser[parser_complete]();
  }

  /** The body has ended, with trailer fields. */
  trailers(socket, lines) {
    const parser = socket.parser;
    const fields = split_lines(lines);
    if (parser?.incoming && fields !== null) {
      parser._headers = fields;
      socket[kResource].runInAsyncScope(parser[parser_complete], parser);
    }
    run_ticks();
  }

  /** Nobody waits for the response any more. */
  cancel(socket) {
    socket[kCancelled] = true;
    socket[kResource].runInAsyncScope(socket.destroy, socket);
    run_ticks();
  }

  /** The client connection is gone. @param {Connection} connection */
  closed(connection) {
    connection.socket?.destroy();
    if (connection.others !== null) for (const socket of connection.others) socket.destroy();
  }
}

module.exports = { FastLane, Connection };
