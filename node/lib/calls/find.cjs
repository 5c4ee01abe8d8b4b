'use strict';
// Lets a program find the package `diglot` though it has not installed it: where its own resolution finds nothing, and nowhere else.

const Module = require('node:module');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');

const SDK = join(__dirname, '..', '..', 'sdk');
/** The package's modules, by what is imported. */
const FILES = { diglot: 'index', 'diglot/testing': 'testing' };

/** @param {string} name @param {'.cjs' | '.mjs'} ending @returns {string | null} */
function file_of(name, ending) {
  return Object.hasOwn(FILES, name) ? join(SDK, FILES[name] + ending) : null;
}

/** For `require`. */
function find_required() {
  const original = Module._resolveFilename;
  Module._resolveFilename = function _resolveFilename(request, ...rest) {
    const file = file_of(request, '.cjs');
    if (file === null) return original.call(this, request, ...rest);
    try {
      return original.call(this, request, ...rest);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
      return file;
    }
  };
}

/** For `import`, and for `require` where it asks the hooks. */
function find_imported() {
  Module.registerHooks({
    resolve(specifier, context, next) {
      const file = file_of(specifier, context.conditions.includes('require') ? '.cjs' : '.mjs');
      if (file === null) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (error) {
        if (error.code !== 'ERR_MODULE_NOT_FOUND' && error.code !== 'MODULE_NOT_FOUND') throw error;
        return { url: pathToFileURL(file).href, shortCircuit: true };
      }
    },
  });
}

/** @param {string} [entry] of the service; in a worker thread there is none */
function install(entry) {
  find_required();
  if (Module.registerHooks !== undefined) {
    find_imported();
  } else if (entry !== undefined && require('./mentions.cjs').imports_package(entry)) {
    // A thread of Node's, which costs every program some time: those that do not import the package have none.
    const data = Object.fromEntries(Object.keys(FILES).map((name) => [name, pathToFileURL(file_of(name, '.mjs')).href]));
    Module.register('./imports.mjs', { parentURL: pathToFileURL(__filename), data });
  }
}

module.exports = { install };
