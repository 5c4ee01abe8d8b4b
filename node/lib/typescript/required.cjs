'use strict';
// What `require.resolve` finds, and `require` where Node has no hooks for it.

const Module = require('node:module');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { as_of_node, throw_from_node } = require('./missing.cjs');

/** @param {import('./loader.cjs').Loader} loader */
function find_required(loader) {
  const original = Module._resolveFilename;
  Module._resolveFilename = function resolve_filename(request, parent, is_main, options) {
    const from = parent?.filename;
    const is_ours = typeof from === 'string' && options?.paths === undefined;
    const url = is_ours ? pathToFileURL(from).href : undefined;
    const found = loader.resolve(request, url, true);
    if (found?.first !== undefined) return fileURLToPath(found.first);
    try {
      return original.call(this, request, parent, is_main, options);
    } catch (error) {
      const otherwise = found?.otherwise() ?? null;
      if (otherwise !== null) return fileURLToPath(otherwise);
      as_of_node(error, resolve_filename, loader.mapped(request, url));
      return throw_from_node(error);
    }
  };
}

module.exports = { find_required };
