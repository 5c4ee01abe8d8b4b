// Hono that listens, and is exported besides: for its tests.
import { serve } from '@hono/node-server';
import { app } from './hono_app.mjs';

serve({ fetch: app.fetch, port: Number(process.env.PORT) });

export default app;
