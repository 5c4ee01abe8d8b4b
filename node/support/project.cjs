'use strict';
// A TypeScript project in a folder of its own, with a TypeScript that is installed here.

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawnSync } = require('node:child_process');

const MODULES = path.join(__dirname, '..', 'node_modules');
/** By the names under which they are installed: with an interface in JavaScript, and native. */
const TYPESCRIPTS = ['typescript', 'typescript7'];

class Project {
  /**
   * @param {Record<string, string>} files by path
   * @param {string | null} [typescript] which one it has
   */
  constructor(files, typescript = 'typescript') {
    // As Node names it.
    this.root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'diglot-types-')));
    this.cache = path.join(this.root, '.cache');
    fs.mkdirSync(this.cache);
    fs.mkdirSync(path.join(this.root, 'node_modules'));
    if (typescript !== null) this.link('typescript', path.join(MODULES, typescript));
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  /** @param {string} name @param {string} target */
  link(name, target) {
    const link = path.join(this.root, 'node_modules', name);
    fs.mkdirSync(path.dirname(link), { recursive: true });
    fs.symlinkSync(target, link);
  }

  /** @param {string} name @returns {string} */
  path(name) {
    return path.join(this.root, name);
  }

  /** @param {string} name @param {string} text */
  write(name, text) {
    fs.mkdirSync(path.dirname(this.path(name)), { recursive: true });
    fs.writeFileSync(this.path(name), text);
  }

  /** As an editor wants it: a worker needs no installed package. */
  install_diglot() {
    this.link('diglot', path.join(__dirname, '..'));
  }

  /** `tsc` over the project's tsconfig.json. @returns {string} what it says, nothing if all is well */
  check() {
    const package_folder = path.join(this.root, 'node_modules', 'typescript');
    const { bin } = JSON.parse(fs.readFileSync(path.join(package_folder, 'package.json'), 'utf8'));
    const { stdout, stderr } = spawnSync(process.execPath, [path.join(package_folder, bin.tsc), '--noEmit', '-p', this.root], { encoding: 'utf8' });
    return stdout + stderr;
  }

  remove() {
    fs.rmSync(this.root, { recursive: true });
  }
}

module.exports = { Project, TYPESCRIPTS };
