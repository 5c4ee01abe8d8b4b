// Fastify with its usual plugins.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { events } from './support/client.mjs';
import { HERE, Server } from './support/servers.mjs';
import { suite } from './support/suite.mjs';
import { conversation } from './support/websocket.mjs';

const APP = {
  entry: 'apps/fastify/main.mjs',
  expected: ['thrown in a handler', 'the source has failed', 'premature close', '"msg":"aborted"'],
};
const NUMBERS = readFileSync(path.join(HERE, 'apps/fastify/public/numbers.txt'), 'utf8');

suite('Fastify', APP, (test) => {
  test('decorators and hooks', async (client) => {
    const answer = await client.get('/', { 'X-Visitor': 'ada' });
    assert.deepEqual(answer.json, { shop: 'the shop', visitor: 'ada' });
    assert.deepEqual([answer.headers['x-cheer'], answer.headers['x-visitor']], ['hooray', 'ada']);
    assert.deepEqual((await client.get('/wrapped')).json, { wrapped: 1 });
    assert.deepEqual((await client.get('/books', { 'X-Key': 'wrong' })).json, { problem: 'wrong key' });
    const from = client.server.log.length;
    await client.get('/timed');
    await client.server.says(/took some time: true/, from);
  });

  test('inject, inside of what is served', async (client) => {
    assert.deepEqual((await client.get('/injected')).json, { shop: 'the shop', visitor: 'injected' });
  });

  test('what a request says of itself', async (client) => {
    const { json } = await client.get('/request/a%2Fb?x=1&x=2', { 'X-Request-Id': 'given', 'X-Forwarded-For': '203.0.113.9' });
    assert.deepEqual([json.id, json.params, json.query, json.ip, json.protocol], ['given', { id: 'a/b' }, { x: ['1', '2'] }, '127.0.0.1', 'http']);
  });

  test('schemas of bodies, queries, parameters and headers', async (client) => {
    const made = await client.post_json('/books', { title: 'Emma', pages: '474', more: 'removed' });
    assert.deepEqual([made.status, made.json], [201, { title: 'Emma', pages: 474, tags: [] }]);
    const bad = await client.post_json('/books', { title: '' });
    assert.deepEqual([bad.status, bad.json], [422, { in: 'body', problems: [['', 'required']] }]);
    assert.deepEqual((await client.post_json('/books', { title: '', pages: 1 })).json.problems, [['/title', 'minLength']]);
    assert.deepEqual((await client.get('/books?from=0')).json, [{ title: 'Emma', pages: 474, tags: [] }]);
    assert.equal((await client.get('/books?from=x')).json.in, 'querystring');
    assert.deepEqual((await client.get('/books/7', { 'X-Reader': 'me' })).json, { id: 7, kind: 'number' });
    assert.equal((await client.get('/books/seven', { 'X-Reader': 'me' })).json.in, 'params');
    assert.equal((await client.get('/books/7')).json.in, 'headers');
    assert.equal((await client.send('PUT', '/books/7', { body: '{"when":"yesterday"}', headers: { 'Content-Type': 'application/json' } })).status, 422);
  });

  test('errors: handled, unhandled, of a plugin, and what is not there', async (client) => {
    assert.deepEqual((await client.get('/throws')).json, { statusCode: 500, error: 'Internal Server Error', message: 'thrown in a handler' });
    assert.deepEqual((await client.get('/teapot')).json, { statusCode: 418, code: 'TEAPOT', error: "I'm a Teapot", message: 'short and stout' });
    assert.deepEqual((await client.get('/books/fails')).json, { problem: 'fails in a plugin' });
    assert.deepEqual([(await client.get('/none')).status, (await client.get('/none?x')).json], [404, { missing: '/none?x' }]);
    assert.equal((await client.send('OPTIONS', '/books')).status, 404);
    assert.equal((await client.get('/request/%E0%A4%A')).status, 400);
  });

  test('bodies of every kind, and too large ones', async (client) => {
    assert.deepEqual((await client.post('/form', new URLSearchParams('a=1&a=2&b=%C3%BC'))).json, { a: ['1', '2'], b: 'ü' });
    assert.deepEqual((await client.post('/lines', 'one\ntwo', { 'Content-Type': 'text/x-lines' })).json, { lines: ['one', 'two'] });
    assert.equal((await client.post('/lines', '{bad', { 'Content-Type': 'application/json' })).status, 400);
    assert.equal((await client.post('/lines', '', { 'Content-Type': 'application/json' })).status, 400);
    assert.equal((await client.post('/lines', 'x', { 'Content-Type': 'text/unknown' })).status, 415);
    assert.equal((await client.post('/lines', 'x'.repeat(100_001), { 'Content-Type': 'text/x-lines' })).status, 413);
    assert.equal((await client.post_json('/lines', { __proto__: null, constructor: { prototype: 1 } })).status, 400);
    const chunks = async function* () {
      for (let at = 0; at < 50; at++) yield Buffer.alloc(100_000);
    };
    assert.deepEqual((await client.post('/counted', chunks(), { 'Content-Type': 'application/x-stream' })).json, { bytes: 5_000_000 });
    assert.equal((await client.get('/')).status, 200);
  });

  test('uploads', async (client) => {
    const form = new FormData();
    form.append('title', 'Tüte');
    form.append('file', new Blob(['x'.repeat(90_000)], { type: 'text/plain' }), 'a.txt');
    assert.deepEqual((await client.post('/uploads/stream', form)).json, [
      { field: 'title', value: 'Tüte' },
      { file: 'a.txt', mimetype: 'text/plain', bytes: 90_000, truncated: false },
    ]);
    assert.deepEqual((await client.post('/uploads/buffer', form)).json, { name: 'a.txt', bytes: 90_000 });
    const large = new FormData();
    large.append('file', new Blob(['x'.repeat(150_000)]), 'large.bin');
    assert.equal((await client.post('/uploads/buffer', large)).status, 413);
    const many = new FormData();
    for (const name of ['a', 'b', 'c']) many.append(name, new Blob([name]), name);
    assert.equal((await client.post('/uploads/stream', many)).status, 413);
    assert.equal((await client.post('/uploads/stream', 'x', { 'Content-Type': 'text/x-lines' })).status, 415);
  });

  test('cookies', async (client) => {
    const set = await client.get('/cookies', { Cookie: 'a=1; b=%C3%BC' });
    assert.deepEqual(set.json, { cookies: { a: '1', b: 'ü' }, signed: null });
    assert.equal((await client.get('/cookies', { Cookie: set.cookies })).json.signed, 'mine');
  });

  test('every kind of answer', async (client) => {
    assert.equal((await client.get('/empty')).status, 204);
    assert.deepEqual([(await client.get('/redirect')).status, (await client.get('/redirect')).headers.location], [301, '/books']);
    assert.deepEqual((await client.get('/callback')).json, { by: 'callback' });
    assert.deepEqual([(await client.get('/hijacked')).text, (await client.get('/hijacked')).headers['x-raw']], ['by hand', 'yes']);
    assert.equal((await client.get('/trailers')).trailers['x-sum'], '42');
    assert.equal((await client.get('/early')).interim[0].status, 103);
    assert.equal((await client.get('/constrained', { Host: 'one.example' })).text, 'for one');
    assert.equal((await client.get('/constrained')).text, 'for all');
    assert.deepEqual([(await client.send('HEAD', '/large')).text, (await client.send('HEAD', '/')).headers['content-length']], ['', '38']);
  });

  test('compression and files', async (client) => {
    const packed = await client.get('/large', { 'Accept-Encoding': 'gzip' });
    assert.deepEqual([packed.headers['content-encoding'], gunzipSync(packed.body).length], ['gzip', 60_000]);
    const whole = await client.get('/static/numbers.txt');
    assert.equal(whole.text, NUMBERS);
    assert.equal((await client.get('/static/numbers.txt', { Range: 'bytes=5-9' })).text, NUMBERS.slice(5, 10));
    assert.equal((await client.get('/static/numbers.txt', { 'If-None-Match': whole.headers.etag })).status, 304);
    assert.equal((await client.get('/static/none.txt')).status, 404);
    assert.equal((await client.get('/static/..%2fmain.mjs', {}, { recorded: false })).status, client.alone ? 404 : 400);
  });

  test('streams', async (client) => {
    assert.equal((await client.get('/streams/file')).text, readFileSync(path.join(HERE, 'apps/fastify/plugins/streams.mjs'), 'utf8'));
    assert.equal((await client.get('/streams/generated', {}, { recorded: false })).body.length, 16 * 1_048_576);
    const web = await client.get('/streams/web');
    assert.deepEqual([web.status, web.text, web.headers['x-web']], [201, 'a web response', 'yes']);
    assert.equal((await client.get('/streams/web-stream')).text, 'one two');
    await assert.rejects(client.get('/streams/broken'), { code: 'ECONNRESET' });
    const from = client.server.log.length;
    const response = await client.open('GET', '/streams/events');
    assert.deepEqual(await events(response, 3), ['data: 1', 'data: 2', 'data: 3']);
    response.destroy();
    await client.server.says(/the reader of events has left/, from);
  });

  test('a request that is broken off', async (client) => {
    const from = client.server.log.length;
    const socket = await client.connect('POST /counted HTTP/1.1\nContent-Type: application/x-stream\nContent-Length: 1000', { body: 'the beginning' });
    socket.on('error', () => {});
    setImmediate(() => socket.destroy());
    await client.server.says(/\/counted was broken off/, from);
  });

  test('WebSockets', async (client) => {
    const { received, code } = await conversation(client, '/live', ['grüße', Buffer.from([1, 2, 255])], { headers: { 'X-Visitor': 'ada' } });
    assert.deepEqual([received, code], [['ada: grüße', Buffer.from([1, 2, 255])], 1005]);
  });

  test('closes as it is asked to, and finishes what is in flight', { workers: [1, 2] }, async (client) => {
    // Not under node alone: there a connection that was busy stays open for as long as it is kept alive.
    const server = await new Server(APP, client.server.workers).start();
    const response = await fetch(`${server.origin}/streams/generated`);
    const reader = response.body.getReader();
    let bytes = (await reader.read()).value.length;
    const stopped = server.stop();
    for (let part = await reader.read(); !part.done; part = await reader.read()) bytes += part.value.length;
    assert.equal(bytes, 16 * 1_048_576);
    await stopped;
    assert.equal(server.log.match(/closed by onClose/g)?.length, server.workers);
  });
});

suite('Fastify behind a proxy that it trusts', { ...APP, env: { TRUST_PROXY: 'yes' } }, (test) => {
  test('believes it', async (client) => {
    const { json } = await client.get('/request/1', { 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'api.example' });
    assert.deepEqual([json.ip, json.protocol, json.host, json.ips], ['203.0.113.9', 'https', 'api.example', ['127.0.0.1', '203.0.113.9']]);
  });
});
