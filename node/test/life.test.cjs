'use strict';
// How a program begins to serve, fails to, and ends.

const assert = require('node:assert/strict');
const http = require('node:http');
const path = require('node:path');
const { describe, it } = require('node:test');
const { Front } = require('../support/front.cjs');

const app = (name) => path.join(__dirname, '..', 'support', 'apps', name);
const live = (life, options = {}) => new Front(app('life.cjs'), { ...options, env: { LIFE: life, ...options.env } });

async function serving(life, options) {
  const front = await live(life, options).ready();
  front.open(1);
  return front;
}

describe('a program that does not serve', () => {
  const cases = [
    ['ends', 1, /ended with exit code 0 before it served anything\. Diglot looked for an http/],
    ['exits', 3, /ended with exit code 3/],
    ['throws', 1, /^Error: cannot load\n +at .*life\.cjs:\d+/],
    ['throws_later', 1, /^Error: cannot load later\n +at .*life\.cjs:\d+/],
    ['cluster', 1, /^cluster\.fork\(\) was called before the program served anything/],
    ['cluster_of_others', 1, /forks workers that run .*plain\.cjs: make that the entry/],
  ];
  for (const [life, code, reason] of cases) {
    it(`says why: ${life}`, async () => {
      const front = live(life);
      assert.equal((await front.exit).code, code);
      assert.match(front.failed, reason);
      assert.equal(front.frames.filter(({ type }) => type === 'FAILED').length, 1);
    });
  }

  for (const name of ['syntax.cjs', 'syntax.mjs']) {
    it(`shows where it cannot be parsed: ${name}`, async () => {
      const front = new Front(app(name));
      assert.equal((await front.exit).code, 1);
      assert.match(front.failed, /SyntaxError/);
      assert.match(`${front.failed}\n${front.stderr}`, new RegExp(`${name.replace('.', '\\.')}:3`));
    });
  }

  it('names the file that is not there', async () => {
    const front = new Front(app('nowhere.cjs'));
    assert.equal((await front.exit).code, 1);
    assert.match(front.failed, /Cannot find module .*nowhere\.cjs/);
  });
});

describe('a program that serves', () => {
  it('does not see the link in its environment, nor do its children', async () => {
    const front = await serving('env');
    assert.equal((await front.fetch()).text, '[]');
    await front.stop();
    const children = await serving('children');
    const seen = JSON.parse((await children.fetch()).text);
    assert.equal(seen.child, '[] undefined');
    assert.equal(seen.bound, true);
    await children.stop();
  });

  it('ends with its link', async () => {
    const front = await serving('env');
    const { code } = await front.stop();
    assert.equal(code, 0);
  });

  it('binds its further servers on loopback and says so', async () => {
    const front = await serving('two');
    await front.says('second {');
    await front.says('third {"address":"127.0.0.1"');
    const { address, port } = JSON.parse(/second (.*)/.exec(front.stdout)[1]);
    assert.equal(address, '127.0.0.1');
    assert.match(front.stderr, /diglot: a server of this program listens on 127\.0\.0\.1, port 0, by itself: the first is routed/);
    const text = await new Promise((resolve) => {
      http.get({ port, host: address }, (response) => response.setEncoding('utf8').on('data', resolve));
    });
    assert.equal(text, 'second');
    assert.match((await front.fetch()).text, /hello/);
    await front.stop();
  });

  it('may listen without a port', async () => {
    const front = await serving('by_callback');
    await front.says('called');
    assert.match((await front.fetch()).text, /hello/);
    await front.stop();
  });

  it('may listen twice on the routed port, for both of localhost', async () => {
    const front = await serving('localhost');
    await front.says('second {"address":"127.0.0.1","family":"IPv4","port":8000}');
    assert.equal(front.stderr, '');
    await front.stop();
  });

  it('may not have two servers on one address', async () => {
    const front = await serving('in_use');
    await front.says('second EADDRINUSE listen 3000 listen EADDRINUSE: address already in use :::3000');
    assert.equal((await front.fetch()).status, 200);
    await front.stop();
  });

  it('is routed at the port the service names', async () => {
    const front = await serving('named', { orders: { port: 4000 } });
    assert.equal((await front.fetch()).text, 'the named one');
    assert.match(front.stdout, /other false/);
    await front.stop();
  });

  it('has a path for an address where the front listens on a Unix socket', async () => {
    const front = await new Front(app('plain.cjs'), { orders: { listen: [{ path: '/run/test.sock' }] } }).ready();
    await front.says('listening "/run/test.sock" true');
    await front.stop();
  });

  it('over https is told that its key is not used', async () => {
    const front = await serving('tls');
    assert.match((await front.fetch()).text, /hello/);
    assert.match(front.stderr, /TLS key and certificate are not used/);
    await front.stop();
  });

  it('gets Node\'s own errors for a misused listen()', async () => {
    const front = await serving('twice');
    await front.says('ERR_SERVER_ALREADY_LISTEN');
    await front.says('ERR_SOCKET_BAD_PORT');
    await front.stop();
  });

  it('may listen on net for real', async () => {
    const front = await serving('raw_net');
    assert.equal((await front.fetch()).text, 'true');
    await front.stop();
  });

  it('is told that a server of http2 has no requests from the front', async () => {
    const front = await serving('http2_on_port');
    assert.match(front.stderr, /asks for port 8000, which the server in front has: only http and https servers are routed/);
    await front.stop();
  });

  it('may close its server: idle connections end, and it ends when nothing is left', async () => {
    const front = await serving('close');
    front.open(2);
    await front.fetch({ connection: 2 });
    assert.equal((await front.fetch({ target: '/connections' })).text, '2');
    assert.equal((await front.fetch({ target: '/close' })).text, 'ok');
    assert.equal((await front.exit).code, 0);
    assert.match(front.stdout, /close event\nserver closed false null/);
  });

  it('serves what crosses its close(), and says that it is closed when nothing follows', async () => {
    const front = await serving('close');
    front.holds_pause = true;
    assert.equal((await front.fetch({ target: '/close' })).text, 'ok');
    await front.until(() => front.frames.some(({ type }) => type === 'PAUSE'));
    front.open(2);
    assert.equal((await front.fetch({ connection: 2 })).text, 'ok');
    assert.equal(front.stdout, '');
    front.pause();
    assert.equal((await front.exit).code, 0);
    assert.match(front.stdout, /close event/);
    assert.equal(front.frames.filter(({ type }) => type === 'HANGUP').length, 0);
  });

  it('may close all connections: what they wait for is cut', async () => {
    const front = await serving('close_all');
    front.open(2);
    const cut = front.request({ connection: 2 });
    await cut.until(() => cut.text.includes('partial'));
    assert.equal((await front.fetch({ target: '/close' })).text, 'ok');
    assert.equal((await cut.response()).cancelled, 4);
    assert.equal((await front.exit).code, 0);
    assert.match(front.stdout, /server closed/);
  });

  it('has its own server.timeout', async () => {
    const front = await serving('timeout');
    assert.equal((await front.fetch()).cancelled, 4);
    await front.stop();
  });

  it('may listen again after it has closed', async () => {
    const front = await serving('again');
    assert.equal((await front.fetch({ target: '/again' })).text, 'first');
    await front.says('second listens');
    assert.equal((await front.fetch()).text, 'second');
    await front.stop();
  });

  it('may exit when it has answered', async () => {
    const front = await serving('exits_after_answer');
    assert.equal((await front.fetch()).text, 'the last words');
    assert.equal((await front.exit).code, 5);
  });

  it('may be disposed of, and ends', async () => {
    const front = live('dispose');
    assert.equal((await front.exit).code, 0);
    assert.match(front.stdout, /disposed/);
  });
});

