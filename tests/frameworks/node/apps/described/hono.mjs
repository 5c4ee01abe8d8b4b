// A Hono API that describes itself: @hono/zod-openapi, an app within the app, validators, security.

import { serve } from '@hono/node-server';
import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';

const Item = z.object({ id: z.number().int().openapi({ example: 7 }), title: z.string().min(1), price: z.number().positive().nullable() }).openapi('Item');
const Problem = z.object({ message: z.string() }).openapi('Problem');
const json = (schema, description) => ({ content: { 'application/json': { schema } }, description });

const items = new OpenAPIHono();
items.openapi(
  createRoute({ method: 'get', path: '/{id}', tags: ['items'], request: { params: z.object({ id: z.coerce.number().int() }) }, responses: { 200: json(Item, 'The item'), 404: json(Problem, 'There is none') } }),
  (c) => {
    const { id } = c.req.valid('param');
    return id === 7 ? c.json({ id, title: 'Pen', price: null }, 200) : c.json({ message: `there is no item ${id}` }, 404);
  },
);
items.openapi(
  createRoute({ method: 'post', path: '/', tags: ['items'], security: [{ Bearer: [] }], request: { body: { ...json(Item.omit({ id: true }).openapi('NewItem'), 'A new one'), required: true } }, responses: { 201: json(Item, 'It is made') } }),
  (c) => c.json({ id: 8, ...c.req.valid('json') }, 201),
);
items.openapi(
  createRoute({ method: 'get', path: '/', request: { query: z.object({ limit: z.coerce.number().int().min(1).max(100).default(10) }) }, responses: { 200: json(z.array(Item), 'All of them') } }),
  (c) => c.json([{ id: 7, title: 'Pen', price: 1.5 }].slice(0, c.req.valid('query').limit), 200),
);

const app = new OpenAPIHono();
app.openAPIRegistry.registerComponent('securitySchemes', 'Bearer', { type: 'http', scheme: 'bearer' });
app.route('/items', items);
app.doc(process.env.DOCUMENT ?? '/doc', { openapi: '3.0.0', info: { title: 'Items', version: '1.0.0' } });

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: process.env.HOST }, ({ port }) => console.log(`listening on http://localhost:${port}`));
process.on('SIGTERM', () => server.close());
