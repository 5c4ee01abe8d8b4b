'use strict';
// Finer points of `http`, a route each. It runs below the link and by plain node, and the tests compare the two.

const http = require('node:http');
const { PerformanceObserver } = require('node:perf_hooks');
const { Readable, finished, pipeline } = require('node:stream');

const events = [];
/** What `perf_hooks` tells of requests, from the first '/measured' on. */
const measured = [];
let observer;
const sockets = new Set();
let release = () => {};

const note = (name) => (error) => events.push(`${name} ${error?.code ?? 'whole'}`);

function json(response, value) {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(value));
}

const routes = {
  '/hello': (_request, response) => response.end('hello'),
  '/status-message'(_request, response) {
    response.statusCode = 418;
    response.statusMessage = 'Tea Time';
    response.end('short');
  },
  '/bytes-read': (request, response) => json(response, request.socket.bytesRead),
  '/information'(_request, response) {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</style.css>; rel=preload' });
    // Since Node 24.
    response.writeInformation?.(104, { 'Upload-Offset': '7' });
    response.end('informed');
  },
  '/measured'(_request, response) {
    observer ??= new PerformanceObserver((list) => measured.push(...list.getEntries()));
    observer.observe({ entryTypes: ['http'] });
    json(response, measured);
  },
  '/no-date'(_request, response) {
    response.sendDate = false;
    response.end('timeless');
  },
  '/strict'(_request, response) {
    response.strictContentLength = true;
    response.writeHead(200, { 'Content-Length': 32 });
    let code = 'nothing was thrown';
    try {
      response.write('x'.repeat(33));
    } catch (error) {
      code = error.code;
    }
    response.strictContentLength = false;
    response.end(code);
  },
  '/flush-headers'(_request, response) {
    response.setHeader('X-Early', 'yes');
    response.flushHeaders();
    release = () => response.end('late');
  },
  '/release'(_request, response) {
    release();
    response.end('released');
  },
  '/headers'(request, response) {
    const names = Object.keys(request.headers).filter((name) => name.startsWith('x-'));
    json(response, { agent: request.headers['user-agent'], same: request.headers['x-same'] ?? null, names });
  },
  '/pipeline': (_request, response) => pipeline(Readable.from(['one ', 'two']), response, note('pipeline')),
  '/upload'(request, response) {
    pipeline(
      request,
      async function* (chunks) {
        for await (const chunk of chunks) yield String(chunk).toUpperCase();
      },
      response,
      note('upload'),
    );
  },
  '/finished'(request, response) {
    finished(request, note('request'));
    finished(response, note('response'));
    request.resume();
    response.end('ok');
  },
  '/left'(request, response) {
    finished(request, note('request'));
    finished(response, note('response'));
    request.resume();
    response.write('begun');
    response.once('close', () => setImmediate(() => console.log('left')));
  },
  '/events'(_request, response) {
    json(response, events.splice(0).sort());
  },
  '/destroy-soon'(request, response) {
    request.socket.once('close', note('socket'));
    response.end('soon');
    request.socket.destroySoon();
  },
  '/close-idle'(request, response) {
    server.closeIdleConnections();
    setImmediate(() => {
      const others = [...sockets].filter((socket) => socket !== request.socket);
      json(response, { own: request.socket.destroyed, others: others.map((socket) => socket.destroyed) });
    });
  },
  '/remember'(request, response) {
    sockets.add(request.socket);
    response.end('remembered');
  },
};

const server = http.createServer({ joinDuplicateHeaders: true }, (request, response) => routes[request.url](request, response));
server.maxHeadersCount = 20;
server.listen(0, '127.0.0.1', () => console.log(`listening ${server.address().port}`));
