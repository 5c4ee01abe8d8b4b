'use strict';
// With which options types are looked at: the project's own, and what has to be so here.

const fs = require('node:fs');
const { dirname, join, resolve, sep } = require('node:path');

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

/**
 * Where a project's compiled modules are.
 *
 * @typedef {object} Layout
 * @property {string} folder of the configuration
 * @property {string} from the folder of the sources
 * @property {string} to that of the modules: the same where there is none of their own
 */

/**
 * @param {string} config the tsconfig.json
 * @param {any} options what it says
 * @param {string[]} files its own
 * @param {string} version of TypeScript
 * @returns {Layout}
 */
function layout_of(config, { rootDir, outDir, composite }, files, version) {
  const folder = dirname(config);
  // Before 6 it was what all sources have in common.
  const is_common = rootDir === undefined && composite !== true && Number.parseInt(version, 10) < 6;
  const from = is_common ? common_folder(files.filter((name) => !/\.d\.[cm]?ts$/.test(name))) : resolve(folder, rootDir ?? '.');
  return { folder, from: from ?? folder, to: outDir === undefined ? (from ?? folder) : resolve(folder, outDir) };
}

/** @param {string[]} files @returns {string | null} */
function common_folder(files) {
  let common = null;
  for (const file of files) {
    let folder = dirname(file);
    common ??= folder;
    while (!`${common}${sep}`.startsWith(folder === sep ? sep : `${folder}${sep}`)) folder = dirname(folder);
    common = folder;
  }
  return common;
}

/** @param {string} file @returns {boolean} whether it is one of the package's declarations, installed or beside this file */
function is_of_sdk(file) {
  return file.startsWith(SDK + sep) || file.includes('/node_modules/diglot/');
}

module.exports = { BASE, FORCED, is_of_sdk, layout_of, sdk_paths };
