'use strict';
// The main module, if it is TypeScript: Node's choice of a loader knows its file by name only.

const Module = require('node:module');
const { resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const { is_compiled } = require('./names.cjs');
const { has_loader_flags } = require('../entry.cjs');

/** @param {import('./loader.cjs').Loader} loader */
function install(loader) {
  const run_main = Module.runMain;
  Module.runMain = (...args) => {
    const file = resolve(process.argv[1] ?? '');
    if (!is_compiled(file)) return run_main.apply(Module, args);
    process.argv[1] = file;
    // Node imports the main module itself, behind what it is told to import first, and asks the hooks for it as for any other.
    if (has_loader_flags()) return run_main.apply(Module, args);
    if (loader.compile(file).format === 'commonjs') return Module._load(file, null, true);
    // So it does where package.json says so.
    if (loader.projects.of(file).package === 'module') return run_main.apply(Module, args);
    import(pathToFileURL(file).href).catch((error) => {
      // As an error of the main module, not as a promise that nobody waits for.
      setImmediate(() => {
        throw error;
      });
    });
  };
}

module.exports = { install };
