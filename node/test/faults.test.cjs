'use strict';
// What is no request, the application's limits for a connection, and connections it closes itself.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Front, frame } = require('../support/front.cjs');
const { REASON, REQUEST, TYPE } = require('../lib/protocol.cjs');
const { fault_error } = require('../lib/faults.cjs');

const APP = path.join(__dirname, '..', 'support', 'apps', 'faults.cjs');

/** A FAULT payload. */
function fault_payload(connection, rule, bytes = '') {
  const fixed = Buffer.alloc(8);
  fixed.writeUInt32LE(connection, 0);
  fixed[4] = rule.length;
  return Buffer.concat([fixed, Buffer.from(rule), Buffer.from(bytes, 'latin1')]);
}

/** Resolves to the first frame of this type. */
async function first(front, type) {
  const found = () => front.frames.find((one) => one.type === type);
  await front.until(() => found() !== undefined);
  return found();
}

describe('a head that is none', () => {
  /** @type {Front} */
  let front;

  before(async () => {
    front = await new Front(APP, { env: { LISTENS: 'yes' } }).ready();
    front.open(1);
  });
  after(() => front.stop());

  it("is told to 'clientError', whose answer leaves as it is", async () => {
    const { text } = await front.fault(fault_payload(1, 'ValueByte', 'GET / HTTP/1.1\r\nA: \x01'));
    assert.equal(text, 'HTTP/1.1 499 Mine\r\n\r\n');
    await front.says('told HPE_INVALID_HEADER_TOKEN Parse Error: Invalid header value char 20 GET / HTTP/1.1\r\nA: \x01\n');
  });

  it('has a time, too', async () => {
    front.open(2);
    await front.fault(fault_payload(2, 'HeadTimedOut'));
    await front.says('told ERR_HTTP_REQUEST_TIMEOUT Request timeout');
  });
});

