'use strict';
// The fast lane, feature by feature: what an application sees is what Node's own server would show it.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Front, frame } = require('../support/front.cjs');
const { REQUEST, STREAM_WINDOW_BYTES, TYPE } = require('../lib/protocol.cjs');

const WITH_BODY = REQUEST.KEEP_ALIVE | REQUEST.BODY;
const CHUNKED = WITH_BODY | REQUEST.UNSIZED;
const app = (name) => path.join(__dirname, '..', 'support', 'apps', name);

describe('http', () => {
  /** @type {Front} */
  let front;

  before(async () => {
    front = await new Front(app('plain.cjs')).ready();
    front.open(1);
  });
  after(() => front.stop());

  it('listen(0) and address() answer in the same tick, with the front\'s listener', async () => {
    await front.says('listening');
    const address = '{"address":"127.0.0.1","family":"IPv4","port":8000}';
    assert.ok(front.stdout.includes(`at once ${address}\n`), front.stdout);
    assert.ok(front.stdout.includes(`listening ${address} true\n`), front.stdout);
  });

  it('answers as Node writes it', async () => {
    const { line, headers, text } = await front.fetch({ target: '/hello' });
    assert.equal(line, 'HTTP/1.1 200 OK');
    assert.equal(text, 'hello');
    assert.equal(headers['content-length'], '5');
    assert.equal(headers.connection, 'keep-alive');
    assert.equal(headers['keep-alive'], 'timeout=7');
    assert.ok(headers.date);
  });

  it('shows the request as Node does', async () => {
    const headers = ['HOST', 'a.test', 'X-One', '1', 'x-one', '2', 'Cookie', 'a=1', 'cookie', 'b=2', 'User-Agent', 'x', 'user-agent', 'y'];
    const { text } = await front.fetch({ method: 'OPTIONS', target: '/request?a=b', headers: [...headers, '__proto__', 'p'] });
    const seen = JSON.parse(text);
    assert.equal(seen.method, 'OPTIONS');
    assert.equal(seen.url, '/request?a=b');
    assert.equal(seen.original_url, null);
    assert.equal(seen.version, '1.1');
    assert.deepEqual(seen.raw, [...headers, '__proto__', 'p']);
    assert.equal(seen.headers.host, 'a.test');
    assert.equal(seen.headers['x-one'], '1, 2');
    assert.equal(seen.headers.cookie, 'a=1; b=2');
    assert.equal(seen.headers['user-agent'], 'x');
    assert.deepEqual(seen.distinct['x-one'], ['1', '2']);
    for (const name of ['own', 'incoming', 'outgoing', 'is_socket', 'same', 'server']) assert.equal(seen[name], true, name);
    assert.deepEqual(seen.remote, ['192.0.2.7', 40_000, 'IPv4']);
    assert.deepEqual(seen.local, ['127.0.0.1', 8000]);
    assert.deepEqual(seen.address, { address: '127.0.0.1', family: 'IPv4', port: 8000 });
    assert.equal(seen.encrypted, false);
  });

  it('shows TLS and Unix sockets as they are', async () => {
    front.open(20, { tls: true, peer: '2001:db8::1', peer_port: 9 });
    front.open(21, { peer: '', peer_port: 0, local: '/run/x.sock', local_port: 0 });
    const tls = JSON.parse((await front.fetch({ connection: 20, target: '/request' })).text);
    assert.equal(tls.encrypted, true);
    assert.deepEqual(tls.remote, ['2001:db8::1', 9, 'IPv6']);
    const unix = JSON.parse((await front.fetch({ connection: 21, target: '/request' })).text);
    assert.deepEqual(unix.remote, [null, null, null]);
    assert.deepEqual(unix.address, {});
  });

  it('cuts the url of a mounted service and keeps the original', async () => {
    for (const [target, url] of [['/request/', '/'], ['/request', '/'], ['/request?x', '/?x']]) {
      const { status } = await front.fetch({ target, mount: '/request' });
      assert.equal(status, 404, url);
    }
    const { text } = await front.fetch({ target: '/api/request?x=1', mount: '/api' });
    const seen = JSON.parse(text);
    assert.equal(seen.url, '/request?x=1');
    assert.equal(seen.original_url, '/api/request?x=1');
  });

  it('has one socket for each client connection, which ends with it', async () => {
    front.open(2);
    front.open(3);
    const first = JSON.parse((await front.fetch({ connection: 2, target: '/socket' })).text);
    const second = JSON.parse((await front.fetch({ connection: 2, target: '/socket' })).text);
    const other = JSON.parse((await front.fetch({ connection: 3, target: '/socket' })).text);
    assert.equal(first.tag, second.tag);
    assert.notEqual(first.tag, other.tag);
    assert.equal(other.open, 2);
    front.closed(2);
    assert.equal(JSON.parse((await front.fetch({ connection: 3, target: '/socket' })).text).open, 1);
  });

  it('serves streams of one connection side by side', async () => {
    front.open(4);
    const slow = front.request({ connection: 4, method: 'POST', target: '/echo', flags: CHUNKED }, false);
    const { text } = await front.fetch({ connection: 4, target: '/hello' });
    assert.equal(text, 'hello');
    slow.body('late', true);
    assert.equal((await slow.response()).text, 'late');
  });

  it('takes bodies aboard, in frames, and with trailers', async () => {
    const sized = (text) => ['Host', 'h', 'Content-Length', String(text.length)];
    const aboard = await front.fetch({ method: 'POST', target: '/echo', flags: WITH_BODY, headers: sized('aboard'), body: 'aboard' });
    assert.equal(aboard.text, 'aboard');
    const chunked = front.request({ method: 'PUT', target: '/sum', flags: CHUNKED, headers: ['Host', 'h', 'Transfer-Encoding', 'chunked'] }, false);
    chunked.body('12345');
    chunked.send(TYPE.TRAILERS, Buffer.from('X-Check: ok\r\n'), true);
    assert.deepEqual(JSON.parse((await chunked.response()).text), { bytes: 5, trailers: { 'x-check': 'ok' }, complete: true });
  });

  it('takes a body far above the window, with credit', async () => {
    const total = 4 * STREAM_WINDOW_BYTES;
    const exchange = front.request({ method: 'POST', target: '/sum', flags: CHUNKED }, false);
    let credit = STREAM_WINDOW_BYTES;
    for (let at = 0; at < total; ) {
      await exchange.until(() => credit + exchange.credit > at);
      const bytes = Math.min(credit + exchange.credit - at, 65_536, total - at);
      exchange.body(Buffer.alloc(bytes), at + bytes === total);
      at += bytes;
    }
    credit = 0;
    assert.equal(JSON.parse((await exchange.response()).text).bytes, total);
  });

  it('holds credit back while the application does not read', async () => {
    const exchange = front.request({ method: 'POST', target: '/slow-read', flags: CHUNKED }, false);
    exchange.body(Buffer.alloc(STREAM_WINDOW_BYTES));
    await front.says('paused');
    const { text } = await front.fetch({ target: '/hello' });
    assert.equal(text, 'hello');
    const held_back = exchange.credit;
    assert.ok(held_back <= STREAM_WINDOW_BYTES / 2, `credit ${held_back}`);
    front.child.kill('SIGUSR2');
    await exchange.until(() => exchange.credit > held_back);
    exchange.body('!', true);
    assert.equal(JSON.parse((await exchange.response()).text).bytes, STREAM_WINDOW_BYTES + 1);
  });

  it('writes chunks and trailers', async () => {
    const { headers, text, trailers } = await front.fetch({ target: '/chunks' });
    assert.equal(headers['transfer-encoding'], 'chunked');
    assert.equal(text, 'one two three');
    assert.deepEqual(trailers, { 'x-sum': '3' });
  });

  it('a short response is one frame', async () => {
    const exchange = front.request({ target: '/chunks', flags: REQUEST.KEEP_ALIVE });
    await exchange.response();
    assert.ok(exchange.frames.length <= 2, `${exchange.frames.length} frames`);
    const hello = front.request({ target: '/hello' });
    await hello.response();
    assert.deepEqual(hello.frames.map(({ type, end }) => [type, end]), [['WIRE', true]]);
  });

  it('waits for credit: write() returns false and drain comes', async () => {
    const chunks = 40;
    const exchange = front.request({ target: `/flood?chunks=${chunks}` });
    exchange.hold = true;
    await front.says('waits with');
    await exchange.until(() => exchange.wire.length === STREAM_WINDOW_BYTES);
    assert.ok(!exchange.over);
    exchange.hold = false;
    exchange.give_credit();
    const { body, trailers } = await exchange.response();
    assert.equal(body.length, chunks * 16 * 1024);
    assert.ok(Number(trailers['x-drains']) > 0);
  });

  it('emits drain when what was corked has left', async () => {
    assert.match((await front.fetch({ target: '/corked' })).text, /^x+drained$/);
  });

  it('sends interim responses', async () => {
    const { interim, text } = await front.fetch({ target: '/interim' });
    assert.deepEqual(interim.map(({ status }) => status), [102, 103]);
    assert.equal(interim[1].headers.link, '</style.css>; rel=preload; as=style');
    assert.equal(text, 'final');
  });

  it('asks for the body of a client that waits, and refuses other expectations', async () => {
    const headers = ['Host', 'h', 'Expect', '100-continue', 'Content-Length', '2'];
    const flags = WITH_BODY | REQUEST.EXPECT_CONTINUE;
    const exchange = front.request({ method: 'POST', target: '/sum', headers, flags }, false);
    await exchange.until(() => exchange.text.includes('100 Continue\r\n\r\n'));
    exchange.body('ok', true);
    const { interim, text } = await exchange.response();
    assert.deepEqual(interim.map(({ status }) => status), [100]);
    assert.equal(JSON.parse(text).bytes, 2);
    const refused = await front.fetch({ target: '/hello', headers: ['Host', 'h', 'Expect', 'tea'] });
    assert.equal(refused.status, 417);
  });

  it('stops a body nobody reads', async () => {
    const exchange = front.request({ method: 'POST', target: '/unread', flags: CHUNKED }, false);
    const { text } = await exchange.response();
    assert.equal(text, 'not read');
    await exchange.until(() => exchange.stopped);
    assert.equal((await front.fetch({ target: '/hello' })).text, 'hello');
  });

  it('HEAD, 204 and HTTP/1.0 have the framing they have in Node', async () => {
    const head = await front.fetch({ method: 'HEAD', target: '/hello' });
    assert.deepEqual([head.text, head.headers['content-length']], ['', undefined]);
    const none = await front.fetch({ target: '/head-only' });
    assert.deepEqual([none.status, none.text, none.headers['content-length']], [204, '', undefined]);
    const old = await front.fetch({ version: 10, target: '/stream', flags: 0, headers: [] });
    assert.deepEqual([old.text, old.headers.connection, old.headers['transfer-encoding']], ['one two', 'close', undefined]);
  });

  it('400 without Host and for a method Node does not know', async () => {
    assert.equal((await front.fetch({ target: '/hello', headers: [] })).status, 400);
    front.open(30);
    assert.equal((await front.fetch({ connection: 30, method: 'BREW', target: '/hello' })).status, 400);
  });

  it('tells the application that the client left', async () => {
    front.open(5);
    const exchange = front.request({ connection: 5, method: 'POST', target: '/hang', flags: CHUNKED }, false);
    await front.says('hanging');
    exchange.cancel();
    await exchange.until(() => exchange.cancelled > 0);
    await front.says('events ');
    const events = /events (.*)/.exec(front.stdout)[1];
    assert.equal(events, 'req.aborted req.close req.error:ECONNRESET res.close');
    front.open(6);
    const stream = front.request({ connection: 6, target: '/stream-hang' });
    await stream.until(() => stream.text.includes('partial'));
    stream.cancel();
    await front.says('stream closed');
    assert.equal((await stream.response()).cancelled, 6);
  });

  it('tells the front that the application destroyed the exchange', async () => {
    front.open(7);
    assert.equal((await front.fetch({ connection: 7, target: '/destroy' })).cancelled, 4);
    const late = await front.fetch({ connection: 7, target: '/destroy-late' });
    assert.equal(late.cancelled, 4);
    assert.ok(late.text.includes('begun'));
    assert.equal((await front.fetch({ connection: 7, target: '/hello' })).text, 'hello');
  });

  it('goes on after an exception the application handles', async () => {
    front.open(8);
    const first = front.begin({ connection: 8, target: '/throw' });
    const others = [1, 2, 3].map(() => front.begin({ target: '/hello' }));
    front.write(Buffer.concat([first, ...others].map(({ bytes }) => bytes)));
    for (const { exchange } of others) assert.equal((await exchange.response()).text, 'hello');
    await front.says('uncaught thrown by the handler');
    first.exchange.cancel();
    await first.exchange.response();
  });

  it('keeps the contexts of requests apart that come in one read', async () => {
    for (const id of [40, 41, 42]) front.open(id);
    const all = [40, 41, 42].map((id) => front.begin({ connection: id, target: '/enter', headers: ['Host', 'h', 'X-Id', `${id}`] }));
    front.write(Buffer.concat(all.map(({ bytes }) => bytes)));
    for (const [index, { exchange }] of all.entries()) {
      const seen = JSON.parse((await exchange.response()).text);
      assert.equal(seen.before, null);
      assert.deepEqual(seen.after, { id: `${40 + index}` });
    }
  });

  it('keeps the context of what throws from the rest of its read', async () => {
    for (const id of [50, 51]) front.open(id);
    const first = front.begin({ connection: 50, target: '/throw-within' });
    const second = front.begin({ connection: 51, target: '/enter', headers: ['Host', 'h', 'X-Id', '51'] });
    front.write(Buffer.concat([first, second].map(({ bytes }) => bytes)));
    assert.equal(JSON.parse((await second.exchange.response()).text).before, null);
    await front.says('thrown in a context');
    first.exchange.cancel();
    await first.exchange.response();
    // The connection's context stays what it was.
    assert.notEqual(JSON.parse((await front.fetch({ connection: 51, target: '/enter' })).text).before?.id, 'thrower');
  });

  it('keeps the context of a request in what its credit calls', async () => {
    const exchange = front.request({ target: '/store-drain' });
    const { text } = await exchange.response();
    assert.deepEqual(JSON.parse(text.replaceAll('x', '')), { write: 'mine', drain: 'mine' });
  });

  it('runs the requests of a connection in one async resource, as a parser of Node has it', async () => {
    const CONNECTIONS = 50;
    const other = await new Front(app('plain.cjs'), { node_args: ['--expose-gc'] }).ready();
    other.open(1);
    await other.fetch({ target: '/resources' });
    for (let connection = 2; connection < 2 + CONNECTIONS; connection++) {
      other.open(connection);
      for (let count = 0; count < 3; count++) await other.fetch({ connection, target: '/hello' });
      other.closed(connection);
    }
    // async_hooks hears of their end, but for what a collection leaves behind.
    let seen = {};
    for (let attempt = 0; attempt < 5; attempt++) seen = JSON.parse((await other.fetch({ target: '/resources' })).text);
    // The parser that Node makes for each connection has one too, and parses nothing.
    assert.ok(seen.begun <= 2 * CONNECTIONS, JSON.stringify(seen));
    assert.ok(seen.destroyed >= seen.begun - 10, JSON.stringify(seen));
    await other.stop();
  });

  for (const target of ['/busy', '/busy-later']) {
    it(`sends a response before the application works on: ${target}`, async () => {
      const BUSY_FILE = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'diglot-')), 'go on');
      const other = await new Front(app('plain.cjs'), { env: { BUSY_FILE } }).ready();
      other.open(1);
      // The application cannot go on before the file is there, which is when the response has come.
      const exchange = other.request({ target });
      assert.equal((await exchange.response()).text, 'done');
      assert.deepEqual(exchange.frames.map(({ type, end }) => [type, end]), [['WIRE', true]]);
      fs.writeFileSync(BUSY_FILE, '');
      assert.equal((await other.fetch({ target: '/hello' })).text, 'hello');
      await other.stop();
      fs.rmSync(path.dirname(BUSY_FILE), { recursive: true });
    });
  }

  it('runs ticks and promises between requests that come in one read', async () => {
    const all = ['a', 'b'].map((name) => front.begin({ target: `/order?${name}` }));
    front.write(Buffer.concat(all.map(({ bytes }) => bytes)));
    const answers = [];
    for (const { exchange } of all) answers.push(JSON.parse((await exchange.response()).text));
    assert.deepEqual(answers[0].order, ['sync', 'tick', 'promise']);
    assert.equal(answers[1].previous, '/order?b');
  });

  it('publishes the diagnostics of http', async () => {
    await front.fetch({ target: '/diagnostics' });
    const { text } = await front.fetch({ target: '/diagnostics-seen' });
    assert.deepEqual(JSON.parse(text), ['http.server.request.start', 'http.server.response.finish']);
  });

  it('honours timeouts the application sets', async () => {
    assert.equal((await front.fetch({ target: '/timeout' })).text, 'timed out');
  });

  it('counts what a tick has written as what waits, until the tick is over', async () => {
    const { text, trailers } = await front.fetch({ target: '/lengths' });
    assert.deepEqual([text, trailers['x-lengths']], ['asd', '0 true 8 true 0']);
    await front.says('at the end 0');
  });

  it('lets raw writes, latin-1 and UTF-8 through as they are', async () => {
    front.open(9);
    const raw = await front.fetch({ connection: 9, target: '/raw' });
    assert.deepEqual([raw.status, raw.text], [299, 'raw']);
    const { text, body } = await front.fetch({ target: '/unicode' });
    assert.equal(text, 'grüße ☃');
    assert.equal(body.length, Buffer.byteLength('grüße ☃'));
  });

  it('Connection: close ends the socket', async () => {
    front.open(10);
    const { headers } = await front.fetch({ connection: 10, target: '/close-header' });
    assert.equal(headers.connection, 'close');
    assert.equal((await front.fetch({ connection: 10, target: '/hello' })).text, 'hello');
  });

  it('answers PING from its loop', async () => {
    front.ping();
    await front.until(() => front.frames.some(({ type }) => type === 'PONG'));
  });

  it('refuses a broken frame by ending, with the rule', async () => {
    const other = await new Front(app('plain.cjs')).ready();
    other.write(frame(TYPE.RESPONSE, { stream: 1 }));
    const { code } = await other.exit;
    assert.equal(code, 76);
    assert.match(other.stderr, /broke its rules: a RESPONSE frame out of turn/);
  });
});
