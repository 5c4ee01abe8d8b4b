import Boom from '@hapi/boom';
import Hapi from '@hapi/hapi';
import { createReadStream } from 'node:fs';

const server = Hapi.server({ port: process.env.PORT ?? 3000, host: process.env.HOST });

server.auth.scheme('key', () => ({
  authenticate: (request, h) => (request.headers['x-key'] === 'right' ? h.authenticated({ credentials: { user: 'ada' } }) : h.unauthenticated(Boom.unauthorized('no key', 'Key'))),
}));
server.auth.strategy('keyed', 'key');
server.state('visits', { ttl: null, encoding: 'base64json', isSecure: false });
server.ext('onPreResponse', (request, h) => {
  if (request.response.isBoom) return h.continue;
  request.response.header('x-served-by', 'the shop');
  return h.continue;
});
server.route([
  { method: 'GET', path: '/', handler: () => 'Hello hapi!' },
  { method: 'GET', path: '/request/{id}/{rest*}', handler: ({ params, query, path, method, info }) => ({ params, query, path, method, host: info.hostname, address: info.remoteAddress }) },
  { method: 'POST', path: '/body', options: { payload: { maxBytes: 10_000 } }, handler: (request, h) => h.response({ payload: request.payload }).code(201) },
  { method: 'POST', path: '/upload', options: { payload: { output: 'stream', multipart: true, maxBytes: 1_000_000 } }, handler: async ({ payload }) => {
    let bytes = 0;
    for await (const chunk of payload.file) bytes += chunk.length;
    return { name: payload.file.hapi.filename, bytes, title: payload.title };
  } },
  { method: 'POST', path: '/stream', options: { payload: { output: 'stream', parse: false } }, handler: (request, h) => h.response(request.payload).type('text/plain') },
  { method: 'GET', path: '/private', options: { auth: 'keyed' }, handler: (request) => request.auth.credentials },
  { method: 'GET', path: '/cookies', handler: (request, h) => {
    const visits = (request.state.visits ?? 0) + 1;
    return h.response({ visits }).state('visits', visits).unstate('old');
  } },
  { method: 'GET', path: '/file', handler: (_request, h) => h.response(createReadStream(new URL('./public/numbers.txt', import.meta.url))).type('text/plain').etag('numbers') },
  { method: 'GET', path: '/large', handler: () => 'compress me '.repeat(5000) },
  { method: 'GET', path: '/redirect', handler: (_request, h) => h.redirect('/?a=b').permanent() },
  { method: 'GET', path: '/throws', handler: () => {
    throw new Error('thrown in hapi');
  } },
]);
await server.start();
console.log(`listening on ${server.info.uri}`);
process.on('SIGTERM', async () => {
  await server.stop();
  console.log('hapi stopped');
  process.exit(0);
});
