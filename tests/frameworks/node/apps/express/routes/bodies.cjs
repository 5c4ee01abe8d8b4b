'use strict';
// Bodies of every kind that Express parses by itself.

module.exports = (express) => {
  const router = express.Router();
  router.use('/json', express.json({ limit: '100kb', type: ['application/json', 'application/*+json'] }));
  router.use('/strict', express.json({ strict: false }));
  router.use('/form', express.urlencoded({ extended: true, limit: '10kb', parameterLimit: 5 }));
  router.use('/flat', express.urlencoded({ extended: false }));
  router.use('/text', express.text());
  router.use('/raw', express.raw({ type: '*/*', limit: '5mb' }));
  router.use(
    '/verified',
    express.json({
      verify: (request, _response, bytes) => {
        if (request.get('X-Length') !== String(bytes.length)) throw Object.assign(new Error('not what was signed'), { status: 403 });
      },
    }),
  );
  router.post('/raw', (request, response) => {
    const sum = require('node:crypto').createHash('sha256').update(request.body).digest('hex');
    response.json({ bytes: request.body.length, sum });
  });
  // No parser: the request is a stream.
  router.post('/none', (request, response) => {
    let bytes = 0;
    request.on('data', (chunk) => (bytes += chunk.length));
    request.on('end', () => response.json({ bytes, body: request.body ?? null, trailers: request.trailers }));
  });
  // Answers without a look at the body.
  router.post('/unread', (_request, response) => response.status(202).json({ read: false }));
  router.all(/.*/, (request, response) => response.json({ method: request.method, body: request.body ?? null }));
  return router;
};
