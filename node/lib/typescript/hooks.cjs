'use strict';
// Synchronous hooks of `require` and `import` alike (Node from 22.15).

const fs = require('node:fs');
const Module = require('node:module');
const { resolve: absolute } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Loader } = require('./loader.cjs');
const { as_of_node, throw_from_node } = require('./missing.cjs');
const { compile_required } = require('./older.cjs');
const { find_required } = require('./required.cjs');

/**
 * Here a main module in CommonJS that is imported, behind what Node is told to import first, has a `require` without a cache if hooks
 * give its source. Without one Node requires it.
 */
const REQUIRES_MAIN = Number.parseInt(process.versions.node, 10) < 24;

/** @param {any} way to the compiler */
function install(way) {
  const loader = new Loader(way);
  Module.registerHooks({
    resolve: function resolve(specifier, context, next) {
      // The first Nodes with these hooks have a Set here.
      const is_require = Array.from(context.conditions).includes('require');
      const parent = context.parentURL;
      const found = loader.resolve(specifier, parent, is_require, context.importAttributes);
      if (found?.first !== undefined) return { url: found.first, shortCircuit: true };
      try {
        return next(specifier, context);
      } catch (error) {
        const otherwise = found?.otherwise() ?? null;
        if (otherwise !== null) return { url: otherwise, shortCircuit: true };
        as_of_node(error, is_require ? resolve : null, loader.mapped(specifier, parent));
        return throw_from_node(error);
      }
    },
    load(url, context, next) {
      const loaded = loader.load(url);
      if (loaded === null) return next(url, context);
      const requires = REQUIRES_MAIN && loaded.format === 'commonjs' && is_main(url);
      return { format: loaded.format, source: requires ? null : loaded.source, shortCircuit: true };
    },
  });
  // Before Node 24 `require.resolve` does not ask the hooks.
  find_required(loader);
  if (REQUIRES_MAIN) compile_required(loader);
  return loader;
}

/** @param {string} url of a module that is imported, or of one that is required */
function is_main(url) {
  const file = process.argv[1];
  return file !== undefined && url === pathToFileURL(fs.realpathSync(absolute(file))).href;
}

module.exports = { install };
