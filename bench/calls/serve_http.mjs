// The functions behind Fastify: node serve_http.mjs PORT

import { Readable } from 'node:stream';
import Fastify from 'fastify';
import { count, scale, similar } from './functions.mjs';

const app = Fastify({ bodyLimit: 64 * 1024 * 1024 });

const item = { type: 'object', properties: { item_id: { type: 'integer' }, score: { type: 'number' } } };
const body = {
  type: 'object',
  required: ['item_id', 'k'],
  properties: { item_id: { type: 'integer' }, k: { type: 'integer' } },
};

app.post('/similar', { schema: { body, response: { 200: { type: 'array', items: item } } } }, async (request) =>
  similar(request.body.item_id, request.body.k),
);

app.post('/scale', async (request) => Array.from(scale(Float32Array.from(request.body))));

app.get('/count', (request, reply) => {
  const events = function* () {
    for (const each of count(Number(request.query.n))) yield `data: ${JSON.stringify(each)}\n\n`;
  };
  reply.header('content-type', 'text/event-stream').send(Readable.from(events()));
});

await app.listen({ port: Number(process.argv[2]), host: '127.0.0.1' });
console.log(`listening on http://127.0.0.1:${process.argv[2]}`);
