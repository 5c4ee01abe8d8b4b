'use strict';
// To which project a file belongs: the nearest tsconfig.json, and what the nearest package.json says of its kind.

const fs = require('node:fs');
const { dirname, join, sep } = require('node:path');
const { isMainThread } = require('node:worker_threads');

const NODE_MODULES = `${sep}node_modules`;

/**
 * @typedef {object} Project
 * @property {string | null} config the tsconfig.json
 * @property {'module' | 'commonjs' | null} package `type` of the package.json
 * @property {string} options the fingerprint of all that changes what a file becomes
 * @property {boolean} permissive imports may leave out endings
 * @property {string | null} baseUrl
 * @property {[string, string[]][]} paths
 */

class Projects {
  /** @param {import('./compiler.cjs').Compiler} compiler @param {string} options those of a program without tsconfig.json */
  constructor(compiler, options) {
    this.compiler = compiler;
    this.without = { options, permissive: false, baseUrl: null, paths: [] };
    /** @type {Map<string, Project>} by folder */
    this.known = new Map();
    /** @type {Map<string, any>} by tsconfig.json */
    this.configs = new Map();
  }

  /** @param {string} file @returns {Project} */
  of(file) {
    return this._of_folder(dirname(file));
  }

  /** @param {string} folder @returns {Project} */
  _of_folder(folder) {
    let project = this.known.get(folder);
    if (project === undefined) {
      project = this._find(folder);
      this.known.set(folder, project);
    }
    return project;
  }

  /** @param {string} folder @returns {Project} */
  _find(folder) {
    const parent = dirname(folder);
    const is_top = parent === folder || folder.endsWith(NODE_MODULES);
    const above = is_top ? { config: null, package: null, ...this.without } : this._of_folder(parent);
    const config = join(folder, 'tsconfig.json');
    const type = package_type(join(folder, 'package.json'));
    const said = is_file(config) ? { config, ...this._read(config) } : above;
    return { ...said, package: type === undefined ? above.package : type };
  }

  /** @param {string} config */
  _read(config) {
    let said = this.configs.get(config);
    if (said === undefined) {
      said = this.compiler.project(config);
      // Once: other threads read it as well.
      if (isMainThread) for (const warning of said.warnings) process.stderr.write(`diglot: ${warning}\n`);
      this.configs.set(config, said);
    }
    return said;
  }
}

/** @param {string} file @returns {'module' | 'commonjs' | null | undefined} `undefined`: there is no such file */
function package_type(file) {
  let text;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  try {
    const { type } = JSON.parse(text);
    return type === 'module' || type === 'commonjs' ? type : null;
  } catch {
    // Node says what is wrong with it, when it comes to it.
    return null;
  }
}

/** @param {string} path */
function is_file(path) {
  return fs.statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

module.exports = { Projects, is_file };
