'use strict';
// The main module, if it is TypeScript, where Node has no hooks in its own thread: its choice of a loader knows the file by name only.

const Module = require('node:module');
const { resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const { is_compiled } = require('./names.cjs');
const { throw_from_node } = require('./missing.cjs');
const { EXIT_UNSETTLED, has_loader_flags } = require('../entry.cjs');

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
    import_main(pathToFileURL(file).href);
  };
}

/** As Node starts an ES module. @param {string} url */
function import_main(url) {
  process.on('exit', exit_unsettled);
  const settled = () => process.off('exit', exit_unsettled);
  import(url).then(settled, (error) => {
    settled();
    // As an error of the main module, not as a promise that nobody waits for.
    setImmediate(() => throw_from_node(error));
  });
}

/** Named, so that it is known why the program ends. */
function exit_unsettled() {
  process.exitCode ??= EXIT_UNSETTLED;
}

module.exports = { install };
