'use strict';
// The worker's end of the link against the golden frames, and the rules the front must keep.

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const path = require('node:path');
const { describe, it } = require('node:test');
const { Link, TUNNEL } = require('../lib/link.cjs');
const { RequestHead, read_open } = require('../lib/head.cjs');
const { NAMES, METHODS } = require('../lib/names.cjs');
const { HEADER_BYTES, INTERFACE, LINK_QUANTUM_BYTES, REASON, REQUEST, STREAM_WINDOW_BYTES, TYPE } = require('../lib/protocol.cjs');
const { FrameReader, frame, open_payload, preface, request_payload } = require('../support/front.cjs');

const GOLDEN = path.join(__dirname, '..', '..', 'crates', 'diglot-link', 'golden');
const golden = (name) => JSON.parse(readFileSync(path.join(GOLDEN, name), 'utf8'));
const latin1 = (bytes) => bytes.toString('latin1');

/** A link whose events are noted as plain data. */
function noted(overrides = {}) {
  const events = [];
  const note = (name) => (...args) => events.push([name, ...args]);
  const link = new Link({
    open: (id, ends) => events.push(['open', id, ends]),
    closed: note('closed'),
    request(stream, head, buffer, at, end, last) {
      stream.owner = {};
      events.push(['request', stream.id, head.target, latin1(buffer.subarray(at, end)), last]);
    },
    body: (stream, buffer, at, end, last) => events.push(['body', stream.id, latin1(buffer.subarray(at, end)), last]),
    trailers: (stream, lines) => events.push(['trailers', stream.id, lines]),
    cancel: (stream, reason) => events.push(['cancel', stream.id, reason]),
    credit: (stream) => events.push(['credit', stream.id]),
    link_credit: note('link_credit'),
    farewell: note('farewell'),
    drain: note('drain'),
    idle() {},
    violation(violation) {
      throw violation;
    },
    ...overrides,
  });
  return { link, events };
}

function greeted(overrides) {
  const one = noted(overrides);
  feed(one.link, preface());
  one.link.ready(INTERFACE.HTTP, '');
  one.link.output.clear();
  return one;
}

function feed(link, ...parts) {
  const bytes = Buffer.concat(parts);
  link.receive(bytes, bytes.length);
}

/** The frames that wait to be sent. */
function sent(link) {
  const reader = new FrameReader();
  reader.greeted = true;
  const frames = [...reader.read(Buffer.from(link.output.buffer.subarray(0, link.output.length)))];
  link.output.clear();
  return frames;
}

/** How the worker writes each type of frame it has. */
const writers = {
  READY: (link, _stream, { interface: kind, runtime }) => link.ready(kind, runtime),
  FAILED: (link, _stream, { text }) => link.failed(text),
  RESPONSE: (link, stream, { status, lines, body }, end) => link.respond(stream, status, lines, Buffer.from(body, 'latin1'), end),
  WIRE(link, stream, { bytes }, end) {
    link.wire_bytes(stream, Buffer.from(bytes, 'latin1'), 0);
    if (end) link.wire_end(stream);
  },
  BODY(link, stream, { bytes }, end) {
    link.body_bytes(stream, Buffer.from(bytes ?? '', 'latin1'), 0);
    if (end) link.body_end(stream);
  },
  CREDIT: (link, stream, { bytes }) => link.output.frame_u32(TYPE.CREDIT, stream.generation, stream.id, bytes),
  PONG: (link, _stream, { bytes }) => link.output.frame(TYPE.PONG, 0, 0, Buffer.from(bytes, 'latin1')),
  STOP: (link, stream) => link.stop(stream),
  CANCEL: (link, stream, { reason }) => link.cancel(stream, reason),
  TUNNEL: (link, stream) => link.begin_tunnel(stream),
  CLAIM: (link, _stream, { session }) => link.claim(session),
  RELEASE: (link, _stream, { session }) => link.release(session),
  HANGUP: (link, stream) => link.hang_up(stream.id),
  CLOSEIDLE: (link, stream) => link.close_idle(stream.id),
};

