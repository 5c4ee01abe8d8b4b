'use strict';
// With which options types are looked at: the project's own, and what has to be so here.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join, resolve, sep } = require('node:path');

/** Of programs without a tsconfig.json, as a tsconfig.json has them. */
const BASE = { target: 'esnext', module: 'nodenext', moduleResolution: 'nodenext', strict: true, jsx: 'preserve', allowImportingTsExtensions: true };

/** In every program: what may be null or undefined is known only so, and nothing is written. */
const FORCED = { strictNullChecks: true, noEmit: true, skipLibCheck: true, skipDefaultLibCheck: true };

/** The package's declarations, where they are beside this file. */
const SDK = join(__dirname, '..', '..', '..', 'sdk');
/** Where `diglot types` writes them (crates/diglot/src/types/package.rs). */
const WRITTEN = '/diglot-package.d.ts';

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

const EXTENDS = /"extends"\s*:\s*("(?:[^"\\]|\\.)*"|\[[^\]]*\])/;

/** @param {string} config a tsconfig.json @param {Set<string>} [found] @returns {string[]} it, and what it extends */
function with_extended(config, found = new Set()) {
  found.add(config);
  let names = [];
  try {
    names = [JSON.parse(EXTENDS.exec(fs.readFileSync(config, 'utf8'))?.[1] ?? '[]')].flat();
  } catch {
    // The compiler says what is wrong with it.
  }
  const require_from = createRequire(config);
  for (const name of names) {
    const is_path = /^\.{0,2}\//.test(name);
    const tried = is_path ? [resolve(dirname(config), name), resolve(dirname(config), `${name}.json`)] : [name, `${name}.json`, `${name}/tsconfig.json`].map((path) => resolved(require_from, path));
    const path = tried.find((one) => one !== null && fs.statSync(one, { throwIfNoEntry: false })?.isFile());
    if (path !== undefined && path !== null && !found.has(path)) with_extended(path, found);
  }
  return [...found];
}

const REFERENCES = /"references"\s*:\s*\[([^\]]*)\]/;
const REFERENCE_PATH = /"path"\s*:\s*("(?:[^"\\]|\\.)*")/g;

/**
 * @template {{ fileNames: string[] }} P
 * @param {string} config a tsconfig.json
 * @param {string} file
 * @param {(config: string) => P} parse
 * @returns {P} it; of a solution's, that one which has the file
 */
function project_of(config, file, parse) {
  const nearest = parse(config);
  /** @type {Map<string, P>} */
  const found = new Map([[config, nearest]]);
  for (const [path, project] of found) {
    if (project.fileNames.includes(file)) return project;
    const references = REFERENCES.exec(fs.readFileSync(path, 'utf8'))?.[1] ?? '';
    for (const [, text] of references.matchAll(REFERENCE_PATH)) {
      const referred = resolve(dirname(path), JSON.parse(text));
      const other = fs.statSync(referred, { throwIfNoEntry: false })?.isDirectory() ? join(referred, 'tsconfig.json') : referred;
      if (!found.has(other) && fs.existsSync(other)) found.set(other, parse(other));
    }
  }
  return nearest;
}

/** @param {NodeJS.Require} require_from @param {string} name @returns {string | null} */
function resolved(require_from, name) {
  try {
    return require_from.resolve(name);
  } catch {
    return null;
  }
}

/**
 * Where a project's compiled modules are.
 *
 * @typedef {object} Layout
 * @property {string} folder of the configuration
 * @property {string} from the folder of the sources
 * @property {string} to that of the modules: the same where there is none of their own
 * @property {boolean} is_compiled whether the project has modules made, in a folder of their own
 */

/**
 * @param {string} config the tsconfig.json
 * @param {any} options what it says
 * @param {string[]} files its own
 * @param {string} version of TypeScript
 * @returns {Layout}
 */
function layout_of(config, { rootDir, outDir, composite, noEmit }, files, version) {
  const folder = dirname(config);
  // Before 6 it was what all sources have in common.
  const is_common = rootDir === undefined && composite !== true && Number.parseInt(version, 10) < 6;
  const from = is_common ? common_folder(files.filter((name) => !/\.d\.[cm]?ts$/.test(name))) : resolve(folder, rootDir ?? '.');
  const is_compiled = outDir !== undefined && noEmit !== true;
  return { folder, from: from ?? folder, to: outDir === undefined ? (from ?? folder) : resolve(folder, outDir), is_compiled };
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

/** By folder: whether it is that of the package. @type {Map<string, boolean>} */
const packages = new Map();

/** @param {string} file @returns {boolean} whether it is one of the package's declarations: installed, linked, written by `diglot types`, or beside this file */
function is_of_sdk(file) {
  if (file.startsWith(SDK + sep) || file.includes('/node_modules/diglot/') || file.endsWith(WRITTEN)) return true;
  // What is installed as a link has the name of where that leads.
  if (!/\/sdk\/\w+\.d\.ts$/.test(file)) return false;
  const folder = dirname(dirname(file));
  let is_it = packages.get(folder);
  if (is_it === undefined) {
    is_it = name_of_package(folder) === 'diglot';
    packages.set(folder, is_it);
  }
  return is_it;
}

/** @param {string} folder @returns {string | undefined} */
function name_of_package(folder) {
  try {
    return JSON.parse(fs.readFileSync(join(folder, 'package.json'), 'utf8')).name;
  } catch {
    return undefined;
  }
}

module.exports = { BASE, FORCED, is_of_sdk, layout_of, project_of, sdk_paths, with_extended };
