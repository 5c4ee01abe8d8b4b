'use strict';
// The compiler's interface of TypeScript 7, which is a process of its own: nodes come here, symbols and types by their numbers.

const { basename, dirname, extname, join, resolve } = require('node:path');
const fs = require('node:fs');
const { BASE, FORCED, layout_of, project_of, sdk_paths, with_extended } = require('./options.cjs');

/** @implements {import('./compiler.cjs').Compiler} */
class Native {
  /** @param {string} version @param {any} sync `typescript/unstable/sync` @param {any} ast `typescript/unstable/ast` */
  constructor(version, sync, ast) {
    this._sync = sync;
    this.version = version;
    this.TypeFlags = sync.TypeFlags;
    this.ObjectFlags = sync.ObjectFlags;
    this.SymbolFlags = sync.SymbolFlags;
    this.ElementFlags = sync.ElementFlags;
    this.SyntaxKind = ast.SyntaxKind;
  }

  find_config(file) {
    for (let folder = dirname(file); ; folder = dirname(folder)) {
      const config = join(folder, 'tsconfig.json');
      if (fs.existsSync(config)) return config;
      if (folder === dirname(folder)) return null;
    }
  }

  project(config) {
    const api = new this._sync.API({ cwd: dirname(config) });
    try {
      const { options, fileNames } = api.parseConfigFile(config);
      return { files: fileNames, layout: layout_of(config, options, fileNames, this.version) };
    } finally {
      api.close();
    }
  }

  open(files, nearest) {
    // A project of ours around the user's: it wants these files and no others.
    const name = `tsconfig.${basename(files[0], extname(files[0]))}.diglot.json`;
    let path = '';
    let said = '';
    const readFile = (file) => (file === path ? said : undefined);
    this._api = new this._sync.API({ cwd: dirname(files[0]), fs: { readFile, fileExists: (file) => (file === path ? true : undefined) } });
    const parsed = nearest === null ? null : project_of(nearest, files[0], (config) => ({ ...this._api.parseConfigFile(config), path: config }));
    const config = parsed?.path ?? null;
    path = join(dirname(config ?? files[0]), name);
    const paths = sdk_paths(files[0], absolute(parsed?.options));
    const ambient = parsed === null ? [] : parsed.fileNames.filter((name) => /\.d\.[cm]?ts$/.test(name));
    const options = { ...(config === null ? BASE : {}), ...FORCED, incremental: false, composite: false, declaration: false, ...(paths === undefined ? {} : { paths }) };
    said = JSON.stringify({ ...(config === null ? {} : { extends: config }), compilerOptions: options, files: [...files, ...ambient], include: [], references: [] });
    this._project = this._api.updateSnapshot({ openProjects: [path] }).getProject(path);
    if (this._project === undefined) throw new Error(`TypeScript ${this.version} does not open ${config ?? files[0]}`);
    this.program = this._project.program;
    this.checker = this._project.checker;
    this.layout = parsed === null ? null : layout_of(config, parsed.options, parsed.fileNames, this.version);
    this.configs = config === null ? [] : with_extended(config);
  }

  sources() {
    return this.program.getSourceFileNames().map((name) => this.program.getSourceFile(name));
  }

  is_library(source) {
    return this.program.isSourceFileDefaultLibrary(source);
  }

  symbol_of(type) {
    return type.getSymbol();
  }

  alias_of(type) {
    return type.getAliasSymbol();
  }

  alias_arguments(type) {
    return type.getAliasTypeArguments() ?? [];
  }

  parts_of(type) {
    return type.getTypes();
  }

  element_flags(type) {
    return type.getTarget().elementFlags;
  }

  is_error(type) {
    return type.isErrorType();
  }

  literal_of(type) {
    return type.value;
  }

  is_true(type) {
    return type.value === true;
  }

  template_of(type) {
    return { texts: type.texts, types: type.getTypes() };
  }

  declarations_of(symbol) {
    return (symbol.declarations ?? []).map((handle) => handle.resolve(this._project)).filter((node) => node !== undefined);
  }

  signatures_of(type) {
    return this.checker.getSignaturesOfType(type, this._sync.SignatureKind.Call);
  }

  constructors_of(type) {
    return this.checker.getSignaturesOfType(type, this._sync.SignatureKind.Construct);
  }

  declaration_of_signature(signature) {
    return signature.declaration?.resolve(this._project);
  }

  parameters_of(signature) {
    return signature.getParameters();
  }

  type_parameters_of(signature) {
    return signature.typeParameters ?? [];
  }

  doc_of(symbol) {
    return symbol.getDocumentationComment(this.checker);
  }

  tags_of(symbol) {
    return symbol.getJsDocTags(this.checker).map(({ name, text }) => ({ name, text: text ?? '' }));
  }

  close() {
    this._api?.close();
  }
}

/** @param {any} options of a configuration @returns {Record<string, string[]> | undefined} `paths`, which are relative to the configuration that says them */
function absolute({ paths, pathsBasePath: base } = {}) {
  if (paths === undefined || base === undefined) return paths;
  return Object.fromEntries(Object.entries(paths).map(([pattern, places]) => [pattern, places.map((place) => resolve(base, place))]));
}

module.exports = { Native };
