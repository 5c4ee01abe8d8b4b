// Hono as its module exports it, while the adapter has put a Response of its own in the place of Node's.
import { getRequestListener } from '@hono/node-server';
import { app } from './hono_app.mjs';

export const listener = getRequestListener(app.fetch);
export default app;
