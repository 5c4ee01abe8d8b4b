'use strict';
// Whether a service's own modules import the package `diglot`: asked before they are loaded, where that decides how.

const fs = require('node:fs');
const { dirname, extname, join } = require('node:path');
const { fileURLToPath } = require('node:url');

/** Modules that are looked at; a program of more is taken for one that does. */
const MODULES_MAX = 2000;
const MODULE_BYTES_MAX = 4 * 1024 * 1024;
const ENDINGS = ['', '.js', '.mjs', '.cjs', '.ts', '.mts', '.cts', '.tsx', '.jsx', '/index.js', '/index.ts', '/index.mjs', '/index.cjs'];
/** What modules with these endings may be called in TypeScript's imports. */
const WRITTEN_AS = { '.js': ['.ts', '.tsx'], '.mjs': ['.mts'], '.cjs': ['.cts'], '.jsx': ['.tsx'] };

const PACKAGE = /(?:\bfrom|\bimport|\bimport\s*\()\s*["']diglot(?:\/testing)?["']/;
const RELATIVE = /(?:\bfrom|\bimport|\bimport\s*\(|\brequire\s*\()\s*["'](\.{1,2}\/[^"']+)["']/g;

/** @param {string} entry a file, or its URL @returns {boolean} */
function imports_package(entry) {
  const first = entry.startsWith('file:') ? fileURLToPath(entry) : entry;
  /** What imports lead to, before it is known which file that is: most modules are imported by several. */
  const seen = new Set([first]);
  const waiting = [first];
  let count = 0;
  while (waiting.length > 0) {
    const file = find(waiting.pop());
    if (file === null) continue;
    if (++count > MODULES_MAX) return true;
    const source = read(file);
    // A word is found sooner than what stands around it.
    if (source.includes('diglot') && PACKAGE.test(source)) return true;
    const folder = dirname(file);
    for (const [, name] of source.matchAll(RELATIVE)) {
      const path = join(folder, name);
      if (seen.has(path)) continue;
      seen.add(path);
      waiting.push(path);
    }
  }
  return false;
}

/** @param {string} file @returns {string} empty where it cannot be read: whoever loads it will say so */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

/** @param {string} path as it is imported @returns {string | null} the file, if it is one that is not too long to be looked at */
function find(path) {
  for (const added of ENDINGS) {
    const stat = stat_of(path + added);
    if (stat?.isFile()) return stat.size > MODULE_BYTES_MAX ? null : path + added;
  }
  const ending = extname(path);
  const written = (WRITTEN_AS[ending] ?? []).map((other) => path.slice(0, -ending.length) + other);
  return written.find((candidate) => stat_of(candidate)?.isFile()) ?? null;
}

/** @returns {import('node:fs').Stats | undefined} undefined where there is none, or none for us */
function stat_of(path) {
  try {
    return fs.statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

module.exports = { imports_package };
