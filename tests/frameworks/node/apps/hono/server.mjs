import { serve } from '@hono/node-server';
import { app } from './app.mjs';

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: process.env.HOST }, ({ port }) => console.log(`listening on http://localhost:${port}`));
process.on('SIGTERM', () => server.close());
