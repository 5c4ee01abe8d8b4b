// Tells what it saw: every request in order, at /canary/seen, once.
'use strict';
const http = require('node:http');

let seen = [];

const pairs = (raw) => raw.flatMap((name, at) => (at % 2 === 0 ? [[name, raw[at + 1]]] : []));

http
  .createServer((request, response) => {
    if (request.url === '/canary/seen') {
      const told = Buffer.from(JSON.stringify(seen));
      seen = [];
      response.end(told);
      return;
    }
    const record = {
      method: request.method,
      target: request.url,
      headers: pairs(request.rawHeaders),
      facts: {
        proto: Object.getPrototypeOf(request.headers) === Object.prototype,
        peer: request.socket.remoteAddress ?? null,
      },
      body: '',
      complete: false,
    };
    seen.push(record);
    request.on('data', (chunk) => {
      record.body += chunk.toString('latin1');
    });
    request.on('end', () => {
      record.complete = true;
      response.setHeader('Content-Length', 4);
      response.end('seen');
    });
    // A request that is cut off is an error of the client's, which the record shows as not complete.
    request.on('error', () => {});
  })
  .listen(0);
