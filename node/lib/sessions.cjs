'use strict';
// Sessions that Engine.IO, below Socket.IO, keeps in this process, and how their requests find them.
//
// A client of Socket.IO begins with requests that name their session (`sid`), each perhaps on a connection of its own. With several
// workers only the one that has the session can answer: it claims the session before the client hears its name. When this process is to
// end, the sessions that poll are ended at once: their next request would go to another worker, which knows nothing of them.
//
// Engine.IO is recognised among the modules that are loaded, whichever release: all of them are CommonJS, and the class of its sockets calls its
// own `onOpen` when it has made one. Looked is when the server's 'request' listener is another, as Engine.IO makes it when it is attached: so
// nothing stands between the program and its modules. A program that was bundled into one file is not recognised.

const { readFileSync } = require('node:fs');
const path = require('node:path');

/** Where its releases since 3 have the class: lib/socket.js, build/socket.js. */
const SOCKET_FILE = /[\\/](?:build|lib)[\\/]socket\.js$/;

/** Engine.IO's sockets whose clients poll, or have begun with that. @type {Set<any>} */
const polling = new Set();

/** The files that were looked at. @type {Set<string>} */
const known = new Set();

/** Has `link` claim the sessions of every Engine.IO that the program has loaded. @param {import('./link.cjs').Link} link */
function look(link) {
  for (const filename in require.cache) {
    if (!SOCKET_FILE.test(filename) || known.has(filename)) continue;
    known.add(filename);
    const { exports } = require.cache[filename];
    if (is_engine(filename)) keep(exports.Socket ?? exports, link);
  }
}

/** Whether the file is of the package, under whatever name that was installed. @param {string} filename */
function is_engine(filename) {
  try {
    const description = readFileSync(path.join(path.dirname(filename), '..', 'package.json'), 'utf8');
    return JSON.parse(description).name === 'engine.io';
  } catch {
    return false;
  }
}

/**
 * @param {any} Socket Engine.IO's class of sockets
 * @param {import('./link.cjs').Link} link
 */
function keep(Socket, link) {
  const { onOpen } = Socket.prototype ?? {};
  if (typeof onOpen !== 'function') return;
  Socket.prototype.onOpen = function (...args) {
    const { id } = this;
    // One that begins with WebSocket has a single connection for all it says.
    if (typeof id === 'string' && this.transport?.name === 'polling') {
      link.claim(id);
      polling.add(this);
      this.once('close', () => {
        polling.delete(this);
        link.release(id);
      });
    }
    return onOpen.apply(this, args);
  };
}

/**
 * Ends the sessions without a WebSocket. A poll that waits is answered without a word: with one that says the session was closed, some
 * clients would not connect anew. The next is answered by another worker, that there is no such session, and with that all do.
 */
function end_polling() {
  for (const socket of polling) {
    if (socket.transport?.name === 'polling') setImmediate(end_one, socket);
  }
}

function end_one(socket) {
  socket.sendPacket('noop');
  socket.closeTransport(true);
}

module.exports = { look, end_polling };
