'use strict';
// Frameworks run unmodified, driven by what is particular to each.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { gunzipSync } = require('node:zlib');
const { Front } = require('../support/front.cjs');
const { REQUEST } = require('../lib/protocol.cjs');

const APPS = path.join(__dirname, '..', 'support', 'apps', 'frameworks');

/** Starts the app before the suite's tests and ends it after them. */
function serve(file, env = {}) {
  const suite = {
    get: (target, headers = []) => suite.front.fetch({ target, headers: ['Host', 'app.test', ...headers] }),
    post: (target, body, type) =>
      suite.front.fetch({
        method: 'POST',
        target,
        body,
        flags: REQUEST.KEEP_ALIVE | REQUEST.BODY,
        headers: ['Host', 'app.test', 'Content-Type', type, 'Content-Length', String(Buffer.byteLength(body))],
      }),
    json: async (target, headers) => JSON.parse((await suite.get(target, headers)).text),
  };
  before(async () => {
    suite.front = await new Front(path.join(APPS, file), { env }).ready();
    suite.front.open(1);
  });
  after(() => suite.front.stop());
  return suite;
}

for (const [version, name] of [[4, 'express4'], [5, 'express']]) {
  describe(`Express ${version}`, () => {
    const app = serve('express.cjs', { EXPRESS: name });

    it('sends with ETag and answers 304', async () => {
      const { headers, text } = await app.get('/');
      assert.deepEqual([text, headers['content-type']], ['Hello World!', 'text/html; charset=utf-8']);
      assert.ok(headers.etag);
      assert.equal((await app.get('/', ['If-None-Match', headers.etag])).status, 304);
      assert.match(app.front.stdout, /listening 8000/);
    });

    it('routes, with parameters, query and the client', async () => {
      assert.deepEqual(await app.json('/users/7?a=b'), {
        params: { id: '7' },
        query: { a: 'b' },
        baseUrl: '/users',
        originalUrl: '/users/7?a=b',
        url: '/7?a=b',
        ip: '192.0.2.7',
        protocol: 'http',
        hostname: 'app.test',
      });
    });

    it('is mounted', async () => {
      const { text } = await app.front.fetch({ target: '/api/users/7', mount: '/api' });
      assert.deepEqual([JSON.parse(text).originalUrl, JSON.parse(text).url], ['/api/users/7', '/7']);
    });

    it('parses bodies', async () => {
      const answer = await app.post('/body', '{"a":[1,"ü"]}', 'application/json');
      assert.deepEqual([answer.status, JSON.parse(answer.text)], [201, { a: [1, 'ü'] }]);
      assert.deepEqual(JSON.parse((await app.post('/body', 'a[b]=1&c=2', 'application/x-www-form-urlencoded')).text), { a: { b: '1' }, c: '2' });
      assert.equal(JSON.parse((await app.post('/body', 'text', 'text/plain')).text), 'text');
      const large = JSON.stringify({ text: 'x'.repeat(60_000) });
      const exchange = app.front.request({ method: 'POST', target: '/body', flags: REQUEST.BODY | REQUEST.KEEP_ALIVE, headers: ['Host', 'h', 'Content-Type', 'application/json', 'Content-Length', String(large.length)] }, false);
      exchange.body(large, true);
      assert.equal((await exchange.response()).text, large);
      assert.equal((await app.post('/body', '{bad', 'application/json')).status, 400);
    });

    it('compresses', async () => {
      const { headers, body } = await app.get('/large', ['Accept-Encoding', 'gzip']);
      assert.equal(headers['content-encoding'], 'gzip');
      assert.equal(gunzipSync(body).toString(), 'compress me '.repeat(1000));
      assert.equal((await app.get('/large')).text, 'compress me '.repeat(1000));
    });

    it('serves files: whole, in part, and not there', async () => {
      const { headers, text } = await app.get('/static/file.txt');
      assert.deepEqual([text, headers['content-length']], ['a static file\n', '14']);
      const part = await app.get('/static/file.txt', ['Range', 'bytes=2-7']);
      assert.deepEqual([part.status, part.text], [206, 'static']);
      assert.equal((await app.get('/static/none')).status, 404);
      assert.equal((await app.get('/file')).text, 'a static file\n');
      assert.equal((await app.get('/pipe')).text, readFileSync(path.join(APPS, 'express.cjs'), 'utf8'));
    });

    it('sets cookies and redirects', async () => {
      const { status, headers, raw } = await app.get('/cookie');
      assert.deepEqual([status, headers.location], [302, '/']);
      assert.equal(raw.filter((line) => /^set-cookie:/i.test(line)).length, 2);
    });

    it('streams events through the compression', async () => {
      const { text } = await app.get('/events');
      assert.equal(text, 'data: 1\n\ndata: 2\n\n');
    });

    it('handles errors', async () => {
      const { status, text } = await app.get('/throws');
      assert.deepEqual([status, text], [500, '{"error":"thrown in a route"}']);
    });
  });
}

