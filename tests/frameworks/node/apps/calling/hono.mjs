// Hono's handlers await functions of Python. The module exports them; hono_server.mjs serves them by @hono/node-server.

import { services } from 'diglot';
import { Hono } from 'hono';
import { picture, told } from './pictures.mjs';

const app = new Hono();
app.get('/pictures/:rows/:columns', async (c) => c.json(told(await services.app.turned({ picture: picture(c.req.param('rows'), c.req.param('columns')) }))));
app.get('/ponder/:name', async (c) => c.json(await services.app.ponder({ name: c.req.param('name') })));

export default app;
