'use strict';
// The worker's end of the calls socket against the golden frames, and the rules the broker must keep.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { CallHead } = require('../lib/calls/head.cjs');
const { CALL, HEADER_BYTES, TYPE, UNFINISHED_BYTES_MAX, WINDOW_BYTES } = require('../lib/calls/protocol.cjs');
const { frame, preface } = require('../support/broker.cjs');
const { MESSAGE_BYTES_MAX, begin, call_payload, called, connected, feed, frames_of, message_of, sent, u32 } = require('../support/connection.cjs');

const GOLDEN = path.join(__dirname, '..', '..', 'crates', 'diglot-calls', 'golden', 'frames.json');
const golden = JSON.parse(readFileSync(GOLDEN, 'utf8'));

/** @returns {Buffer} `(07*40000)` is 40,000 times the byte 07 */
function bytes_of(hex) {
  return Buffer.from(hex.replace(/\((..)\*(\d+)\)/g, (_, byte, times) => byte.repeat(Number(times))), 'hex');
}

const writers = {
  RETURN(meaning, bytes, end) {
    const { connection, exchange } = called();
    const aboard = bytes_of(meaning.aboard);
    if (!meaning.stream) {
      connection.answer(exchange, message_of(Buffer.concat([aboard, Buffer.alloc(meaning.total - aboard.length)])));
      const [first] = frames_of(sent(connection));
      // As much as may is aboard here.
      if (end) assert.ok(first.payload.equals(bytes.subarray(HEADER_BYTES)));
      assert.equal(first.end, end);
      assert.equal(first.payload.readUInt32LE(0), meaning.total);
      return;
    }
    connection.answer_stream(exchange);
    const [first] = frames_of(sent(connection));
    assert.ok(first.payload.equals(bytes.subarray(HEADER_BYTES, HEADER_BYTES + 4)));
  },
  THROW(_meaning, bytes) {
    const { connection, exchange } = called();
    connection.throw(exchange, bytes.subarray(HEADER_BYTES));
    assert.ok(sent(connection).equals(bytes));
  },
  OFFER(_meaning, bytes) {
    const { connection } = connected();
    connection.output.frame(TYPE.OFFER, 0, 0, bytes.subarray(HEADER_BYTES));
    assert.ok(sent(connection).equals(bytes));
  },
  DATA(meaning, bytes, end) {
    const { connection } = connected();
    connection.output.data(bytes.readUInt32LE(8), bytes_of(meaning.bytes), 0, bytes.length - HEADER_BYTES, end ? 1 : 0);
    assert.ok(sent(connection).equals(bytes));
  },
  GRANT(meaning, bytes) {
    const { connection, exchange } = called();
    connection.grant(exchange, meaning.bytes);
    assert.ok(sent(connection).equals(bytes));
  },
  STOP(_meaning, bytes) {
    const { connection, calls } = connected();
    feed(connection, frame(TYPE.CALL, 1, call_payload({ flags: CALL.ITEMS })));
    sent(connection);
    connection.stop(calls[0].exchange);
    assert.ok(sent(connection).equals(bytes));
  },
  ABORT(meaning, bytes) {
    const { connection } = connected();
    const { exchange } = begin(connection);
    sent(connection);
    connection.abort(exchange, meaning.reason);
    assert.ok(sent(connection).equals(bytes));
  },
};

const readers = {
  RETURN(meaning, bytes) {
    const { connection } = connected();
    const { owner } = begin(connection);
    feed(connection, bytes);
    assert.deepEqual(owner.events[0], meaning.stream ? ['streams'] : ['message', meaning.aboard]);
  },
  THROW(meaning, bytes) {
    const { connection } = connected();
    const { owner } = begin(connection);
    feed(connection, bytes);
    assert.deepEqual(owner.events, [['thrown', meaning.error]]);
  },
  DRAIN(_meaning, bytes) {
    const { connection, events } = connected();
    feed(connection, bytes);
    assert.deepEqual(events, ['drain']);
  },
  DATA(meaning, bytes) {
    const { connection } = connected();
    const { owner } = begin(connection);
    feed(connection, frame(TYPE.RETURN, 0x8000_0001, u32(bytes_of(meaning.bytes).length)), bytes);
    assert.deepEqual(owner.events, [['message', meaning.bytes]]);
  },
  GRANT(meaning, bytes) {
    const { connection } = connected();
    const { exchange } = begin(connection);
    feed(connection, bytes);
    assert.equal(exchange.send_credit, meaning.bytes);
  },
  STOP(_meaning, bytes) {
    const { connection } = connected();
    const { owner } = begin(connection, { about: { flags: CALL.ITEMS } });
    feed(connection, bytes);
    assert.deepEqual(owner.events, [['stopped']]);
  },
};

