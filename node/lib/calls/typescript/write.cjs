'use strict';
// A process that answers one question of `diglot types`: what is this service's entry made of, and what is to stand in its
// `diglot.functions.json`?

const fs = require('node:fs');
const { dirname, join } = require('node:path');
const { answer } = require('./answering.cjs');
const { load_compiler } = require('./compiler.cjs');
const { extract } = require('./extract.cjs');
const { find_typescript } = require('./finding.cjs');
const { problems_text } = require('./problems.cjs');
const { NAME, is_source, module_of, written_of } = require('./written.cjs');

/**
 * @param {{ root: string, entry: string, always: boolean }} question `always`: also where the project makes no modules of its sources, as bundlers do
 * @returns {Promise<{ source: string | null, written: { path: string, text: string } | null }>} `written` is `null` where the service needs none
 */
async function write({ root, entry, always }) {
  try {
    find_typescript(entry, root);
  } catch {
    // Without it no types are read; a service that needs them says so itself.
    return { source: null, written: null };
  }
  const source = is_source(entry) ? entry : await source_of(root, entry);
  return { source, written: source === null ? null : await functions_of(root, source, always || source !== entry) };
}

/** @param {string} root @param {string} file a source @param {boolean} always @returns {Promise<{ path: string, text: string } | null>} */
async function functions_of(root, file, always) {
  const { files, layout } = await extract({ root, file });
  if (layout === null || !(always || layout.is_compiled || fs.existsSync(join(layout.folder, NAME)))) return null;
  const problems = Object.values(files).flatMap((of_file) => of_file.problems);
  if (problems.length > 0) throw new Error(problems_text(problems));
  return written_of(layout, files);
}

/** @param {string} root @param {string} entry a module @returns {Promise<string | null>} what it is made of */
async function source_of(root, entry) {
  const compiler = await load_compiler(entry, root);
  try {
    const config = compiler.find_config(join(dirname(entry), 'source.ts'));
    if (config === null) return null;
    const { files, layout } = compiler.project(config);
    return files.find((file) => is_source(file) && !/\.d\.[cm]?ts$/.test(file) && module_of(layout, file) === entry) ?? null;
  } finally {
    compiler.close();
  }
}

if (require.main === module) answer(write);

module.exports = { write };
