'use strict';
// What `require.resolve` finds, and `require` where Node has no hooks for it.

const Module = require('node:module');
const { fileURLToPath, pathToFileURL } = require('node:url');

/** @param {import('./loader.cjs').Loader} loader */
function find_required(loader) {
  const original = Module._resolveFilename;
  Module._resolveFilename = function (request, parent, is_main, options) {
    const from = parent?.filename;
    const found =
      typeof from === 'string' && options?.paths === undefined
        ? loader.resolve(request, pathToFileURL(from).href, true)
        : null;
    if (found?.first !== undefined) return fileURLToPath(found.first);
    try {
      return original.call(this, request, parent, is_main, options);
    } catch (error) {
      const otherwise = found?.otherwise() ?? null;
      if (otherwise === null) throw error;
      return fileURLToPath(otherwise);
    }
  };
}

module.exports = { find_required };
