'use strict';
// Synchronous hooks of `require` and `import` alike (Node from 22.15).

const Module = require('node:module');
const { Loader } = require('./loader.cjs');
const { as_of_node, throw_from_node } = require('./missing.cjs');
const { find_required } = require('./required.cjs');

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
      return loaded === null ? next(url, context) : { ...loaded, shortCircuit: true };
    },
  });
  // Before Node 24 `require.resolve` does not ask the hooks.
  find_required(loader);
  return loader;
}

module.exports = { install };
