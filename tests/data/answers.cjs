// Answers in each way a test asks for by its path.
'use strict';
const http = require('node:http');

const server = http.createServer((request, response) => {
  const routes = {
    '/plain': () => response.end('plain'),
    '/mixed': () => {
      response.setHeader('X-MiXed-Case', 'a');
      response.setHeader('set-cookie', ['a=1', 'b=2']);
      response.setHeader('A-Last', 'z');
      response.end('mixed');
    },
    '/date': () => {
      response.setHeader('Date', 'Thu, 01 Jan 1970 00:00:00 GMT');
      response.end();
    },
    '/undated': () => {
      response.sendDate = false;
      response.end('undated');
    },
    '/204': () => {
      response.statusCode = 204;
      response.end('never');
    },
    '/304': () => {
      response.writeHead(304, { ETag: '"a"' });
      response.end('never');
    },
    '/pieces': () => {
      response.write('one ');
      setImmediate(() => response.end('two'));
    },
    '/trailers': () => {
      response.setHeader('Trailer', 'X-Sum');
      response.write('body');
      response.addTrailers({ 'X-Sum': '4' });
      response.end();
    },
    '/hints': () => {
      response.writeEarlyHints({ link: '</a.css>; rel=preload' });
      response.end('hinted');
    },
    '/echo': () => {
      const chunks = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        response.setHeader('X-Trailers', request.rawTrailers.join(','));
        response.end(Buffer.concat(chunks));
      });
    },
    '/early': () => {
      response.statusCode = 401;
      response.end('no');
    },
    '/split': () => {
      const refused = [];
      for (const set of [
        () => response.setHeader('X-A', 'a\r\nX-Evil: 1'),
        () => response.setHeader('X-A\r\nX-Evil', '1'),
        () => response.writeHead(200, 'OK\r\nX-Evil: 1'),
        () => response.appendHeader('X-A', 'a\nX-Evil: 1'),
      ]) {
        try {
          set();
        } catch (error) {
          refused.push(error.code);
        }
      }
      // A reason that was refused is kept all the same, and would be refused again.
      response.statusMessage = 'OK';
      response.end(refused.join(' '));
    },
    '/long': () => {
      response.setHeader('Content-Length', 5);
      response.end('plainHTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n');
    },
    '/short': () => {
      response.setHeader('Content-Length', 10);
      response.end('plain');
    },
    '/raw-two': () => {
      const one = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi';
      response.socket.write(`${one}HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 2\r\n\r\nho`);
    },
    '/raw': () => response.socket.write('HTTP/1.1 200 OK\r\nX-A: a\0b\r\nContent-Length: 2\r\n\r\nhi'),
    '/raw-cr': () => response.socket.write('HTTP/1.1 200 OK\r\nX-A: a\rX-Evil: 1\r\nContent-Length: 2\r\n\r\nhi'),
  };
  (routes[request.url] ?? (() => response.writeHead(404).end()))();
});
server.listen(0);
