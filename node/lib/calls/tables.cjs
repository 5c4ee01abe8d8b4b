'use strict';
// Tables of apache-arrow: the package is the program's own, and loaded when a table crosses.

const { createRequire } = require('node:module');
const { join } = require('node:path');

/** @type {any} */
let arrow;

/** @returns {any} the program's apache-arrow; null if it has none */
function find() {
  if (arrow === undefined) {
    const from = createRequire(process.argv[1] === undefined ? join(process.cwd(), 'index.js') : process.argv[1]);
    try {
      arrow = from('apache-arrow');
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND') throw error;
      arrow = null;
    }
  }
  return arrow;
}

/** @param {any} value */
function is_table(value) {
  return value[Symbol.toStringTag] === 'Table' && Array.isArray(value.batches) && value.schema !== undefined;
}

/** @param {any} table @returns {Uint8Array | null} its IPC stream; null: there is no apache-arrow to write it */
function write_table(table) {
  return find()?.tableToIPC(table, 'stream') ?? null;
}

/** @param {Uint8Array} bytes an IPC stream @returns {any} null: there is no apache-arrow to read it */
function read_table(bytes) {
  return find()?.tableFromIPC(bytes) ?? null;
}

module.exports = { is_table, write_table, read_table };
