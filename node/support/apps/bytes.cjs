'use strict';
// A program that looks at connections, so that its requests pass through Node's own parser.

const http = require('node:http');

let connections = 0;
const server = http.createServer((request, response) => {
  const { remoteAddress } = request.socket;
  if (request.url.startsWith('/echo')) {
    response.setHeader('X-Length', request.headers['content-length'] ?? 'none');
    response.setHeader('Trailer', 'X-Trailers');
    request.on('end', () => response.addTrailers({ 'X-Trailers': JSON.stringify(request.trailers) }));
    return request.pipe(response);
  }
  if (request.url === '/unread') return response.end('not read');
  if (request.url === '/hang') {
    response.on('close', () => console.log('hang closed'));
    return response.write('partial');
  }
  const { url, originalUrl, rawHeaders, method, httpVersion } = request;
  response.end(JSON.stringify({ connections, remoteAddress, url, originalUrl, rawHeaders, method, httpVersion, parser: request.socket.parser.incoming === request }));
});
server.on('connection', (socket) => {
  connections++;
  socket.on('close', () => console.log('connection closed'));
});
server.on('upgrade', (request, socket, head) => {
  console.log(`upgrade ${request.headers.upgrade} ${head.length}`);
  socket.end('HTTP/1.1 426 Upgrade Required\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno');
});
server.listen(0);
