'use strict';
// Responses that take their time.

const fs = require('node:fs');
const path = require('node:path');
const { pipeline, Readable, Transform } = require('node:stream');

module.exports = (express) => {
  const router = express.Router();
  router.get('/file', (_request, response) => fs.createReadStream(path.join(__dirname, 'streams.cjs')).pipe(response.type('js')));
  router.get('/generated/:mebibytes', (request, response, next) => {
    const chunk = Buffer.alloc(65_536, 'generated ');
    const chunks = Number(request.params.mebibytes) * 16;
    const source = Readable.from((function* () {
      for (let at = 0; at < chunks; at++) yield chunk;
    })());
    pipeline(source, response.set('Cache-Control', 'no-transform'), (error) => error && next(error));
  });
  router.post('/upper', (request, response) => {
    const upper = new Transform({ transform: (chunk, _encoding, done) => done(null, chunk.toString().toUpperCase()) });
    pipeline(request, upper, response, () => {});
  });
  // Has no end: whoever got its events got each as it was sent.
  router.get('/events', (request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' });
    let sent = 0;
    const timer = setInterval(() => {
      response.write(`id: ${++sent}\ndata: ${request.get('Last-Event-ID') ?? 'nothing'} before ${sent}\n\n`);
      response.flush();
    }, 10);
    request.on('close', () => {
      clearInterval(timer);
      console.log(`the reader of events has left, ${response.writableFinished ? 'served' : 'early'}`);
    });
  });
  router.get('/broken', (_request, response) => {
    response.set('Content-Length', '1000');
    response.write('too little');
    setImmediate(() => response.destroy());
  });
  return router;
};
