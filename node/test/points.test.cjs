'use strict';
// Finer points of http, each asked of the same program twice: below the link, and run by plain node.

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const { once } = require('node:events');
const http = require('node:http');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Front } = require('../support/front.cjs');
const { REQUEST } = require('../lib/protocol.cjs');

const APP = path.join(__dirname, '..', 'support', 'apps', 'points.cjs');
const CHUNKED = REQUEST.KEEP_ALIVE | REQUEST.BODY | REQUEST.UNSIZED;
const MAJOR = Number(process.versions.node.split('.')[0]);

/** Waits until a program has said a text on its stdout, behind what it had said before. */
async function says(child, text, from = 0) {
  while (!child.said.slice(from).includes(text)) await once(child.stdout, 'data');
}

/** The program below the link, on connections by number. */
class Linked {
  async start() {
    this.front = await new Front(APP).ready();
    for (const id of [1, 2]) this.front.open(id);
  }

  begin({ connection = 1, method = 'GET', target, headers = [], body }) {
    return this.front.request({ connection, method, target, headers: ['Host', 'h', ...headers], body, flags: body === undefined ? undefined : CHUNKED });
  }

  async get(request) {
    const { status, line, headers, text, interim } = await this.begin(request).response();
    return { status, reason: line.split(' ').slice(2).join(' '), headers, text, interim };
  }

  /** The head, before the response has ended. */
  async head(request) {
    const exchange = this.begin(request);
    await exchange.until(() => exchange.text.includes('\r\n\r\n'));
    return { head: exchange.text.split('\r\n\r\n', 1)[0], rest: async () => (await exchange.response()).text };
  }

  async leave(target) {
    const from = this.front.stdout.length;
    const exchange = this.begin({ target });
    await exchange.until(() => exchange.text.includes('begun'));
    exchange.cancel();
    await this.front.until_said(() => this.front.stdout.slice(from).includes('left'));
  }

  stop() {
    return this.front.stop();
  }
}