describe('golden frames', () => {
  it('has the tables of names and methods', () => {
    const { names, methods } = golden('names.json');
    assert.deepEqual(NAMES.slice(1), names);
    assert.deepEqual(METHODS.slice(1), methods);
  });

  for (const { name, type, hex, end, meaning, from } of golden('frames.json').frames) {
    const bytes = Buffer.from(hex, 'hex');
    const payload_at = HEADER_BYTES;
    if (from === 'front' && type === 'REQUEST') {
      it(`reads ${name}`, () => {
        const head = new RequestHead();
        assert.ok(head.read(bytes, payload_at, bytes.length));
        const path_end = head.path_start + head.path_length;
        assert.deepEqual(
          {
            body: latin1(bytes.subarray(head.body_at)),
            connection: head.connection,
            expects_continue: (head.flags & REQUEST.EXPECT_CONTINUE) !== 0,
            fields: meaning.fields.map((_, index) => ({
              id: head.ids[index],
              name: head.fields[2 * index],
              value: head.fields[2 * index + 1],
            })),
            has_body: (head.flags & REQUEST.BODY) !== 0,
            keep_alive: (head.flags & REQUEST.KEEP_ALIVE) !== 0,
            method: head.method,
            method_id: Math.max(METHODS.indexOf(head.method, 1), 0),
            mount: head.target.slice(head.path_start, head.path_start + head.mount_length),
            path: head.target.slice(head.path_start, path_end) || '/',
            query: head.target.slice(path_end + 1),
            target: head.target,
            unsized: (head.flags & REQUEST.UNSIZED) !== 0,
            upgrade: (head.flags & REQUEST.UPGRADE) !== 0,
            ahead: (head.flags & REQUEST.AHEAD) !== 0,
            websocket: (head.flags & REQUEST.WEBSOCKET) !== 0,
            version: { 10: '1.0', 11: '1.1', 20: '2' }[head.version],
          },
          { ...meaning, version: String(meaning.version).replace('2.0', '2') },
        );
        assert.equal(head.fields.length, 2 * meaning.fields.length);
      });
    } else if (from === 'front' && type === 'OPEN') {
      it(`reads ${name}`, () => {
        assert.deepEqual(read_open(7, bytes, payload_at, bytes.length), { connection: 7, gone: false, ...meaning });
      });
    } else if (from === 'worker') {
      const write = writers[type];
      if (write === undefined) continue;
      it(`writes ${name}`, () => {
        const { link } = greeted();
        const stream = { id: bytes.readUInt32LE(8), generation: bytes.readUInt16LE(6), response_open: true, request_open: true };
        Object.assign(stream, { send_credit: STREAM_WINDOW_BYTES, frame_epoch: 0, frame_at: 0, owner: null, head_sent: false });
        stream.tunnel = type === 'TUNNEL' ? TUNNEL.POSSIBLE : TUNNEL.NEVER;
        link.open_streams = 2;
        write(link, stream, meaning, end);
        assert.equal(link.output.buffer.subarray(0, link.output.length).toString('hex'), hex);
      });
    }
  }

  for (const { name, before, hex, from, rule } of golden('malformed.json').malformed) {
    if (from !== 'front') continue;
    it(`refuses ${name}: ${rule}`, () => {
      const { link } = noted();
      link.said_ready = true;
      feed(link, Buffer.from(before, 'hex'));
      assert.throws(() => feed(link, Buffer.from(hex, 'hex')), { name: 'Violation' });
    });
  }
});

describe('frames from the front', () => {
  const stream_of_bytes = Buffer.concat([
    preface(),
    frame(TYPE.OPEN, { stream: 9 }, open_payload()),
    frame(TYPE.REQUEST, { stream: 1 }, request_payload({ connection: 9, target: '/a', body: 'ab' })),
    frame(TYPE.BODY, { stream: 1 }, Buffer.from('cd')),
    frame(TYPE.TRAILERS, { stream: 1, flags: 1 }, Buffer.from('x: y\r\n')),
    frame(TYPE.REQUEST, { stream: 2, flags: 1 }, request_payload({ connection: 9, target: '/b' })),
    frame(TYPE.CANCEL, { stream: 2 }, Buffer.of(1)),
    frame(TYPE.CLOSED, { stream: 9 }),
    frame(TYPE.DRAIN),
  ]);
  const whole = () => {
    const one = noted();
    one.link.said_ready = true;
    return one;
  };

  it('mean the same wherever they are split', () => {
    const { link, events } = whole();
    feed(link, stream_of_bytes);
    assert.equal(events.length, 8);
    for (let at = 1; at < stream_of_bytes.length; at++) {
      const split = whole();
      feed(split.link, stream_of_bytes.subarray(0, at));
      feed(split.link, stream_of_bytes.subarray(at));
      assert.deepEqual(split.events, events, `split at ${at}`);
    }
    const single = whole();
    for (const byte of stream_of_bytes) feed(single.link, Buffer.of(byte));
    assert.deepEqual(single.events, events);
  });

  it('that an exception left unread are read when the link goes on', () => {
    let failures = 0;
    const { link, events } = greeted({
      closed(id) {
        events.push(['closed', id]);
        if (failures++ === 0) throw new Error('the application failed');
      },
    });
    const frames = [1, 2, 3].map((id) => frame(TYPE.CLOSED, { stream: id }));
    assert.throws(() => feed(link, ...frames, frame(TYPE.PING, {}, Buffer.from('1234')).subarray(0, 5)), /application/);
    assert.ok(link.interrupted);
    feed(link);
    assert.deepEqual(events, [['closed', 1], ['closed', 2], ['closed', 3]]);
    assert.ok(!link.interrupted);
  });

  it('are dropped when they are late for their stream', () => {
    const { link, events } = greeted();
    feed(link, frame(TYPE.REQUEST, { stream: 1 }, request_payload({})));
    link.cancel(link.streams[1], REASON.APP_FAILED);
    feed(link, frame(TYPE.BODY, { stream: 1 }, Buffer.from('late')), frame(TYPE.CANCEL, { stream: 1 }, Buffer.of(1)));
    feed(link, frame(TYPE.REQUEST, { stream: 1, generation: 1, flags: 1 }, request_payload({ target: '/next' })));
    feed(link, frame(TYPE.BODY, { stream: 1 }, Buffer.from('later')));
    assert.deepEqual(events.map(([name]) => name), ['request', 'request']);
    assert.equal(link.consumed, 'late'.length + 'later'.length);
  });

  it('PING is answered with its own payload', () => {
    const { link } = greeted();
    feed(link, frame(TYPE.PING, {}, Buffer.from('abcdefgh')));
    const [pong] = sent(link);
    assert.equal(pong.type, 'PONG');
    assert.equal(latin1(pong.payload), 'abcdefgh');
  });

  it('may not exceed the credit of the stream', () => {
    const { link } = greeted();
    feed(link, frame(TYPE.REQUEST, { stream: 1 }, request_payload({})));
    const half = Buffer.alloc(STREAM_WINDOW_BYTES / 2);
    feed(link, frame(TYPE.BODY, { stream: 1 }, half), frame(TYPE.BODY, { stream: 1 }, half));
    assert.throws(() => feed(link, frame(TYPE.BODY, { stream: 1 }, Buffer.of(0))), /without credit/);
  });
});

