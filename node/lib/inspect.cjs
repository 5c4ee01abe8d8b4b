'use strict';
// A debugger finds each worker at a port of its own: that of the service and the worker's number.
//
// While a worker is replaced, its successor is there already and has the port as many further as there are workers: so a service's ports are
// the same two for each worker, in turns.

/**
 * Lets a debugger in. Node says on stderr where.
 * @param {{ host: string, port: number, workers: number }} place of the service's first worker
 * @param {number} number which of its workers this is, from 1
 */
function open({ host, port, workers }, number) {
  const inspector = require('node:inspector');
  const own = port + number - 1;
  // Port 0 is whichever is free.
  for (const candidate of [own, own + workers, 0]) {
    try {
      if (candidate <= 65_535) inspector.open(candidate, host);
    } catch {
      // It is open already: NODE_OPTIONS has said so.
    }
    if (inspector.url() !== undefined) return;
  }
}

/** Leaves the port to another worker. */
function close() {
  require('node:inspector').close();
}

module.exports = { open, close };
