'use strict';
// The fetch lane, feature by feature.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const http = require('node:http');
const Module = require('node:module');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Front } = require('../support/front.cjs');
const { REQUEST, STREAM_WINDOW_BYTES, TYPE } = require('../lib/protocol.cjs');

const WITH_BODY = REQUEST.KEEP_ALIVE | REQUEST.BODY;
const CHUNKED = WITH_BODY | REQUEST.UNSIZED;
const app = (name) => path.join(__dirname, '..', 'support', 'apps', name);

describe('fetch', () => {
  /** @type {Front} */
  let front;
  const get = (target, more = {}) => front.fetch({ target, ...more });
  const post = (target, body, headers = []) =>
    front.fetch({ method: 'POST', target, flags: WITH_BODY, body, headers: ['Host', 'h.test', 'Content-Length', String(body.length), ...headers] });

  before(async () => {
    front = await new Front(app('fetch.mjs')).ready();
    front.open(1);
  });
  after(() => front.stop());

  it('says its interface', () => {
    const ready = front.frames.find(({ type }) => type === 'READY');
    assert.equal(ready.payload[0], 4);
  });

  it('answers a text in one frame', async () => {
    const exchange = front.request({ target: '/hello' });
    const { status, headers, text } = await exchange.response();
    assert.deepEqual([status, headers, text], [200, { 'content-type': 'text/plain;charset=UTF-8' }, 'hello']);
    assert.equal(exchange.frames.length, 1);
  });

  it('answers what a promise brings', async () => {
    const { status, headers, text } = await get('/promise');
    assert.deepEqual([status, headers['x-one'], text], [201, '1', 'later']);
  });

  it('shows a Request that is one', async () => {
    const { text } = await get('/request?a=b', { headers: ['Host', 'h.test:8000', 'X-A', '1', 'x-a', '2'] });
    assert.deepEqual(JSON.parse(text), {
      method: 'GET',
      url: 'http://h.test:8000/request?a=b',
      headers: [['host', 'h.test:8000'], ['x-a', '1, 2']],
      is: true,
      constructor: true,
      copied: ['http://h.test:8000/request?a=b', 'GET', 'yes'],
      body: null,
      used: false,
      signal: true,
      mode: 'cors',
      remote: '192.0.2.7',
      wait: 'function',
    });
  });

  it('makes the url the URL parser would', async () => {
    front.open(2, { tls: true });
    const urls = [
      [{ target: '/request', headers: ['Host', 'EXAMPLE.Test:80'] }, 'http://example.test/request'],
      [{ target: '/request?q="<>"', headers: ['Host', 'h'] }, 'http://h/request?q=%22%3C%3E%22'],
      [{ target: '/request', headers: [] , version: 10 }, 'http://127.0.0.1:8000/request'],
      [{ target: '/request', connection: 2, headers: ['Host', '[::1]:8443'] }, 'https://[::1]:8443/request'],
      [{ target: 'http://other.test/request?x', headers: ['Host', 'h'] }, 'http://other.test/request?x'],
      [{ target: '/api/request', mount: '/api', headers: ['Host', 'h'] }, 'http://h/request'],
    ];
    for (const [request, url] of urls) assert.equal(JSON.parse((await front.fetch(request)).text).url, url);
  });

  it('reads bodies in every form', async () => {
    assert.equal((await post('/text', 'some text')).text, 'some text true');
    assert.deepEqual(JSON.parse((await post('/json', '{"a":[1]}')).text), { a: [1] });
    assert.equal((await post('/bytes', 'HAL')).text, 'IBM');
    assert.equal((await post('/form', 'name=value', ['Content-Type', 'application/x-www-form-urlencoded'])).text, 'value');
    assert.equal((await post('/twice', 'x')).text, 'TypeError');
    assert.equal((await post('/clone', 'x')).text, 'x x');
    assert.equal((await get('/text')).text, ' false');
  });

  it('takes a body far above the window, with credit, by stream and whole', async () => {
    const total = 4 * STREAM_WINDOW_BYTES;
    for (const [target, check] of [['/stream', (text) => assert.equal(text, String(total))], ['/text', (text) => assert.equal(text.length, total + 5)]]) {
      const exchange = front.request({ method: 'POST', target, flags: CHUNKED }, false);
      for (let at = 0; at < total; ) {
        await exchange.until(() => STREAM_WINDOW_BYTES + exchange.credit > at);
        const bytes = Math.min(STREAM_WINDOW_BYTES + exchange.credit - at, 65_536, total - at);
        exchange.body(Buffer.alloc(bytes, 'x'), at + bytes === total);
        at += bytes;
      }
      check((await exchange.response()).text);
    }
  });

  it('ends a body with its trailers', async () => {
    const exchange = front.request({ method: 'POST', target: '/text', flags: CHUNKED }, false);
    exchange.body('abc');
    exchange.send(TYPE.TRAILERS, Buffer.from('x: y\r\n'), true);
    assert.equal((await exchange.response()).text, 'abc true');
  });

  it('passes a body through', async () => {
    const exchange = front.request({ method: 'POST', target: '/echo', flags: CHUNKED }, false);
    exchange.body('one ');
    await exchange.until(() => exchange.frames.length > 0);
    exchange.body('two', true);
    assert.equal((await exchange.response()).text, 'one two');
  });

  it('stops a body nobody reads', async () => {
    const exchange = front.request({ method: 'POST', target: '/hello', flags: CHUNKED }, false);
    assert.equal((await exchange.response()).text, 'hello');
    await exchange.until(() => exchange.stopped);
  });

  it('sends a stream of strings, as adapters do', async () => {
    assert.equal((await get('/strings')).text, 'one twö');
  });

  it('gives up a body of which somebody has read the beginning, and tells who reads on', async () => {
    const exchange = front.request({ method: 'POST', target: '/peek', flags: CHUNKED, body: 'ab' }, false);
    assert.equal((await exchange.response()).text, 'seen 2');
    await exchange.until(() => exchange.stopped);
    front.child.kill('SIGUSR2');
    await front.says('peek: the rest of the body was given up');
  });

  it('streams events as they come', async () => {
    const exchange = front.request({ target: '/events' });
    const { headers, text } = await exchange.response();
    assert.equal(headers['content-type'], 'text/event-stream');
    assert.equal(text, 'data: 0\n\ndata: 1\n\ndata: 2\n\n');
    assert.ok(exchange.frames.length >= 3);
  });

  it('sends the head of a silent stream, and tells it when the client leaves', async () => {
    const exchange = front.request({ target: '/silent' });
    await exchange.until(() => exchange.frames.length > 0);
    assert.equal(exchange.frames[0].type, 'RESPONSE');
    exchange.cancel();
    assert.equal((await exchange.response()).cancelled, 6);
    await front.says('aborted');
    await front.says('cancelled AbortError');
  });

  it('waits for credit', async () => {
    const exchange = front.request({ target: '/flood?chunks=40' });
    exchange.hold = true;
    await exchange.until(() => exchange.held === STREAM_WINDOW_BYTES);
    assert.ok(!front.stdout.includes('flood is over'));
    exchange.hold = false;
    exchange.give_credit();
    assert.equal((await exchange.response()).body.length, 40 * 16 * 1024);
  });

  it('answers a long text with its length', async () => {
    const { headers, text } = await get('/large');
    assert.equal(headers['content-length'], '400000');
    assert.equal(text, 'ü'.repeat(200_000));
  });

  it('sends what was done to a Response', async () => {
    const { headers, text } = await get('/headers');
    assert.deepEqual(headers, { 'x-a': '1', 'set-cookie': 'a=1, b=2', 'content-type': 'text/x' });
    assert.equal(text, 'changed');
    const cloned = await get('/cloned');
    assert.deepEqual([cloned.status, cloned.text], [202, 'cloned']);
    const subclass = await get('/subclass');
    assert.deepEqual([subclass.status, subclass.text], [418, 'short and stout']);
    assert.equal((await get('/none')).status, 204);
    const redirect = await get('/redirect');
    assert.deepEqual([redirect.status, redirect.headers.location], [303, 'http://a.test/there']);
  });

  it('has a Response that behaves like one', async () => {
    assert.deepEqual(JSON.parse((await get('/light')).text), {
      status: 203,
      statusText: 'Light',
      ok: true,
      type: 'default',
      url: '',
      redirected: false,
      bodyUsed: false,
      text: 'body',
      after: true,
      header: 'b',
      invalid: 'TypeError',
      range: 'RangeError',
      fetched: true,
      data: 'data',
    });
  });

  it('passes the request on with fetch()', async () => {
    const upstream = http.createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end(JSON.stringify([request.method, request.url, request.headers['x-a'] ?? null, request.headers['x-proxy'] ?? null, body]));
    });
    await once(upstream.listen(0, '127.0.0.1'), 'listening');
    const headers = ['Host', `127.0.0.1:${upstream.address().port}`, 'X-A', 'a'];
    const forward = async (request) => JSON.parse((await front.fetch({ headers, ...request })).text);
    const sized = { method: 'POST', flags: WITH_BODY, body: 'some text' };
    try {
      assert.deepEqual(await forward({ target: '/forward?q' }), ['GET', '/forward?q', 'a', null, '']);
      assert.deepEqual(await forward({ target: '/forward', ...sized }), ['POST', '/forward', 'a', null, 'some text']);
      assert.deepEqual(await forward({ target: '/forward-changed', ...sized }), ['POST', '/forward-changed', null, '1', 'some text']);
      assert.deepEqual(await forward({ target: '/forward-url' }), ['GET', '/forward-url', null, null, '']);
      assert.equal((await front.fetch({ headers, target: '/forward-read', ...sized })).text, 'TypeError');
    } finally {
      upstream.closeAllConnections();
      upstream.close();
    }
  });

  it('answers 400 to a host that makes no URL, without the application', async () => {
    const said = front.stderr.length;
    for (const host of ['1.2.3.256', '[::1']) {
      const { status, text } = await get('/hello', { headers: ['Host', host] });
      assert.deepEqual([status, text], [400, 'Bad Request'], host);
    }
    const exchange = front.request({ method: 'POST', target: '/text', flags: CHUNKED, headers: ['Host', '1.2.3.256'] }, false);
    assert.equal((await exchange.response()).status, 400);
    await exchange.until(() => exchange.stopped);
    assert.equal((await get('/hello')).text, 'hello');
    assert.equal(front.stderr.slice(said), '');
  });

  it('HEAD has the length and no body', async () => {
    const { headers, text } = await get('/hello', { method: 'HEAD' });
    assert.deepEqual([headers['content-length'], text], ['5', '']);
  });

  it('answers 500 for what fails, with the stack in the log', async () => {
    for (const [target, reason] of [['/throws', 'thrown by fetch'], ['/rejects', 'rejected by fetch'], ['/nothing', 'must return a Response, it returned undefined']]) {
      const { status, text } = await get(target);
      assert.deepEqual([status, text], [500, 'Internal Server Error']);
      await front.says(reason);
      assert.match(front.stderr, /fetch\.mjs:\d+|lane\.cjs:\d+/);
    }
  });

  it('answers 500 for a header the link would not carry, names it in the log, and lives on', async () => {
    const control = /is answered with 500: the header "x-name" of the Response cannot be sent: its value holds the control character 0x01/;
    const long = `name=${'n'.repeat(256)}&value=v`;
    for (const [query, reason] of [
      ['how=object&value=%01', control],
      ['how=headers&value=a%7Fb', /"x-name".*0x7f/],
      ['how=later&value=a%01', control],
      ['how=null&value=%1f', /"x-name".*0x1f/],
      ['how=stream&value=a%01', control],
      ['how=object&name=content-length&value=abc', /"content-length".*at most 19 digits/],
      ['how=object&name=Content-Length&value=12345678901234567890', /"content-length".*at most 19 digits/],
      ['how=later&name=Content-Length&value=5%2C%206', /"content-length".*at most 19 digits/],
      ['how=headers&name=content-length&value=-1', /"content-length".*at most 19 digits/],
      ['how=twice&value=2', /"content-length".*at most 19 digits/],
      [`how=object&${long}`, /"n{40}…".*longer than 255 bytes/],
      [`how=later&${long}`, /"n{40}…".*longer than 255 bytes/],
      ['how=object&name=transfer-encoding&value=gzip', /"transfer-encoding".*coding/],
      [`how=object&name=connection&value=${'a,'.repeat(40)}b`, /"connection".*more than 32 options/],
      ['how=many&value=v', /has 1101 header fields/],
      [`how=object&value=${'v'.repeat(10)}&repeat=20`, null],
      ['how=object&name=Content-Length&value=2', null],
      ['how=headers&name=x-name&value=caf%C3%A9', null],
    ]) {
      const said = front.stderr.length;
      const { status, text } = await get(`/bad-header?${query}`);
      if (reason === null) {
        assert.deepEqual([status, text], [200, 'hi'], query);
        continue;
      }
      assert.deepEqual([status, text], [500, 'Internal Server Error'], query);
      await front.until_said(() => reason.test(front.stderr.slice(said)));
      const line = front.stderr.slice(said);
      assert.match(line, /^diglot: GET \/bad-header is answered with 500/);
      assert.equal(line.trim().split('\n').length, 1, line);
    }
    await front.says('not sent: the header "x-name"');
    assert.equal((await get('/hello')).text, 'hello');
  });

  it('cuts a response whose stream fails', async () => {
    assert.equal((await get('/stream-error')).cancelled, 4);
    await front.says('the stream broke');
  });

  it('waits at DRAIN for what was given to waitUntil', async () => {
    const other = await new Front(app('fetch.mjs')).ready();
    other.open(1);
    assert.equal((await other.fetch({ target: '/wait-until' })).text, 'waiting');
    other.drain();
    other.ping();
    await other.until(() => other.frames.some(({ type }) => type === 'PONG'));
    other.child.kill('SIGUSR2');
    assert.equal((await other.exit).code, 0);
    assert.match(other.stdout, /waited for/);
  });
});

describe('a module', () => {
  // Node 20 has no way to tell when the main module has begun after --import: there it must leave the loop empty.
  const skip = Module.registerHooks === undefined && 'Node 20';
  const both = [
    ['no flags', [], false],
    ['--import', ['--import', app('import.mjs')], skip],
  ];
  for (const [flags, node_args, skipped] of both) {
    it(`exports fetch from CommonJS with ${flags}`, { skip: skipped }, async () => {
      const front = await new Front(app('fetch.cjs'), { node_args }).ready();
      front.open(1);
      assert.equal((await front.fetch({ target: '/path' })).text, '/path');
      await front.stop();
    });
  }

  it('exports fetch after --import took its time', async () => {
    const front = await new Front(app('fetch.mjs'), { node_args: ['--import', app('import.mjs')] }).ready();
    front.open(1);
    assert.equal((await front.fetch({ target: '/hello' })).text, 'hello');
    await front.stop();
  });
});
