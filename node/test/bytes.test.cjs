'use strict';
// The byte lane, and the listeners that ask for more than 'request'.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Front } = require('../support/front.cjs');
const { REQUEST, STREAM_WINDOW_BYTES, TYPE } = require('../lib/protocol.cjs');

const WITH_BODY = REQUEST.KEEP_ALIVE | REQUEST.BODY;
const CHUNKED = WITH_BODY | REQUEST.UNSIZED;
const app = (name) => path.join(__dirname, '..', 'support', 'apps', name);

describe("a program with a 'connection' listener", () => {
  /** @type {Front} */
  let front;

  before(async () => {
    front = await new Front(app('bytes.cjs')).ready();
    front.open(1);
  });
  after(() => front.stop());

  it('gets connections, and requests as the client wrote them', async () => {
    const headers = ['HOST', 'h', 'X-Mixed-CASE', 'Value', 'x-mixed-case', 'two'];
    await front.fetch();
    const seen = JSON.parse((await front.fetch({ method: 'DELETE', target: '/a?b', headers })).text);
    assert.deepEqual(seen, { connections: 1, remoteAddress: '192.0.2.7', url: '/a?b', rawHeaders: headers, method: 'DELETE', httpVersion: '1.1', parser: true });
  });

  it('keeps originalUrl where it is mounted', async () => {
    const seen = JSON.parse((await front.fetch({ target: '/api/a', mount: '/api' })).text);
    assert.deepEqual([seen.url, seen.originalUrl], ['/a', '/api/a']);
    const after_it = JSON.parse((await front.fetch({ target: '/b' })).text);
    assert.deepEqual([after_it.url, after_it.originalUrl], ['/b', undefined]);
  });

  it('reads bodies with a length, and chunked ones with trailers', async () => {
    const sized = front.request({ method: 'POST', target: '/echo', flags: WITH_BODY, headers: ['Host', 'h', 'Content-Length', '8'], body: 'some' }, false);
    sized.body('more', true);
    const { text, headers } = await sized.response();
    assert.deepEqual([text, headers['x-length']], ['somemore', '8']);
    const chunked = front.request({ method: 'POST', target: '/echo', flags: CHUNKED, headers: ['Host', 'h', 'Transfer-Encoding', 'chunked'], body: 'a' }, false);
    chunked.body('b');
    chunked.send(TYPE.TRAILERS, Buffer.from('X-Check: ok\r\n'), true);
    const answer = await chunked.response();
    assert.deepEqual([answer.text, answer.trailers['x-trailers']], ['ab', '{"x-check":"ok"}']);
    const unmarked = front.request({ version: 20, method: 'POST', target: '/echo', flags: CHUNKED }, false);
    unmarked.body('http/2', true);
    assert.equal((await unmarked.response()).text, 'http/2');
  });

  it('takes a body far above the window', async () => {
    const total = 3 * STREAM_WINDOW_BYTES;
    const exchange = front.request({ method: 'POST', target: '/echo', flags: WITH_BODY, headers: ['Host', 'h', 'Content-Length', String(total)] }, false);
    for (let at = 0; at < total; ) {
      await exchange.until(() => STREAM_WINDOW_BYTES + exchange.credit > at);
      const bytes = Math.min(STREAM_WINDOW_BYTES + exchange.credit - at, 65_536, total - at);
      exchange.body(Buffer.alloc(bytes, 'x'), at + bytes === total);
      at += bytes;
    }
    assert.equal((await exchange.response()).body.length, total);
  });

  it('reads a body to its end that the application did not want', async () => {
    const exchange = front.request({ method: 'POST', target: '/unread', flags: WITH_BODY, headers: ['Host', 'h', 'Content-Length', '6'] }, false);
    assert.equal((await exchange.response()).text, 'not read');
    exchange.body('unread', true);
    assert.equal(JSON.parse((await front.fetch({ target: '/next' })).text).url, '/next');
  });

  it('is told that the client left', async () => {
    front.open(2);
    const exchange = front.request({ connection: 2, target: '/hang' });
    await exchange.until(() => exchange.text.includes('partial'));
    exchange.cancel();
    await front.says('hang closed');
    await front.says('connection closed');
    assert.equal((await exchange.response()).cancelled, 6);
  });

  it('gets an upgrade', async () => {
    const headers = ['Host', 'h', 'Connection', 'Upgrade', 'Upgrade', 'tea'];
    const { status, text } = await front.fetch({ headers, flags: REQUEST.KEEP_ALIVE | REQUEST.UPGRADE });
    assert.deepEqual([status, text], [426, 'no']);
    await front.says('upgrade tea 0');
  });
});

describe('listeners beside request', () => {
  /** @type {Front} */
  let front;

  before(async () => {
    front = await new Front(app('upgrade.cjs')).ready();
  });
  after(() => front.stop());

  it("'upgrade' and 'connect' get their requests, others stay on the fast lane", async () => {
    front.open(1);
    assert.equal((await front.fetch()).text, 'plain object');
    const headers = ['Host', 'h', 'Connection', 'Upgrade', 'Upgrade', 'tea'];
    const upgrade = await front.fetch({ target: '/tea', headers, flags: REQUEST.KEEP_ALIVE | REQUEST.UPGRADE });
    assert.deepEqual([upgrade.status, upgrade.text], [426, '/tea']);
    front.open(2);
    const connect = await front.fetch({ connection: 2, method: 'CONNECT', target: 'a.test:443' });
    assert.deepEqual([connect.status, connect.text], [405, 'a.test:443']);
  });

  it("'checkContinue' and 'checkExpectation' are asked", async () => {
    front.open(3);
    const flags = WITH_BODY | REQUEST.EXPECT_CONTINUE;
    const waiting = front.request({ connection: 3, method: 'POST', headers: ['Host', 'h', 'Expect', '100-continue', 'Content-Length', '2'], flags }, false);
    const refused = await waiting.response();
    assert.deepEqual([refused.status, refused.interim, refused.headers.connection], [413, [], 'close']);
    front.open(4);
    const tea = await front.fetch({ connection: 4, headers: ['Host', 'h', 'Expect', 'tea'] });
    assert.equal(tea.text, 'expects tea');
  });

  it('maxRequestsPerSocket ends a connection', async () => {
    front.open(5);
    const first = await front.fetch({ connection: 5 });
    const second = await front.fetch({ connection: 5 });
    assert.deepEqual([first.headers.connection, second.headers.connection], ['keep-alive', 'close']);
  });
});
