// A custom server, as Next.js's documentation has it.

import { createServer } from 'node:http';
import next from 'next';

const port = Number(process.env.PORT ?? 3000);
const hostname = process.env.HOST ?? 'localhost';
const app = next({ dev: false, dir: import.meta.dirname, hostname, port });
const handle = app.getRequestHandler();
await app.prepare();

const server = createServer((request, response) => {
  if (request.url === '/own') return response.end('by the server itself');
  return handle(request, response);
});
server.listen(port, hostname, () => console.log(`listening on http://localhost:${server.address().port}`));