describe("where nobody listens for 'clientError'", () => {
  /** @type {Front} */
  let front;

  before(async () => {
    front = await new Front(APP).ready();
  });
  after(() => front.stop());

  for (const [rule, answer] of [
    ['LengthDuplicate', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
    ['HeaderTooLarge', 'HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\n\r\n'],
    ['HeadTimedOut', 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'],
    ['HostMissing', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
  ]) {
    it(`Node's own server answers ${rule}`, async () => {
      const connection = 10 + rule.length;
      front.open(connection);
      const { text } = await front.fault(fault_payload(connection, rule, 'GET / HTTP/1.1\r\n'));
      assert.equal(text, answer);
    });
  }

  it('a body that is none ends its request', async () => {
    front.open(40);
    const exchange = front.request({ connection: 40, method: 'POST', flags: REQUEST.KEEP_ALIVE | REQUEST.BODY | REQUEST.UNSIZED }, false);
    exchange.body('good');
    exchange.send(TYPE.FAULT, fault_payload(40, 'ChunkSizeInvalid', 'xyz'));
    await exchange.until(() => exchange.over);
    assert.match(exchange.text, /^HTTP\/1\.1 400 Bad Request\r\n/);
    await front.says('aborted ECONNRESET');
  });

  it('a body that its client cuts off ends its request', async () => {
    front.open(39);
    const exchange = front.request({ connection: 39, method: 'POST', flags: REQUEST.KEEP_ALIVE | REQUEST.BODY | REQUEST.UNSIZED }, false);
    exchange.send(TYPE.FAULT, fault_payload(39, 'BodyCut'));
    await exchange.until(() => exchange.over);
    assert.match(exchange.text, /^HTTP\/1\.1 400 Bad Request\r\n/);
  });

  it('a method Node does not know is none to it', async () => {
    front.open(41);
    const { line } = await front.fetch({ connection: 41, method: 'BREW' });
    assert.equal(line, 'HTTP/1.1 400 Bad Request');
  });

  it('an application that destroys the connection has it closed, and answers nothing', async () => {
    front.open(42);
    const { cancelled } = await front.fetch({ connection: 42, target: '/destroy' });
    assert.equal(cancelled, REASON.APP_FAILED);
    const types = front.frames.map(({ type }) => type);
    assert.ok(front.frames.some(({ type, stream }) => type === 'HANGUP' && stream === 42), String(types));
    assert.ok(types.lastIndexOf('HANGUP') < types.lastIndexOf('CANCEL'), String(types));
  });

  it('a server that was closed answers none', async () => {
    const front = await new Front(APP).ready();
    front.open(44);
    front.open(45);
    front.request({ connection: 44, target: '/close' });
    // It crosses the server's end.
    const { cancelled } = await front.fault(fault_payload(45, 'ValueByte'));
    assert.equal(cancelled, REASON.APP_FAILED);
    await front.stop();
  });

  it('one that closes its connections as it ends leaves those without a request to other workers', async () => {
    const front = await new Front(APP, { env: { CLOSES: 'yes' } }).ready();
    front.open(46);
    await front.fetch({ connection: 46 });
    front.drain();
    assert.equal((await front.exit).code, 0);
    assert.ok(!front.frames.some(({ type }) => type === 'HANGUP'));
  });

  it('one that closes its idle connections leaves it to the front whether they are', async () => {
    const front = await new Front(APP).ready();
    const asked = (type) => front.frames.filter((one) => one.type === type).map(({ stream }) => stream);
    front.open(47);
    front.open(48);
    await front.fetch({ connection: 47 });
    await front.fetch({ connection: 48, target: '/idle' });
    await front.until(() => asked('CLOSEIDLE').length === 2);
    assert.deepEqual(asked('CLOSEIDLE').sort(), [47, 48]);
    assert.deepEqual(asked('HANGUP'), []);
    // A request had begun to come: it is served, on a socket of its own.
    assert.equal((await front.fetch({ connection: 47 })).text, 'whole');
    await front.stop();
  });

  for (const [workers, type, closed] of [
    [1, 'CLOSEIDLE', [49]],
    [2, 'CLOSEIDLE', []],
  ]) {
    it(`a server that closes itself, of ${workers} workers, ${workers > 1 ? 'leaves its clients to the others' : 'closes its idle connections'}`, async () => {
      const front = await new Front(APP, { orders: { workers } }).ready();
      front.open(49);
      front.open(50);
      await front.fetch({ connection: 49 });
      assert.equal((await front.fetch({ connection: 50, target: '/close' })).text, 'whole');
      await front.until(() => front.frames.some((one) => one.type === 'PAUSE'));
      assert.deepEqual(front.frames.filter((one) => one.type === type).map(({ stream }) => stream), closed);
      await front.stop();
    });
  }

  it('one that leaves a connection to its client is not asked to close it', async () => {
    front.open(43);
    await front.fetch({ connection: 43 });
    front.closed(43);
    front.ping();
    await front.until(() => front.frames.at(-1).type === 'PONG');
    assert.ok(!front.frames.some(({ type, stream }) => type === 'HANGUP' && stream === 43));
  });
});

describe('an application that sets times and watches connections', () => {
  it('says so, and hears of connections before they have a request', async () => {
    const front = await new Front(APP, { env: { SETS: 'yes' } }).ready();
    await first(front, 'EARLY');
    front.open(7);
    await front.says('connected');
    const { stream, payload } = await first(front, 'LIMITS');
    assert.deepEqual([stream, payload.readUInt32LE(0), payload.readUInt32LE(4)], [7, 1234, 5678]);
    await front.stop();
  });

  it('one that does not, says nothing', async () => {
    const front = await new Front(APP).ready();
    front.open(7);
    await front.fetch({ connection: 7 });
    assert.ok(!front.frames.some(({ type }) => type === 'EARLY' || type === 'LIMITS'));
    await front.stop();
  });
});

it('malformed FAULT frames end the worker', async () => {
  for (const payload of [Buffer.alloc(7), Buffer.alloc(8), fault_payload(99, 'ValueByte')]) {
    const front = await new Front(APP).ready();
    front.write(frame(TYPE.FAULT, { stream: 1 }, payload));
    assert.equal((await front.exit).code, 76);
  }
});

describe('the errors', () => {
  const check = (rule, bytes, code, parsed) => {
    it(`${rule} of ${JSON.stringify(bytes)} is ${code}`, () => {
      const error = fault_error(rule, Buffer.from(bytes), true);
      assert.equal(error.code, code);
      assert.equal(error.bytesParsed, parsed);
    });
  };
  // A method that is none comes before whatever the front has stumbled over.
  check('RequestLineSpace', 'Oopsie-doopsie\r\n', 'HPE_INVALID_METHOD', 1);
  check('Http09', 'FOO /\r\n', 'HPE_INVALID_METHOD', 1);
  check('Http09', 'POX /\r\n', 'HPE_INVALID_METHOD', 2);
  check('Http09', 'GET /\r\n', 'HPE_INVALID_CONSTANT', 7);
  check('HeadCut', 'GE', 'HPE_INVALID_EOF_STATE', 2);
  check('NoRuleOfToday', 'GET / HTTP/1.1\r\n', 'HPE_INVALID_HEADER_TOKEN', 16);
});