describe('credit', () => {
  it("of a stream goes back by halves of the window, the link's by its quantum", () => {
    const { link } = greeted();
    feed(link, frame(TYPE.REQUEST, { stream: 1 }, request_payload({})));
    const stream = link.streams[1];
    const part = Buffer.alloc(STREAM_WINDOW_BYTES / 4);
    const credits = [];
    for (let taken = 0; taken < LINK_QUANTUM_BYTES; taken += part.length) {
      feed(link, frame(TYPE.BODY, { stream: 1 }, part));
      link.consume(stream, stream.use, part.length);
      for (const one of sent(link)) credits.push([one.stream, one.payload.readUInt32LE()]);
    }
    const half = STREAM_WINDOW_BYTES / 2;
    assert.deepEqual(credits, [[1, half], [1, half], [1, half], [1, half], [0, LINK_QUANTUM_BYTES]]);
  });

  it('holds a response back and lets it go on', () => {
    const { link, events } = greeted();
    feed(link, frame(TYPE.REQUEST, { stream: 1, flags: 1 }, request_payload({})));
    const stream = link.streams[1];
    const data = Buffer.alloc(STREAM_WINDOW_BYTES + 10);
    assert.equal(link.wire_bytes(stream, data, 0), STREAM_WINDOW_BYTES);
    assert.equal(link.wire_bytes(stream, data, STREAM_WINDOW_BYTES), 0);
    assert.equal(link.wire_text(stream, 'x', true), -1);
    sent(link);
    const credit = Buffer.alloc(4);
    credit.writeUInt32LE(10);
    feed(link, frame(TYPE.CREDIT, { stream: 1 }, credit));
    assert.deepEqual(events.at(-1), ['credit', 1]);
    assert.equal(link.wire_bytes(stream, data, STREAM_WINDOW_BYTES), 10);
  });
});

