// Hono through the adapter its documentation names for Node.
import { serve } from '@hono/node-server';
import { app } from './hono_app.mjs';

serve({ fetch: app.fetch, port: Number(process.env.PORT) });
