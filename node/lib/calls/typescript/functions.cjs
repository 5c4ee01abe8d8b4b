'use strict';
// What a module's functions take and give, told by its types: from the cache, or by a process that runs the user's TypeScript; and for
// modules that are compiled beforehand, from the file that `diglot types` wrote.
//
// Nothing here is asynchronous, because func() runs while a module is evaluated.

const fs = require('node:fs');
const { join } = require('node:path');
const { getEnvironmentData } = require('node:worker_threads');
const { find_typescript } = require('./finding.cjs');
const { Records, folder_of_cache } = require('./records.cjs');
const { problems_text } = require('./problems.cjs');
const { declaration_error } = require('../declaration.cjs');
const { find_written, is_source } = require('./written.cjs');

/** A program that takes TypeScript longer than this is not waited for. */
const EXTRACT_MS_MAX = 300_000;
const ANSWER_BYTES_MAX = 64 * 1024 * 1024;

/**
 * @typedef {import('./signatures.cjs').Described} Described
 * @typedef {object} Options
 * @property {string} [root] the service's folder: where TypeScript is looked for, if not beside the file
 * @property {string} [entry] the service's entry: what it imports is told of at once
 * @property {string} [tsconfig] else the nearest one
 * @property {string | null} [cache] the folder of what is known; `null`: there is none
 */

/** By file. @type {Map<string, Described[]>} */
const known = new Map();

/**
 * @param {string} file absolute, without symbolic links, as Node names it
 * @param {Options} [options]
 * @returns {Described[]} in the order of the source; none where nothing tells of this module's types
 * @throws {SyntaxError} that names each place where a type cannot cross, or says what is missing
 */
function describe(file, options = {}) {
  let functions = known.get(file);
  if (functions === undefined) {
    functions = is_source(file) ? of_source(file, options) : of_written(file);
    known.set(file, functions);
  }
  return functions;
}

/** @param {string} file @param {Options} options @returns {Described[]} */
function of_source(file, { root = process.cwd(), entry = entry_of_program(), tsconfig, cache = folder_of_cache(getEnvironmentData('DIGLOT_TYPESCRIPT')) }) {
  let typescript;
  try {
    typescript = find_typescript(file, root);
  } catch (error) {
    // Installed without what only development needs.
    const written = of_written(file);
    if (written.length > 0) return written;
    throw declaration_error(`${file}: ${error.message}`);
  }
  const records = new Records(cache, [typescript.version, typescript.path, root, tsconfig ?? '']);
  const found = records.find(file);
  if (found.functions !== null) return found.functions;
  // What has changed since is asked for alone: the others are most often still known.
  const answer = extract({ root, file, tsconfig, entry: found.is_known ? undefined : entry });
  for (const [name, of_file] of Object.entries(answer.files)) if (of_file.problems.length === 0) records.store(name, of_file, answer);
  const { functions, problems } = answer.files[file];
  if (problems.length > 0) throw declaration_error(problems_text(problems));
  return functions;
}

/** @returns {string | undefined} */
function entry_of_program() {
  const entry = process.argv[1];
  return entry !== undefined && is_source(entry) && fs.existsSync(entry) ? fs.realpathSync.native(entry) : undefined;
}

/** @param {import('./extract.cjs').Question} question @returns {import('./extract.cjs').Answer} */
function extract(question) {
  // Hardly ever needed, and long to load.
  const { spawnSync } = require('node:child_process');
  const { status, signal, stdout, stderr, error } = spawnSync(process.execPath, [join(__dirname, 'extract.cjs')], {
    input: JSON.stringify(question),
    env: environment(),
    cwd: question.root,
    maxBuffer: ANSWER_BYTES_MAX,
    timeout: EXTRACT_MS_MAX,
    killSignal: 'SIGKILL',
  });
  if (status === 0) return JSON.parse(stdout.toString());
  const why = error?.message ?? (signal === null ? String(stderr).trim() : `killed by ${signal}`);
  throw declaration_error(`${question.file}: its types cannot be read: ${why}`);
}

/** Nothing that makes a worker of a process, or gives it options. */
function environment() {
  const entries = Object.entries(process.env).filter(([name]) => !name.startsWith('DIGLOT_') && name !== 'NODE_OPTIONS' && name !== 'NODE_CHANNEL_FD');
  return Object.fromEntries(entries);
}

/** @param {string} file @returns {Described[]} what `diglot types` wrote of it */
function of_written(file) {
  try {
    return find_written(file);
  } catch (error) {
    throw declaration_error(error.message);
  }
}

/**
 * The function of one call of func().
 *
 * @param {{ file: string, line: number, column: number }} place of the call
 * @param {(string | null | undefined)[]} names that it may have, for modules that are compiled beforehand
 * @param {Options} [options]
 * @returns {Described | null} `null`: nothing tells of its types
 */
function described_at(place, names, options) {
  const all = describe(place.file, options);
  const distance = ({ column }) => Math.abs(column - place.column);
  const [nearest] = all.filter(({ line }) => line === place.line).sort((one, other) => distance(one) - distance(other));
  return nearest ?? all.find(({ line, name }) => line === undefined && names.includes(name)) ?? null;
}

module.exports = { describe, described_at };