/** The program run by node alone. */
class Plain {
  async start() {
    this.child = spawn(process.execPath, [APP], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.child.said = '';
    this.child.stdout.setEncoding('utf8').on('data', (text) => (this.child.said += text));
    await says(this.child, 'listening');
    this.port = Number(/listening (\d+)/.exec(this.child.said)[1]);
    this.agents = [1, 2].map(() => new http.Agent({ keepAlive: true, maxSockets: 1 }));
  }

  async begin({ connection = 1, method = 'GET', target, headers = [], body }) {
    const request = http.request({ port: this.port, host: '127.0.0.1', agent: this.agents[connection - 1], method, path: target, headers: ['Host', 'h', ...headers] });
    const interim = [];
    request.on('information', ({ statusCode, headers: fields }) => interim.push({ status: statusCode, headers: fields }));
    request.end(body);
    const [response] = await once(request, 'response');
    return Object.assign(response, { interim });
  }

  async get(request) {
    const response = await this.begin(request);
    let text = '';
    for await (const chunk of response) text += chunk;
    return { status: response.statusCode, reason: response.statusMessage, headers: response.headers, text, interim: response.interim };
  }

  async head(request) {
    const response = await this.begin(request);
    return {
      head: response.rawHeaders.join(' '),
      rest: async () => {
        let text = '';
        for await (const chunk of response) text += chunk;
        return text;
      },
    };
  }

  async leave(target) {
    const from = this.child.said.length;
    const response = await this.begin({ target });
    response.on('error', () => {});
    await once(response, 'data');
    response.destroy();
    await says(this.child, 'left', from);
  }

  async stop() {
    for (const agent of this.agents) agent.destroy();
    const ended = once(this.child, 'close');
    this.child.kill('SIGKILL');
    await ended;
  }
}

for (const Program of [Linked, Plain]) {
  describe(`points of http, ${Program === Linked ? 'below the link' : 'by plain node'}`, () => {
    const program = new Program();
    // Below the link the client's connection outlives its socket; an Agent may not have noticed yet that its own is gone.
    const next = Program === Linked ? 1 : 2;
    before(() => program.start());
    after(() => program.stop());

    /** What `finished` and `pipeline` have told; a callback may come a turn later than the response. */
    const events = async (count) => {
      const told = [];
      while (told.length < count) told.push(...JSON.parse((await program.get({ connection: 2, target: '/events' })).text));
      return told.sort();
    };

    it('statusMessage', async () => {
      const { status, reason, text } = await program.get({ target: '/status-message' });
      assert.deepEqual([status, reason, text], [418, 'Tea Time', 'short']);
    });

    it('sendDate', async () => {
      assert.equal((await program.get({ target: '/no-date' })).headers.date, undefined);
      assert.ok((await program.get({ target: '/hello' })).headers.date);
    });

    it('strictContentLength', async () => {
      const { headers, text } = await program.get({ target: '/strict' });
      assert.deepEqual([headers['content-length'], text], ['32', 'ERR_HTTP_CONTENT_LENGTH_MISMATCH']);
    });

    it('flushHeaders', async () => {
      const { head, rest } = await program.head({ target: '/flush-headers' });
      assert.match(head, /X-Early:? yes/);
      assert.equal((await program.get({ connection: 2, target: '/release' })).text, 'released');
      assert.match(await rest(), /late/);
    });

    it('joinDuplicateHeaders', async () => {
      const headers = ['X-Same', '1', 'x-same', '2', 'User-Agent', 'a', 'user-agent', 'b'];
      const seen = JSON.parse((await program.get({ target: '/headers', headers })).text);
      assert.deepEqual([seen.same, seen.agent], ['1, 2', 'a, b']);
    });

    // Later Nodes answer 431 where earlier ones cut: below the link it is cut on all.
    it('maxHeadersCount', async () => {
      const headers = Array.from({ length: 40 }, (_, index) => [`x-${index}`, 'v']).flat();
      const { status, text } = await program.get({ target: '/headers', headers });
      if (status === 431) return assert.ok(Program === Plain && MAJOR > 20, `431 on Node ${MAJOR}`);
      const { names } = JSON.parse(text);
      assert.equal(names[0], 'x-0');
      assert.ok(names.length <= 20, `${names.length} headers`);
      if (Program === Linked) assert.equal(names.length, 19);
    });

    it('socket.bytesRead', async () => {
      const read = async (request) => Number((await program.get(request)).text);
      const target = '/bytes-read';
      const [first, second, third] = [await read({ target }), await read({ target }), await read({ target, headers: ['X-Long', 'x'.repeat(92)] })];
      assert.equal(third - second, second - first + 102);
      assert.ok(second - first > 'GET /bytes-read HTTP/1.1\r\nHost: h\r\n\r\n'.length - 1);
      await program.get({ method: 'POST', target: '/upload', headers: ['Transfer-Encoding', 'chunked'], body: 'x'.repeat(5000) });
      const fourth = await read({ target });
      assert.ok(fourth - third > 5000, `${fourth - third} bytes of a body of 5000`);
      await events(1);
    });

    it('informational responses', async () => {
      const { text, interim } = await program.get({ target: '/information' });
      assert.equal(text, 'informed');
      const expected = [
        [102, {}],
        [103, { link: '</style.css>; rel=preload' }],
      ];
      if (http.ServerResponse.prototype.writeInformation !== undefined) expected.push([104, { 'upload-offset': '7' }]);
      const lower = (fields) => Object.fromEntries(Object.entries(fields).map(([name, value]) => [name.toLowerCase(), value]));
      assert.deepEqual(
        interim.map(({ status, headers }) => [status, lower(headers)]),
        expected,
      );
    });

    it('perf_hooks', async () => {
      await program.get({ target: '/measured' });
      await program.get({ target: '/status-message' });
      let entry;
      while (entry === undefined) {
        const entries = JSON.parse((await program.get({ target: '/measured' })).text);
        entry = entries.find(({ name, detail }) => name === 'HttpRequest' && detail.req.url === '/status-message');
      }
      assert.deepEqual([entry.entryType, entry.detail.req.method, entry.detail.res.statusCode, entry.detail.res.statusMessage], ['http', 'GET', 418, 'Tea Time']);
      assert.ok(entry.duration > 0);
    });

    it('stream.pipeline', async () => {
      assert.equal((await program.get({ target: '/pipeline' })).text, 'one two');
      assert.deepEqual(await events(1), ['pipeline whole']);
      assert.equal((await program.get({ method: 'POST', target: '/upload', headers: ['Transfer-Encoding', 'chunked'], body: 'abc' })).text, 'ABC');
      assert.deepEqual(await events(1), ['upload whole']);
    });

    it('stream.finished', async () => {
      assert.equal((await program.get({ target: '/finished' })).text, 'ok');
      assert.deepEqual(await events(2), ['request whole', 'response whole']);
      await program.leave('/left');
      assert.deepEqual(await events(2), ['request whole', 'response ERR_STREAM_PREMATURE_CLOSE']);
    });

    it('destroySoon', async () => {
      assert.equal((await program.get({ target: '/destroy-soon' })).text, 'soon');
      assert.deepEqual(await events(1), ['socket whole']);
      assert.equal((await program.get({ connection: next, target: '/hello' })).text, 'hello');
    });

    it('closeIdleConnections', async () => {
      await program.get({ connection: 1, target: '/remember' });
      const { text } = await program.get({ connection: 2, target: '/close-idle' });
      assert.deepEqual(JSON.parse(text), { own: false, others: [true] });
      assert.equal((await program.get({ connection: next, target: '/hello' })).text, 'hello');
    });
  });
}
