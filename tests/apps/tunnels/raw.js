// Takes connections over, by what the path says; tells of itself at /state.

const http = require('node:http');
const net = require('node:net');

const SWITCHING = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';
const state = { pid: process.pid, open: 0, closes: 0, left_at: 0, errors: [] };

const server = http.createServer((request, response) => {
  if (request.url === '/state') return response.end(JSON.stringify(state));
  if (request.url === '/slow') return setTimeout(() => response.end('slow'), 300);
  response.end(`request ${request.method} ${request.url}`);
});

function watch(socket) {
  state.open++;
  socket.on('error', (error) => state.errors.push(error.code));
  socket.on('close', () => {
    state.open--;
    state.closes++;
    state.left_at = Date.now() / 1000;
  });
}

server.on('upgrade', (request, socket, head) => {
  watch(socket);
  const path = request.url.split('?')[0];
  if (path === '/echo') {
    socket.write(`${SWITCHING}${head.length}|`);
    socket.write(head);
    socket.pipe(socket);
  } else if (path === '/refuse') {
    socket.end('HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno');
  } else if (path === '/half') {
    let bytes = 0;
    socket.write(SWITCHING);
    socket.on('data', (data) => (bytes += data.length));
    socket.on('end', () => socket.end(`${bytes} bytes`));
  } else if (path === '/bye') {
    socket.end(`${SWITCHING}bye`);
    socket.on('data', (data) => (state.behind = (state.behind ?? '') + data));
  } else if (path === '/flood') {
    socket.write(SWITCHING);
    const chunk = Buffer.alloc(65_536, 'x');
    state.flooded = 0;
    const more = () => {
      while (!socket.destroyed) {
        state.flooded += chunk.length;
        if (!socket.write(chunk)) return socket.once('drain', more);
      }
    };
    more();
  } else if (path === '/deaf') {
    // Reads nothing.
    socket.write(SWITCHING);
  } else if (path === '/destroy') {
    socket.write(`${SWITCHING}last words`);
    socket.destroy();
  } else if (path === '/reset') {
    socket.write(SWITCHING);
    socket.resetAndDestroy();
  } else if (path === '/facts') {
    const { remoteAddress, remotePort, localPort, encrypted } = socket;
    socket.end(SWITCHING + JSON.stringify({ remoteAddress, remotePort, localPort, encrypted, url: request.url }));
  }
});

if (process.env.PROXY !== undefined) {
  server.on('connect', (request, socket, head) => {
    watch(socket);
    const { hostname, port } = new URL(`http://${request.url}`);
    const target = net.connect(port, hostname, () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.write(head);
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n'));
    socket.on('close', () => target.destroy());
  });
}

process.on('SIGTERM', () => {
  console.log(`SIGTERM with ${state.open} open`);
  server.close(() => console.log('closed'));
});
server.listen(process.env.PORT);
