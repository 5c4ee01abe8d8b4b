'use strict';
// A shop on Express 4 or 5 (EXPRESS names the package), with the middleware that most have.

const path = require('node:path');
const compression = require('compression');
const cookieParser = require('cookie-parser');
const express = require(process.env.EXPRESS);

const app = express();
app.set('view engine', 'ejs');
app.set('views', path.join(__dirname, 'views'));
if (process.env.TRUST_PROXY) app.set('trust proxy', process.env.TRUST_PROXY);

app.use(compression({ threshold: 1000 }));
app.use(cookieParser('a secret'));
app.use((_request, response, next) => {
  response.set('X-Served-By', 'the shop');
  next();
});
app.use('/static', express.static(path.join(__dirname, 'public'), { maxAge: '1h', redirect: true, extensions: ['html'] }));
app.use('/bodies', require('./routes/bodies.cjs')(express));
app.use('/uploads', require('./routes/uploads.cjs')(express));
app.use('/accounts', require('./routes/accounts.cjs')(express));
app.use('/responses', require('./routes/responses.cjs')(express));
app.use('/streams', require('./routes/streams.cjs')(express));
app.get('/', (_request, response) => response.render('index', { title: 'Shop', goods: ['tea', 'rice & <beans>'] }));
app.get('/pid', (_request, response) => response.json(process.pid));
app.get('/throws', () => {
  throw new Error('thrown in a route');
});
app.get('/next', (_request, _response, next) => next(Object.assign(new Error('nothing to see'), { status: 410 })));
app.get('/rejects', async (_request, _response, next) => {
  // Express 4 does not look at what a handler returns.
  try {
    await Promise.reject(new Error('rejected in a route'));
  } catch (error) {
    next(error);
  }
});
app.get('/late', (_request, response, next) => {
  response.write('the beginning');
  next(new Error('after the head had left'));
});
app.use('/pages', (_request, response) => response.status(404).render('missing', { url: _request.originalUrl }));
app.use((error, request, response, next) => {
  // Errors of the API are JSON; the rest is Express's own page.
  if (!request.path.startsWith('/bodies') && !request.path.startsWith('/uploads')) return next(error);
  response.status(error.status ?? (error.code?.startsWith('LIMIT_') ? 413 : 500)).json({ error: error.message, type: error.type ?? error.code });
});

const server = app.listen(process.env.PORT ?? 3000, process.env.HOST, () => console.log(`listening on http://localhost:${server.address().port}`));
process.on('SIGTERM', () => server.close(() => console.log('closed')));
