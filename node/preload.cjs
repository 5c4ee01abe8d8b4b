'use strict';
// Loaded with `--require` into the `node` of each worker. Outside one, and in worker threads, it lets TypeScript be loaded where
// the service is in TypeScript; in worker threads it also lets the package `diglot` be found.

const { isMainThread } = require('node:worker_threads');

if (process.env.DIGLOT_TYPESCRIPT !== undefined || !isMainThread) require('./lib/typescript/start.cjs').start();
if (!isMainThread) require('./lib/calls/find.cjs').install();
if (isMainThread && process.env.DIGLOT_LINK !== undefined) require('./lib/worker.cjs').start();
