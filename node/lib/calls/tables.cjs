'use strict';
// Tables of apache-arrow: the package is the program's own, and loaded when a table crosses.
//
// A program imports it or requires it. These are two copies, each of which can write no tables but its own.

const { createRequire } = require('node:module');
const { join } = require('node:path');

const { getPrototypeOf } = Object;
const from = createRequire(process.argv[1] === undefined ? join(process.cwd(), 'index.js') : process.argv[1]);

/** The copies, the likelier one first: what the program has required, or else what it may have imported. @type {string[] | null} */
let paths = null;
/** @type {Map<string, any>} */
const loaded = new Map();

function find_paths() {
  try {
    const required = from.resolve('apache-arrow');
    const imported = required.replace(/\.c?js$/, '.mjs');
    return from.cache[required] === undefined ? [imported, required] : [required, imported];
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return [];
  }
}

/** @returns {any} null: this Node cannot load it so, or there is none */
function load(path) {
  if (!loaded.has(path)) {
    let arrow = null;
    try {
      arrow = from(path);
    } catch (error) {
      if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ERR_REQUIRE_ESM') throw error;
    }
    loaded.set(path, arrow);
  }
  return loaded.get(path);
}

/** @param {(arrow: any) => boolean} is_it @returns {any} the first copy of which that holds; null if there is none */
function find(is_it) {
  paths ??= find_paths();
  for (const path of paths) {
    const arrow = load(path);
    if (arrow !== null && is_it(arrow)) return arrow;
  }
  return null;
}

/** @param {any} value */
function is_table(value) {
  return Array.isArray(value.batches) && Array.isArray(value.schema?.fields) && typeof value.numRows === 'number';
}

/** @param {any} table @returns {Uint8Array | null} its IPC stream; null: there is no apache-arrow to write it */
function write_table(table) {
  const arrow = find(({ Table }) => getPrototypeOf(table) === Table.prototype) ?? find(() => true);
  return arrow?.tableToIPC(table, 'stream') ?? null;
}

/** @param {Uint8Array} bytes an IPC stream @returns {any} null: there is no apache-arrow to read it */
function read_table(bytes) {
  return find(() => true)?.tableFromIPC(bytes) ?? null;
}

module.exports = { is_table, write_table, read_table };