describe('Koa', () => {
  const app = serve('koa.cjs');

  it('answers, streams, reads and throws', async () => {
    const { headers, text } = await app.get('/?a=1');
    assert.equal(headers['x-time'], 'measured');
    assert.deepEqual(JSON.parse(text), { method: 'GET', ip: '192.0.2.7', query: { a: '1' } });
    assert.equal((await app.get('/stream')).text, readFileSync(path.join(APPS, 'koa.cjs'), 'utf8'));
    assert.equal((await app.post('/body', 'echo', 'text/plain')).text, 'echo');
    assert.deepEqual([(await app.get('/throws')).status, (await app.get('/throws')).text], [418, 'thrown']);
  });
});

describe('Fastify', () => {
  const app = serve('fastify.mjs');

  it('listens on localhost and answers', async () => {
    await app.front.says('listening http://');
    assert.deepEqual(await app.json('/'), { hello: 'world' });
    assert.deepEqual(await app.json('/request/5'), { id: '5', ip: '192.0.2.7', seen: true, protocol: 'http' });
    assert.equal(app.front.stderr, '');
  });

  it('validates, streams and throws', async () => {
    const good = await app.post('/body', '{"a":"1"}', 'application/json');
    assert.deepEqual([good.status, good.text], [201, '{"a":1}']);
    assert.equal((await app.post('/body', '{"b":1}', 'application/json')).status, 400);
    assert.equal((await app.get('/stream')).text, readFileSync(path.join(APPS, 'fastify.mjs'), 'utf8'));
    assert.equal((await app.get('/throws')).status, 500);
  });

  it('closes when it is told to end', async () => {
    const other = await new Front(path.join(APPS, 'fastify.mjs')).ready();
    other.open(1);
    await other.fetch();
    other.drain();
    assert.deepEqual(await other.exit, { code: 0, signal: null });
    assert.match(other.stdout, /fastify closed/);
  });
});

for (const file of ['hono_server.mjs', 'hono_export.mjs', 'hono_both.mjs', 'hono_listener.mjs']) {
  describe(`Hono, ${file}`, () => {
    const app = serve(file);

    it('answers', async () => {
      const { headers, text } = await app.get('/');
      assert.equal(text, 'Hello Hono!');
      assert.match(headers['content-type'], /^text\/plain; ?charset=UTF-8$/i);
      assert.deepEqual(await app.json('/users/3?q=1', ['User-Agent', 'test']), { id: '3', q: '1', agent: 'test' });
      assert.equal((await app.get('/none')).status, 404);
    });

    it('reads bodies', async () => {
      const { status, headers, text } = await app.post('/body', '{"a":1}', 'application/json');
      assert.deepEqual([status, headers['x-custom'], text], [201, 'yes', '{"a":1}']);
      assert.equal((await app.post('/form', 'a=1', 'application/x-www-form-urlencoded')).text, '{"a":"1"}');
    });

    it('goes through middleware that changes headers', async () => {
      const { headers, text } = await app.get('/cors/x', ['Origin', 'http://o.test']);
      assert.deepEqual([headers['access-control-allow-origin'], text], ['*', '{"ok":true}']);
    });

    it('streams events and handles errors', async () => {
      assert.equal((await app.get('/events')).text, 'data: 1\n\ndata: 2\n\n');
      const { status, text } = await app.get('/throws');
      assert.deepEqual([status, text], [500, 'caught thrown']);
    });
  });
}

describe('Hono that listens and is exported, in CommonJS', () => {
  const app = serve('hono_both.cjs');

  it('is served by the server that listens', async () => {
    assert.equal((await app.get('/')).text, 'Hello Hono!');
    const ready = app.front.frames.find(({ type }) => type === 'READY');
    assert.equal(ready.payload[0], 3);
  });
});
