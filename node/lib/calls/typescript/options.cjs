'use strict';
// With which options types are looked at: the project's own, and what has to be so here.

const fs = require('node:fs');
const { dirname, join, sep } = require('node:path');

/** Of programs without a tsconfig.json, as a tsconfig.json has them. */
const BASE = { target: 'esnext', module: 'nodenext', moduleResolution: 'nodenext', strict: true, jsx: 'preserve', allowImportingTsExtensions: true };

/** In every program: what may be null or undefined is known only so, and nothing is written. */
const FORCED = { strictNullChecks: true, noEmit: true, skipLibCheck: true, skipDefaultLibCheck: true };

/** The package's declarations, where they are beside this file. */
const SDK = join(__dirname, '..', '..', '..', 'sdk');

/**
 * @param {string} file
 * @param {Record<string, string[]>} [paths] the project's own
 * @returns {Record<string, string[]> | undefined} where the program may import `diglot` without having installed it, the way to its declarations too
 */
function sdk_paths(file, paths) {
  if (paths?.diglot !== undefined || !fs.existsSync(join(SDK, 'index.d.ts'))) return paths;
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (fs.existsSync(join(folder, 'node_modules', 'diglot', 'package.json'))) return paths;
    if (folder === dirname(folder)) break;
  }
  return { ...paths, diglot: [join(SDK, 'index.d.ts')], 'diglot/testing': [join(SDK, 'testing.d.ts')] };
}

/** @param {string} file @returns {boolean} whether it is one of the package's declarations, installed or beside this file */
function is_of_sdk(file) {
  return file.startsWith(SDK + sep) || file.includes('/node_modules/diglot/');
}

module.exports = { BASE, FORCED, is_of_sdk, sdk_paths };
