'use strict';
// Calls that nobody waits for any more, and calls of others that are not as they should be: they end, and nothing else does.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { TYPE } = require('../lib/calls/protocol.cjs');
const { Broker, frame } = require('../support/broker.cjs');
const { call_payload, called, connected, feed, frames_of, message_of, sent } = require('../support/connection.cjs');

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
