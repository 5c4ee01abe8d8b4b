'use strict';
// Koa with middleware, a streamed body and an error.

const fs = require('node:fs');
const Koa = require('koa');

const app = new Koa();
app.use(async (context, next) => {
  await next();
  context.set('X-Time', 'measured');
});
app.use(async (context) => {
  if (context.path === '/throws') context.throw(418, 'thrown');
  else if (context.path === '/stream') context.body = fs.createReadStream(__filename);
  else if (context.path === '/body') {
    const chunks = [];
    for await (const chunk of context.req) chunks.push(chunk);
    context.body = Buffer.concat(chunks);
  } else context.body = { method: context.method, ip: context.ip, query: context.query };
});
app.silent = true;
app.listen(process.env.PORT);
