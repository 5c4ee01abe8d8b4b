'use strict';
// What 'clientError' is told, and what a server answers that has no listener for it.

const http = require('node:http');

const server = http.createServer((request, response) => {
  request.on('error', (error) => console.log(`aborted ${error.code}`));
  if (request.url === '/destroy') return request.socket.destroy();
  if (request.url === '/close') {
    server.close();
    setInterval(() => {}, 60_000);
  }
  if (request.url === '/idle') setImmediate(() => server.closeIdleConnections());
  request.resume();
  request.on('end', () => response.end('whole'));
});
if (process.env.LISTENS === 'yes') {
  server.on('clientError', (error, socket) => {
    console.log(`told ${error.code} ${error.message} ${error.bytesParsed} ${error.rawPacket?.toString('latin1')}`);
    socket.end('HTTP/1.1 499 Mine\r\n\r\n');
  });
}
if (process.env.SETS === 'yes') {
  server.headersTimeout = 1234;
  server.requestTimeout = 5678;
  server.on('connection', () => console.log('connected'));
}
if (process.env.CLOSES === 'yes') {
  process.on('SIGTERM', () => {
    server.closeAllConnections();
    process.exit();
  });
}
server.listen(8000, () => console.log('listening'));
