// A client that sees what is on the wire: the case and order of fields, trailers, and where a connection breaks.

import { once } from 'node:events';
import http from 'node:http';
import net from 'node:net';
import { PATIENCE_MS } from './servers.mjs';

/** Of the connection, not of the response: each server writes its own. Of these, only whether there is one of the last is compared. */
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** A response that has been read to its end. */
export class Answer {
  constructor(response, body, interim) {
    this.status = response.statusCode;
    this.message = response.statusMessage;
    this.headers = response.headers;
    this.trailers = response.trailers;
    this.interim = interim;
    this.body = body;
    /** Fields as they were sent: `[name, value]` each. @type {[string, string][]} */
    this.fields = [];
    for (let at = 0; at < response.rawHeaders.length; at += 2) this.fields.push([response.rawHeaders[at], response.rawHeaders[at + 1]]);
  }

  get text() {
    return this.body.toString();
  }

  get json() {
    return JSON.parse(this.text);
  }

  /** The cookies it sets, ready to be sent back. */
  get cookies() {
    return (this.headers['set-cookie'] ?? []).map((cookie) => cookie.split(';')[0]).join('; ');
  }

  /** What a client can see of it, without what no two responses have in common. */
  seen() {
    // A 204 has no Content-Length (RFC 9110, section 8.6): where an application sets one, the front leaves it out.
    const is_dropped = (name) => HOP_BY_HOP.has(name) || (this.status === 204 && name === 'content-length');
    const fields = this.fields
      .filter(([name]) => !is_dropped(name.toLowerCase()))
      .map(([name, value]) => `${name}: ${name.toLowerCase() === 'date' ? 'now' : value}`);
    const chunked = this.headers['transfer-encoding'] !== undefined;
    return { status: `${this.status} ${this.message}`, interim: this.interim, fields, chunked, body: this.text, trailers: { ...this.trailers } };
  }
}

export class Client {
  /** @param {import('./servers.mjs').Server} server */
  constructor(server) {
    this.server = server;
    this.origin = server.origin;
    this.url = server.origin + (server.app.mount ?? '');
    /** Under node alone there is nothing of Diglot to test. */
    this.alone = server.workers === 0;
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
    /** Every response so far, as it was seen. */
    this.transcript = [];
  }

  close() {
    this.agent.destroy();
  }

  get(path, headers = {}, options = {}) {
    return this.send('GET', path, { headers, ...options });
  }

  post(path, body, headers = {}, options = {}) {
    return this.send('POST', path, { headers, body, ...options });
  }

  /** Posts an object as JSON. */
  post_json(path, value, headers = {}) {
    return this.post(path, JSON.stringify(value), { 'Content-Type': 'application/json', ...headers });
  }

  /**
   * @param {string} method
   * @param {string} path
   * @param {{ headers?: Record<string, string | string[]>, body?: string | Uint8Array | URLSearchParams | FormData | AsyncIterable<Uint8Array>, recorded?: boolean }} options
   *   `recorded: false` is for responses that may differ between servers or runs
   * @returns {Promise<Answer>}
   */
  async send(method, path, { headers = {}, body, recorded = true } = {}) {
    const interim = [];
    const response = await this.open(method, path, { headers, body, interim });
    const chunks = [];
    for await (const chunk of response) chunks.push(chunk);
    const answer = new Answer(response, Buffer.concat(chunks), interim);
    if (recorded) this.transcript.push({ request: `${method} ${path}`, ...answer.seen() });
    return answer;
  }

  /** The same, for who reads the response's body itself. @returns {Promise<http.IncomingMessage>} */
  async open(method, path, { headers = {}, body, signal, interim } = {}) {
    let sent = body;
    const all = { ...headers };
    if (body instanceof FormData || body instanceof URLSearchParams) {
      const form = new Response(body);
      all['Content-Type'] ??= form.headers.get('content-type');
      sent = Buffer.from(await form.arrayBuffer());
    }
    if (typeof sent === 'string') sent = Buffer.from(sent);
    if (sent instanceof Uint8Array) all['Content-Length'] ??= String(sent.length);
    const request = http.request(this.url + path, { method, headers: all, agent: this.agent, signal, timeout: PATIENCE_MS });
    request.on('timeout', () => request.destroy(new Error(`no answer to ${method} ${path} in ${PATIENCE_MS} ms`)));
    request.on('information', ({ statusCode, headers: fields }) => interim?.push({ status: statusCode, ...fields }));
    const responded = once(request, 'response');
    responded.catch(() => {});
    // Once there is a response, the connection's end is its reader's business.
    request.on('error', () => {});
    if (all.Expect === '100-continue') await Promise.race([once(request, 'continue'), responded]);
    if (sent === undefined || sent instanceof Uint8Array) request.end(sent);
    else {
      try {
        for await (const chunk of sent) if (!request.write(chunk)) await Promise.race([once(request, 'drain'), responded]);
        request.end();
      } catch (error) {
        // The server has answered before it had read all.
        if (error.code !== 'EPIPE' && error.code !== 'ECONNRESET') throw error;
      }
    }
    const [response] = await responded;
    return response;
  }

  /** A connection that has sent a request's head by hand and reads nothing yet. */
  async connect(head, { body = '' } = {}) {
    const { hostname, port } = new URL(this.origin);
    const socket = net.connect({ host: hostname, port });
    await once(socket, 'connect');
    const [first, ...rest] = head.split('\n');
    socket.write([first, `Host: ${hostname}:${port}`, ...rest, '', body].join('\r\n'));
    return socket;
  }
}

/** The first events of an event stream, each as its text. */
export async function events(response, count) {
  const found = [];
  let text = '';
  response.setEncoding('utf8');
  for await (const chunk of response) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0 && found.length < count; end = text.indexOf('\n\n')) {
      found.push(text.slice(0, end));
      text = text.slice(end + 2);
    }
    if (found.length >= count) break;
  }
  return found;
}
