// WebSockets by @hono/node-server.

import { serve, upgradeWebSocket } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { app } from './app.mjs';

app.get('/live/:room', upgradeWebSocket((c) => ({
  onMessage: (event, socket) => socket.send(`${c.req.param('room')}: ${event.data}`),
  onClose: () => console.log('a visitor has left'),
})));

serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000), hostname: process.env.HOST, websocket: { server: new WebSocketServer({ noServer: true }) } }, ({ port }) =>
  console.log(`listening on http://localhost:${port}`),
);
