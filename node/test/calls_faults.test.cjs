'use strict';
// Calls that nobody waits for any more, and calls of others that are not as they should be: they end, and nothing else does.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { from_thrown } = require('../lib/calls/errors.cjs');
const { CALL, TYPE } = require('../lib/calls/protocol.cjs');
const { Names } = require('../lib/calls/services.cjs');
const { Broker, frame } = require('../support/broker.cjs');
const { begin, call_payload, called, connected, feed, frames_of, message_of, sent, u32 } = require('../support/connection.cjs');

const app = (name) => path.join(__dirname, '..', 'support', 'apps', 'calls', name);
const FUNCTIONS_ONLY = { orders: { routes: false } };
const MIB = 1024 * 1024;

const types = (connection) => [...frames_of(sent(connection))].map(({ type }) => type);
const abort = frame(TYPE.ABORT, 1, Buffer.of(1));

describe('a call whose caller waits no more', () => {
  it('is over when its answer waits for credit', () => {
    const { connection, exchange } = called();
    connection.answer(exchange, message_of(Buffer.alloc(MIB)));
    sent(connection);
    feed(connection, abort);
    assert.deepEqual(types(connection), [TYPE.THROW]);
    assert.equal(connection.theirs.size, 0);
  });

  it('is answered with what fits the credit that is left, and with no more', () => {
    for (const [length, type] of [[32_768 + 65_536, TYPE.RETURN], [32_769 + 65_536, TYPE.THROW]]) {
      const { connection, exchange } = called();
      feed(connection, abort);
      assert.deepEqual(types(connection), [], 'what runs on may answer');
      connection.answer(exchange, message_of(Buffer.alloc(length)));
      assert.equal(types(connection)[0], type);
      assert.equal(connection.theirs.size, 0);
    }
  });

  it('is over when its answer is a stream, begun or not', () => {
    for (const begun of [true, false]) {
      const { connection, exchange } = called();
      if (begun) connection.answer_stream(exchange);
      feed(connection, abort);
      if (!begun) connection.answer_stream(exchange);
      assert.deepEqual(types(connection), begun ? [TYPE.RETURN, TYPE.THROW] : [TYPE.THROW]);
      assert.equal(connection.theirs.size, 0);
    }
  });

  it('is over when its arguments have not come whole, and what they were to have is free again', () => {
    const { connection } = connected();
    feed(connection, frame(TYPE.CALL, 1, call_payload({ total: MIB, aboard: Buffer.alloc(32_768) })));
    assert.deepEqual(types(connection), [TYPE.GRANT]);
    feed(connection, abort);
    assert.deepEqual(types(connection), [TYPE.THROW]);
    assert.deepEqual([connection.theirs.size, connection.of_arguments.in_use], [0, 0]);
  });
});

