import polka from 'polka';
import sirv from 'sirv';

polka({ onError: (error, _request, response) => {
  response.statusCode = error.code ?? 500;
  response.end(`caught: ${error.message}`);
} })
  .use(sirv(`${import.meta.dirname}/public`, { etag: true }))
  .use('/below', (request, response, next) => {
    response.setHeader('X-Below', request.url);
    next();
  })
  .get('/', (_request, response) => response.end('Hello Polka!'))
  .get('/below/:id', (request, response) => response.end(JSON.stringify({ params: request.params, query: request.query, path: request.path, original: request.originalUrl })))
  .post('/body', async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    response.writeHead(201, { 'Content-Type': 'text/plain' }).end(Buffer.concat(chunks));
  })
  .get('/throws', () => {
    throw new Error('thrown in Polka');
  })
  .listen({ port: process.env.PORT ?? 3000, host: process.env.HOST }, function listening() {
    console.log(`listening on http://localhost:${(this.address?.() ?? this.server.address()).port}`);
  });
