'use strict';
const restify = require('restify');

const server = restify.createServer({ name: 'the shop', ignoreTrailingSlash: true });
server.use(restify.plugins.acceptParser(server.acceptable));
server.use(restify.plugins.queryParser());
server.use(restify.plugins.bodyParser({ maxBodySize: 10_000 }));
server.use(restify.plugins.gzipResponse());
server.get('/', (_request, response, next) => {
  response.send('Hello Restify!');
  return next();
});
server.get('/request/:id', (request, response, next) => {
  response.send({ params: request.params, query: request.query, path: request.getPath(), secure: request.isSecure() });
  return next();
});
server.post('/body', (request, response, next) => {
  response.send(201, request.body);
  return next();
});
server.get('/static/*', restify.plugins.serveStaticFiles(`${__dirname}/public`));
server.get('/async', async (_request, response) => {
  await null;
  response.send({ by: 'a promise' });
});
server.get('/refuses', (_request, _response, next) => {
  const errors = require('restify-errors');
  return next(new errors.ImATeapotError('short and stout'));
});
server.listen(process.env.PORT ?? 3000, process.env.HOST, () => console.log(`listening on ${server.url}`));
