// WebSockets by `ws`, the client most tests of Node applications have.

import { once } from 'node:events';
import WebSocket from 'ws';
import { PATIENCE_MS } from './servers.mjs';

/**
 * Sends messages, waits for an answer to each, and closes.
 * @param {import('./client.mjs').Client} client
 * @param {string} path
 * @param {(string | Buffer)[]} messages
 * @returns {Promise<{ received: (string | Buffer)[], code: number }>}
 */
export async function conversation(client, path, messages, options = {}) {
  const socket = new WebSocket(client.url.replace('http', 'ws') + path, { handshakeTimeout: PATIENCE_MS, ...options });
  await once(socket, 'open');
  const received = [];
  for (const message of messages) {
    const answered = once(socket, 'message', { signal: AbortSignal.timeout(PATIENCE_MS) });
    socket.send(message);
    const [data, binary] = await answered;
    received.push(binary ? data : data.toString());
  }
  const closed = once(socket, 'close');
  socket.close();
  const [code] = await closed;
  return { received, code };
}
