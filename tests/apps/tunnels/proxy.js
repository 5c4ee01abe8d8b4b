// http-proxy before another server, for requests and WebSockets.

const http = require('node:http');
const httpProxy = require('http-proxy');

const proxy = httpProxy.createProxyServer({ target: process.env.TARGET, ws: true });
proxy.on('error', (_error, _request, response) => {
  if ('writeHead' in response) response.writeHead(502).end('no target');
  else response.destroy();
});
const server = http.createServer((request, response) => proxy.web(request, response));
server.on('upgrade', (request, socket, head) => proxy.ws(request, socket, head));
server.listen(process.env.PORT);
