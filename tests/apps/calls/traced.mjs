// What the request, and each function of the calls it is answered by, has been given of the trace: Node, Python, Node.
import http from 'node:http';
import { context, func, services } from 'diglot';

export const last = func({ name: 'last' }, async () => {
  const before = context();
  await new Promise(setImmediate);
  return [before, context()];
});

const server = http.createServer(async (_request, response) => {
  const here = context();
  response.end(JSON.stringify([here, ...(await services.python.between()), context()]));
});
server.listen(process.env.PORT);
