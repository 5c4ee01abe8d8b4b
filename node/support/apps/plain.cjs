'use strict';
// Every feature of `http` the tests ask for, a route each.

const http = require('node:http');
const { AsyncLocalStorage, createHook, executionAsyncResource } = require('node:async_hooks');
const fs = require('node:fs');
const diagnostics = require('node:diagnostics_channel');
const net = require('node:net');

const storage = new AsyncLocalStorage();
const sockets = new Set();
let resources = null;
const seen = [];
for (const name of ['http.server.request.start', 'http.server.response.finish']) {
  diagnostics.subscribe(name, ({ request }) => {
    if (request.url === '/diagnostics') seen.push(name);
  });
}

/** Keeps the thread until the file that BUSY_FILE names is there. */
function block() {
  const asleep = new Int32Array(new SharedArrayBuffer(4));
  while (!fs.existsSync(process.env.BUSY_FILE)) Atomics.wait(asleep, 0, 0, 5);
  fs.unlinkSync(process.env.BUSY_FILE);
}

function json(response, value) {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify(value));
}

const routes = {
  '/hello'(_request, response) {
    response.end('hello');
  },
  '/request'(request, response) {
    const { socket } = request;
    json(response, {
      method: request.method,
      url: request.url,
      original_url: request.originalUrl ?? null,
      version: request.httpVersion,
      headers: request.headers,
      distinct: request.headersDistinct,
      raw: request.rawHeaders,
      own: Object.keys(request).includes('rawHeaders'),
      incoming: request instanceof http.IncomingMessage,
      outgoing: response instanceof http.ServerResponse,
      is_socket: socket instanceof net.Socket,
      same: socket === response.socket && socket === request.connection,
      remote: [socket.remoteAddress, socket.remotePort, socket.remoteFamily],
      local: [socket.localAddress, socket.localPort],
      address: socket.address(),
      encrypted: socket.encrypted ?? false,
      server: socket.server === server,
    });
  },
  '/socket'(request, response) {
    sockets.add(request.socket);
    request.socket.tag ??= Math.random();
    json(response, { tag: request.socket.tag, sockets: sockets.size, open: [...sockets].filter((one) => !one.destroyed).length });
  },
  '/echo'(request, response) {
    response.writeHead(200, { 'Content-Type': 'application/octet-stream' });
    request.pipe(response);
  },
  '/sum'(request, response) {
    let bytes = 0;
    request.on('data', (data) => (bytes += data.length));
    request.on('end', () => json(response, { bytes, trailers: request.trailers, complete: request.complete }));
  },
  '/chunks'(_request, response) {
    response.setHeader('Trailer', 'X-Sum');
    response.write('one ');
    response.write(Buffer.from('two '));
    setImmediate(() => {
      response.write('three');
      response.addTrailers({ 'X-Sum': '3' });
      response.end();
    });
  },
  '/stream'(_request, response) {
    response.write('one ');
    setImmediate(() => response.end('two'));
  },
  '/interim'(_request, response) {
    response.writeProcessing();
    response.writeEarlyHints({ link: '</style.css>; rel=preload; as=style' });
    response.end('final');
  },
  '/unread'(_request, response) {
    response.end('not read');
  },
  '/head-only'(_request, response) {
    response.writeHead(204);
    response.end();
  },
  '/flood'(request, response) {
    const chunk = Buffer.alloc(16 * 1024, 'x');
    let left = Number(new URL(request.url, 'http://h').searchParams.get('chunks'));
    let drains = 0;
    response.setHeader('Trailer', 'X-Drains');
    (function more() {
      while (left > 0) {
        left--;
        if (!response.write(chunk)) {
          console.log(`waits with ${left} left`);
          response.once('drain', () => {
            drains++;
            more();
          });
          return;
        }
      }
      response.addTrailers({ 'X-Drains': String(drains) });
      response.end();
    })();
  },
  '/corked'(_request, response) {
    response.cork();
    while (response.write(Buffer.alloc(16 * 1024, 'x')));
    response.once('drain', () => response.end('drained'));
    response.uncork();
  },
  '/slow-read'(request, response) {
    request.once('data', (first) => {
      request.pause();
      console.log('paused');
      process.once('SIGUSR2', () => {
        let bytes = first.length;
        request.on('data', (data) => (bytes += data.length));
        request.on('end', () => json(response, { bytes }));
        request.resume();
      });
    });
  },
  '/hang'(request, response) {
    const events = [];
    const note = (name) => (error) => {
      events.push(error?.code ? `${name}:${error.code}` : name);
      if (events.includes('req.close') && events.includes('res.close')) console.log(`events ${events.sort().join(' ')}`);
    };
    request.on('aborted', note('req.aborted'));
    request.on('error', note('req.error'));
    request.on('close', note('req.close'));
    response.on('close', note('res.close'));
    response.on('finish', note('res.finish'));
    request.resume();
    console.log('hanging');
  },
  '/stream-hang'(_request, response) {
    response.write('partial');
    response.on('close', () => console.log('stream closed'));
  },
  '/destroy'(request) {
    request.socket.destroy();
  },
  '/destroy-late'(_request, response) {
    response.write('begun');
    setImmediate(() => response.destroy());
  },
  '/throw'() {
    throw new Error('thrown by the handler');
  },
  // Works on without a pause when its response has ended.
  '/busy'(_request, response) {
    response.end('done');
    block();
  },
  '/busy-later'(_request, response) {
    setTimeout(() => {
      response.end('done');
      block();
    }, 20);
  },
  // Who is called when credit comes has the store of the request.
  '/store-drain'(_request, response) {
    storage.run('mine', () => {
      const stores = {};
      const big = Buffer.alloc(256 * 1024, 'x');
      response.once('drain', () => {
        stores.drain = storage.getStore() ?? null;
        setImmediate(() => response.end(JSON.stringify(stores)));
      });
      response.write(big, () => (stores.write = storage.getStore() ?? null));
    });
  },
  // Counts the resources of requests that async_hooks knows, after a collection.
  '/resources'(_request, response) {
    if (resources === null) {
      resources = { begun: 0, destroyed: 0 };
      const ids = new Set();
      createHook({
        init(id, type) {
          if (type === 'HTTPINCOMINGMESSAGE') {
            ids.add(id);
            resources.begun++;
          }
        },
        destroy(id) {
          if (ids.delete(id)) resources.destroyed++;
        },
      }).enable();
    }
    globalThis.gc();
    setImmediate(() => json(response, resources));
  },
  '/throw-within'() {
    storage.run({ id: 'thrower' }, () =>
      process.nextTick(() => {
        throw new Error('thrown in a context');
      }),
    );
  },
  '/enter'(request, response) {
    const before = storage.getStore() ?? null;
    storage.enterWith({ id: request.headers['x-id'] });
    const resource = executionAsyncResource();
    setImmediate(() => json(response, { before, after: storage.getStore(), type: resource.constructor.name }));
  },
  '/order'(request, response) {
    const order = [];
    process.nextTick(() => order.push('tick'));
    Promise.resolve().then(() => order.push('promise'));
    order.push('sync');
    setImmediate(() => json(response, { order, previous: globalThis.previous_url ?? null }));
    process.nextTick(() => (globalThis.previous_url = request.url));
  },
  '/diagnostics'(_request, response) {
    response.end('ok');
  },
  '/diagnostics-seen'(_request, response) {
    json(response, seen);
  },
  '/timeout'(request, response) {
    response.setTimeout(20, () => response.end('timed out'));
    request.resume();
  },
  '/lengths'(request, response) {
    const lengths = [response.writableLength];
    response.setHeader('Trailer', 'X-Lengths');
    response.write('');
    const head = response.writableLength;
    response.write('asd');
    lengths.push(head > 0, response.writableLength - head, request.socket.bytesWritten > 0);
    process.nextTick(() => {
      lengths.push(response.writableLength);
      response.addTrailers({ 'X-Lengths': lengths.join(' ') });
      response.end();
      response.on('finish', () => console.log(`at the end ${response.writableLength}`));
    });
  },
  '/raw'(request) {
    request.socket.end('HTTP/1.1 299 Raw\r\nContent-Length: 3\r\nConnection: close\r\n\r\nraw');
  },
  '/close-header'(_request, response) {
    response.setHeader('Connection', 'close');
    response.end('bye');
  },
  '/unicode'(_request, response) {
    response.setHeader('X-Latin', 'caf\xe9');
    response.end('grüße ☃');
  },
  '/connections'(_request, response) {
    server.getConnections((error, count) => json(response, { error, count }));
  },
  '/close-server'(_request, response) {
    server.close(() => console.log('server closed'));
    response.end('closing');
  },
};

const server = http.createServer({ keepAliveTimeout: 7000 }, (request, response) => {
  const route = routes[request.url.split('?')[0]];
  if (route !== undefined) return route(request, response);
  response.statusCode = 404;
  response.end('no such route');
});

process.on('uncaughtException', (error) => console.log(`uncaught ${error.message}`));

server.listen(0, () => console.log(`listening ${JSON.stringify(server.address())} ${server.listening}`));
console.log(`at once ${JSON.stringify(server.address())}`);
