'use strict';
// The user's own `typescript`, whichever it is, behind one interface.

const { dirname, join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { Classic } = require('./classic.cjs');
const { find_typescript } = require('./finding.cjs');
const { Native } = require('./native.cjs');

/**
 * Types, symbols, signatures and nodes are the compiler's own, and `checker` has what is named and does the same in both.
 *
 * @typedef {object} Compiler
 * @property {string} version
 * @property {any} TypeFlags
 * @property {any} ObjectFlags
 * @property {any} SymbolFlags
 * @property {any} ElementFlags
 * @property {any} SyntaxKind
 * @property {any} checker once it is open
 * @property {import('./options.cjs').Layout | null} layout once it is open; `null`: there is no configuration
 * @property {string[]} configs once it is open: the configuration's files
 * @property {(file: string) => string | null} find_config the tsconfig.json that is nearest to it
 * @property {(config: string) => { files: string[], layout: import('./options.cjs').Layout }} project a tsconfig.json's own files, and where their modules are
 * @property {(files: string[], config: string | null) => void} open a program of these files, of what they import, and of the project's ambient declarations
 * @property {() => any[]} sources all files of the program
 * @property {(source: any) => boolean} is_library whether it is one of TypeScript's own
 * @property {(type: any) => any} symbol_of
 * @property {(type: any) => any} alias_of
 * @property {(type: any) => any[]} alias_arguments
 * @property {(type: any) => any[]} parts_of of a union or intersection
 * @property {(type: any) => any[]} element_flags of a tuple
 * @property {(type: any) => boolean} is_error whether it could not be found out
 * @property {(type: any) => string | number | bigint} literal_of
 * @property {(type: any) => boolean} is_true of a boolean's literal
 * @property {(type: any) => { texts: string[], types: any[] }} template_of
 * @property {(symbol: any) => any[]} declarations_of
 * @property {(type: any) => any[]} signatures_of
 * @property {(type: any) => any[]} constructors_of
 * @property {(signature: any) => any} declaration_of_signature
 * @property {(signature: any) => any[]} parameters_of
 * @property {(signature: any) => any[]} type_parameters_of
 * @property {(symbol: any) => string} doc_of
 * @property {(symbol: any) => { name: string, text: string }[]} tags_of
 * @property {() => void} close
 */

/** @param {string} file whose types are asked for @param {string} root the service's folder @returns {Promise<Compiler>} */
async function load_compiler(file, root) {
  const { path, version, native } = find_typescript(file, root);
  if (native === null) return new Classic(require(dirname(path)));
  const part = (part_name) => import(pathToFileURL(join(dirname(path), native[part_name])).href);
  return new Native(version, await part('./unstable/sync'), await part('./unstable/ast'));
}

module.exports = { load_compiler };
