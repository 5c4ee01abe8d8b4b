'use strict';
// Calls that nobody waits for any more, and calls of others that are not as they should be: they end, and nothing else does.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, afterEach, before, beforeEach, describe, it, mock } = require('node:test');
const { from_thrown } = require('../lib/calls/errors.cjs');
const { stack_below } = require('../lib/calls/made.cjs');
const { CALL, STEP_BYTES, TYPE, WINDOW_BYTES } = require('../lib/calls/protocol.cjs');
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
    ['no code', '{"message":"x"}', { message: 'Error: evil.bad: x' }],
    ['texts that are none', '{"code":"error","message":{"a":1},"stack":5,"type":[],"service":1,"function":2}', { message: 'Error: evil.bad: ', said: '' }],
    ['issues that are none', '{"code":"error","message":"x","issues":5}', { message: 'Error: evil.bad: x' }],
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

it('where calls were made is looked at of so many a second', () => {
  const looked = Array.from({ length: 1000 }, () => stack_below(looked_from));
  function looked_from() {}
  const taken = looked.filter((made) => made !== null).length;
  assert.ok(taken > 0 && taken < 900, `${taken}`);
});

describe('messages that do not go on coming', () => {
  const LONG = 40 * MIB;
  const announce = (connection, id, { service = 'silent', total = LONG } = {}) =>
    feed(connection, frame(TYPE.CALL, id, call_payload({ total, service, aboard: Buffer.alloc(32_768) })));
  const granted = (connection) => [...frames_of(sent(connection))].filter(({ type }) => type === TYPE.GRANT).map(({ id }) => id);
  const seconds = (count) => {
    for (let second = 0; second < count; second++) mock.timers.tick(1000);
  };
  beforeEach(() => mock.timers.enable({ apis: ['setInterval'] }));
  afterEach(() => mock.timers.reset());

  it('keep short ones of others waiting for nothing', () => {
    const { connection } = connected();
    for (let id = 1; id <= 4; id++) announce(connection, id);
    announce(connection, 5, { service: 'honest', total: MIB });
    assert.deepEqual(granted(connection), [1, 5]);
  });

  it('give their room up after some seconds, and their service is behind from then on', () => {
    const { connection, calls } = connected();
    for (let id = 1; id <= 4; id++) announce(connection, id);
    announce(connection, 5, { service: 'honest' });
    assert.deepEqual(granted(connection), [1]);
    seconds(4);
    assert.deepEqual(calls[0].owner.events, []);
    seconds(1);
    assert.match(calls[0].owner.events[0][1], /nothing has come of the message for 5 s, and others wait for its room/);
    connection.throw(calls[0].exchange, Buffer.from('{}'));
    assert.deepEqual(granted(connection), [5]);
    announce(connection, 6);
    announce(connection, 7, { service: 'honest' });
    connection.throw(calls[4].exchange, Buffer.from('{}'));
    assert.deepEqual(granted(connection), [7]);
  });

  it('stay as long as they like where nobody waits, or as something comes', () => {
    const { connection, calls } = connected();
    announce(connection, 1);
    seconds(60);
    announce(connection, 2);
    for (let second = 0; second < 20; second++) {
      feed(connection, frame(TYPE.DATA, 1, Buffer.alloc(10)));
      seconds(1);
    }
    assert.deepEqual(calls[0].owner.events, []);
    seconds(5);
    assert.equal(calls[0].owner.events.length, 1);
  });

  it('are of no account when the call is over, and nobody waits for one that waits', () => {
    const { connection, calls } = connected();
    for (let id = 1; id <= 3; id++) announce(connection, id);
    feed(connection, frame(TYPE.ABORT, 2, Buffer.of(1)), frame(TYPE.ABORT, 1, Buffer.of(1)));
    assert.deepEqual(granted(connection), [1, 3]);
    connection.throw(calls[2].exchange, Buffer.from('{}'));
    assert.equal(connection.of_arguments.in_use, 0);
    assert.equal(connection.of_arguments.long.timer, null);
  });

  it('are answers as well: what may still come of one that was given up keeps its room', () => {
    const { connection } = connected();
    const calls = [begin(connection), begin(connection), begin(connection)];
    for (const { exchange } of calls) feed(connection, frame(TYPE.RETURN, exchange.id, u32(LONG)));
    assert.deepEqual(granted(connection), [calls[0].exchange.id]);
    seconds(5);
    assert.equal(calls[0].owner.events[0][0], 'stalled');
    connection.abort(calls[0].exchange, 2);
    assert.deepEqual(granted(connection), [calls[1].exchange.id]);
    assert.equal(connection.of_answers.in_use, LONG - WINDOW_BYTES + STEP_BYTES);
    feed(connection, frame(TYPE.THROW, calls[0].exchange.id, Buffer.from('{}'), 1));
    assert.equal(connection.of_answers.in_use, LONG - WINDOW_BYTES);
  });

  it('are items as well: the call goes on without the rest of them', () => {
    const { connection, calls } = connected();
    feed(connection, frame(TYPE.CALL, 1, call_payload({ flags: CALL.ITEMS })), frame(TYPE.DATA, 1, u32(LONG)));
    announce(connection, 2);
    seconds(5);
    assert.match(calls[0].owner.events.at(-1)[1], /nothing has come/);
    assert.equal(calls[0].owner.events.at(-1)[0], 'broken');
    feed(connection, frame(TYPE.DATA, 1, Buffer.alloc(1000, 0xff), 1));
    assert.equal(calls[0].owner.events.length, 3);
    assert.deepEqual(granted(connection), [1, 1, 2]);
  });

  it('take no memory before it is granted', () => {
    const { connection, exchange } = called({ flags: CALL.ITEMS });
    for (let id = 2; id <= 3; id++) announce(connection, id);
    feed(connection, frame(TYPE.DATA, 1, u32(LONG)));
    assert.ok(exchange.buffer.length < 4 * WINDOW_BYTES);
    assert.ok([...connection.theirs.values()][2].buffer.length <= 32_768);
  });

  it('come a step at a time', () => {
    const { connection } = connected();
    announce(connection, 1);
    let left = LONG - 32_768;
    let open = 0;
    while (left > 0) {
      for (const { payload } of frames_of(sent(connection))) open += payload.readUInt32LE();
      assert.ok(open > 0 && open <= STEP_BYTES, `${open} bytes`);
      const bytes = Math.min(65_536, open, left);
      feed(connection, frame(TYPE.DATA, 1, Buffer.alloc(bytes), bytes === left ? 1 : 0));
      open -= bytes;
      left -= bytes;
    }
    assert.equal(connection.of_arguments.in_use, 0);
  });
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
    assert.match(await outcome('bad_throw'), /^RemoteError: Error: evil\.bad_throw: it failed, and its error cannot be read$/);
    assert.match(await outcome('bad_item'), /^InvalidResult: evil\.bad_item: the answer cannot be read: the stream ends within an item$/);
    assert.match(await outcome('huge_item'), /^InvalidResult: evil\.huge_item: the answer cannot be read: an item of 4294967280 bytes/);
    assert.match(await outcome('bad_value'), /^InvalidResult: evil\.bad_value: the answer cannot be read/);
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
    ['anything', /^x$/],
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

  const laden = (how) => broker.call(peer, 'laden', { how }).then(assert.fail, ({ thrown }) => thrown);
  for (const how of ['data', 'fields']) {
    it(`whose function throws an error tells what that carries as JSON has it, in ${how}`, async () => {
      const { data, stack } = await laden(how);
      assert.deepEqual(data, { id: '1152921504606846976', image: 'AQID', prices: [[1, 'a']], tags: ['x'], ratio: 'NaN', row: [1.5], long: 'x'.repeat(60_000), last: 1, ...(how === 'data' && { ['__proto__']: 1 }) });
      const lines = stack.split('\n');
      assert.match(lines[1], /faults\.cjs:\d+/);
      const [, note] = /^\(its data did not cross whole; (.*)\)$/.exec(lines.at(-1));
      assert.deepEqual(note.split('; ').map((part) => part.split(':')[0]), ['longer', 'callback', 'nested', 'unseen']);
      assert.match(note, /longer: longer than the 65536 bytes that may cross; callback: a function has no counterpart; nested: values nest at most 128 deep: is it one that contains itself\?; unseen: it cannot be looked at/);
    });
  }

  it('whose function throws an error with data that is no object tells that', async () => {
    assert.deepEqual((await laden({ list: [1, 2n ** 60n] })).data, [1, '1152921504606846976']);
    const { data, stack } = await laden({});
    assert.equal(data, undefined);
    assert.match(stack, /\n\(its data did not cross whole; all of it: a function has no counterpart\)$/);
    assert.match((await laden('hidden')).stack, /whole; x: it cannot be looked at\)$/);
    assert.match((await laden('many')).stack, /field9: a function has no counterpart; 2 more\)$/);
  });

  it('whose function throws an error that is longer than a frame tells its message and what it carries', async () => {
    const { message, type, data, stack } = await laden('escaped');
    assert.deepEqual([message.length, type.length, data.left, data.long.length, stack], [16_385, 257, 0, 10_000, undefined]);
  });

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

  it('may offer functions of names that every object has', async () => {
    const web = await broker.start('web', app('web.mjs'), FUNCTIONS_ONLY);
    const code = `const names = ['Then', 'catch', 'finally', 'Constructor', 'Prototype', 'inspect', 'to_string', 'value_of'];
      const faults = await services.faults;
      return await Promise.all(names.map((name) => faults[name]()))`;
    assert.deepEqual(await broker.call(web, 'run', { code }), ['then', 'catch', 'finally', 'constructor', 'prototype', 'inspect', 'toString', 'valueOf']);
  });

  it('is called with long arguments though others announce theirs and send nothing', async () => {
    const web = await broker.start('web', app('web.mjs'), FUNCTIONS_ONLY);
    const silent = ['a', 'b', 'c'].map(() => {
      const thrown = new Promise((resolve) => {
        peer.routes.set(peer.next_id, { answer: (bytes) => bytes[4] === TYPE.THROW && resolve(bytes.toString()) });
      });
      peer.socket.write(frame(TYPE.CALL, peer.next_id++, call_payload({ total: 60 * MIB, service: 'silent', name: 'length', aboard: Buffer.alloc(32_768) })));
      return thrown;
    });
    const code = 'return await services.faults.length({ data: new Uint8Array(20 * 1024 * 1024) }, { timeout: 30000 })';
    assert.equal(await broker.call(web, 'run', { code }), 20 * MIB);
    assert.match(await silent[0], /deadline_exceeded.*nothing has come of the message for 5 s/);
  });

  it('ends as one that nobody handles, with the line of the call, where an error of it is nobody\'s', async () => {
    const forgetful = await broker.start('forgetful', app('forgetful.cjs'), FUNCTIONS_ONLY);
    broker.call(forgetful, 'forgets', {}).catch(() => {});
    assert.equal((await forgetful.front.exit).code, 1);
    assert.match(forgetful.front.stderr, /UnknownService: nowhere\.at_all: there is no nowhere\.at_all\n +at .*forgetful\.cjs:5:/);
    assert.doesNotMatch(forgetful.front.stderr, /lib[\\/]calls[\\/]services/);
  });

  it('whose generator never waits gives its items as they are made, and hears that nobody wants more', async () => {
    const busy = await broker.start('busy', app('forgetful.cjs'), FUNCTIONS_ONLY);
    const web = await broker.start('web', app('web.mjs'), FUNCTIONS_ONLY);
    assert.equal(await broker.call(web, 'run', { code: 'for await (const number of services.busy.busy()) if (number === 1) return number' }), 1);
    await busy.front.says('busy left');
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
