'use strict';
// What the hooks of every Node have in common: from a name to a file, and from a file to code.

const fs = require('node:fs');
const { fileURLToPath, pathToFileURL } = require('node:url');
const { Compiler } = require('./compiler.cjs');
const { Projects } = require('./projects.cjs');
const { find_named, is_compiled, is_installed, places_by_paths } = require('./names.cjs');

/** At the end of the URL of JSON that is imported without an attribute: with one it is another module, of Node's making. */
const JSON_MODULE = '?json-module';

class Loader {
  /** @param {any} way to the compiler, and `options`: the fingerprint of a program without tsconfig.json */
  constructor(way) {
    this.compiler = new Compiler(way);
    this.projects = new Projects(this.compiler, way.options);
    /** @type {Map<string, string>} */
    this.real = new Map();
  }

  /**
   * @param {string} name as it is imported
   * @param {string | undefined} parent a URL
   * @param {boolean} is_require
   * @param {any} [attributes] of an import
   * @returns {null | { first?: string, otherwise: () => string | null }} `first`: the URL; `otherwise`: where Node finds nothing
   */
  resolve(name, parent, is_require, attributes) {
    if (parent === undefined || !parent.startsWith('file:')) return null;
    const from = fileURLToPath(parent);
    if (is_installed(from)) return null;
    if (!is_compiled(from)) return { otherwise: () => this._find(name, from, is_require) };
    const first = this._find(name, from, is_require);
    if (first === null) return null;
    const is_json_module = !is_require && attributes?.type === undefined && first.endsWith('.json');
    return { first: is_json_module ? first + JSON_MODULE : first, otherwise: () => null };
  }

  /** @returns {string | null} a URL */
  _find(name, from, is_require) {
    const [, path, search] = /^([^?#]*)(.*)$/s.exec(name);
    const by_url = path.startsWith('file:');
    const plain = is_require ? name : by_url ? fileURLToPath(path) : unescaped(path);
    if (plain === null) return null;
    const project = this.projects.of(from);
    const found = find_named(plain, from, project, is_require || project.permissive);
    if (found === null) return null;
    // By its own name, as Node does it: what is linked into node_modules is at home elsewhere.
    return pathToFileURL(this._real(found)).href + (is_require ? '' : search);
  }

  /** @param {string} file @returns {string} where it is at home */
  _real(file) {
    let real = this.real.get(file);
    if (real === undefined) {
      real = fs.realpathSync.native(file);
      this.real.set(file, real);
    }
    return real;
  }

  /** @param {string} file @returns {{ format: 'module' | 'commonjs', source: string }} */
  compile(file) {
    return this.compiler.compile(file, this.projects.of(file));
  }

  /**
   * What is known of a name that was not found.
   *
   * @param {string} name as it is imported
   * @param {string | undefined} parent a URL
   * @returns {string | null}
   */
  mapped(name, parent) {
    if (parent === undefined || !parent.startsWith('file:')) return null;
    const from = fileURLToPath(parent);
    if (is_installed(from)) return null;
    const project = this.projects.of(from);
    // A pattern for all names has packages in mind as well.
    const places = places_by_paths(name, project, 1);
    return places.length === 0 ? null : `\`paths\` of ${project.config} has it at ${places.join(', ')}, where nothing was found`;
  }

  /** @param {string} url @returns {{ format: 'module' | 'commonjs', source: string } | null} `null`: Node's to load */
  load(url) {
    if (!url.startsWith('file:')) return null;
    const file = fileURLToPath(url);
    if (is_compiled(file)) return this.compile(file);
    return url.endsWith(JSON_MODULE) ? this.json(file) : null;
  }

  /** JSON as TypeScript lets it be imported: its names too. @param {string} file */
  json(file) {
    const text = fs.readFileSync(file, 'utf8');
    const value = JSON.parse(text);
    const is_object = value !== null && typeof value === 'object' && !Array.isArray(value);
    const names = is_object ? Object.keys(value).filter((name) => name !== 'default') : [];
    const lines = names.map((name, index) => `const $${index} = $[${JSON.stringify(name)}]; export { $${index} as ${JSON.stringify(name)} };`);
    return { format: 'module', source: `const $ = ${text.trim()};\nexport default $;\n${lines.join('\n')}\n` };
  }
}

/** @param {string} path @returns {string | null} */
function unescaped(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

module.exports = { Loader };
