'use strict';
// Where the user's TypeScript is, and what is known of its interface.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');

/** Where its interface is looked for: that of 6 may stand beside another that has none yet. */
const PACKAGES = ['typescript', '@typescript/typescript6'];
/** Older ones have no interface for all that is asked, the next one has none in JavaScript. */
const CLASSIC_MIN = 5;
const CLASSIC_MAX = 6;

/**
 * @typedef {object} Found
 * @property {string} name of the package
 * @property {string} path of its package.json
 * @property {string} version
 * @property {Record<string, string> | null} native the files of the native interface; `null`: it is that in JavaScript
 */

/**
 * @param {string} file whose types are asked for: its own package's TypeScript comes first
 * @param {string} root the service's folder
 * @returns {Found}
 * @throws {Error} that says what to do
 */
function find_typescript(file, root) {
  const resolvers = [file, join(root, 'service.js')].map((from) => createRequire(from).resolve);
  let unusable = null;
  for (const name of PACKAGES) {
    const path = first_path(resolvers, `${name}/package.json`);
    if (path === null) continue;
    const { version, exports } = JSON.parse(fs.readFileSync(path, 'utf8'));
    const major = Number.parseInt(version, 10);
    if (major >= CLASSIC_MIN && major <= CLASSIC_MAX) return { name, path, version, native: null };
    if (exports?.['./unstable/sync'] !== undefined && exports['./unstable/ast'] !== undefined) return { name, path, version, native: exports };
    unusable ??= { path, version, major };
  }
  const schema = 'or give a schema: func({ input: … }, …)';
  const lacking = dirname(file) === root ? `${root} has none` : `neither ${dirname(file)} nor ${root} has one`;
  if (unusable === null) throw new Error(`the types of func() are read by your own TypeScript, and ${lacking}: npm install --save-dev typescript, ${schema}, or let \`diglot types\` write them down where it is installed`);
  const { path, version, major } = unusable;
  if (major < CLASSIC_MIN) throw new Error(`TypeScript ${version} in ${dirname(path)} is too old for the types of func(): ${CLASSIC_MIN}.0 or later is needed, ${schema}`);
  throw new Error(`TypeScript ${version} in ${dirname(path)} has no interface that is known here: npm install --save-dev ${PACKAGES[1]} beside it, ${schema}`);
}

/** @param {((name: string) => string)[]} resolvers @param {string} name */
function first_path(resolvers, name) {
  for (const resolve of resolvers) {
    try {
      return resolve(name);
    } catch {
      // The next one may.
    }
  }
  return null;
}

module.exports = { find_typescript };
