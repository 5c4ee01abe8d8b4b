// An API on Fastify: schemas, hooks, decorators, plugins with their own scope.

import path from 'node:path';
import compress from '@fastify/compress';
import cookie from '@fastify/cookie';
import formbody from '@fastify/formbody';
import statics from '@fastify/static';
import websocket from '@fastify/websocket';
import Fastify from 'fastify';
import books from './plugins/books.mjs';
import streams from './plugins/streams.mjs';
import uploads from './plugins/uploads.mjs';

const app = Fastify({
  logger: { level: 'error' },
  trustProxy: process.env.TRUST_PROXY === 'yes',
  bodyLimit: 100_000,
  genReqId: (request) => request.headers['x-request-id'] ?? 'none',
  requestIdHeader: false,
});

app.decorate('shop', { name: 'the shop' });
app.decorateRequest('visitor', null);
app.decorateReply('cheer', function cheer() {
  return this.header('x-cheer', 'hooray');
});

app.addHook('onRequest', async (request) => {
  request.visitor = request.headers['x-visitor'] ?? 'nobody';
});
app.addHook('preSerialization', async (_request, _reply, payload) => (payload?.wrap ? { wrapped: payload.wrap } : payload));
app.addHook('onSend', async (request, reply, payload) => {
  reply.header('x-visitor', request.visitor);
  return payload;
});
app.addHook('onResponse', async (request, reply) => {
  if (request.url === '/timed') console.log(`took some time: ${reply.elapsedTime > 0}`);
});
app.addHook('onRequestAbort', async (request) => console.log(`${request.url} was broken off`));
app.addHook('onClose', async () => console.log('closed by onClose'));

await app.register(compress, { threshold: 1000 });
await app.register(cookie, { secret: 'a secret' });
await app.register(formbody);
await app.register(websocket);
await app.register(statics, { root: path.join(import.meta.dirname, 'public'), prefix: '/static/' });
await app.register(books, { prefix: '/books' });
await app.register(uploads, { prefix: '/uploads' });
await app.register(streams, { prefix: '/streams' });

app.get('/', async (request, reply) => reply.cheer().send({ shop: app.shop.name, visitor: request.visitor }));
app.get('/wrapped', async () => ({ wrap: 1 }));
app.get('/timed', async () => 'text');
app.get('/injected', async () => (await app.inject({ url: '/', headers: { 'x-visitor': 'injected' } })).json());
app.get('/request/:id', async (request) => {
  const { id, params, query, ip, ips, protocol, host, hostname, port, method, url, originalUrl, is404, routeOptions } = request;
  return { id, params, query, ip, ips, protocol, host: host.split(':')[0], hostname, port: typeof port, method, url, originalUrl, is404, route: routeOptions.url };
});
app.get('/cookies', async (request, reply) => {
  reply.setCookie('signed', 'mine', { signed: true, path: '/', httpOnly: true }).setCookie('plain', 'ü').clearCookie('old');
  const { signed } = request.cookies;
  return { cookies: request.cookies, signed: signed ? request.unsignCookie(signed).value : null };
});
app.get('/large', async (_request, reply) => reply.type('text/plain').send('compress me '.repeat(5000)));
app.get('/empty', async (_request, reply) => reply.code(204).send());
app.get('/redirect', async (_request, reply) => reply.redirect('/books', 301));
app.get('/callback', (_request, reply) => {
  setImmediate(() => reply.send({ by: 'callback' }));
});
app.get('/hijacked', (_request, reply) => {
  reply.hijack();
  reply.raw.writeHead(200, { 'X-Raw': 'yes' });
  reply.raw.end('by hand');
});
app.get('/throws', async () => {
  throw new Error('thrown in a handler');
});
app.get('/teapot', async () => {
  throw Object.assign(new Error('short and stout'), { statusCode: 418, code: 'TEAPOT' });
});
app.get('/trailers', (_request, reply) => reply.trailer('x-sum', async () => '42').send('body'));
app.get('/early', async (_request, reply) => {
  reply.raw.writeEarlyHints({ link: '</style.css>; rel=preload' });
  return 'after hints';
});
app.get('/live', { websocket: true }, (socket, request) => {
  socket.on('message', (message, binary) => socket.send(binary ? message : `${request.visitor}: ${message}`));
});
app.post('/form', async (request) => request.body);
app.addContentTypeParser('text/x-lines', { parseAs: 'string' }, (_request, body, done) => done(null, body.split('\n')));
app.post('/lines', async (request) => ({ lines: request.body }));
app.addContentTypeParser('application/x-stream', (_request, payload, done) => done(null, payload));
app.post('/counted', { bodyLimit: 10_000_000 }, async (request) => {
  let bytes = 0;
  for await (const chunk of request.body) bytes += chunk.length;
  return { bytes };
});
app.get('/pid', async () => process.pid);
app.get('/constrained', { constraints: { host: 'one.example' } }, async () => 'for one');
app.get('/constrained', async () => 'for all');

app.setNotFoundHandler((request, reply) => reply.code(404).send({ missing: request.url }));

const address = await app.listen({ port: Number(process.env.PORT ?? 3000), host: process.env.HOST });
console.log(`listening on ${address}`);
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await app.close();
    console.log('closed');
  });
}
