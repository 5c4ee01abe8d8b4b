'use strict';
// The compiler's interface of TypeScript 5 and 6, which is JavaScript in this process.

const { dirname } = require('node:path');
const { BASE, FORCED, layout_of, project_of, sdk_paths, with_extended } = require('./options.cjs');

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

  project(config) {
    const { options, fileNames } = this._parse(config);
    return { files: fileNames, layout: layout_of(config, options, fileNames, this.version) };
  }

  open(files, config) {
    const ts = this._ts;
    const parsed = config === null ? null : project_of(config, files[0], (path) => this._parse(path));
    const options = { ...(parsed === null ? this._options(BASE) : parsed.options), ...FORCED };
    // What `tsc` would write.
    for (const key of ['incremental', 'composite', 'tsBuildInfoFile', 'declaration', 'declarationMap', 'emitDeclarationOnly', 'isolatedDeclarations']) delete options[key];
    options.paths = sdk_paths(files[0], options.paths);
    const ambient = parsed === null ? [] : parsed.fileNames.filter((name) => /\.d\.[cm]?ts$/.test(name));
    this.program = ts.createProgram({ rootNames: [...files, ...ambient], options });
    this.checker = this.program.getTypeChecker();
    this.layout = parsed === null ? null : layout_of(parsed.path, parsed.options, parsed.fileNames, this.version);
    this.configs = parsed === null ? [] : with_extended(parsed.path);
  }

  /** @param {object} said compiler options as a tsconfig.json has them */
  _options(said) {
    return this._ts.convertCompilerOptionsFromJson(said, process.cwd()).options;
  }

  /** @param {string} config a tsconfig.json */
  _parse(config) {
    const ts = this._ts;
    const read = ts.readConfigFile(config, ts.sys.readFile);
    if (read.error !== undefined) throw new SyntaxError(`${config}: ${ts.flattenDiagnosticMessageText(read.error.messageText, '\n')}`);
    return { ...ts.parseJsonConfigFileContent(read.config, ts.sys, dirname(config), undefined, config), path: config };
  }

  sources() {
    return this.program.getSourceFiles();
  }

  is_library(source) {
    return this.program.isSourceFileDefaultLibrary(source);
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

  close() {}
}

module.exports = { Classic };
