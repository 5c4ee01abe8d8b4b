'use strict';
// Connections that the application takes over: 'upgrade' and 'connect'.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Front } = require('../support/front.cjs');
const { REASON, REQUEST, STREAM_WINDOW_BYTES } = require('../lib/protocol.cjs');

const UPGRADE = REQUEST.KEEP_ALIVE | REQUEST.UPGRADE;
const HEADERS = ['Host', 'h', 'Connection', 'Upgrade', 'Upgrade', 'raw'];
const HEAD = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n';
const app = path.join(__dirname, '..', 'support', 'apps', 'tunnel.cjs');

describe('a connection that is taken over', () => {
  /** @type {Front} */
  let front;
  let connections = 0;

  const upgrade = (target, options = {}) => {
    front.open(++connections);
    return front.request({ connection: connections, target, headers: HEADERS, flags: UPGRADE, ...options });
  };
  const state = async () => JSON.parse((await front.fetch({ connection: 1, target: '/state' })).text);
  /** The program's state when it is as wanted. */
  const until = async (is_it) => {
    for (;;) {
      const now = await state();
      if (is_it(now)) return now;
    }
  };

  before(async () => {
    front = await new Front(app).ready();
    front.open(++connections);
  });
  after(() => front.stop());

  it('is raw both ways, and what was behind the request is its head', async () => {
    const exchange = upgrade('/echo', { flags: UPGRADE | REQUEST.AHEAD, body: 'early' });
    await exchange.until(() => exchange.text === `${HEAD}early|`);
    assert.deepEqual(exchange.frames.map(({ type }) => type), ['TUNNEL', 'BODY']);
    exchange.body('one');
    await exchange.until(() => exchange.text.endsWith('|one'));
    exchange.body('two');
    exchange.body('', true);
    await exchange.until(() => exchange.over);
    assert.ok(exchange.text.endsWith('|onetwo'));
    assert.equal(exchange.cancelled, 0);
  });

  it('has the facts of the client, on the socket its requests had', async () => {
    front.open(++connections, { tls: true });
    assert.equal((await front.fetch({ connection: connections, target: '/seen' })).text, 'seen');
    const exchange = front.request({ connection: connections, target: '/api/facts?x', mount: '/api', headers: HEADERS, flags: UPGRADE });
    await exchange.until(() => exchange.over);
    const facts = JSON.parse(exchange.text.slice(HEAD.length));
    assert.deepEqual(facts, {
      remoteAddress: '192.0.2.7',
      remotePort: 40_000,
      encrypted: true,
      allowHalfOpen: true,
      parser: null,
      readableFlowing: null,
      url: '/facts?x',
      original_url: '/api/facts?x',
      head: '',
      upgrade: true,
      same: true,
      request_socket: true,
    });
  });

  it('may be refused, and ends', async () => {
    const exchange = upgrade('/refuse');
    await exchange.until(() => exchange.over);
    assert.equal(exchange.text, 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n');
  });

  it('may be destroyed, or reset', async () => {
    for (const [target, reason] of [['/destroy', REASON.APP_FAILED], ['/reset', REASON.RESET]]) {
      const exchange = upgrade(target);
      await exchange.until(() => exchange.over);
      assert.deepEqual([exchange.text, exchange.cancelled], [HEAD, reason]);
      await until((now) => now.closed.includes(target));
    }
  });

  it('may be half open', async () => {
    const exchange = upgrade('/half');
    await exchange.until(() => exchange.tunnel);
    exchange.body('something', true);
    await exchange.until(() => exchange.over);
    assert.equal(exchange.text, `${HEAD}got something`);
    await until((now) => now.closed.includes('/half'));
    const other = upgrade('/refuse?half');
    other.keeps_open = true;
    await other.until(() => other.over);
    assert.ok(!(await state()).closed.includes('/refuse?half'));
    other.body('', true);
    await until((now) => now.closed.includes('/refuse?half'));
  });

  it('that is not read takes no more than the window, and all of it when it is', async () => {
    const exchange = upgrade('/paused');
    await exchange.until(() => exchange.tunnel);
    let sent = 0;
    const send = () => {
      for (; sent < STREAM_WINDOW_BYTES + exchange.credit; sent += 16_384) exchange.body(Buffer.alloc(16_384));
    };
    exchange.body('first');
    sent = 16_384;
    send();
    await state();
    send();
    await state();
    const stopped_at = exchange.credit;
    assert.ok(stopped_at <= STREAM_WINDOW_BYTES, `${stopped_at} bytes of credit came back`);
    process.kill(front.child.pid, 'SIGUSR2');
    await exchange.until(() => exchange.credit > stopped_at);
    exchange.cancel();
  });

  it('that the client does not read stops the writer', async () => {
    front.open(++connections);
    const exchange = front.request({ connection: connections, target: '/large', headers: HEADERS, flags: UPGRADE });
    exchange.hold = true;
    await exchange.until(() => exchange.wire.length === STREAM_WINDOW_BYTES);
    const { written, drains } = await state();
    assert.ok(written < 64 * 16_384 && drains === 1, `${written} written, ${drains} drains`);
    exchange.hold = false;
    exchange.give_credit();
    await exchange.until(() => exchange.over);
    assert.equal(exchange.wire.length, HEAD.length + 64 * 16_384);
  });

  it('keeps time', async () => {
    const exchange = upgrade('/idle');
    await exchange.until(() => exchange.over);
    assert.equal(exchange.text, `${HEAD}timeout`);
  });

  it('that falls is an ECONNRESET, once', async () => {
    const { errors } = await state();
    const exchange = upgrade('/echo?falls');
    await exchange.until(() => exchange.text.endsWith('|'));
    exchange.cancel(REASON.CLIENT_GONE);
    await exchange.until(() => exchange.over);
    assert.equal(exchange.cancelled, REASON.ACKNOWLEDGED);
    front.closed(connections);
    const now = await until((one) => one.closed.includes('/echo?falls'));
    assert.deepEqual(now.errors.slice(errors.length), ['ECONNRESET read']);
  });

  it('is none of those that closeAllConnections() closes', async () => {
    const exchange = upgrade('/echo');
    await exchange.until(() => exchange.text.endsWith('|'));
    front.open(++connections);
    await front.fetch({ connection: connections, target: '/close-all' });
    exchange.body('still here');
    await exchange.until(() => exchange.text.endsWith('still here'));
    exchange.body('', true);
    front.open(1);
  });

  it('that carried a request with a body gets what is behind it, and until Node 26 the body too', async () => {
    const flags = UPGRADE | REQUEST.BODY;
    const exchange = upgrade('/echo', { method: 'POST', headers: [...HEADERS, 'Content-Length', '10'], flags, body: 'hello' });
    await exchange.until(() => exchange.tunnel);
    exchange.body('world');
    exchange.body('behind');
    await exchange.until(() => exchange.text.endsWith('behind'));
  });
});

describe('beside tunnels', () => {
  const start = async (env = {}) => {
    const front = await new Front(app, { env }).ready();
    front.open(1);
    return front;
  };
  const tunnel = async (front, connection) => {
    front.open(connection);
    const exchange = front.request({ connection, target: '/echo', headers: HEADERS, flags: UPGRADE });
    await exchange.until(() => exchange.text.endsWith('|'));
    return exchange;
  };

  it("CONNECT goes to its listener, and without one the connection ends", async () => {
    const front = await start({ WITH_CONNECT: '1' });
    const exchange = front.request({ method: 'CONNECT', target: 'a.test:443', flags: REQUEST.KEEP_ALIVE | REQUEST.AHEAD, body: 'hello' });
    await exchange.until(() => exchange.text === 'HTTP/1.1 200 Connection established\r\n\r\na.test:443|hello|');
    exchange.body('raw');
    await exchange.until(() => exchange.text.endsWith('|raw'));
    await front.stop();

    const without = await start();
    const closed = without.request({ method: 'CONNECT', target: 'a.test:443' });
    await closed.until(() => closed.over);
    assert.deepEqual([closed.tunnel, closed.text, closed.cancelled], [true, '', REASON.APP_FAILED]);
    await without.stop();
  });

  it('SIGTERM comes when the server says farewell, though they are open', async () => {
    const front = await start();
    const exchange = await tunnel(front, 2);
    const events = front.request({ target: '/events' });
    await events.until(() => events.text.includes('data: 1'));
    front.drain();
    exchange.body('a');
    await exchange.until(() => exchange.text.endsWith('|a'));
    assert.equal(front.stdout, '');
    front.farewell();
    await front.says('terminated');
    exchange.body('b');
    await exchange.until(() => exchange.text.endsWith('|ab'));
    await front.stop();
  });

  it('a request holds SIGTERM back', async () => {
    const front = await start({ END_ON_TERM: '1' });
    await tunnel(front, 2);
    front.open(3);
    const request = front.request({ connection: 3, method: 'POST', target: '/wait', headers: ['Host', 'h', 'Content-Length', '1'], flags: REQUEST.KEEP_ALIVE | REQUEST.BODY }, false);
    front.farewell();
    front.drain();
    request.body('x', true);
    assert.match((await request.response()).text, /^request \/wait/);
    assert.deepEqual(await front.exit, { code: 7, signal: null });
    assert.equal(front.stdout, 'terminated\n');
  });
});
