'use strict';
// `diglot.functions.json`: what the functions of a project take and give, for its compiled modules (docs/internals/calls.md).

const fs = require('node:fs');
const { basename, dirname, extname, join, relative, sep } = require('node:path');

const NAME = 'diglot.functions.json';
/** Its format. */
const REVISION = 1;
/** What the endings of sources become. */
const COMPILED = { __proto__: null, '.ts': '.js', '.tsx': '.js', '.mts': '.mjs', '.cts': '.cjs' };

/** @param {string} file @returns {boolean} whether it is a source of TypeScript */
function is_source(file) {
  return COMPILED[extname(file)] !== undefined;
}

/** @param {string} folder @param {string} file @returns {string} */
function path_from(folder, file) {
  return relative(folder, file).replaceAll(sep, '/');
}

/** @param {import('./options.cjs').Layout} layout @param {string} file a source @returns {string} the module that is made of it */
function module_of({ from, to }, file) {
  const ending = extname(file);
  return join(to, relative(from, file.slice(0, -ending.length) + COMPILED[ending]));
}

/**
 * @param {import('./options.cjs').Layout} layout
 * @param {Record<string, import('./extract.cjs').OfFile>} files
 * @returns {{ path: string, text: string } | null} `null`: there is nothing to say
 */
function written_of(layout, files) {
  const { folder } = layout;
  const modules = {};
  const functions = {};
  for (const file of Object.keys(files).sort()) {
    const named = files[file].functions.filter(({ name, has_schema }) => name !== null && !has_schema);
    if (named.length === 0) continue;
    const source = path_from(folder, file);
    modules[path_from(folder, module_of(layout, file))] = source;
    // Without its place: a line more above it is no change.
    for (const { name, has_schema: _schema, line: _line, column: _column, ...of_function } of named) functions[`${source}#${name}`] = of_function;
  }
  if (Object.keys(functions).length === 0) return null;
  return { path: join(folder, NAME), text: `${JSON.stringify({ diglot: REVISION, modules, functions }, null, 2)}\n` };
}

/**
 * @param {string} file a module
 * @returns {import('./signatures.cjs').Described[]} what was written of it
 * @throws {Error} if it cannot be read
 */
function find_written(file) {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, NAME);
    const text = read(path);
    if (text !== null) return parse(path, text, path_from(folder, file));
    // A package that is installed has its own, or none.
    if (folder === dirname(folder) || basename(dirname(folder)) === 'node_modules') return [];
  }
}

/** @param {string} path @returns {string | null} */
function read(path) {
  try {
    return fs.readFileSync(path, 'utf8');
  } catch {
    return null;
  }
}

/** @param {string} path @param {string} text @param {string} file relative to it @returns {import('./signatures.cjs').Described[]} */
function parse(path, text, file) {
  let written;
  try {
    written = JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: ${error.message}: write it anew with \`diglot types\``);
  }
  const { diglot, modules = {}, functions } = written ?? {};
  if (diglot !== REVISION || functions === null || typeof functions !== 'object') throw new Error(`${path}: it is of another version of Diglot: write it anew with \`diglot types\``);
  const source = is_source(file) ? file : modules[file];
  return Object.entries(functions).flatMap(([key, of_function]) => {
    const at = key.lastIndexOf('#');
    // A module that is not named has been bundled: its functions are found by their names.
    if (source !== undefined && key.slice(0, at) !== source) return [];
    // Earlier versions have written places, too.
    const { line: _line, column: _column, ...rest } = /** @type {any} */ (of_function);
    return [{ name: key.slice(at + 1), has_schema: false, ...rest }];
  });
}

module.exports = { NAME, find_written, is_source, module_of, written_of };
