'use strict';
// Where the user's TypeScript is.

const fs = require('node:fs');
const { createRequire } = require('node:module');
const { join } = require('node:path');

/**
 * @param {string} root the service's folder
 * @returns {{ path: string, version: string, exports: any } | null} of its package.json; `null`: it is not installed
 */
function find_typescript(root) {
  let path;
  try {
    path = createRequire(join(root, 'service.js')).resolve('typescript/package.json');
  } catch {
    return null;
  }
  const { version, exports } = JSON.parse(fs.readFileSync(path, 'utf8'));
  return { path, version, exports };
}

/** What to do where there is none. @param {string} root */
function missing(root) {
  return `the types of func() are read by your own TypeScript, and there is none in ${root}: npm install --save-dev typescript, or give a schema: func({ input: … }, …)`;
}

module.exports = { find_typescript, missing };
