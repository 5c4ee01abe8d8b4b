'use strict';
// The byte lane: a private connection into Node's own parser, for what the fast lane cannot serve.
//
// The request the front has validated is written down again as HTTP/1.1, in the client's case and order, and pushed into a socket that
// Node's server takes for a client's: 'connection', 'upgrade' and 'connect' listeners get what they get from a real one.

const { LinkSocket, kStream, kHeld } = require('./socket.cjs');
const { below_mount } = require('./mount.cjs');
const { REQUEST } = require('./protocol.cjs');

const CRLF = Buffer.from('\r\n');
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
const kChunked = Symbol('diglot.chunked');
const kOriginalUrls = Symbol('diglot.original_urls');

/** Whether a field of this name is among them. */
function has_field(fields, name) {
  for (let at = 0; at < fields.length; at += 2) if (fields[at].toLowerCase() === name) return true;
  return false;
}

class ByteSocket extends LinkSocket {
  constructor(link, ends, server) {
    super(link, ends, server);
    this[kChunked] = false;
    /** Full targets of mounted requests whose head the parser has not seen. @type {string[]} */
    this[kOriginalUrls] = [];
  }

  /** Keeps `originalUrl` where the parser knows the target below the prefix only. */
  watch_parser() {
    const { parser } = this;
    if (!parser) return;
    const on_incoming = parser.onIncoming;
    parser.onIncoming = (request, keep_alive) => {
      const original_url = this[kOriginalUrls].shift();
      if (original_url !== undefined && original_url !== '') request.originalUrl = original_url;
      return on_incoming(request, keep_alive);
    };
  }

  /**
   * @param {import('./head.cjs').RequestHead} head
   * @param {Buffer | null} body what came of it with the head
   * @param {boolean} last the body is complete
   */
  feed_request(head, body, last) {
    const mounted = head.mount_length > 0;
    this[kOriginalUrls].push(mounted ? head.target : '');
    this[kChunked] = (head.flags & REQUEST.UNSIZED) !== 0;
    const { fields } = head;
    let text = `${head.method} ${mounted ? below_mount(head) : head.target} HTTP/1.${head.version === 10 ? 0 : 1}\r\n`;
    for (let at = 0; at < fields.length; at += 2) text += `${fields[at]}: ${fields[at + 1]}\r\n`;
    if (this[kChunked] && !has_field(fields, 'transfer-encoding')) text += 'transfer-encoding: chunked\r\n';
    this.push(Buffer.from(`${text}\r\n`, 'latin1'));
    if (body !== null || last) this._feed(body, last, '');
  }

  /** More of the body, whose credit goes back when the parser has taken it. */
  feed_body(stream, body, last) {
    this._feed(body, last, '');
    if (this._handle?.reading || this[kStream] !== stream) this._consume(stream, body.length);
    else this[kHeld] += body.length;
  }

  /** The end of a body with trailer fields. @param {string} lines */
  feed_trailers(lines) {
    this._feed(null, true, lines);
  }

  _feed(body, last, trailers) {
    if (body !== null && body.length > 0) {
      if (this[kChunked]) this.push(Buffer.from(`${body.length.toString(16)}\r\n`));
      this.push(body);
      if (this[kChunked]) this.push(CRLF);
    }
    if (last && this[kChunked]) this.push(trailers === '' ? LAST_CHUNK : Buffer.from(`0\r\n${trailers}\r\n`, 'latin1'));
  }

  /**
   * Node answers what its parser refuses itself and destroys the connection, whose end is then the answer's: without it the front
   * would take the answer for one that was cut off.
   */
  destroy(error, callback) {
    if (error?.code?.startsWith?.('HPE_') && !this._httpMessage?._headerSent) this._end_response();
    return super.destroy(error, callback);
  }

  // The parser has to see the body to its end, read or not, before the next request.
  _request_unread() {}
}

module.exports = { ByteSocket };
