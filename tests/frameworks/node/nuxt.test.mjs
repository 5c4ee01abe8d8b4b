// Nuxt in production, as `nuxt build` leaves it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { it } from 'node:test';
import { brotliDecompressSync } from 'node:zlib';
import { build_once, FULL } from './support/build.mjs';
import { events } from './support/client.mjs';
import { HERE } from './support/servers.mjs';
import { suite } from './support/suite.mjs';

const FOLDER = 'apps/nuxt';
const NUMBERS = readFileSync(path.join(HERE, FOLDER, 'public/numbers.txt'), 'utf8');
const ENV = { NUXT_TELEMETRY_DISABLED: '1' };

if (!FULL) it('Nuxt', { skip: 'DIGLOT_TEST_FULL=1 builds and tests it' }, () => {});
else {
  build_once(FOLDER, '.output', `${FOLDER}/node_modules/nuxt/bin/nuxt.mjs`, ['build'], ENV);

  suite('Nuxt', { entry: `${FOLDER}/.output/server/index.mjs`, env: ENV, expected: ['No such post'] }, (test) => {
    test('pages: rendered, kept, made before, and what is not there', async (client) => {
      const page = await client.get('/');
      assert.match(page.text, /<title>The shop<\/title>/);
      assert.match(page.text, /<p>7, inside<\/p>/);
      const post = await client.get('/posts/%C3%BCber?a=1', { 'X-Visitor': 'ada', Cookie: 'visits=4' });
      assert.match(post.text, /Post über for ada, 1/);
      assert.equal(post.cookies, 'visits=5');
      assert.match((await client.get('/cached', {}, { recorded: false })).text, /a page that is cached/);
      assert.match((await client.get('/prerendered')).text, /a page that is prerendered/);
      const missing = await client.get('/posts/none', { Accept: 'application/json' });
      assert.deepEqual([missing.status, missing.message], [404, 'No such post']);
      assert.equal((await client.get('/nowhere', { Accept: 'text/html' }, { recorded: false })).status, 404);
      assert.deepEqual([(await client.get('/old/7')).status, (await client.get('/old/7')).headers.location], [308, '/posts/7']);
      assert.equal((await client.send('HEAD', '/')).text, '');
    });

    test('its API', async (client) => {
      const item = await client.get('/api/items/7?a=b', { 'X-Visitor': 'ada' });
      assert.deepEqual([item.json, item.headers['x-api'], item.headers['x-item'], item.headers['access-control-allow-origin']], [{ id: '7', a: 'b', visitor: 'ada', ip: '127.0.0.1' }, 'yes', '7', '*']);
      assert.deepEqual((await client.post_json('/api/echo', { a: 'ü' })).json, { body: { a: 'ü' } });
      assert.deepEqual((await client.post('/api/echo', new URLSearchParams('a=1&b=ü'))).json, { body: { a: '1', b: 'ü' } });
      const form = new FormData();
      form.append('title', 'Tüte');
      form.append('file', new Blob(['x'.repeat(200_000)]), 'a.txt');
      assert.deepEqual((await client.post('/api/echo', form)).json.map(({ bytes }) => bytes), [5, 200_000]);
      assert.equal((await client.get('/api/echo')).status, 404);
      const thrown = await client.get('/api/throws');
      assert.deepEqual([thrown.status, thrown.message, thrown.json.data], [418, 'Short and stout', { handle: 'yes' }]);
      const set = await client.get('/api/cookies');
      assert.deepEqual((await client.get('/api/cookies', { Cookie: set.cookies })).json, { visits: 2 });
    });

    test('streams, and events until their reader leaves', async (client) => {
      assert.equal((await client.get('/streamed')).body.length, 4_500_000);
      const from = client.server.log.length;
      const response = await client.open('GET', '/api/events');
      assert.deepEqual(await events(response, 3), ['data: 1', 'data: 2', 'data: 3']);
      response.destroy();
      await client.server.says(/the reader of events has left/, from);
    });

    test('public files, packed before', async (client) => {
      const whole = await client.get('/numbers.txt');
      assert.equal(whole.text, NUMBERS);
      assert.equal((await client.get('/numbers.txt', { 'If-None-Match': whole.headers.etag })).status, 304);
      const packed = await client.get('/numbers.txt', { 'Accept-Encoding': 'br' });
      if (packed.headers['content-encoding'] === 'br') assert.equal(brotliDecompressSync(packed.body).toString(), NUMBERS);
      const [script] = (await client.get('/')).text.match(/\/_nuxt\/[^"]+\.js/);
      assert.match((await client.get(script)).headers['cache-control'], /immutable/);
    });
  });
}
