'use strict';
// A program with an 'upgrade' listener and nothing else that needs the wire.

const http = require('node:http');

const server = http.createServer((request, response) => response.end(`plain ${typeof request.socket.parser}`));
server.on('upgrade', (request, socket) => {
  socket.end(`HTTP/1.1 426 Upgrade Required\r\nContent-Length: ${request.url.length}\r\nConnection: close\r\n\r\n${request.url}`);
});
server.on('connect', (request, socket) => {
  socket.end(`HTTP/1.1 405 No\r\nContent-Length: ${request.url.length}\r\nConnection: close\r\n\r\n${request.url}`);
});
server.on('checkContinue', (_request, response) => response.writeHead(413).end('too much'));
server.on('checkExpectation', (request, response) => response.end(`expects ${request.headers.expect}`));
server.maxRequestsPerSocket = 2;
server.listen(0);
