// The real client of `ws` against a server: `node ws_client.js URL`. Ends with 0 if all is as it should be.

const assert = require('node:assert/strict');
const { once } = require('node:events');
const { WebSocket } = require('ws');

const url = process.argv[2];
const MESSAGE_BYTES = 16 * 1024 * 1024;

async function open(path, options = {}) {
  const socket = new WebSocket(url + path, { maxPayload: 32 * 1024 * 1024, ...options });
  await once(socket, 'open');
  return socket;
}

async function ask(socket, data) {
  socket.send(data);
  const [answer, binary] = await once(socket, 'message');
  return binary ? answer : `${answer}`;
}

async function main() {
  for (const perMessageDeflate of [false, true]) {
    const socket = await open('/chat?a=b', { perMessageDeflate });
    assert.equal(socket.extensions.includes('permessage-deflate'), perMessageDeflate);
    assert.equal(await ask(socket, 'hello'), 'hello');
    assert.equal(await ask(socket, ''), '');
    assert.match(await ask(socket, 'where'), /^\/chat\?a=b (::ffff:)?127\.0\.0\.1 /);
    const large = Buffer.alloc(MESSAGE_BYTES);
    for (let at = 0; at < large.length; at += 4) large.writeUInt32LE((at * 2_654_435_761) >>> 0, at);
    assert.ok(large.equals(await ask(socket, large)), '16 MiB come back as they were');
    for (let number = 0; number < 2_000; number++) socket.send(`${number}`);
    for (let number = 0; number < 2_000; number++) {
      const [data] = await once(socket, 'message');
      if (`${data}` !== `${number}`) throw new Error(`${data} instead of ${number}`);
    }
    socket.send('ping');
    assert.equal(`${(await once(socket, 'ping'))[0]}`, 'are you there');
    socket.ping('x');
    assert.equal(`${(await once(socket, 'pong'))[0]}`, 'x');
    socket.send('close 4001');
    const [code, reason] = await once(socket, 'close');
    assert.deepEqual([code, `${reason}`], [4001, 'as asked']);
  }
  const socket = await open('/');
  socket.close(1001, 'going');
  assert.deepEqual((await once(socket, 'close')).map(String), ['1001', 'going']);
}

// Events come one by one: `once` above must find each message by itself.
const { emit } = WebSocket.prototype;
const queues = new WeakMap();
WebSocket.prototype.emit = function (name, ...args) {
  if (name !== 'message') return emit.call(this, name, ...args);
  const before = queues.get(this) ?? Promise.resolve();
  const now = before.then(async () => {
    while (this.listenerCount('message') === 0) await once(this, 'newListener');
    await null;
    emit.call(this, name, ...args);
  });
  queues.set(this, now);
  return true;
};

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