describe('golden frames of calls', () => {
  for (const { name, type, hex, end, meaning, from, id } of golden.frames) {
    const bytes = bytes_of(hex);
    const own = `${from === 'worker' ? 'writes' : 'reads'} ${type}: ${name}`;
    if (type === 'CALL') {
      it(own, () => {
        const head = new CallHead();
        assert.equal(head.read(bytes, HEADER_BYTES, bytes.length, end, MESSAGE_BYTES_MAX), null);
        const { service, function: of, timeout_ms, depth, context, is_json, has_items, window, arguments_bytes } = head;
        const aboard = bytes.subarray(head.arguments_at);
        assert.deepEqual(
          { service, function: of, deadline_ms: timeout_ms, depth, context, json: is_json, items: has_items, window, total: arguments_bytes },
          Object.fromEntries(Object.entries(meaning).filter(([member]) => member !== 'aboard' && member !== 'idempotent')),
        );
        assert.ok(aboard.equals(bytes_of(meaning.aboard)));
        // Ends of a stream that has no items come in a frame of their own here.
        if (from !== 'worker' || (meaning.items && end)) return;
        const { connection } = connected();
        connection.last_number = (id & 0x7fff_ffff) - 1;
        connection.windows.take = () => meaning.window;
        const flags = (meaning.json ? CALL.JSON : 0) | (meaning.items ? CALL.ITEMS : 0) | (meaning.idempotent ? CALL.IDEMPOTENT : 0);
        const message = Buffer.concat([aboard, Buffer.alloc(meaning.total - aboard.length)]);
        begin(connection, { message, about: { timeout_ms: meaning.deadline_ms, depth: meaning.depth, context: meaning.context, flags } });
        assert.ok(sent(connection).equals(bytes));
      });
    } else if (from === 'worker') {
      const write = writers[type];
      it(own, () => write(meaning, bytes, end));
    } else {
      it(own, () => readers[type](meaning, bytes));
    }
  }

  it('reads the prefaces', () => {
    for (const { from, hex, meaning } of golden.prefaces) {
      if (from !== 'broker') continue;
      const { connection } = connected(false);
      feed(connection, bytes_of(hex));
      assert.equal(connection.message_bytes_max, meaning.message_bytes_max);
    }
  });

  for (const { name, rule, from, before, begun, hex } of golden.malformed) {
    if (from !== 'broker') continue;
    it(`refuses ${name}`, () => {
      const { connection } = connected(false);
      feed(connection, bytes_of(before));
      if (begun !== null) begin(connection, { about: { flags: begun === 'items' ? CALL.ITEMS : 0 } });
      assert.throws(() => feed(connection, bytes_of(hex)), { name: 'Violation' }, rule);
    });
  }
});

describe('a call', () => {
  it('is over with its answer, and what comes late is dropped', () => {
    const { connection, events } = connected();
    const { exchange, owner } = begin(connection);
    const answer = frame(TYPE.RETURN, exchange.id, Buffer.concat([u32(1), Buffer.of(5)]), 1);
    feed(connection, answer, frame(TYPE.GRANT, exchange.id, u32(10)), frame(TYPE.STOP, exchange.id));
    assert.deepEqual(owner.events, [['message', '05']]);
    assert.deepEqual(events, ['busy', 'idle']);
    assert.equal(exchange.over, true);
  });

  it('comes whole however its frames are cut', () => {
    const answer = Buffer.alloc(100_000, 7);
    const data = [answer.subarray(32_768, 32_768 + 65_536), answer.subarray(32_768 + 65_536)];
    for (const step of [1, 11, 12, 13, 1000, 65_548, 200_000]) {
      const { connection } = connected(false);
      const { exchange, owner } = begin(connection);
      const bytes = Buffer.concat([
        preface(),
        frame(TYPE.RETURN, exchange.id, Buffer.concat([u32(answer.length), answer.subarray(0, 32_768)])),
        frame(TYPE.DATA, exchange.id, data[0]),
        frame(TYPE.DATA, exchange.id, data[1], 1),
      ]);
      // All but what the window has was granted for.
      exchange.granted += answer.length;
      for (let at = 0; at < bytes.length; at += step) {
        const part = Buffer.from(bytes.subarray(at, at + step));
        connection.receive(part, part.length);
      }
      assert.deepEqual(owner.events, [['message', answer.toString('hex')]], `in steps of ${step}`);
    }
  });

  it('is granted the rest of its arguments, and gives what was not sent for', () => {
    const { connection, calls } = connected();
    const rest = 1_000_000 - 32_768;
    feed(connection, frame(TYPE.CALL, 1, call_payload({ total: 1_000_000, aboard: Buffer.alloc(32_768) })));
    assert.deepEqual([...frames_of(sent(connection))].map(({ type, payload }) => [type, payload.readUInt32LE()]), [[TYPE.GRANT, rest]]);
    assert.throws(() => feed(connection, ...Array.from({ length: 16 }, () => frame(TYPE.DATA, 1, Buffer.alloc(65_536)))), /longer than was announced|more DATA than was granted/);
    assert.deepEqual(calls[0].owner.events, []);
  });

  it('waits when unfinished messages have as much as may be, the longest waiting first', () => {
    const { connection, calls } = connected();
    const total = (UNFINISHED_BYTES_MAX * 3) / 8 + 32_768;
    for (let id = 1; id <= 4; id++) feed(connection, frame(TYPE.CALL, id, call_payload({ total, aboard: Buffer.alloc(32_768) })));
    assert.deepEqual([...frames_of(sent(connection))].map(({ id }) => id), [1, 2]);
    feed(connection, frame(TYPE.ABORT, 1, Buffer.of(1)));
    assert.deepEqual(calls[0].owner.events, [['aborted', 1]]);
    connection.throw(calls[0].exchange, Buffer.from('{}'));
    assert.deepEqual([...frames_of(sent(connection))].map(({ id, type }) => [type, id]), [[TYPE.THROW, 1], [TYPE.GRANT, 3]]);
  });

  it('sends no more than was granted', () => {
    const { connection } = connected();
    const { exchange } = begin(connection, { message: Buffer.alloc(200_000, 1) });
    assert.equal([...frames_of(sent(connection))].length, 1);
    feed(connection, frame(TYPE.GRANT, exchange.id, u32(100_000)));
    const frames = [...frames_of(sent(connection))];
    assert.equal(frames.reduce((sum, { payload }) => sum + payload.length, 0), 100_000);
    assert.ok(frames.every(({ type, end, payload }) => type === TYPE.DATA && !end && payload.length <= 65_536));
    feed(connection, frame(TYPE.GRANT, exchange.id, u32(100_000)));
    assert.equal([...frames_of(sent(connection))].at(-1).end, true);
  });

  it('that was given up keeps its id until it is answered, and grants nothing', () => {
    const { connection } = connected();
    const { exchange, owner } = begin(connection);
    connection.abort(exchange, 1);
    sent(connection);
    feed(connection, frame(TYPE.RETURN, exchange.id, Buffer.concat([u32(1_000_000), Buffer.alloc(32_768)])));
    assert.equal(sent(connection).length, 0);
    assert.equal(connection.ours.size, 1);
    feed(connection, frame(TYPE.THROW, exchange.id, Buffer.from('{"code":"cancelled"}'), 1));
    assert.equal(connection.ours.size, 0);
    assert.deepEqual(owner.events, []);
  });

  it('has windows that together stay small', () => {
    const { connection } = connected();
    let granted = 0;
    for (let count = 0; count < 65_536; count++) {
      const { exchange } = begin(connection);
      granted += exchange.window;
      if (count === 0) assert.equal(exchange.window, WINDOW_BYTES);
      if (count % 1000 === 0) sent(connection);
    }
    assert.equal(connection.is_full, true);
    assert.ok(granted < UNFINISHED_BYTES_MAX * 1.2, `${granted} bytes`);
  });
});

