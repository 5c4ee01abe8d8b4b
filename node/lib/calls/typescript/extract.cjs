'use strict';
// A process that answers one question: which functions do these sources offer? The question and the answer are JSON, on stdin and stdout.
//
// TypeScript is loaded here and not in the worker: it takes its time, tens of megabytes, and a program's own version.

const fs = require('node:fs');
const { sep } = require('node:path');
const { crossing } = require('../names.cjs');
const { load_compiler } = require('./compiler.cjs');
const { find_calls } = require('./find.cjs');
const { is_of_sdk } = require('./options.cjs');
const { see } = require('./records.cjs');
const { answer } = require('./answering.cjs');
const { describe_call } = require('./signatures.cjs');

const NODE_MODULES = `${sep}node_modules${sep}`;

/**
 * @typedef {object} Question
 * @property {string} root the service's folder
 * @property {string} file whose functions are asked for
 * @property {string} [entry] whose imports lead to others that will be asked for
 * @property {string} [tsconfig]
 */

/**
 * @typedef {object} OfFile
 * @property {import('./signatures.cjs').Described[]} functions
 * @property {{ line: number, column: number, message: string, file: string }[]} problems
 * @property {string[]} sources the files of the program that it depends on, itself first
 */

/**
 * @typedef {object} Answer
 * @property {Record<string, OfFile>} files that have functions, and the one that was asked for
 * @property {string[]} shared files that all depend on: those of packages, and the configuration
 * @property {Record<string, import('./records.cjs').Seen>} seen all of them as they were when their types were read
 * @property {import('./options.cjs').Layout | null} layout where compiled modules are; `null`: there is no configuration
 */

/** @param {Question} question @returns {Promise<Answer>} */
async function extract({ root, file, entry, tsconfig }) {
  const compiler = await load_compiler(file, root);
  try {
    const config = tsconfig ?? compiler.find_config(file);
    compiler.open(entry === undefined || entry === file ? [file] : [file, entry], config);
    const sources = compiler.sources();
    // TypeScript's own come with its version.
    const others = sources.filter((source) => !compiler.is_library(source));
    const is_package = ({ fileName }) => fileName.includes(NODE_MODULES) || is_of_sdk(fileName);
    const own = new Map(others.filter((source) => !is_package(source)).map((source) => [source.fileName, source]));
    const packages = others.filter(is_package).map(({ fileName }) => fileName);
    const shared = [...packages, ...compiler.configs];
    const imports = new Imports(compiler, own);
    /** @type {Record<string, OfFile>} */
    const files = {};
    for (const [name, source] of own) {
      if (source.isDeclarationFile) continue;
      const described = describe_source(compiler, source);
      if (described.functions.length > 0 || described.problems.length > 0 || name === file) files[name] = { ...described, sources: imports.closure(name) };
    }
    if (files[file] === undefined) throw new Error(`${file} is not part of the program that TypeScript ${compiler.version} makes of it`);
    return { files, shared, seen: seen_of(shared, [...own.values()]), layout: compiler.layout };
  } finally {
    compiler.close();
  }
}

/** @param {string[]} shared @param {any[]} own sources @returns {Answer['seen']} without those that are not what they were any more */
function seen_of(shared, own) {
  /** @type {Answer['seen']} */
  const all = {};
  for (const name of shared) {
    const seen = see(name);
    if (seen !== null) all[name] = seen;
  }
  for (const { fileName, text } of own) {
    const seen = see(fileName);
    if (seen !== null && fs.readFileSync(fileName, 'utf8').replace(/^\uFEFF/, '') === text.replace(/^\uFEFF/, '')) all[fileName] = seen;
  }
  return all;
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} source */
function describe_source(compiler, source) {
  const problems = [];
  const problem = (node, message) => {
    const place = node.getSourceFile();
    const { line, character } = place.getLineAndCharacterOfPosition(node.getStart());
    problems.push({ file: place.fileName, line: line + 1, column: character + 1, message });
  };
  const calls = find_calls(compiler, source);
  const functions = calls.map((found) => describe_call(compiler, found, crossing, (node, message) => problem(node, found.name === null ? message : `${found.name}: ${message}`)));
  return { functions, problems };
}

/** Which files lead to which. */
class Imports {
  /** @param {import('./compiler.cjs').Compiler} compiler @param {Map<string, any>} own the program's files */
  constructor(compiler, own) {
    this._compiler = compiler;
    this._own = own;
    /** @type {Map<string, string[]>} */
    this._direct = new Map();
    /** Those that declare for all. */
    this._global = [...own.values()].filter((source) => source.isDeclarationFile).map(({ fileName }) => fileName);
  }

  /** @param {string} file @returns {string[]} it, and all that it imports */
  closure(file) {
    const found = new Set([file]);
    for (const name of found) for (const other of this._imports(name)) found.add(other);
    for (const name of this._global) found.add(name);
    return [...found];
  }

  /** @param {string} file */
  _imports(file) {
    let direct = this._direct.get(file);
    if (direct === undefined) {
      direct = [];
      this._walk(this._own.get(file), direct);
      this._direct.set(file, direct);
    }
    return direct;
  }

  /** @param {any} node @param {string[]} direct */
  _walk(node, direct) {
    const { SyntaxKind } = this._compiler;
    const named = node.moduleSpecifier ?? (node.kind === SyntaxKind.ImportType ? node.argument.literal : node.kind === SyntaxKind.ExternalModuleReference ? node.expression : undefined);
    const dynamic = node.kind === SyntaxKind.CallExpression && node.expression.kind === SyntaxKind.ImportKeyword ? node.arguments[0] : undefined;
    const specifier = named ?? dynamic;
    if (specifier?.kind === SyntaxKind.StringLiteral) {
      const symbol = this._compiler.checker.getSymbolAtLocation(specifier);
      for (const { fileName } of symbol === undefined ? [] : this._compiler.declarations_of(symbol).map((declaration) => declaration.getSourceFile())) {
        if (this._own.has(fileName)) direct.push(fileName);
      }
    }
    node.forEachChild((child) => this._walk(child, direct));
  }
}

if (require.main === module) answer(extract);

module.exports = { extract };
