// A Hono application with what most use of it.
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import { streamSSE } from 'hono/streaming';

export const app = new Hono();
app.use('/cors/*', cors());
app.get('/', (context) => context.text('Hello Hono!'));
app.get('/cors/x', (context) => context.json({ ok: true }));
app.get('/users/:id', (context) => context.json({ id: context.req.param('id'), q: context.req.query('q'), agent: context.req.header('user-agent') }));
app.post('/body', async (context) => context.json(await context.req.json(), 201, { 'X-Custom': 'yes' }));
app.post('/form', async (context) => context.json(await context.req.parseBody()));
app.get('/events', (context) =>
  streamSSE(context, async (stream) => {
    await stream.writeSSE({ data: '1' });
    await stream.sleep(5);
    await stream.writeSSE({ data: '2' });
  }),
);
app.get('/throws', () => {
  throw new Error('thrown');
});
app.onError((error, context) => context.text(`caught ${error.message}`, 500));