describe('items', () => {
  /** A stream that has begun, with its reader. */
  function streaming() {
    const { connection } = connected();
    const { exchange, owner } = begin(connection);
    feed(connection, frame(TYPE.RETURN, exchange.id, u32(0xffff_ffff)));
    owner.events.length = 0;
    sent(connection);
    return { connection, exchange, owner };
  }

  it('come whole wherever frames split them', () => {
    const items = [Buffer.of(1), Buffer.alloc(300, 2), Buffer.alloc(0), Buffer.of(3, 4)];
    const bytes = Buffer.concat(items.flatMap((item) => [u32(item.length), item]));
    for (let cut = 1; cut < bytes.length; cut++) {
      const { connection, exchange, owner } = streaming();
      feed(connection, frame(TYPE.DATA, exchange.id, bytes.subarray(0, cut)), frame(TYPE.DATA, exchange.id, bytes.subarray(cut), 1));
      assert.deepEqual(owner.events.map(([what, hex]) => hex ?? what), [...items.map((item) => item.toString('hex')), 'ended']);
    }
  });

  it('are granted again when half a window was consumed', () => {
    const { connection, exchange } = streaming();
    feed(connection, frame(TYPE.DATA, exchange.id, Buffer.concat([u32(20_000), Buffer.alloc(20_000)])));
    connection.consumed(exchange, 20_004, null);
    assert.equal(sent(connection).length, 0);
    feed(connection, frame(TYPE.DATA, exchange.id, Buffer.concat([u32(20_000), Buffer.alloc(20_000)])));
    connection.consumed(exchange, 20_004, null);
    const [grant] = frames_of(sent(connection));
    assert.deepEqual([grant.type, grant.payload.readUInt32LE()], [TYPE.GRANT, 40_008]);
  });

  it('that are longer than half a window are granted like messages', () => {
    const { connection, exchange, owner } = streaming();
    feed(connection, frame(TYPE.DATA, exchange.id, u32(1_000_000)));
    const [grant] = frames_of(sent(connection));
    assert.deepEqual([grant.type, grant.payload.readUInt32LE()], [TYPE.GRANT, 1_000_000]);
    for (let left = 1_000_000; left > 0; left -= 50_000) feed(connection, frame(TYPE.DATA, exchange.id, Buffer.alloc(50_000)));
    const [[what, , cost, room]] = owner.events;
    assert.deepEqual([what, cost, room.bytes], ['item', 4, 1_000_000]);
    assert.equal(connection.of_answers.in_use, 1_000_000);
    connection.consumed(exchange, cost, room);
    assert.equal(connection.of_answers.in_use, 0);
  });
});