describe('DRAIN', () => {
  it('ends a program without handlers at once', async () => {
    const front = await serving('env');
    front.drain();
    assert.deepEqual(await front.exit, { code: 0, signal: null });
  });

  for (const life of ['sigterm', 'sigint']) {
    it(`lets a program clean up that listens to ${life.toUpperCase()}`, async () => {
      const front = await serving(life);
      await front.fetch();
      front.drain();
      assert.deepEqual(await front.exit, { code: 0, signal: null });
      assert.match(front.stdout, /told to end/);
      if (life === 'sigterm') assert.match(front.stdout, /server closed/);
    });
  }

  it('ends a program that exports fetch when its handlers are done: there is no server to close', async () => {
    const front = await serving('exported');
    await front.fetch();
    front.drain();
    assert.deepEqual(await front.exit, { code: 0, signal: null });
    assert.match(front.stdout, /told to end/);
  });

  it('is told to the handlers once, however often it is said', async () => {
    const front = await serving('unclosed');
    front.drain();
    await front.says('told to end');
    front.drain();
    front.ping();
    await front.until(() => front.frames.some(({ type }) => type === 'PONG'));
    const { signal } = await front.stop();
    assert.equal(front.stdout.match(/told to end/g).length, 1, signal);
  });

  it('waits for the streams', async () => {
    const front = await serving('slow');
    const exchange = front.request();
    await exchange.until(() => exchange.text.includes('slow'));
    front.drain();
    front.ping();
    await front.until(() => front.frames.some(({ type }) => type === 'PONG'));
    front.child.kill('SIGUSR2');
    const { text } = await exchange.response();
    assert.equal(text, 'slow end');
    assert.equal((await front.exit).code, 0);
  });

  it('is done when the front gives the last stream up', async () => {
    const front = await serving('slow');
    const exchange = front.request();
    await exchange.until(() => exchange.text.includes('slow'));
    front.drain();
    exchange.cancel(3);
    assert.equal((await front.exit).code, 0);
    assert.equal(exchange.cancelled, 6);
  });
});

describe('modules', () => {
  for (const [name, node_args] of [['esm.mjs', []], ['tla.mjs', []], ['esm.mjs', ['--import', app('import.mjs')]], ['esm.mjs', ['--require', app('require.cjs')]]]) {
    it(`serves ${name} with ${node_args.join(' ') || 'no flags'}`, async () => {
      const front = await new Front(app(name), { node_args }).ready();
      front.open(1);
      const { loaded, main } = JSON.parse((await front.fetch()).text);
      assert.equal(loaded, node_args.length > 0);
      assert.ok(main !== false);
      await front.stop();
    });
  }

  it('takes NODE_OPTIONS', async () => {
    const front = await new Front(app('esm.mjs'), { env: { NODE_OPTIONS: `--require ${app('require.cjs')}` } }).ready();
    front.open(1);
    assert.equal(JSON.parse((await front.fetch()).text).loaded, true);
    await front.stop();
  });
});
