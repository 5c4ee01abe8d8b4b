// Next.js in production: its standalone output, and a custom server.

import assert from 'node:assert/strict';
import { cpSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { build_once, FULL } from './support/build.mjs';
import { events } from './support/client.mjs';
import { HERE } from './support/servers.mjs';
import { suite } from './support/suite.mjs';

const FOLDER = 'apps/next';
const NUMBERS = readFileSync(path.join(HERE, FOLDER, 'public/numbers.txt'), 'utf8');
const ENV = { NEXT_TELEMETRY_DISABLED: '1', HOSTNAME: '127.0.0.1' };
/** Ids that differ from one build or process to the next. */
const MASK = (text) => text.replace(/digest[^,}]*?\d+/g, 'digest');

if (!FULL) it('Next.js', { skip: 'DIGLOT_TEST_FULL=1 builds and tests it' }, () => {});
else {
  build_once(FOLDER, '.next', `${FOLDER}/node_modules/next/dist/bin/next`, ['build'], ENV);
  // The documentation leaves both to who deploys it.
  const from = path.join(HERE, FOLDER);
  const standalone = path.join(from, '.next/standalone');
  cpSync(path.join(from, 'public'), path.join(standalone, 'public'), { recursive: true });
  cpSync(path.join(from, '.next/static'), path.join(standalone, '.next/static'), { recursive: true });

  for (const [kind, entry] of [['standalone', '.next/standalone/server.js'], ['with a custom server', 'server.mjs']]) {
    suite(`Next.js, ${kind}`, { entry: `${FOLDER}/${entry}`, env: ENV, fixed_port: true, mask: MASK, expected: ['thrown in a page', 'output: standalone'] }, (test) => {
      test('pages: static, dynamic, made once, and what is not there', async (client) => {
        const page = await client.get('/');
        assert.match(page.text, /<h1>Static<\/h1>.*<title>The shop<\/title>|<title>The shop<\/title>.*<h1>Static<\/h1>/s);
        assert.equal((await client.get('/', { 'If-None-Match': page.headers.etag })).status, 304);
        const post = await client.get('/posts/%C3%BCber?a=1', { 'X-Visitor': 'ada' }, { recorded: false });
        assert.match(post.text, /Post %C3%BCber|Post über/);
        assert.match(post.text, /for ada, 1/);
        assert.match((await client.get('/timed')).text, /made once/);
        const missing = await client.get('/posts/none', {}, { recorded: false });
        assert.deepEqual([missing.status, /Nothing here/.test(missing.text)], [404, true]);
        assert.equal((await client.get('/nowhere')).status, 404);
        assert.equal((await client.get('/broken', {}, { recorded: false })).status, 500);
        assert.equal((await client.send('HEAD', '/')).text, '');
      });

      test('what comes late is streamed', async (client) => {
        const response = await client.open('GET', '/slow');
        const parts = [];
        for await (const part of response) parts.push(part.toString());
        assert.match(parts[0], /came at once/);
        assert.doesNotMatch(parts[0], /came late/);
        assert.match(parts.join(''), /came late/);
      });

      test('redirects, rewrites, headers and the proxy', async (client) => {
        const old = await client.get('/old/7');
        assert.deepEqual([old.status, old.headers.location], [308, '/posts/7']);
        assert.match((await client.get('/hidden', {}, { recorded: false })).text, /Post from-a-rewrite/);
        assert.equal((await client.get('/api/items/private')).status, 403);
        const item = await client.get('/api/items/7?a=b');
        assert.deepEqual([item.json, item.headers['x-api'], item.headers['x-seen-by']], [{ id: '7', query: 'b', from: 'yes' }, 'yes', 'the proxy']);
      });

      test('route handlers', async (client) => {
        assert.deepEqual((await client.post_json('/api/echo', { a: 'ü' })).json, { body: { a: 'ü' }, url: '/api/echo' });
        assert.deepEqual((await client.post('/api/echo', 'text', { 'Content-Type': 'text/plain' })).json.body, 'text');
        const form = new FormData();
        form.append('title', 'Tüte');
        form.append('file', new Blob(['x'.repeat(200_000)]), 'a.txt');
        assert.deepEqual((await client.post('/api/echo', form)).json, { title: 'Tüte', name: 'a.txt', size: 200_000 });
        assert.equal((await client.get('/api/echo')).status, 405);
        assert.equal((await client.send('DELETE', '/api/items/7')).status, 204);
        assert.equal((await client.get('/api/items/moved')).status, 307);
        const set = await client.get('/api/cookies');
        assert.deepEqual((await client.get('/api/cookies', { Cookie: set.cookies })).json, { visits: 2 });
      });

      test('streams, and events until their reader leaves', async (client) => {
        assert.equal((await client.get('/api/stream')).body.length, 4_500_000);
        const from = client.server.log.length;
        const response = await client.open('GET', '/api/events');
        assert.deepEqual(await events(response, 3), ['data: 1', 'data: 2', 'data: 3']);
        response.destroy();
        await client.server.says(/the reader of events has left/, from);
      });

      test('a server action, as a form without JavaScript sends it', async (client) => {
        const { text } = await client.get('/form', {}, { recorded: false });
        const [, action] = text.match(/name="(\$ACTION_ID_[^"]+)"/);
        const form = new FormData();
        form.append(action, '');
        form.append('name', 'ada');
        const done = await client.post('/form', form, { Origin: client.origin }, { recorded: false });
        assert.deepEqual([done.status, new URL(done.headers.location, client.origin).pathname], [303, '/form']);
        assert.match((await client.get('/form', { Cookie: done.cookies }, { recorded: false })).text, /Hello ada/);
      });

      test('static files and pictures', async (client) => {
        assert.equal((await client.get('/numbers.txt')).text, NUMBERS);
        assert.equal((await client.get('/numbers.txt', { Range: 'bytes=5-9' })).text, NUMBERS.slice(5, 10));
        const { text } = await client.get('/', {}, { recorded: false });
        const [script] = text.match(/\/_next\/static\/[^"]+\.js/);
        const asset = await client.get(script);
        assert.deepEqual([asset.status, asset.headers['cache-control']], [200, 'public, max-age=31536000, immutable']);
        const packed = await client.get('/', { 'Accept-Encoding': 'gzip' }, { recorded: false });
        assert.equal(packed.headers['content-encoding'], 'gzip');
        const picture = await client.get('/_next/image?url=%2Fpicture.png&w=64&q=75', { Accept: 'image/webp' }, { recorded: false });
        assert.deepEqual([picture.headers['content-type'], picture.body.subarray(8, 12).toString()], ['image/webp', 'WEBP']);
        assert.equal((await client.get('/_next/image?url=https%3A%2F%2Fexample.com%2Fx.png&w=64&q=75')).status, 400);
      });

      test('its own paths', async (client) => {
        if (kind === 'standalone') return;
        assert.equal((await client.get('/own')).text, 'by the server itself');
      });
    });
  }
}
