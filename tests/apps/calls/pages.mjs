// A program on Node's http that waits for the service in Python, or passes on what it streams: the same as pages.py.
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { services } from 'diglot';

async function* lines() {
  for await (const n of services.python.count({ to: 1_000_000_000 })) yield `${n}\n`;
}

const server = http.createServer(async (request, response) => {
  if (request.url.endsWith('/slow')) return response.end(await services.python.slow({ ms: 60_000 }));
  // It fails when the client leaves.
  await pipeline(Readable.from(lines()), response).catch(() => {});
});
server.listen(process.env.PORT);
