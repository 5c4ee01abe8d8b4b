// A Fastify API that describes itself: @fastify/swagger, shared schemas, a plugin with a prefix, security.

import swagger from '@fastify/swagger';
import Fastify from 'fastify';

const app = Fastify({ logger: { level: 'error' } });

await app.register(swagger, {
  openapi: {
    openapi: '3.0.3',
    info: { title: 'Pages', version: '0.3.0' },
    tags: [{ name: 'pages', description: 'What is on the site' }],
    components: { securitySchemes: { key: { type: 'apiKey', name: 'x-key', in: 'header' } } },
  },
  // The names of shared schemas are their own, not def-0, def-1 …
  refResolver: { buildLocalReference: (json) => json.$id },
});

app.addSchema({ $id: 'Slug', type: 'string', pattern: '^[a-z-]+$' });
app.addSchema({
  $id: 'Item',
  type: 'object',
  required: ['title'],
  properties: { title: { type: 'string' }, href: { type: 'string', format: 'uri', nullable: true } },
});
app.addSchema({ $id: 'Problem', type: 'object', properties: { statusCode: { type: 'integer' }, message: { type: 'string' } } });

await app.register(
  async (pages) => {
    const slug = { type: 'object', required: ['slug'], properties: { slug: { $ref: 'Slug#' } } };
    const problem = { description: 'There is none', $ref: 'Problem#' };
    pages.get('/:slug', { schema: { tags: ['pages'], operationId: 'page', params: slug, response: { 200: { description: 'The page', $ref: 'Item#' }, 404: problem } } }, async ({ params }, reply) => {
      if (params.slug !== 'about') return reply.code(404).send({ statusCode: 404, message: 'no such page' });
      return { title: 'About', href: null };
    });
    pages.post('/', { schema: { tags: ['pages'], security: [{ key: [] }], body: { $ref: 'Item#' }, response: { 201: { $ref: 'Item#' } } } }, async ({ body }, reply) => reply.code(201).send(body));
    pages.get('/', { schema: { querystring: { type: 'object', properties: { limit: { type: 'integer', minimum: 1, default: 10 } } }, response: { 200: { type: 'array', items: { $ref: 'Item#' } } } } }, async () => [{ title: 'About' }]);
  },
  { prefix: '/pages' },
);
app.get('/items/', { schema: { response: { 200: { type: 'array', items: { $ref: 'Item#' } } } } }, async () => []);
app.get('/documentation/json', { schema: { hide: true } }, async () => app.swagger());

await app.listen({ port: Number(process.env.PORT ?? 3000), host: process.env.HOST ?? 'localhost' });
console.log(`listening on http://localhost:${app.server.address().port}`);
process.on('SIGTERM', () => app.close());
