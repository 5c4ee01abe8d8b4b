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

/** @param {string} entry a file @returns {boolean} */
function imports_package(entry) {
  const seen = new Set();
  const waiting = [entry];
  while (waiting.length > 0) {
    const file = waiting.pop();
    if (seen.has(file)) continue;
    seen.add(file);
    if (seen.size > MODULES_MAX) return true;
    const source = read(file);
    if (PACKAGE.test(source)) return true;
    for (const [, name] of source.matchAll(RELATIVE)) {
      const found = find(join(dirname(file), name));
      if (found !== null) waiting.push(found);
    }
  }
  return false;
}

/** @param {string} file @returns {string} empty where it cannot be read: whoever loads it will say so */
function read(file) {
  try {
    const path = file.startsWith('file:') ? fileURLToPath(file) : file;
    return fs.statSync(path).size > MODULE_BYTES_MAX ? '' : fs.readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function find(path) {
  const ending = extname(path);
  const written = (WRITTEN_AS[ending] ?? []).map((other) => path.slice(0, -ending.length) + other);
  const candidates = [...ENDINGS.map((added) => path + added), ...written];
  return candidates.find((candidate) => fs.statSync(candidate, { throwIfNoEntry: false })?.isFile()) ?? null;
}

module.exports = { imports_package };
