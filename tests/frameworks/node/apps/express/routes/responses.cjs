'use strict';
// The ways Express has to answer.

const path = require('node:path');

const PUBLIC = path.join(__dirname, '..', 'public');

module.exports = (express) => {
  const router = express.Router();
  router.get('/request/:id', (request, response) => {
    const { params, query, baseUrl, originalUrl, url, path: below, ip, ips, protocol, secure, hostname, subdomains, xhr, fresh } = request;
    response.json({ params, query, baseUrl, originalUrl, url, below, ip, ips, protocol, secure, hostname, subdomains, xhr, fresh });
  });
  router.get('/raw-headers', (request, response) => response.type('json').end(JSON.stringify(request.rawHeaders)));
  router.get('/text', (_request, response) => response.send('plain <b>html</b>'));
  router.get('/buffer', (_request, response) => response.send(Buffer.from([0, 1, 254, 255])));
  router.get('/large', (_request, response) => response.type('text').send('compress me '.repeat(5000)));
  router.get('/json', (_request, response) => response.set('ETag', '"mine"').json({ ü: [1, null] }));
  router.get('/jsonp', (_request, response) => response.jsonp({ a: 1 }));
  router.get('/status/:code', (request, response) => response.sendStatus(Number(request.params.code)));
  router.get('/reason', (_request, response) => {
    response.statusMessage = 'Quite Fine';
    response.end();
  });
  router.get('/empty/:code', (request, response) => response.status(Number(request.params.code)).end());
  router.get('/format', (_request, response) => {
    response.format({ text: () => response.send('text'), html: () => response.send('<p>html</p>'), json: () => response.send({ is: 'json' }) });
  });
  router.get('/redirect', (_request, response) => response.redirect('/responses/text?a=ü'));
  router.get('/headers', (_request, response) => {
    response.append('X-Many', 'one').append('X-Many', 'two').vary('Origin').links({ next: '/2', last: '/9' }).location('/there');
    response.set('x-lower', 'kept').set('X-Latin', 'caf\u00e9').type('html').attachment('a "quoted" ü.txt').end('with headers');
  });
  router.get('/file', (_request, response) => response.sendFile('numbers.txt', { root: PUBLIC, headers: { 'X-Sent': 'yes' } }));
  router.get('/download', (_request, response) => response.download(path.join(PUBLIC, 'numbers.txt'), 'more numbers.txt'));
  router.get('/hidden', (_request, response, next) => response.sendFile('.hidden', { root: PUBLIC }, (error) => error && next(error)));
  router.get('/early', (_request, response) => {
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    response.send('after hints');
  });
  router.get('/trailers', (_request, response) => {
    response.writeHead(200, { Trailer: 'X-Sum' });
    response.write('body');
    response.addTrailers({ 'X-Sum': '42' });
    response.end();
  });
  router.route('/methods').get((_request, response) => response.send('got')).put((_request, response) => response.send('put'));
  router.search('/methods', (_request, response) => response.send('searched'));
  return router;
};
