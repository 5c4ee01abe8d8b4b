'use strict';
// Programs that use `cluster`: the primary is Diglot, and each worker runs what a worker of the cluster runs.
//
// A program that calls `fork()` before it serves is one of those: this is told to the server, which starts its workers again, this time as
// Node makes those of a cluster (NODE_UNIQUE_ID): `cluster.isWorker` is true from the first line on. There is no channel to a primary, so
// what Node would ask one for is done here: a server that is not the routed one binds by itself, and messages go nowhere.
//
// Who serves already and then forks wants helpers, not servers: these are Node's own.

const cluster = require('node:cluster');
const path = require('node:path');

/** How the server knows what to do about it: `cluster.rs` has it too. */
const FORKS = 'cluster.fork() was called';

/**
 * @param {object} events
 * @param {() => boolean} events.loading nothing serves yet
 * @param {(reason: string) => void} events.failed does not return
 * @param {() => void} events.close the routed server is to be closed
 * @param {(line: string) => void} events.log
 */
function install({ loading, failed, close, log }) {
  if (cluster.isWorker) return be_worker({ close, log });
  const { fork } = cluster;
  cluster.fork = (...args) => {
    if (!loading()) return fork.apply(cluster, args);
    return failed(reason_of_fork(cluster.settings.exec));
  };
}

/** @param {string | undefined} exec what the program has set as the file of its workers */
function reason_of_fork(exec) {
  const entry = process.argv[1];
  const file = exec === undefined ? entry : path.resolve(exec);
  if (file !== entry) return `the program forks workers that run ${file}: make that the entry of the service, with as many \`workers\``;
  return `${FORKS} before the program served anything: it has become one that forks its workers, and is to be started anew, with diglot`;
}

/** What a worker of a cluster asks its primary for. */
function be_worker({ close, log }) {
  cluster._getServer = bind_alone;
  let told = false;
  process.connected = false;
  process.send = function send(_message, ...rest) {
    if (!told) log('process.send(): there is no primary process, messages to it go nowhere');
    told = true;
    const callback = rest.findLast((argument) => typeof argument === 'function');
    if (callback !== undefined) process.nextTick(callback, channel_closed());
    return false;
  };
  process.disconnect = function disconnect() {};
  // As a worker's end begins in a cluster: it listens no more, anywhere, and 'disconnect' comes.
  cluster.worker.disconnect = function disconnect() {
    if (this.exitedAfterDisconnect) return this;
    this.exitedAfterDisconnect = true;
    close();
    for (const one of open) one.close();
    process.nextTick(() => process.emit('disconnect'));
    return this;
  };
}

function channel_closed() {
  return Object.assign(new Error('Channel closed'), { code: 'ERR_IPC_CHANNEL_CLOSED' });
}

/** Servers and sockets that this worker has bound. @type {Set<import('node:net').Server | import('node:dgram').Socket>} */
const open = new Set();

/** Binds a server or socket as Node does where there is no cluster. */
function bind_alone(bound, options, callback) {
  open.add(bound);
  bound.once('close', () => open.delete(bound));
  if (typeof bound._listen2 === 'function') {
    const { address, port, addressType, backlog, fd, flags } = options;
    return bound._listen2(address, port, addressType, backlog, fd, flags);
  }
  // A socket of dgram wants a handle of its own, bound.
  const key = Object.getOwnPropertySymbols(bound).find(({ description }) => description === 'state symbol');
  const UDP = bound[key].handle.constructor;
  const handle = new UDP();
  const bind = options.addressType === 'udp6' ? handle.bind6 : handle.bind;
  const error = bind.call(handle, options.address, options.port ?? 0, options.flags ?? 0);
  if (error === 0) return callback(0, handle);
  handle.close();
  callback(error, null);
}

module.exports = { install };
