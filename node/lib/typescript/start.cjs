'use strict';
// Lets this thread load TypeScript: the main thread of a worker, its worker threads, and programs it forks.
//
// DIGLOT_TYPESCRIPT has the way to the compiler, and stays in the environment for what the application starts. The socket is the main
// thread's own: other threads and processes read the cache, and run the compiler for what is not in it. (A thread may be terminated
// while it waits for an answer, and who came next would take it for his.)

const Module = require('node:module');
const { join } = require('node:path');
const { isMainThread, parentPort, getEnvironmentData, setEnvironmentData } = require('node:worker_threads');

const { Compiler } = require('./compiler.cjs');

const VARIABLE = 'DIGLOT_TYPESCRIPT';
const PRELOAD = join(__dirname, 'preload.cjs');
/** Which descriptor is the socket. */
const ASIDE = 'DIGLOT_ASIDE';
/** Node's own thread for the hooks of `import` (before 22.15) loads what every thread loads first, and would be given the hooks twice. */
const IS_THREAD_OF_HOOKS = !isMainThread && parentPort === null;

/** @returns {any} the way to the compiler; `undefined`: nobody wants TypeScript */
function way() {
  const inherited = getEnvironmentData(VARIABLE);
  if (inherited !== undefined) return inherited;
  const text = process.env[VARIABLE];
  if (text === undefined) return undefined;
  let known = JSON.parse(text);
  const aside = process.env[ASIDE];
  delete process.env[ASIDE];
  const fd = aside === undefined ? undefined : Number(aside);
  if (known.version === undefined) {
    known = { ...known, ...new Compiler({ ...known, fd }).about() };
    process.env[VARIABLE] = JSON.stringify(known);
  }
  setEnvironmentData(VARIABLE, known);
  return { ...known, fd };
}

function start() {
  if (IS_THREAD_OF_HOOKS) return;
  const found = way();
  if (found === undefined) return;
  map_stacks();
  const has_hooks = Module.registerHooks !== undefined;
  const { install } = has_hooks ? require('./hooks.cjs') : require('./older.cjs');
  const loader = install(found);
  if (!isMainThread) return;
  if (!has_hooks) require('./main.cjs').install(loader);
  // What the program forks is given its flags.
  if (!process.execArgv.includes(PRELOAD)) process.execArgv.push('--require', PRELOAD);
}

/** Stacks show the lines of the sources, as with --enable-source-maps; not of installed packages, whose maps Node would read first. */
function map_stacks() {
  if (process.sourceMapsEnabled === true) return;
  if (Module.setSourceMapsSupport !== undefined) {
    Module.setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
  } else {
    process.setSourceMapsEnabled(true);
  }
}

module.exports = { start };
