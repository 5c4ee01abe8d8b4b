// An API on Hono, which server.mjs serves by @hono/node-server and fetch.mjs exports.

import { getConnInfo } from '@hono/node-server/conninfo';
import { serveStatic } from '@hono/node-server/serve-static';
import { zValidator } from '@hono/zod-validator';
import { Hono } from 'hono';
import { basicAuth } from 'hono/basic-auth';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { deleteCookie, getCookie, getSignedCookie, setCookie, setSignedCookie } from 'hono/cookie';
import { cors } from 'hono/cors';
import { etag } from 'hono/etag';
import { html } from 'hono/html';
import { HTTPException } from 'hono/http-exception';
import { jwt, sign } from 'hono/jwt';
import { requestId } from 'hono/request-id';
import { secureHeaders } from 'hono/secure-headers';
import { stream, streamSSE, streamText } from 'hono/streaming';
import { z } from 'zod';

const SECRET = 'a secret';

export const app = new Hono();

app.use(async (c, next) => {
  await next();
  c.header('x-served-by', 'the shop');
});
app.get('/', (c) => c.text('Hello Hono!'));
app.get('/pid', (c) => c.json(process.pid));
app.get('/json', (c) => c.json({ ü: [1, null] }, 201, { 'X-Custom': 'yes' }));
app.get('/html', (c) => c.html(html`<p>${c.req.query('name')}</p>`));
app.get('/redirect', (c) => c.redirect('/?a=b', 303));
app.get('/empty', (c) => c.body(null, 204));
app.get('/binary', (c) => c.body(new Uint8Array([0, 1, 254, 255]), 200, { 'Content-Type': 'application/octet-stream' }));
app.get('/web', () => new Response('a web response', { status: 203, statusText: 'Quite Fine', headers: [['x-many', '1'], ['set-cookie', 'a=1'], ['set-cookie', 'b=2']] }));
app.get('/request/:id', (c) =>
  c.json({ id: c.req.param('id'), query: c.req.queries(), url: c.req.url, path: c.req.path, method: c.req.method, host: c.req.header('host'), many: c.req.header('x-many'), address: getConnInfo(c).remote.address }),
);
app.all('/method', (c) => c.text(c.req.method));

app.post('/body/json', async (c) => c.json(await c.req.json()));
app.post('/body/text', async (c) => c.text((await c.req.text()).toUpperCase()));
app.post('/body/form', async (c) => c.json(await c.req.parseBody({ all: true, dot: true })));
app.post('/body/bytes', async (c) => c.json({ bytes: (await c.req.arrayBuffer()).byteLength }));
app.post('/body/blob', async (c) => c.json({ type: (await c.req.blob()).type }));
app.post('/body/file', async (c) => {
  const { file, title } = await c.req.parseBody();
  return c.json({ title, name: file.name, type: file.type, size: file.size, text: (await file.text()).slice(0, 20) });
});
app.post('/body/limited', bodyLimit({ maxSize: 1000, onError: (c) => c.json({ too: 'large' }, 413) }), async (c) => c.text(await c.req.text()));
app.post('/body/piped', (c) => c.body(c.req.raw.body, 200, { 'Content-Type': 'text/plain' }));
app.post('/body/twice', async (c) => c.json([await c.req.text(), await c.req.text(), c.req.raw.headers.get('content-type')]));
app.post('/body/unread', (c) => c.text('not read', 202));

app.get('/cookies', async (c) => {
  setCookie(c, 'plain', 'a b;c', { path: '/', maxAge: 60, sameSite: 'Lax' });
  await setSignedCookie(c, 'signed', 'mine', SECRET, { httpOnly: true, secure: true, prefix: 'secure' });
  deleteCookie(c, 'old');
  return c.json({ all: getCookie(c), signed: await getSignedCookie(c, SECRET, 'signed', 'secure') });
});

app.post('/login', async (c) => c.json({ token: await sign({ sub: 'ada', exp: 4_000_000_000 }, SECRET) }));
app.use('/account/*', jwt({ secret: SECRET, alg: 'HS256' }));
app.get('/account/me', (c) => c.json(c.get('jwtPayload')));
app.get('/basic', basicAuth({ username: 'ada', password: 'lovelace' }), (c) => c.text('welcome'));

const book = z.object({ title: z.string().min(1), pages: z.number().int().positive() });
app.post('/books', zValidator('json', book), (c) => c.json({ made: c.req.valid('json') }, 201));
app.get(
  '/books',
  zValidator('query', z.object({ from: z.coerce.number().default(0) }), (result, c) => (result.success ? undefined : c.json({ wrong: result.error.issues[0].path }, 422))),
  (c) => c.json(c.req.valid('query')),
);

app.use('/middleware/*', cors({ origin: 'https://shop.example', credentials: true }), secureHeaders(), requestId(), etag());
app.get('/middleware/x', (c) => c.json({ id: c.get('requestId') }));
app.use('/compressed/*', compress());
app.get('/compressed/x', (c) => c.text('compress me '.repeat(5000)));
app.use('/static/*', serveStatic({ root: `${import.meta.dirname}/public`, rewriteRequestPath: (path) => path.slice('/static'.length) }));

app.get('/stream/text', (c) =>
  streamText(c, async (to) => {
    for (const word of ['one', 'two', 'three']) {
      await to.writeln(word);
      await to.sleep(1);
    }
  }),
);
app.get('/stream/large', (c) =>
  stream(c, async (to) => {
    const chunk = new Uint8Array(65_536).fill(103);
    for (let at = 0; at < 256; at++) await to.write(chunk);
  }),
);
app.get('/stream/events', (c) =>
  streamSSE(c, async (to) => {
    to.onAbort(() => console.log('the reader of events has left'));
    for (let id = 1; !to.aborted; id++) {
      await to.writeSSE({ id: String(id), event: 'tick', data: `tick ${id}` });
      await to.sleep(10);
    }
  }),
);
/** A body whose source fails after so many parts. */
function failing_after(parts) {
  let sent = 0;
  return new ReadableStream({
    async pull(to) {
      await new Promise(setImmediate);
      if (sent++ < parts) to.enqueue(new TextEncoder().encode('a part'));
      else to.error(new Error('the source has failed'));
    },
  });
}
app.get('/stream/cut', () => new Response(failing_after(20)));
app.get('/waits', async (c) => {
  console.log('waiting');
  await new Promise((resolve) => c.req.raw.signal.addEventListener('abort', resolve));
  console.log('the client has left');
  return c.text('nobody reads this');
});

const api = new Hono().basePath('/v1');
api.get('/users/:name{[a-z]+}', (c) => c.json(c.req.param()));
app.route('/api', api);

app.get('/throws', () => {
  throw new Error('thrown in a handler');
});
app.get('/http-exception', () => {
  throw new HTTPException(418, { message: 'short and stout' });
});
app.onError((error, c) => {
  if (error instanceof HTTPException) return error.getResponse();
  return c.json({ caught: error.message }, 500);
});
app.notFound((c) => c.json({ missing: c.req.path }, 404));
