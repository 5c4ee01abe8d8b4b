'use strict';
// Synchronous hooks of `require` and `import` alike (Node from 22.15).

const Module = require('node:module');
const { Loader } = require('./loader.cjs');
const { find_required } = require('./required.cjs');

/** @param {any} way to the compiler */
function install(way) {
  const loader = new Loader(way);
  Module.registerHooks({
    resolve(specifier, context, next) {
      const found = loader.resolve(specifier, context.parentURL, context.conditions.includes('require'), context.importAttributes);
      if (found?.first !== undefined) return { url: found.first, shortCircuit: true };
      if (found === null) return next(specifier, context);
      try {
        return next(specifier, context);
      } catch (error) {
        const otherwise = found.otherwise();
        if (otherwise === null) throw error;
        return { url: otherwise, shortCircuit: true };
      }
    },
    load(url, context, next) {
      const loaded = loader.load(url);
      return loaded === null ? next(url, context) : { ...loaded, shortCircuit: true };
    },
  });
  // Before Node 24 `require.resolve` does not ask the hooks.
  find_required(loader);
  return loader;
}

module.exports = { install };
