// NestJS on both of its adapters, compiled by tsc as `nest build` does it, and from source.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { io } from 'socket.io-client';
import { build } from './support/build.mjs';
import { events } from './support/client.mjs';
import { HERE } from './support/servers.mjs';
import { suite } from './support/suite.mjs';
import { conversation } from './support/websocket.mjs';

build('apps/nest', 'node_modules/typescript/bin/tsc', ['-p', '.']);

for (const adapter of ['express', 'fastify']) {
  const app = { entry: 'apps/nest/dist/main.js', source: 'apps/nest/src/main.ts', env: { ADAPTER: adapter }, expected: ['thrown in a controller', 'request file too large'], at_end: /the library closes: SIGTERM/ };
  suite(`NestJS on ${adapter}`, app, (test) => {
    test('controllers, middleware and decorators', async (client) => {
      const hello = await client.get('/', { 'X-Visitor': 'ada' });
      assert.deepEqual([hello.text, hello.headers['x-visitor']], ['Hello ada!', 'ada']);
      const { json } = await client.get('/request/a%2Fb?x=1&x=2', { 'X-Many': ['1', '2'] });
      assert.deepEqual(json, { id: 'a/b', query: { x: ['1', '2'] }, many: '1, 2', ip: '127.0.0.1', originalUrl: '/request/a%2Fb?x=1&x=2', method: 'GET' });
      const teapot = await client.get('/teapot');
      assert.deepEqual([teapot.status, teapot.json, teapot.headers['x-short']], [418, { short: 'and stout' }, 'stout']);
      assert.deepEqual([(await client.get('/moved')).status, (await client.get('/moved?to=/x')).headers.location], [301, '/x']);
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) assert.equal((await client.send(method, '/any')).text, method);
      assert.deepEqual([(await client.get('/v1/versioned')).text, (await client.get('/v2/versioned')).text, (await client.get('/v3/versioned')).status], ['the first', 'the second', 404]);
      assert.equal((await client.send('HEAD', '/')).text, '');
      assert.equal((await client.get('/', { Origin: 'https://shop.example' })).headers['access-control-allow-origin'], 'https://shop.example');
      assert.equal((await client.send('OPTIONS', '/', { headers: { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'PUT' } })).status, 204);
    });

    test('guards and interceptors', async (client) => {
      assert.deepEqual((await client.get('/books/1')).json, { data: { id: 1, title: 'Emma', pages: 474 } });
      assert.equal((await client.send('DELETE', '/books/1')).status, 401);
      assert.equal((await client.send('DELETE', '/books/1', { headers: { 'X-Role': 'reader' } })).status, 403);
      assert.equal((await client.send('DELETE', '/books/1', { headers: { 'X-Role': 'librarian' } })).status, 204);
      assert.equal((await client.get('/books/slow')).status, 408);
      assert.deepEqual((await client.get('/books?from=1')).json, { data: { books: [], url: '/books?from=1' } });
    });

    test('pipes', async (client) => {
      const make = (book) => client.post_json('/books', book, { 'X-Role': 'librarian' });
      const made = await make({ title: ' Emma ', pages: 474, authors: [{ name: 'Austen' }], printed: '1815-12-23' });
      assert.deepEqual([made.status, made.json.data.kind, made.json.data.book.title, made.json.data.printed], [201, 'BookDto', 'Emma', true]);
      const bad = await make({ title: '', pages: 0, authors: [{ name: 1 }], more: true });
      assert.deepEqual([bad.status, bad.json.message.length], [400, 4]);
      assert.match((await client.get('/books/one')).json.message, /numeric string is expected/);
      assert.equal((await client.get('/books?order=sideways')).status, 400);
      assert.equal((await client.get('/books?order=down')).json.data.order, 'down');
    });

    test('errors', async (client) => {
      assert.deepEqual((await client.get('/books/2')).json, { message: 'there is no book 2', error: 'Not Found', statusCode: 404 });
      assert.deepEqual((await client.get('/gone')).json, { problem: 'read long ago' });
      assert.deepEqual((await client.get('/throws')).json, { statusCode: 500, message: 'Internal server error' });
      assert.equal((await client.get('/none')).json.message, 'Cannot GET /none');
      assert.equal((await client.post('/echo', '{bad', { 'Content-Type': 'application/json' })).status, 400);
    });

    test('bodies', async (client) => {
      assert.deepEqual((await client.post_json('/echo', { a: ['ü'] })).json, { body: { a: ['ü'] } });
      assert.deepEqual((await client.post('/echo', new URLSearchParams('a=1&b=ü'))).json, { body: { a: '1', b: 'ü' } });
      assert.deepEqual((await client.post_json('/raw', { a: 1 })).json, { bytes: 7 });
      // Express's limit is 100 KiB by itself, Fastify's 1 MiB.
      assert.equal((await client.post_json('/echo', { a: 'x'.repeat(1_100_000) })).status, 413);
    });

    test('uploads', async (client) => {
      const form = (bytes, name = 'notes.txt') => {
        const made = new FormData();
        made.append('title', 'Tüte');
        made.append('file', new Blob(['x'.repeat(bytes)], { type: 'text/plain' }), name);
        return made;
      };
      const one = await client.post('/uploads/one', form(50_000));
      assert.deepEqual([one.status, one.json.originalname, one.json.size], [201, 'notes.txt', 50_000]);
      assert.equal((await client.post('/uploads/one', form(150_000))).status, 413);
      if (adapter === 'fastify') return;
      const many = new FormData();
      for (const name of ['a', 'b']) many.append('files', new Blob([name]), name);
      assert.equal((await client.post('/uploads/many', many)).json.length, 2);
      assert.equal((await client.post('/uploads/checked', form(500))).status, 201);
      assert.match((await client.post('/uploads/checked', form(1500))).json.message, /expected size is less than 1000/);
    });

    test('event streams, as they are sent, until the reader leaves', async (client) => {
      const from = client.server.log.length;
      const response = await client.open('GET', '/streams/events', { headers: { Accept: 'text/event-stream' } });
      assert.match(response.headers['content-type'], /^text\/event-stream/);
      const got = (await events(response, 4)).filter((event) => event.includes('data:')).slice(0, 2);
      assert.deepEqual(got.map((event) => event.trim()), ['event: tick\nid: 0\ndata: {"tick":0}', 'event: tick\nid: 1\ndata: {"tick":1}']);
      response.destroy();
      await client.server.says(/the reader of events has left/, from);
    });

    test('files', async (client) => {
      const file = await client.get('/streams/file');
      assert.equal(file.text, readFileSync(path.join(HERE, 'apps/nest/numbers.txt'), 'utf8'));
      assert.deepEqual([file.headers['content-type'], file.headers['content-disposition']], ['text/plain', 'attachment; filename="numbers.txt"']);
      assert.equal((await client.get('/streams/buffer')).body.length, 1_000_000);
    });

    test('Swagger', async (client) => {
      const page = await client.get('/docs');
      assert.match(page.text, /<title>Swagger UI<\/title>/);
      const { json } = await client.get('/docs-json');
      assert.deepEqual([json.info.title, json.components.schemas.BookDto.required], ['Library', ['title', 'pages']]);
      assert.equal((await client.get('/docs/swagger-ui.css', {}, { recorded: false })).headers['content-type'], 'text/css; charset=utf-8');
      assert.match((await client.get('/docs/swagger-ui-init.js')).text, /\/books\/\{id\}/);
    });

    test('a gateway of WebSockets', async (client) => {
      const from = client.server.log.length;
      const { received } = await conversation(client, '/', [JSON.stringify({ event: 'echo', data: { a: 'ü' } }), JSON.stringify({ event: 'count', data: 1 })]);
      assert.deepEqual(received.map((message) => JSON.parse(message)), [{ event: 'echoed', data: { a: 'ü' } }, { event: 'counted', data: 1 }]);
      await client.server.says(/a visitor has left/, from);
    });
  });

  suite(`NestJS with Socket.IO on ${adapter}`, { ...app, env: { ADAPTER: adapter, SOCKETS: 'io' } }, (test) => {
    for (const transport of ['polling', 'websocket']) {
      test(`talks by ${transport}`, async (client) => {
        const socket = io(client.url, { transports: [transport], reconnection: false });
        try {
          await once(socket, 'connect');
          const echoed = once(socket, 'echoed');
          socket.emit('echo', { a: 'ü' });
          assert.deepEqual(await echoed, [{ a: 'ü' }]);
        } finally {
          socket.disconnect();
        }
      });
    }
  });
}
