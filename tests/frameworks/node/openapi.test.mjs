// The one OpenAPI document of what frameworks say of themselves: where clients reach it, and valid.

import assert from 'node:assert/strict';
import { Validator } from '@seriousme/openapi-schema-validator';
import { build } from './support/build.mjs';
import { suite } from './support/suite.mjs';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];
const NEST = { entry: 'apps/nest/dist/main.js', expected: [], at_end: /the library closes: SIGTERM/ };

build('apps/nest', 'node_modules/typescript/bin/tsc', ['-p', '.']);

/** Each with what its document has to have: methods and paths where it is not mounted, schemas, and a path to ask for. */
const APPS = [
  {
    name: '@fastify/swagger',
    app: { entry: 'apps/described/fastify.mjs' },
    operations: ['GET /pages/{slug}', 'POST /pages/', 'GET /pages/', 'GET /items/'],
    schemas: ['Item', 'Problem', 'Slug'],
    asked: ['/pages/about', '/pages/{slug}'],
  },
  {
    name: '@hono/zod-openapi',
    app: { entry: 'apps/described/hono.mjs' },
    operations: ['GET /items/{id}', 'POST /items', 'GET /items'],
    schemas: ['Item', 'NewItem', 'Problem'],
    asked: ['/items/7', '/items/{id}'],
  },
  ...['express', 'fastify'].map((adapter) => ({
    name: `@nestjs/swagger on ${adapter}`,
    app: { ...NEST, env: { ADAPTER: adapter } },
    operations: ['GET /books/{id}', 'POST /books', 'DELETE /books/{id}', 'GET /v1/versioned', 'GET /request/{id}', 'PATCH /any'],
    schemas: ['BookDto', 'Author'],
    asked: ['/books/1', '/books/{id}'],
  })),
];

/** The server's document, which has to be valid. */
async function described(client) {
  const response = await fetch(`${client.origin}/openapi.json`);
  assert.deepEqual([response.status, response.headers.get('content-type')], [200, 'application/json']);
  const document = await response.json();
  const { valid, errors } = await new Validator().validate(structuredClone(document));
  assert.ok(valid, `${JSON.stringify(errors, null, 1)}\n${client.server.log}`);
  assert.equal(document.openapi, '3.1.1');
  return document;
}

const operations = (document) => Object.entries(document.paths).flatMap(([path, item]) => METHODS.filter((method) => item[method]).map((method) => `${method.toUpperCase()} ${path}`));

for (const { name, app, operations: wanted, schemas, asked } of APPS) {
  for (const mount of [undefined, '/mounted']) {
    suite(`${name}${mount ? ', mounted' : ''}`, { ...app, mount, server: { openapi: '/openapi.json' } }, (test) => {
      test('its operations are where clients reach them, and its schemas have their names', { workers: [1, 2] }, async (client) => {
        const document = await described(client);
        const there = operations(document);
        for (const operation of wanted) assert.ok(there.includes(operation.replace(' ', ` ${mount ?? ''}`)), `${operation} is not in ${there.join(', ')}\n${client.server.log}`);
        for (const schema of schemas) assert.ok(document.components.schemas[schema], `${schema} is not in ${Object.keys(document.components.schemas)}`);
        const [path, template] = asked;
        assert.equal(document.paths[`${mount ?? ''}${template}`].get['x-diglot-service'], 'app');
        assert.equal((await client.get(path)).status, 200);
      });
    });
  }
}

const HONO_BELOW = { entry: 'apps/described/hono.mjs', options: { routes: '/items' }, env: { DOCUMENT: '/items/documentation/json' }, server: { openapi: '/openapi.json' } };

suite('a document below the route', HONO_BELOW, (test) => {
  test('is found there', { workers: [1] }, async (client) => {
    assert.deepEqual(operations(await described(client)).sort(), ['GET /items', 'GET /items/{id}', 'POST /items']);
  });
});

const PAGES = { root: import.meta.dirname, entry: 'apps/described/fastify.mjs', routes: '/pages' };

suite('two services', { entry: 'apps/described/hono.mjs', options: { routes: '/items' }, beside: { pages: PAGES }, server: { openapi: '/openapi.json' } }, (test) => {
  test('are one document, with a name for each of two schemas called the same', { workers: [1] }, async (client) => {
    const document = await described(client);
    const owners = Object.fromEntries(Object.entries(document.paths).map(([path, item]) => [path, [...new Set(Object.values(item).map((operation) => operation['x-diglot-service']))]]));
    assert.deepEqual(owners, { '/items': ['app'], '/items/{id}': ['app'], '/pages/': ['pages'], '/pages/{slug}': ['pages'] });
    assert.deepEqual(Object.keys(document.components.schemas).sort(), ['NewItem', 'Slug', 'app_Item', 'app_Problem', 'pages_Item', 'pages_Problem']);
    assert.deepEqual(document.components.schemas.pages_Item.properties.href.type, ['string', 'null']);
    await client.server.says(/of service "pages" these cannot be reached and are left out: GET \/items\/; the routes of service "app" take them/);
  });
});
