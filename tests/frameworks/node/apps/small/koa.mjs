import { createReadStream } from 'node:fs';
import { PassThrough } from 'node:stream';
import { bodyParser } from '@koa/bodyparser';
import Router from '@koa/router';
import Koa from 'koa';

const app = new Koa({ keys: ['one', 'two'], proxy: false });
const router = new Router();

app.use(async (ctx, next) => {
  try {
    await next();
  } catch (error) {
    ctx.status = error.status ?? 500;
    ctx.body = { caught: error.message };
    if (!error.expose) ctx.app.emit('error', error, ctx);
  }
});
app.use(async (ctx, next) => {
  await next();
  ctx.set('X-Served-By', 'the shop');
});
app.use(bodyParser({ enableTypes: ['json', 'form', 'text'], jsonLimit: '10kb' }));
router.get('/', (ctx) => {
  ctx.body = 'Hello Koa!';
});
router.get('/request/:id', (ctx) => {
  const { method, url, path, query, protocol, hostname, ip, ips, secure, subdomains } = ctx.request;
  ctx.body = { id: ctx.params.id, method, url, path, query, protocol, hostname, ip, ips, secure, subdomains };
});
router.post('/body', (ctx) => {
  ctx.status = 201;
  ctx.body = { body: ctx.request.body };
});
router.get('/cookies', (ctx) => {
  const visits = Number(ctx.cookies.get('visits', { signed: true }) ?? 0) + 1;
  ctx.cookies.set('visits', String(visits), { signed: true });
  ctx.body = { visits };
});
router.get('/file', (ctx) => {
  ctx.type = 'text/plain';
  ctx.body = createReadStream(new URL('./public/numbers.txt', import.meta.url));
});
router.get('/events', (ctx) => {
  const to = new PassThrough();
  let sent = 0;
  const timer = setInterval(() => to.write(`data: ${++sent}\n\n`), 10);
  ctx.req.on('close', () => {
    clearInterval(timer);
    console.log('the reader of events has left');
  });
  ctx.type = 'text/event-stream';
  ctx.body = to;
});
router.get('/fresh', (ctx) => {
  ctx.status = 200;
  ctx.etag = 'one';
  if (ctx.fresh) ctx.status = 304;
  else ctx.body = 'not fresh';
});
router.get('/empty', (ctx) => {
  ctx.body = null;
});
router.get('/redirect', (ctx) => ctx.redirect('/?a=b'));
router.get('/throws', () => {
  throw new Error('thrown in Koa');
});
router.get('/refuses', (ctx) => ctx.throw(418, 'short and stout'));
app.use(router.routes()).use(router.allowedMethods());

const server = app.listen(process.env.PORT ?? 3000, process.env.HOST, () => console.log(`listening on http://localhost:${server.address().port}`));
