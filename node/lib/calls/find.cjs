'use strict';
// Lets a program find the package `diglot` though it has not installed it: where its own resolution finds nothing, and nowhere else.
//
// `require` looks into one folder more, behind all others, as if NODE_PATH named it. `import` knows no such folder: it needs a hook, which every
// import of the program then passes. So there is one only where something is imported that could be the package.

const Module = require('node:module');
const { delimiter, extname, join } = require('node:path');
const { pathToFileURL } = require('node:url');

const ROOT = join(__dirname, '..', '..');
/** Where `require` finds it. */
const PACKAGES = join(ROOT, 'packages');
/** What `import` finds, by what is imported. */
const MODULES = Object.fromEntries(
  Object.entries({ diglot: 'index.mjs', 'diglot/testing': 'testing.mjs' }).map(([name, file]) => [name, pathToFileURL(join(ROOT, 'sdk', file)).href]),
);
const TYPESCRIPT = new Set(['.ts', '.mts', '.cts', '.tsx', '.jsx']);

/** For `require`. The program's NODE_PATH stays as it is. */
function find_required() {
  const { NODE_PATH } = process.env;
  process.env.NODE_PATH = NODE_PATH === undefined || NODE_PATH === '' ? PACKAGES : `${NODE_PATH}${delimiter}${PACKAGES}`;
  Module._initPaths();
  if (NODE_PATH === undefined) delete process.env.NODE_PATH;
  else process.env.NODE_PATH = NODE_PATH;
}

/** For `import`. */
function find_imported() {
  if (Module.registerHooks === undefined) return Module.register('./imports.mjs', { parentURL: pathToFileURL(__filename), data: MODULES });
  return Module.registerHooks({
    resolve(specifier, context, next) {
      if (!Object.hasOwn(MODULES, specifier) || context.conditions.includes('require')) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (error) {
        if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
        return { url: MODULES[specifier], shortCircuit: true };
      }
    },
  });
}

/** Whether the program may import the package: TypeScript's loader has hooks anyway. @param {string} entry */
function may_import(entry) {
  return TYPESCRIPT.has(extname(entry)) || require('./mentions.cjs').imports_package(entry);
}

/** @param {string} [entry] of the service; in a worker thread there is none */
function install(entry) {
  find_required();
  if (entry === undefined ? Module.registerHooks !== undefined : may_import(entry)) find_imported();
}

module.exports = { install };
