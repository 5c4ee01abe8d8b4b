// Hono both ways: by @hono/node-server, and exported as `fetch`, which is compared with the former under node alone.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { events } from './support/client.mjs';
import { HERE } from './support/servers.mjs';
import { suite } from './support/suite.mjs';
import { conversation } from './support/websocket.mjs';

const NUMBERS = readFileSync(path.join(HERE, 'apps/hono/public/numbers.txt'), 'utf8');
const ALONE = 'apps/hono/server.mjs';
const MASK = (text) => text.replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, 'UUID');

for (const entry of ['apps/hono/server.mjs', 'apps/hono/fetch.mjs']) {
  const exported = entry.endsWith('fetch.mjs');
  const app = { entry, alone: ALONE, loosely: exported, mask: MASK, expected: ['the source has failed'] };
  suite(`Hono, ${exported ? 'exported' : '@hono/node-server'}`, app, (test) => {
    test('every kind of answer', async (client) => {
      assert.equal((await client.get('/')).text, 'Hello Hono!');
      const json = await client.get('/json');
      assert.deepEqual([json.status, json.json, json.headers['x-custom']], [201, { ü: [1, null] }, 'yes']);
      assert.equal((await client.get('/html?name=%3Cb%3E')).text, '<p>&lt;b&gt;</p>');
      assert.deepEqual([(await client.get('/redirect')).status, (await client.get('/redirect')).headers.location], [303, '/?a=b']);
      assert.equal((await client.get('/empty')).status, 204);
      assert.deepEqual([...(await client.get('/binary')).body], [0, 1, 254, 255]);
      const web = await client.get('/web');
      assert.deepEqual([web.status, web.text, web.headers['set-cookie']], [203, 'a web response', ['a=1', 'b=2']]);
      assert.equal((await client.send('HEAD', '/')).text, '');
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']) assert.equal((await client.send(method, '/method')).text, method);
    });

    test('what a request says of itself', async (client) => {
      const { json } = await client.get('/request/a%2Fb?x=1&x=%C3%BC', { 'X-Many': ['1', '2'] });
      assert.deepEqual(json, { id: 'a/b', query: { x: ['1', 'ü'] }, url: `${client.origin}/request/a%2Fb?x=1&x=%C3%BC`, path: '/request/a%2Fb', method: 'GET', host: client.origin.slice(7), many: '1, 2', address: '127.0.0.1' });
      assert.equal((await client.get('/request/1', { Host: 'shop.example' })).json.url, 'http://shop.example/request/1');
      assert.deepEqual((await client.get('/api/v1/users/ada')).json, { name: 'ada' });
    });

    test('bodies', async (client) => {
      assert.deepEqual((await client.post_json('/body/json', { a: ['ü'] })).json, { a: ['ü'] });
      assert.equal((await client.post('/body/text', 'grüße')).text, 'GRÜSSE');
      assert.deepEqual((await client.post('/body/form', new URLSearchParams('a=1&a=2&b.c=3'))).json, { a: ['1', '2'], b: { c: '3' } });
      const chunks = async function* () {
        for (let at = 0; at < 30; at++) yield Buffer.alloc(100_000);
      };
      assert.deepEqual((await client.post('/body/bytes', chunks())).json, { bytes: 3_000_000 });
      assert.deepEqual((await client.post('/body/blob', 'x', { 'Content-Type': 'image/png' })).json, { type: 'image/png' });
      assert.equal((await client.post('/body/piped', chunks(), {}, { recorded: false })).body.length, 3_000_000);
      assert.deepEqual((await client.post('/body/twice', 'again', { 'Content-Type': 'text/plain' })).json, ['again', 'again', 'text/plain']);
      assert.equal((await client.post('/body/unread', 'x'.repeat(5000))).status, 202);
      assert.equal((await client.post('/body/json', '{bad')).status, 500);
      const form = new FormData();
      form.append('title', 'Tüte');
      form.append('file', new Blob(['contents of the file'], { type: 'text/x-notes' }), 'notes.txt');
      assert.deepEqual((await client.post('/body/file', form)).json, { title: 'Tüte', name: 'notes.txt', type: 'text/x-notes', size: 20, text: 'contents of the file' });
    });

    test('limits of bodies', async (client) => {
      assert.equal((await client.post('/body/limited', 'x'.repeat(1000))).status, 200);
      assert.deepEqual((await client.post('/body/limited', 'x'.repeat(1001))).json, { too: 'large' });
      assert.equal((await client.post('/body/limited', (async function* () { yield Buffer.alloc(1001); })())).status, 413);
    });

    test('cookies', async (client) => {
      const set = await client.get('/cookies', { Cookie: 'a=1; b=%C3%BC' });
      assert.deepEqual([set.json, set.headers['set-cookie'].length], [{ all: { a: '1', b: 'ü' } }, 3]);
      assert.equal((await client.get('/cookies', { Cookie: set.cookies })).json.signed, 'mine');
    });

    test('JWT and basic authentication', async (client) => {
      const { token } = (await client.post('/login', '')).json;
      assert.deepEqual((await client.get('/account/me', { Authorization: `Bearer ${token}` })).json, { sub: 'ada', exp: 4_000_000_000 });
      const refused = await client.get('/account/me');
      assert.deepEqual([refused.status, /^Bearer realm=/.test(refused.headers['www-authenticate'])], [401, true]);
      assert.equal((await client.get('/account/me', { Authorization: `Bearer ${token}x` })).status, 401);
      assert.equal((await client.get('/basic', { Authorization: `Basic ${btoa('ada:lovelace')}` })).text, 'welcome');
      assert.equal((await client.get('/basic')).headers['www-authenticate'], 'Basic realm="Secure Area"');
    });

    test('validators', async (client) => {
      assert.deepEqual((await client.post_json('/books', { title: 'Emma', pages: 474 })).json, { made: { title: 'Emma', pages: 474 } });
      assert.equal((await client.post_json('/books', { title: '', pages: 1 })).status, 400);
      assert.deepEqual((await client.get('/books?from=3')).json, { from: 3 });
      assert.deepEqual([(await client.get('/books?from=x')).status, (await client.get('/books?from=x')).json], [422, { wrong: ['from'] }]);
    });

    test('middleware that changes headers', async (client) => {
      const preflight = await client.send('OPTIONS', '/middleware/x', { headers: { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'PUT' } });
      assert.deepEqual([preflight.status, preflight.headers['access-control-allow-origin']], [204, 'https://shop.example']);
      const answer = await client.get('/middleware/x', { 'X-Request-Id': 'given' });
      assert.deepEqual([answer.json, answer.headers['x-request-id'], answer.headers['x-frame-options'], answer.headers['x-served-by']], [{ id: 'given' }, 'given', 'SAMEORIGIN', 'the shop']);
      assert.equal((await client.get('/middleware/x', { 'X-Request-Id': 'given', 'If-None-Match': answer.headers.etag })).status, 304);
      const packed = await client.get('/compressed/x', { 'Accept-Encoding': 'gzip' });
      assert.deepEqual([packed.headers['content-encoding'], gunzipSync(packed.body).length], ['gzip', 60_000]);
    });

    test('static files', async (client) => {
      assert.equal((await client.get('/static/numbers.txt')).text, NUMBERS);
      const part = await client.get('/static/numbers.txt', { Range: 'bytes=5-9' });
      assert.deepEqual([part.status, part.text], [206, NUMBERS.slice(5, 10)]);
      assert.equal((await client.get('/static/none.txt')).status, 404);
      assert.equal((await client.send('HEAD', '/static/numbers.txt')).headers['content-length'], String(NUMBERS.length));
    });

    test('streams', async (client) => {
      assert.equal((await client.get('/stream/text')).text, 'one\ntwo\nthree\n');
      assert.equal((await client.get('/stream/large', {}, { recorded: false })).body.length, 16 * 1_048_576);
      await assert.rejects(client.get('/stream/cut'), { code: 'ECONNRESET' });
    });

    test('event streams, as they are sent, until the reader leaves', async (client) => {
      const from = client.server.log.length;
      const response = await client.open('GET', '/stream/events');
      assert.deepEqual(await events(response, 2), ['event: tick\ndata: tick 1\nid: 1', 'event: tick\ndata: tick 2\nid: 2']);
      response.destroy();
      await client.server.says(/the reader of events has left/, from);
    });

    test('the request is aborted when the client leaves', async (client) => {
      const from = client.server.log.length;
      const leaving = new AbortController();
      const asked = client.open('GET', '/waits', { signal: leaving.signal });
      asked.catch(() => {});
      await client.server.says(/waiting/, from);
      leaving.abort();
      await client.server.says(/the client has left/, from);
    });

    test('errors and what is not there', async (client) => {
      assert.deepEqual((await client.get('/throws')).json, { caught: 'thrown in a handler' });
      assert.deepEqual([(await client.get('/http-exception')).status, (await client.get('/http-exception')).text], [418, 'short and stout']);
      assert.deepEqual((await client.get('/none?x')).json, { missing: '/none' });
    });
  });
}

suite('Hono with WebSockets', { entry: 'apps/hono/sockets.mjs' }, (test) => {
  test('talk', async (client) => {
    const from = client.server.log.length;
    assert.deepEqual(await conversation(client, '/live/red', ['one', 'grüße']), { received: ['red: one', 'red: grüße'], code: 1005 });
    await client.server.says(/a visitor has left/, from);
  });
});
