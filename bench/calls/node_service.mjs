// Diglot's Node service: offers the functions, and measures those of the Python service when asked by GET /node/CASE?seconds=N.

import http from 'node:http';
import { func, services } from 'diglot';
import * as functions from './functions.mjs';
import { measure } from './measure.mjs';

const integer = { type: 'integer' };
const numbers = { type: 'array', 'x-diglot': 'array', dtype: 'float32', shape: [null] };
const item = { type: 'object', properties: { item_id: integer, score: { type: 'number' } }, required: ['item_id', 'score'] };
const of = (properties) => ({ type: 'object', properties, required: Object.keys(properties) });

func({ name: 'similar', input: of({ item_id: integer, k: integer }), output: { type: 'array', items: item } }, ({ item_id, k }) =>
  functions.similar(item_id, k),
);
func({ name: 'scale', input: of({ x: numbers }), output: numbers }, ({ x }) => functions.scale(x));
func({ name: 'count', input: of({ n: integer }), output: item }, async function* ({ n }) {
  yield* functions.count(n);
});

const target = {
  similar: (item_id, k) => services.python.similar({ item_id, k }),
  scale: (x) => services.python.scale({ x }),
  count: (n) => services.python.count({ n }),
};

const server = http.createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost');
  try {
    response.end(await measure(target, pathname.split('/').at(-1), Number(searchParams.get('seconds'))));
  } catch (error) {
    response.writeHead(500).end(String(error.stack));
  }
});
server.listen(process.env.PORT);
