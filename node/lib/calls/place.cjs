'use strict';
// Where `func()` was called, and what its result is bound to there.

const fs = require('node:fs');
const { findSourceMap } = require('node:module');
const { dirname, sep } = require('node:path');
const { fileURLToPath } = require('node:url');
const { stack_frames } = require('../crash.cjs');

const OWN_FOLDER = dirname(__dirname) + sep;
/** What stands before the call of `func`, or of `(0, package.func)`, whose value is bound to a name. */
const BINDINGS = [
  /(?:^|[^\w$.])(?:const|let|var)\s+([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*(?::[^=]*)?=\s*$/u,
  /(?:^|[^\w$])(?:module\.)?exports\.([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=\s*$/u,
  /(?:^|[{,(\s])(?:static\s+|readonly\s+)*["']?([\p{ID_Start}$_][\p{ID_Continue}$]*)["']?\s*:\s*$/u,
  /(?:^|[^\w$.])(?:static\s+)?([\p{ID_Start}$_][\p{ID_Continue}$]*)\s*=\s*$/u,
];
/** How far before the call its name may stand. */
const LOOKED_AT_CHARS = 400;

/**
 * @typedef {object} Place
 * @property {string} file
 * @property {number} line from 1
 * @property {number} column from 1
 */

/** @param {string} name of a file, as a stack has it */
function path_of(name) {
  return name.startsWith('file:') ? fileURLToPath(name) : name;
}

/** @returns {Place | null} whose code has called the package; as its source has it, where there is a source map */
function calling_place() {
  for (const site of stack_frames()) {
    const name = site.getFileName();
    if (name === null || name === undefined || name.startsWith('node:')) continue;
    const file = path_of(name);
    if (!file.startsWith(OWN_FOLDER)) return mapped(name, { file, line: site.getLineNumber() ?? 1, column: site.getColumnNumber() ?? 1 });
  }
  return null;
}

/** @param {string} name as the stack has it @param {Place} place @returns {Place} */
function mapped(name, place) {
  const map = findSourceMap(name) ?? findSourceMap(place.file);
  const entry = map?.findEntry(place.line - 1, place.column - 1);
  if (entry?.originalSource === undefined) return place;
  const source = entry.originalSource;
  const file = source.startsWith('file:') ? fileURLToPath(source) : source;
  return { file: file.startsWith(sep) ? file : place.file, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

/** @type {Map<string, string[]>} */
const lines_of_files = new Map();

function lines_of(file) {
  let lines = lines_of_files.get(file);
  if (lines === undefined) {
    try {
      lines = fs.readFileSync(file, 'utf8').split(/\r?\n/);
    } catch {
      lines = [];
    }
    lines_of_files.set(file, lines);
  }
  return lines;
}

/** @param {Place} place @returns {string | null} what the value of the call there is bound to */
function bound_name({ file, line, column }) {
  const lines = lines_of(file);
  const before = [...lines.slice(Math.max(0, line - 4), line - 1), (lines[line - 1] ?? '').slice(0, column - 1)].join('\n').slice(-LOOKED_AT_CHARS);
  // The position is that of `func`, of what stands before its dot, within a compiler's `(0, package.func)`, or behind that.
  const text = before
    .replace(/\/\*[^*]*\*\/\s*$/, '')
    .replace(/\(\s*0\s*,\s*[\p{ID_Continue}$.]+\s*\)\s*$/u, '')
    .replace(/(?:\(\s*0\s*,\s*)?(?:[\p{ID_Start}$_][\p{ID_Continue}$]*\s*\.\s*)*$/u, '')
    .replace(/\/\*[^*]*\*\/\s*$/, '');
  for (const binding of BINDINGS) {
    const found = binding.exec(text);
    if (found !== null) return found[1];
  }
  return null;
}

/** The sources have been loaded: nobody asks again. */
function forget_sources() {
  lines_of_files.clear();
}

/** @param {Place | null} place */
function show_place(place) {
  return place === null ? 'func()' : `${place.file}:${place.line}:${place.column}`;
}

module.exports = { calling_place, bound_name, forget_sources, show_place };
