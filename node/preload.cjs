'use strict';
// Loaded with `--require` into the `node` of each worker. Outside one, and in worker threads, it does nothing.

const { isMainThread } = require('node:worker_threads');

if (isMainThread && process.env.DIGLOT_LINK !== undefined) require('./lib/worker.cjs').start();
