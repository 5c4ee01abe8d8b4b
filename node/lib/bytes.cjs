'use strict';
// The byte lane: Node's own parser reads a client's requests, for what the fast lane cannot serve.
//
// The request the front has validated is written down again as HTTP/1.1, in the client's case and order, and pushed into the socket
// that Node's server takes for a client's: 'connection', 'upgrade' and 'connect' listeners get what they get from a real one. When the
// parser has found that the application takes the connection over, the stream becomes a tunnel, and what comes is pushed as it is.

const { kStream, kHeld } = require('./socket.cjs');
const { below_mount } = require('./mount.cjs');
const { REQUEST } = require('./protocol.cjs');
const { TUNNEL } = require('./link.cjs');

const CRLF = Buffer.from('\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
/** What `onIncoming` tells the parser for it to stop behind the head: until Node 26 that is how a connection is taken over. */
const TAKEN_OVER = 2;

/** Whether a field of this name is among them. */
function has_field(fields, name) {
  for (let at = 0; at < fields.length; at += 2) if (fields[at].toLowerCase() === name) return true;
  return false;
}

/** What a socket has whose requests Node's parser reads. */
class Feed {
  /**
   * @param {import('./socket.cjs').LinkSocket} socket after Node's `connectionListener`
   * @param {boolean} removed its parser has not been meant to parse until now
   */
  constructor(socket, removed) {
    this.socket = socket;
    /** The request's body has no length: the parser gets chunks. */
    this.chunked = false;
    /** The parser has been given what came behind the request: it must not take that for another one. */
    this.ahead = false;
    /** Full targets of mounted requests whose head the parser has not seen. @type {string[]} */
    this.original_urls = [];
    this._watch_parser(removed);
  }

  /** Sees heads when Node does: `originalUrl` where the parser knows the target below the prefix only, and tunnels before they begin. */
  _watch_parser(removed) {
    const { socket } = this;
    const { parser } = socket;
    if (!parser) return;
    // It was taken off the server's list of those that parse (fast.cjs): later Nodes' reads nothing after that.
    if (removed) parser.initialize(parser.constructor.REQUEST, { type: 'HTTPINCOMINGMESSAGE', socket }, socket._server.maxHeaderSize || 0, 0);
    const on_incoming = parser.onIncoming;
    parser.onIncoming = (request, keep_alive) => {
      const original_url = this.original_urls.shift();
      if (original_url !== undefined && original_url !== '') request.originalUrl = original_url;
      const taken = on_incoming(request, keep_alive);
      if (request.upgrade) socket._begin_tunnel();
      // Not taken over after all: the parser stops behind this request, and what is there is the front's to send again.
      return this.ahead ? TAKEN_OVER : taken;
    };
  }

  /**
   * @param {import('./head.cjs').RequestHead} head
   * @param {Buffer | null} body what came of it with the head, or behind the head
   * @param {boolean} last the body is complete
   */
  request(head, body, last) {
    const mounted = head.mount_length > 0;
    this.original_urls.push(mounted ? head.target : '');
    this.chunked = (head.flags & REQUEST.UNSIZED) !== 0;
    this.ahead = (head.flags & REQUEST.AHEAD) !== 0;
    const { fields } = head;
    let text = `${head.method} ${mounted ? below_mount(head) : head.target} HTTP/1.${head.version === 10 ? 0 : 1}\r\n`;
    for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`;
    if (this.chunked && !has_field(fields, 'transfer-encoding')) text += 'transfer-encoding: chunked\r\n';
    // In one piece: what is behind the head becomes the `head` of 'upgrade' and 'connect'.
    this.socket.push(Buffer.concat([Buffer.from(`${text}\r\n`, 'latin1'), ...this._framed(body, last, '')]));
  }

  /** More of the body, or of a tunnel's bytes. Credit goes back when the parser, or the application, has taken it. */
  body(stream, body, last) {
    const { socket } = this;
    const framed = stream.tunnel === TUNNEL.OPEN ? [body] : this._framed(body, last, '');
    if (socket.is_tunnel) return socket._tunnel_came(stream, Buffer.concat(framed), body.length, last);
    // As Node's own does with each piece it reads: the connection's time begins anew.
    if (socket.timeout) socket._unrefTimer();
    for (const part of framed) socket.push(part);
    if (socket._handle?.reading || socket[kStream] !== stream) socket._consume(stream, body.length);
    else socket[kHeld] += body.length;
  }

  /** The end of a body with trailer fields. @param {string} lines */
  trailers(lines) {
    for (const part of this._framed(null, true, lines)) this.socket.push(part);
  }

  /** @returns {Buffer[]} what the parser is to get for a piece of the body */
  _framed(body, last, trailers) {
    const has_bytes = body !== null && body.length > 0;
    if (!this.chunked) return has_bytes ? [body] : [];
    const parts = has_bytes ? [Buffer.from(`${body.length.toString(16)}\r\n`), body, CRLF] : [];
    if (last) parts.push(trailers === '' ? LAST_CHUNK : Buffer.from(`0\r\n${trailers}\r\n`, 'latin1'));
    return parts;
  }
}

module.exports = { Feed };
