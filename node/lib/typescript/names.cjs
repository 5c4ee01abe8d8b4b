'use strict';
// From what an import says to the file it means, where TypeScript finds one that Node does not: `.js` that is written `.ts`, names without
// an ending, folders, `paths` and `baseUrl`.

const fs = require('node:fs');
const { isBuiltin } = require('node:module');
const { extname, join, resolve, sep } = require('node:path');
const { is_file } = require('./projects.cjs');

/** The endings of files that are compiled. */
const COMPILED = new Set(['.ts', '.tsx', '.mts', '.cts', '.jsx']);
/** What stands for an ending of JavaScript, in TypeScript's order. */
const WRITTEN = new Map([
  ['.js', ['.ts', '.tsx']],
  ['.jsx', ['.tsx']],
  ['.mjs', ['.mts']],
  ['.cjs', ['.cts']],
]);
/** What a name without an ending may have, in TypeScript's order. */
const LEFT_OUT = ['.ts', '.tsx', '.js', '.jsx', '.json'];

/** Tells of code that is elsewhere: `paths` may lead a compiler there, and nothing can be run. */
const DECLARATIONS = /\.d\.[cm]?ts$/;

/** Whether Diglot compiles a file; those of installed packages are left to Node. @param {string} file */
function is_compiled(file) {
  return COMPILED.has(extname(file)) && !is_installed(file);
}

/** @param {string} file */
function is_installed(file) {
  return file.includes(`${sep}node_modules${sep}`);
}

/**
 * @param {string} path absolute
 * @param {boolean} permissive endings may be left out
 * @returns {string | null}
 */
function find_file(path, permissive) {
  const ending = extname(path);
  for (const written of WRITTEN.get(ending) ?? []) {
    const file = path.slice(0, -ending.length) + written;
    if (is_file(file)) return file;
  }
  if (is_file(path)) return DECLARATIONS.test(path) ? null : path;
  if (!permissive) return null;
  for (const left_out of LEFT_OUT) if (is_file(path + left_out)) return path + left_out;
  return null;
}

/** As `find_file`, and what a folder stands for. @param {string} path @param {boolean} permissive */
function find(path, permissive) {
  const file = path.endsWith(sep) ? null : find_file(path, permissive);
  if (file !== null || !permissive) return file;
  if (!fs.statSync(path, { throwIfNoEntry: false })?.isDirectory()) return null;
  // A package.json says itself where its folder begins, and Node knows how to read it.
  return is_file(join(path, 'package.json')) ? null : find_file(join(path, 'index'), true);
}

/**
 * @param {string} name as it is imported: a path or a package
 * @param {string} parent the file that imports it
 * @param {import('./projects.cjs').Project} project the parent's
 * @param {boolean} permissive endings may be left out
 * @returns {string | null} `null`: nothing that Node would not find
 */
function find_named(name, parent, project, permissive) {
  if (/^\.{0,2}\//.test(name) || name === '.' || name === '..') {
    const path = resolve(parent, '..', name);
    return find(name.endsWith('/') ? path + sep : path, permissive);
  }
  if (name.startsWith('#') || isBuiltin(name)) return find_by_paths(name, project);
  return find_by_paths(name, project) ?? (project.baseUrl === null ? null : find(join(project.baseUrl, name), true));
}

/** @param {string} name @param {import('./projects.cjs').Project} project */
function find_by_paths(name, project) {
  for (const place of places_by_paths(name, project)) {
    const found = find(place, true);
    if (found !== null) return found;
  }
  return null;
}

/**
 * @param {string} name
 * @param {import('./projects.cjs').Project} project
 * @param {number} [least] how long the beginning is at least that a pattern says
 * @returns {string[]} where `paths` has it, absolute; none: no pattern is for it
 */
function places_by_paths(name, { paths }, least = 0) {
  let best = null;
  for (const [pattern, places] of paths) {
    const star = pattern.indexOf('*');
    const before = star < 0 ? pattern : pattern.slice(0, star);
    const after = star < 0 ? '' : pattern.slice(star + 1);
    const matches =
      star < 0
        ? name === pattern
        : name.length >= before.length + after.length && name.startsWith(before) && name.endsWith(after);
    // A name that is written out wins, then the longest beginning.
    const weight = star < 0 ? Number.POSITIVE_INFINITY : before.length;
    if (matches && (best === null || weight > best.weight)) {
      best = { weight, places, rest: star < 0 ? '' : name.slice(before.length, name.length - after.length) };
    }
  }
  if (best === null || best.weight < least) return [];
  return best.places.map((place) => place.replace('*', () => best.rest));
}

module.exports = { find_named, is_compiled, is_installed, places_by_paths };
