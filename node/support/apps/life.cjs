'use strict';
// Programs that live and die in the ways the tests name: `LIFE` says which.

const http = require('node:http');
const https = require('node:https');
const net = require('node:net');

const hello = (_request, response) => response.end(`hello from ${process.pid}`);
const lives = {
  ends() {},
  exits: () => process.exit(3),
  throws() {
    throw new Error('cannot load');
  },
  throws_later: () => setTimeout(() => Promise.reject(new Error('cannot load later')), 1),
  env() {
    const kept = Object.keys(process.env).filter((name) => name.startsWith('DIGLOT'));
    http.createServer((_request, response) => response.end(JSON.stringify(kept))).listen(0);
  },
  sigterm() {
    const server = http.createServer(hello).listen(0);
    process.on('SIGTERM', () => {
      console.log('told to end');
      server.close(() => console.log('server closed'));
    });
  },
  sigint() {
    http.createServer(hello).listen(0);
    process.on('SIGINT', () => {
      console.log('told to end');
      process.exit(0);
    });
  },
  exported() {
    process.on('SIGTERM', () => console.log('told to end'));
    module.exports = { fetch: () => new Response('hello') };
  },
  unclosed() {
    http.createServer(hello).listen(0);
    process.on('SIGTERM', () => console.log('told to end'));
  },
  slow() {
    const server = http.createServer((_request, response) => {
      response.write('slow ');
      process.once('SIGUSR2', () => response.end('end'));
    });
    server.listen(0);
  },
  close() {
    const server = http.createServer((request, response) => {
      if (request.url === '/close') server.close(() => console.log(`server closed ${server.listening} ${server.address()}`));
      if (request.url === '/connections') {
        server.getConnections((_error, count) => response.end(String(count)));
        return;
      }
      response.end('ok');
    });
    server.on('close', () => console.log('close event'));
    server.listen(0);
  },
  async dispose() {
    const server = http.createServer(hello);
    await new Promise((resolve) => {
      server.listen(0, resolve);
    });
    await server[Symbol.asyncDispose]();
    console.log('disposed');
  },
  by_callback() {
    http.createServer(hello).listen(() => console.log('called'));
  },
  two() {
    http.createServer(hello).listen(3000, () => {
      const second = http.createServer((_request, response) => response.end('second'));
      second.listen(0, '0.0.0.0', () => console.log(`second ${JSON.stringify(second.address())}`));
      const third = http.createServer(hello).listen(() => console.log(`third ${JSON.stringify(third.address())}`));
    });
  },
  localhost() {
    const first = http.createServer(hello);
    first.listen(3000, '127.0.0.1', () => {
      const second = http.createServer(hello);
      second.listen(first.address().port, '::1', () => console.log(`second ${JSON.stringify(second.address())}`));
    });
  },
  in_use() {
    http.createServer(hello).listen(3000, () => {
      const second = http.createServer(hello).listen(3000, () => console.log('second listens'));
      second.on('error', ({ code, syscall, port, message }) => console.log(`second ${code} ${syscall} ${port} ${message}`));
    });
  },
  named() {
    const other = http.createServer(hello);
    other.listen(0, '127.0.0.1', () => {
      console.log(`other ${other.address().port === 8000}`);
      http.createServer((_request, response) => response.end('the named one')).listen(4000);
    });
  },
  tls: () => https.createServer({}, hello).listen(0),
  twice() {
    const server = http.createServer(hello).listen(0);
    try {
      server.listen(0);
    } catch (error) {
      console.log(error.code);
    }
    try {
      http.createServer().listen(70_000);
    } catch (error) {
      console.log(error.code);
    }
  },
  cluster() {
    require('node:cluster').fork();
  },
  cluster_of_others() {
    const cluster = require('node:cluster');
    cluster.setupPrimary({ exec: require.resolve('./plain.cjs') });
    cluster.fork();
  },
  children() {
    const { execFileSync } = require('node:child_process');
    const { Worker } = require('node:worker_threads');
    const script = 'const fs = require("node:fs"); console.log(JSON.stringify(fs.readdirSync("/proc/self/fd").filter((fd) => fd > 2).map((fd) => { try { return fs.readlinkSync("/proc/self/fd/" + fd) } catch { return "" } }).filter((name) => name.startsWith("socket:"))), process.env.DIGLOT_LINK);';
    const child = execFileSync(process.execPath, [...process.execArgv, '-e', script], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    const worker = new Worker('const http = require("node:http"); const server = http.createServer().listen(0, "127.0.0.1", () => { require("node:worker_threads").parentPort.postMessage(server.address().port !== 8000); server.close(); });', { eval: true });
    worker.on('message', (bound) => http.createServer((_request, response) => response.end(JSON.stringify({ child: child.trim(), bound }))).listen(0));
  },
  raw_net() {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      http.createServer((_request, response) => response.end(String(port !== 8000))).listen(0);
    });
  },
  http2_on_port() {
    const server = require('node:http2').createServer().on('error', () => {});
    server.listen(8000, () => server.close());
    http.createServer(hello).listen(0);
  },
  exits_after_answer() {
    const server = http.createServer((_request, response) => {
      response.end('the last words');
      process.exit(5);
    });
    server.listen(0);
  },
  timeout() {
    const server = http.createServer((request) => request.resume());
    server.timeout = 20;
    server.listen(0);
  },
  again() {
    const first = http.createServer((request, response) => {
      response.end('first');
      if (request.url !== '/again') return;
      const second = http.createServer((_request, answer) => answer.end('second'));
      first.close(() => second.listen(0, () => console.log('second listens')));
    });
    first.listen(0);
  },
  close_all() {
    const server = http.createServer((request, response) => {
      if (request.url !== '/close') return response.write('partial');
      server.close(() => console.log('server closed'));
      response.end('ok', () => setImmediate(() => server.closeAllConnections()));
    });
    server.listen(0);
  },
};

lives[process.env.LIFE]();