describe('tunnels', () => {
  const UPGRADE = REQUEST.KEEP_ALIVE | REQUEST.UPGRADE;
  const TUNNEL_FRAME = frame(TYPE.TUNNEL, { stream: 1 });
  const body = (data, end = false) => frame(TYPE.BODY, { stream: 1, flags: end ? 1 : 0 }, Buffer.from(data));

  function upgraded(end = true) {
    const { link, events } = greeted();
    feed(link, frame(TYPE.REQUEST, { stream: 1, flags: end ? 1 : 0 }, request_payload({ flags: UPGRADE })));
    return { link, events, stream: link.streams[1] };
  }

  it('open the direction that the request had ended, and send raw bytes', () => {
    const { link, events, stream } = upgraded();
    assert.ok(link.begin_tunnel(stream));
    assert.ok(!link.begin_tunnel(stream), 'only once');
    link.wire_text(stream, 'HTTP/1.1 101 ', true);
    link.wire_bytes(stream, Buffer.from('x'), 0);
    link.wire_end(stream);
    assert.deepEqual(sent(link).map(({ type, payload, end }) => [type, latin1(payload), end]), [['TUNNEL', '', false], ['BODY', 'HTTP/1.1 101 x', true]]);
    feed(link, TUNNEL_FRAME, body('raw'), body('', true));
    assert.deepEqual(events.slice(1), [['body', 1, 'raw', false], ['body', 1, '', true]]);
    assert.deepEqual([stream.request_open, stream.response_open, link.open_streams, link.open_tunnels], [false, false, 0, 0]);
  });

  it("do not take the end of the request's body for their own", () => {
    const { link, events, stream } = upgraded(false);
    link.begin_tunnel(stream);
    feed(link, body('ab', true), TUNNEL_FRAME, body('cd'), body('', true));
    assert.deepEqual(events.slice(1), [['body', 1, 'ab', false], ['body', 1, 'cd', false], ['body', 1, '', true]]);
    const other = upgraded(false);
    other.link.begin_tunnel(other.stream);
    feed(other.link, frame(TYPE.TRAILERS, { stream: 1, flags: 1 }, Buffer.from('x: y\r\n')), TUNNEL_FRAME, body('raw'));
    assert.deepEqual(other.events.slice(1), [['body', 1, 'raw', false]]);
  });

  it('have their credit whole, also of bytes that were read behind the end of the request', () => {
    const { link, stream } = upgraded(false);
    const half = STREAM_WINDOW_BYTES / 2;
    feed(link, body(Buffer.alloc(half)), body(Buffer.alloc(half), true));
    link.consume(stream, stream.use, STREAM_WINDOW_BYTES);
    link.begin_tunnel(stream);
    assert.deepEqual(sent(link).map(({ type }) => type), ['CREDIT', 'TUNNEL']);
    feed(link, TUNNEL_FRAME, body(Buffer.alloc(half)), body(Buffer.alloc(half)));
    assert.equal(stream.promised, 0);
  });

  it('are for those who may ask for them, before anything was answered', () => {
    const { link } = greeted();
    feed(link, frame(TYPE.REQUEST, { stream: 1, flags: 1 }, request_payload({})));
    assert.ok(!link.begin_tunnel(link.streams[1]));
    const { link: other, stream } = upgraded();
    other.wire_text(stream, 'HTTP/1.1 ', true);
    assert.ok(!other.begin_tunnel(stream));
    assert.throws(() => feed(other, TUNNEL_FRAME), { name: 'Violation' });
  });

  it('leave the link idle though they are open', () => {
    let idle = 0;
    const { link } = greeted({ idle: () => idle++ });
    feed(link, frame(TYPE.REQUEST, { stream: 1, flags: 1 }, request_payload({ flags: UPGRADE })));
    feed(link, frame(TYPE.REQUEST, { stream: 2, flags: 1 }, request_payload({})));
    link.begin_tunnel(link.streams[1]);
    assert.equal(idle, 0);
    link.wire_end(link.streams[2]);
    assert.equal(idle, 1);
  });
});

describe('responses', () => {
  function answering() {
    const { link } = greeted();
    feed(link, frame(TYPE.REQUEST, { stream: 1, flags: 1 }, request_payload({})));
    feed(link, frame(TYPE.REQUEST, { stream: 2, flags: 1 }, request_payload({})));
    return { link, one: link.streams[1], two: link.streams[2] };
  }

  it('grow in one frame while nothing else is written', () => {
    const { link, one } = answering();
    link.wire_text(one, 'abc', true);
    link.wire_bytes(one, Buffer.from('def'), 0);
    link.wire_text(one, 'ü', false);
    link.wire_end(one);
    const frames = sent(link);
    assert.equal(frames.length, 1);
    assert.equal(frames[0].payload.toString(), 'abcdefü');
    assert.ok(frames[0].end);
  });

  it('of two streams keep apart, and the end finds its frame', () => {
    const { link, one, two } = answering();
    link.wire_text(one, 'a', true);
    link.wire_text(two, 'b', true);
    link.wire_text(one, 'c', true);
    link.wire_end(two);
    link.wire_end(one);
    const frames = sent(link).map(({ stream, payload, end }) => [stream, latin1(payload), end]);
    assert.deepEqual(frames, [[1, 'a', false], [2, 'b', true], [1, 'c', true]]);
    assert.equal(link.open_streams, 0);
  });

  it('that have left get their end in a frame of its own', () => {
    const { link, one } = answering();
    link.wire_text(one, 'a', true);
    sent(link);
    link.wire_end(one);
    const [last] = sent(link);
    assert.deepEqual([last.type, last.payload.length, last.end], ['WIRE', 0, true]);
  });

  it('never exceed a frame', () => {
    const { link, one } = answering();
    link.wire_bytes(one, Buffer.alloc(65_530), 0);
    link.wire_text(one, 'ten bytes!', true);
    assert.deepEqual(sent(link).map(({ payload }) => payload.length), [65_530, 10]);
  });
});
