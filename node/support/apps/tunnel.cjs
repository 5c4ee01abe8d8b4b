'use strict';
// A program that takes connections over, by what the path says.

const http = require('node:http');

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';
const state = { closed: [], errors: [] };
const sockets = new Set();
let large_write = null;

const server = http.createServer((request, response) => {
  if (request.url === '/state') return response.end(JSON.stringify({ ...state, written: large_write?.bytesWritten }));
  if (request.url === '/seen') {
    sockets.add(request.socket);
    return response.end('seen');
  }
  if (request.url === '/close-all') {
    server.closeAllConnections();
    return;
  }
  if (request.url === '/events') {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n');
    return;
  }
  response.end(`request ${request.url} ${request.headers.upgrade} ${request.upgrade}`);
});

function take_over(request, socket, head) {
  const path = request.url.split('?')[0];
  socket.on('error', (error) => state.errors.push(`${error.code} ${error.syscall}`));
  socket.on('close', () => state.closed.push(request.url));
  if (path === '/echo') {
    socket.write(`${SWITCHING}${head}|`);
    socket.pipe(socket);
  } else if (path === '/facts') {
    const { remoteAddress, remotePort, encrypted, allowHalfOpen, parser, readableFlowing } = socket;
    const facts = { remoteAddress, remotePort, encrypted, allowHalfOpen, parser, readableFlowing, url: request.url, original_url: request.originalUrl, head: `${head}`, upgrade: request.upgrade, same: sockets.has(socket), request_socket: request.socket === socket };
    socket.end(SWITCHING + JSON.stringify(facts));
  } else if (path === '/refuse') {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  } else if (path === '/destroy') {
    socket.write(SWITCHING);
    socket.destroy();
  } else if (path === '/reset') {
    socket.write(SWITCHING);
    socket.resetAndDestroy();
  } else if (path === '/paused') {
    socket.write(SWITCHING);
    socket.once('data', () => {
      socket.pause();
      process.once('SIGUSR2', () => socket.on('data', (data) => (state.bytes = (state.bytes ?? 0) + data.length)).resume());
    });
  } else if (path === '/large') {
    large_write = socket;
    socket.write(SWITCHING);
    let count = 0;
    const chunk = Buffer.alloc(16_384, 'x');
    const more = () => {
      while (count < 64) {
        count++;
        if (!socket.write(chunk)) {
          state.drains = (state.drains ?? 0) + 1;
          return socket.once('drain', more);
        }
      }
      socket.end();
    };
    more();
  } else if (path === '/idle') {
    socket.write(SWITCHING);
    socket.setTimeout(50, () => socket.end('timeout'));
  } else if (path === '/half') {
    // The client's end is no reason to end.
    let text = '';
    socket.write(SWITCHING);
    socket.on('data', (data) => (text += data));
    socket.on('end', () => setImmediate(() => socket.end(`got ${text}`)));
  }
}

server.on('upgrade', take_over);
if (process.argv.includes('--connect') || process.env.WITH_CONNECT) {
  server.on('connect', (request, socket, head) => {
    socket.write(`HTTP/1.1 200 Connection established\r\n\r\n${request.url}|${head}|`);
    socket.pipe(socket);
  });
}
process.on('SIGTERM', () => {
  console.log('terminated');
  if (process.env.END_ON_TERM) process.exit(7);
});
server.listen(0);
