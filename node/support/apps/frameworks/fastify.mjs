// Fastify on localhost, where it listens twice; with schemas, hooks, a stream and an error.
import { createReadStream } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Fastify from 'fastify';

const app = Fastify();
app.addHook('onRequest', async (request) => {
  request.seen = true;
});
app.get('/', async () => ({ hello: 'world' }));
app.get('/request/:id', async (request) => ({ id: request.params.id, ip: request.ip, seen: request.seen, protocol: request.protocol }));
app.post('/body', { schema: { body: { type: 'object', required: ['a'], properties: { a: { type: 'integer' } } } } }, async (request, reply) => {
  reply.code(201);
  return request.body;
});
app.get('/stream', (_request, reply) => reply.send(createReadStream(fileURLToPath(import.meta.url))));
app.get('/throws', async () => {
  throw new Error('thrown');
});
app.addHook('onClose', async () => console.log('fastify closed'));
process.on('SIGTERM', () => app.close());

console.log(`listening ${await app.listen({ port: Number(process.env.PORT), host: 'localhost' })} ${app.addresses().length}`);
