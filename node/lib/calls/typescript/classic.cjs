'use strict';
// The compiler's interface of TypeScript 5 and 6, which is JavaScript in this process.

const { dirname, join } = require('node:path');
const { BASE, FORCED, sdk_paths } = require('./options.cjs');

/** @typedef {import('./compiler.cjs').Compiler} Compiler */

/** @implements {Compiler} */
class Classic {
  /** @param {any} ts the user's package */
  constructor(ts) {
    this._ts = ts;
    this.version = ts.version;
    this.TypeFlags = ts.TypeFlags;
    this.ObjectFlags = ts.ObjectFlags;
    this.SymbolFlags = ts.SymbolFlags;
    this.ElementFlags = ts.ElementFlags;
    this.SyntaxKind = ts.SyntaxKind;
  }

  find_config(file) {
    return this._ts.findConfigFile(dirname(file), this._ts.sys.fileExists) ?? null;
  }

  open(files, config) {
    const ts = this._ts;
    const parsed = config === null ? null : this._parse(config, files[0]);
    const options = { ...(parsed === null ? this._options(BASE) : parsed.options), ...FORCED };
    for (const key of ['incremental', 'composite', 'tsBuildInfoFile', 'declaration', 'declarationMap', 'emitDeclarationOnly', 'isolatedDeclarations', 'baseUrl']) {
      // What `tsc` would write. An old way to resolve names stays, where paths are relative to it.
      if (key !== 'baseUrl') delete options[key];
    }
    options.paths = sdk_paths(files[0], options.paths);
    const ambient = parsed === null ? [] : parsed.fileNames.filter((name) => /\.d\.[cm]?ts$/.test(name));
    this.program = ts.createProgram({ rootNames: [...files, ...ambient], options });
    this.checker = this.program.getTypeChecker();
    this.configs = parsed === null ? [] : [parsed.path, ...(parsed.options.configFile?.extendedSourceFiles ?? [])];
  }

  /** @param {object} said compiler options as a tsconfig.json has them */
  _options(said) {
    return this._ts.convertCompilerOptionsFromJson(said, process.cwd()).options;
  }

  /** That one of a solution's configurations which has the file. @param {string} config @param {string} file */
  _parse(config, file, seen = new Set()) {
    const ts = this._ts;
    seen.add(config);
    const read = ts.readConfigFile(config, ts.sys.readFile);
    if (read.error !== undefined) throw new SyntaxError(`${config}: ${ts.flattenDiagnosticMessageText(read.error.messageText, '\n')}`);
    const host = { ...ts.sys, useCaseSensitiveFileNames: true };
    const parsed = { ...ts.parseJsonConfigFileContent(read.config, host, dirname(config), undefined, config), path: config };
    parsed.options.configFile ??= { extendedSourceFiles: this._extended(config, read.config) };
    if (parsed.fileNames.includes(file) || parsed.projectReferences === undefined) return parsed;
    for (const reference of parsed.projectReferences) {
      const path = ts.resolveProjectReferencePath(reference);
      if (seen.has(path) || !ts.sys.fileExists(path)) continue;
      const other = this._parse(path, file, seen);
      if (other.fileNames.includes(file)) return other;
    }
    return parsed;
  }

  /** @param {string} config @param {any} said @returns {string[]} what it extends, by paths: packages are among the files that took part by their version */
  _extended(config, said) {
    const names = said.extends === undefined ? [] : [said.extends].flat();
    return names.filter((name) => /^\.{0,2}\//.test(name)).map((name) => join(dirname(config), name.endsWith('.json') ? name : `${name}.json`));
  }

  sources() {
    return this.program.getSourceFiles();
  }

  source(file) {
    return this.program.getSourceFile(file);
  }

  is_library(source) {
    return this.program.isSourceFileDefaultLibrary(source);
  }

  syntax_problems(source) {
    return this.program.getSyntacticDiagnostics(source).map((problem) => {
      const { line, character } = source.getLineAndCharacterOfPosition(problem.start ?? 0);
      return { line: line + 1, column: character + 1, message: this._ts.flattenDiagnosticMessageText(problem.messageText, '\n') };
    });
  }

  symbol_of(type) {
    return type.symbol;
  }

  alias_of(type) {
    return type.aliasSymbol;
  }

  alias_arguments(type) {
    return type.aliasTypeArguments ?? [];
  }

  parts_of(type) {
    return type.types;
  }

  element_flags(type) {
    return type.target.elementFlags;
  }

  target_of(type) {
    return type.target ?? type;
  }

  is_error(type) {
    return type.intrinsicName === 'error';
  }

  literal_of(type) {
    const { value } = type;
    if (value !== null && typeof value === 'object') return BigInt(`${value.negative ? '-' : ''}${value.base10Value}`);
    return value;
  }

  is_true(type) {
    return type.intrinsicName === 'true';
  }

  template_of(type) {
    return { texts: type.texts, types: type.types };
  }

  declarations_of(symbol) {
    return symbol.declarations ?? [];
  }

  signatures_of(type) {
    return this.checker.getSignaturesOfType(type, this._ts.SignatureKind.Call);
  }

  constructors_of(type) {
    return this.checker.getSignaturesOfType(type, this._ts.SignatureKind.Construct);
  }

  declaration_of_signature(signature) {
    return signature.declaration;
  }

  parameters_of(signature) {
    return signature.parameters;
  }

  type_parameters_of(signature) {
    return signature.typeParameters ?? [];
  }

  doc_of(symbol) {
    return this._ts.displayPartsToString(symbol.getDocumentationComment(this.checker));
  }

  tags_of(symbol) {
    return symbol.getJsDocTags(this.checker).map(({ name, text }) => ({ name, text: this._ts.displayPartsToString(text) }));
  }

  value_of_member(node) {
    return this.checker.getConstantValue(node);
  }

  close() {}
}

module.exports = { Classic };