describe('what is not as it should be', () => {
  const STREAM = u32(0xffff_ffff);
  const BROKEN = [
    ['a stream that ends within an item', Buffer.concat([u32(100), Buffer.from('abc')]), 1, /ends within an item/],
    ['a stream that ends within the length of an item', Buffer.of(1, 0), 1, /ends within an item/],
    ['a stream that ends within a long item', Buffer.concat([u32(MIB), Buffer.from('abc')]), 1, /ends within an item/],
    ['an item that is announced longer than a message', Buffer.concat([u32(0xffff_fff0), Buffer.from('abc')]), 0, /4294967280 bytes is announced, above the maximum/],
  ];
  for (const [what, bytes, end, problem] of BROKEN) {
    it(`ends one call: ${what} of an answer`, () => {
      const { connection } = connected();
      const { exchange, owner } = begin(connection);
      feed(connection, frame(TYPE.RETURN, exchange.id, STREAM), frame(TYPE.DATA, exchange.id, bytes, end));
      assert.match(owner.events.at(-1)[1], problem);
      if (end === 0) feed(connection, frame(TYPE.DATA, exchange.id, Buffer.alloc(1000, 0xff), 1));
      assert.deepEqual([connection.ours.size, connection.of_answers.in_use], [0, 0]);
    });

    it(`ends one call: ${what} of an argument`, () => {
      const { connection, calls } = connected();
      feed(connection, frame(TYPE.CALL, 1, call_payload({ flags: CALL.ITEMS })), frame(TYPE.DATA, 1, bytes, end));
      assert.match(calls[0].owner.events.at(-1)[1], problem);
      if (end === 0) feed(connection, frame(TYPE.DATA, 1, Buffer.alloc(1000, 0xff), 1));
      assert.equal(connection.of_arguments.in_use, 0);
      connection.throw(calls[0].exchange, Buffer.from('{}'));
      assert.equal(connection.theirs.size, 0);
    });
  }

  it('is not asked of what nobody reads any more', () => {
    const { connection } = connected();
    const { exchange } = begin(connection);
    feed(connection, frame(TYPE.RETURN, exchange.id, Buffer.concat([STREAM, u32(100), Buffer.of(1)])));
    connection.abort(exchange, 1);
    feed(connection, frame(TYPE.DATA, exchange.id, Buffer.alloc(1000, 0xff), 1));
    assert.equal(connection.ours.size, 0);
  });

  const THROWN = [
    ['garbage', 'garbage', {}],
    ['an array', '[]', {}],
    ['null', 'null', {}],
    ['bytes that are no text', Buffer.of(0xff, 0xfe), {}],
    ['values in values without end', `{"code":"error","data":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, {}],
    ['no code', '{"message":"x"}', { message: 'x' }],
    ['texts that are none', '{"code":"error","message":{"a":1},"stack":5,"type":[],"service":1,"function":2}', { message: '' }],
    ['issues that are none', '{"code":"error","message":"x","issues":5}', { message: 'x' }],
    ['the code of arguments, and issues that are none', '{"code":"invalid_arguments","message":"x","issues":[5,null,{"path":[]},{"path":[{}],"message":"m"},{"path":["item_id",0],"message":"m"}]}', { name: 'InvalidArguments', issues: [{ path: ['item_id', 0], message: 'm' }] }],
    ['another code', '{"code":"constructor","message":"x"}', { name: 'CallError', code: 'constructor' }],
  ];
  for (const [what, json, expected] of THROWN) {
    it(`is an error of that call: THROW of ${what}`, () => {
      const { connection } = connected();
      const { exchange, owner } = begin(connection);
      feed(connection, frame(TYPE.THROW, exchange.id, Buffer.from(json), 1));
      const error = from_thrown(new Names().localised(owner.events[0][1]), 'evil', 'bad');
      const found = Object.fromEntries(Object.keys({ name: 0, ...expected }).map((name) => [name, error[name]]));
      assert.deepEqual(found, { name: 'RemoteError', ...expected, ...(expected.issues && { issues: [{ path: ['itemId', 0], message: 'm' }] }) });
      assert.equal(connection.ours.size, 0);
    });
  }
});

describe('a worker', () => {
  const broker = new Broker();
  let peer;
  before(async () => {
    peer = await broker.start('faults', app('faults.cjs'), FUNCTIONS_ONLY);
  });
  after(() => broker.stop());

  let begun = 0;
  /** Calls a function, and gives that up when it has begun. */
  const abandoned = async (name, args) => {
    const answer = broker.call(peer, name, args, { window: 65_536 });
    begun++;
    await peer.front.until_said(() => peer.front.stdout.split('waiting').length > begun);
    peer.socket.write(broker.abort(answer.id));
    return answer;
  };
  const is_cancelled = ({ thrown }) => thrown.code === 'cancelled';

  it('answers late with a value that is short, and not with one that nobody takes', async () => {
    assert.equal((await abandoned('late', { length: 1000 })).length, 1000);
    await assert.rejects(abandoned('late', { length: 4 * MIB }), is_cancelled);
  });

  it('leaves a stream that comes late', async () => {
    await assert.rejects(abandoned('late_stream', {}), is_cancelled);
    await peer.front.says('returned');
  });

  it('ends a stream whose generator never goes on', async () => {
    await assert.rejects(abandoned('silent_stream', {}), is_cancelled);
  });

  it('ends a long answer that is under way', async () => {
    const answer = broker.call(peer, 'large', { length: 4 * MIB }, { window: 0 });
    await broker.until_frame('faults', TYPE.RETURN, answer.id);
    peer.socket.write(broker.abort(answer.id));
    await assert.rejects(answer, is_cancelled);
  });

  it('is told of each call that is answered with nonsense, and goes on', async () => {
    const answers = {
      bad_throw: (id) => frame(TYPE.THROW, id, Buffer.from('garbage'), 1),
      bad_item: (id) => frame(TYPE.RETURN, id, Buffer.concat([u32(0xffff_ffff, 100), Buffer.from('abc')]), 1),
      huge_item: (id) => frame(TYPE.RETURN, id, Buffer.concat([u32(0xffff_ffff, 0xffff_fff0), Buffer.from('abc')])),
      bad_value: (id) => frame(TYPE.RETURN, id, Buffer.concat([u32(3), Buffer.from('abc')]), 1),
    };
    for (const [name, answer] of Object.entries(answers)) broker.raw.set(`evil.${name}`, answer);
    const outcome = (name) => broker.call(peer, 'ask', { name });
    assert.match(await outcome('bad_throw'), /^RemoteError: it failed, and its error cannot be read$/);
    assert.match(await outcome('bad_item'), /^InvalidResult: the answer cannot be read: the stream ends within an item$/);
    assert.match(await outcome('huge_item'), /^InvalidResult: the answer cannot be read: an item of 4294967280 bytes/);
    assert.match(await outcome('bad_value'), /^InvalidResult: the answer cannot be read/);
    await broker.until_aborted();
  });

  it('tells who sends items that are none, and its function', async () => {
    const items = (...bytes) => broker.call(peer, 'sum', {}, { items: Buffer.concat(bytes) });
    assert.equal(await items(u32(1), Buffer.of(5), u32(1), Buffer.of(6)), 11);
    const WRONG = [
      [/numbers: the stream ends within an item/, u32(1), Buffer.of(5), u32(100), Buffer.from('abc')],
      [/numbers: an item of 4294967280 bytes/, u32(0xffff_fff0), Buffer.from('abc')],
      [/numbers: expected a number, not a string/, u32(1), Buffer.of(0x60)],
      [/numbers: byte 0 is a simple value/, u32(1), Buffer.of(0xff)],
    ];
    for (const [message, ...bytes] of WRONG) {
      await assert.rejects(items(...bytes), ({ thrown }) => {
        assert.equal(thrown.code, 'invalid_arguments');
        assert.match(thrown.message, message);
        assert.deepEqual(thrown.issues[0].path, ['numbers']);
        return true;
      });
    }
  });

  const THROWN = [
    ['name', /cannot be looked at/],
    ['message', /cannot be looked at/],
    ['stack', /cannot be looked at/],
    ['anything', /cannot be looked at/],
    ['untouchable', /cannot be looked at/],
    ['symbol', /^Symbol\(s\)$/],
    ['nothing', /^undefined$/],
    ['bare', /^$/],
    ['deep', /^x$/],
  ];
  for (const [what, message] of THROWN) {
    it(`whose function throws something odd says so and goes on: ${what}`, async () => {
      await assert.rejects(broker.call(peer, 'throws', { what }), ({ thrown }) => {
        assert.equal(thrown.code, 'error');
        assert.match(thrown.message, message);
        return true;
      });
    });
  }

  it('whose function returns something odd says so and goes on', async () => {
    const outcome = (name, how) => broker.call(peer, name, { how }).catch(({ thrown }) => `${thrown.code} ${thrown.type}: ${thrown.message}`);
    assert.match(await outcome('odd_later', 'stream'), /^error TypeError: .*locked/);
    assert.match(await outcome('odd_later', 'noIterator'), /^error TypeError: /);
    assert.match(await outcome('odd_later', 'untouchable'), /^error TypeError: /);
    assert.match(await outcome('odd', 'untouchable'), /^error TypeError: /);
    assert.match(await outcome('odd', 'getter'), /^error RangeError: of a getter/);
    assert.equal((await outcome('odd', 'twice')).length, 100_000);
  });

  it('begins no call that it cannot go on with', async () => {
    broker.raw.set('evil.silent', () => Buffer.alloc(0));
    const [stream, signal] = await broker.call(peer, 'odd_arguments', {});
    assert.match(stream, /locked/);
    assert.match(signal, /nowhere/);
    await broker.until_aborted();
    await broker.until_aborted();
  });

  it('answers in JSON as the values are, where no schema says what they are', async () => {
    const answer = await broker.call(peer, 'plain', {}, { json: true, read: String });
    assert.equal(answer, '{"bytes":"eHk=","map":[[1,["a"]]],"numbers":["NaN",1208925819614629174706176,-18446744073709551616,3,0.5],"row":[1,2],"text":"\\"10n\\""}');
    const items = Buffer.concat([u32(2), Buffer.from('10')]);
    assert.deepEqual(await broker.call(peer, 'plain_items', {}, { json: true, items }), { items: [10, 'eHk='] });
  });

  it('that drains ends when the last of them is over', async () => {
    const last = await broker.start('faults', app('faults.cjs'), FUNCTIONS_ONLY);
    const answer = broker.call(last, 'late', { length: 4 * MIB }, { window: 0 });
    await last.front.says('waiting');
    last.drain();
    last.socket.write(broker.abort(answer.id));
    await assert.rejects(answer, is_cancelled);
    assert.deepEqual(await last.front.exit, { code: 0, signal: null });
  });
});
