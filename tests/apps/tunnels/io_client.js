// The real client of Socket.IO against a server: `node io_client.js URL`, and against one that only polls: `node io_client.js URL polling`. Ends with 0 if all is as it should be.

const assert = require('node:assert/strict');
const http = require('node:http');
const { once } = require('node:events');
const { io } = require('socket.io-client');

const url = process.argv[2];
const CLIENTS = 12;

/** A client and what its server has said of itself. */
async function connect(transports, options = {}) {
  const socket = io(url + (options.namespace ?? ''), { transports, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 100, ...options });
  const refused = once(socket, 'connect_error').then(([error]) => {
    throw error;
  });
  refused.catch(() => {});
  const [hello] = await Promise.race([once(socket, 'hello'), refused]);
  return { socket, hello };
}

async function talk({ socket, hello }) {
  for (let number = 0; number < 5; number++) {
    const answer = await socket.timeout(10_000).emitWithAck('ask', number);
    assert.deepEqual(answer, { pid: hello.pid, value: number });
  }
  const reversed = await socket.timeout(10_000).emitWithAck('binary', Buffer.from('binary'));
  assert.equal(`${reversed}`, 'yranib');
  const joined = once(socket, 'joined');
  assert.equal(await socket.timeout(10_000).emitWithAck('join', 'room'), 'ok');
  assert.deepEqual(await joined, ['room']);
}

async function many(transports, options) {
  // Connections that live on carry the requests of all of them, as a proxy's do.
  const agent = new http.Agent({ keepAlive: true });
  const clients = await Promise.all(Array.from({ length: CLIENTS }, () => connect(transports, { agent, ...options })));
  await Promise.all(clients.map(talk));
  const pids = new Set(clients.map(({ hello }) => hello.pid));
  assert.ok(pids.size > 1, 'several workers have some');
  return clients;
}

/** A client that would rather have a WebSocket gets along without. */
async function fall_back() {
  for (const one of await many(['websocket', 'polling'], { tryAllTransports: true, agent: undefined })) {
    assert.equal(one.socket.io.engine.transport.name, 'polling');
    await talk(one);
    one.socket.disconnect();
  }
}

async function main() {
  for (const transports of [['polling'], ['websocket']]) {
    for (const { socket } of await many(transports)) {
      assert.equal(socket.io.engine.transport.name, transports[0]);
      socket.disconnect();
    }
  }
  const upgraded = await many(['polling', 'websocket'], { agent: undefined });
  for (const one of upgraded) {
    if (one.socket.io.engine.transport.name !== 'websocket') await once(one.socket.io.engine, 'upgrade');
    await talk(one);
  }
  const admin = await connect(['polling', 'websocket'], { namespace: '/admin' });
  assert.equal(admin.hello.namespace, '/admin');
  await talk(admin);
  admin.socket.disconnect();

  // A worker dies: its clients find another, the others never notice.
  const polling = await Promise.all(Array.from({ length: 6 }, () => connect(['polling'])));
  const clients = [...upgraded, ...polling];
  const victim = polling[0].hello.pid;
  const hit = clients.filter(({ hello }) => hello.pid === victim);
  const spared = clients.filter(({ hello }) => hello.pid !== victim);
  for (const { socket } of spared) {
    socket.on('disconnect', (reason) => {
      if (reason !== 'io client disconnect') throw new Error(`a client of another worker was disconnected: ${reason}`);
    });
  }
  const again = hit.map((one) => once(one.socket, 'hello').then(([hello]) => Object.assign(one, { hello })));
  process.kill(victim, 'SIGKILL');
  await Promise.all(again);
  for (const one of hit) assert.notEqual(one.hello.pid, victim);
  await Promise.all(clients.map(talk));
  for (const { socket } of clients) socket.disconnect();
}

(process.argv[3] === 'polling' ? fall_back() : main()).then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
