'use strict';
// Hooks for Node 20, and for 22 before 22.15: `require` by the loader's own functions, `import` by a thread of Node's.

const Module = require('node:module');
const { pathToFileURL } = require('node:url');
const { Loader } = require('./loader.cjs');
const { is_compiled } = require('./names.cjs');
const { find_required } = require('./required.cjs');

const ENDINGS = ['.ts', '.tsx', '.mts', '.cts', '.jsx'];

/** @param {any} way to the compiler */
function install(way) {
  // The thread of Node's lives as long as this one and is never terminated, so the two can take turns at the socket.
  const shared = { ...way, turn: new Int32Array(new SharedArrayBuffer(4)) };
  const loader = new Loader(shared);
  find_required(loader);
  compile_required(loader);
  Module.register('./imports.mjs', { parentURL: pathToFileURL(__filename), data: shared });
  return loader;
}

/** @param {Loader} loader */
function compile_required(loader) {
  for (const ending of ENDINGS) {
    const original = Module._extensions[ending] ?? Module._extensions['.js'];
    Module._extensions[ending] = (module, file) => {
      if (!is_compiled(file)) return original(module, file);
      const { format, source } = loader.compile(file);
      module._compile(source, file, format);
    };
  }
}

module.exports = { install, compile_required };
