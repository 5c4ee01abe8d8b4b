'use strict';
// The calls of `func` from "diglot" in a source, and what each is bound to.

const { is_of_sdk } = require('./options.cjs');

const PACKAGE = 'diglot';

/**
 * @typedef {object} Found
 * @property {any} node the call
 * @property {any} callee the identifier `func` itself, whose place stacks show
 * @property {string | null} name of the const, export or property that it is bound to
 * @property {any} bound the node of that name
 */

/**
 * Local names, with the place of their declaration: of `func`, of the whole package; and what comes from elsewhere.
 *
 * @typedef {{ func: Map<string, number>, whole: Map<string, number>, others: Set<string> }} Imports
 */

/**
 * @param {import('./compiler.cjs').Compiler} compiler
 * @param {any} source
 * @returns {Found[]}
 */
function find_calls(compiler, source) {
  const { SyntaxKind } = compiler;
  const imports = imports_of(compiler, source);
  /** @type {Found[]} */
  const found = [];
  const walk = (node) => {
    if (node.kind === SyntaxKind.CallExpression) {
      const callee = func_of(compiler, node.expression, imports);
      if (callee !== null) found.push({ node, callee, ...binding_of(compiler, node) });
    }
    node.forEachChild(walk);
  };
  walk(source);
  return found;
}

/**
 * @param {import('./compiler.cjs').Compiler} compiler
 * @param {any} source
 * @returns {Imports}
 */
function imports_of(compiler, source) {
  const { SyntaxKind } = compiler;
  const imports = { func: new Map(), whole: new Map(), others: new Set() };
  for (const statement of source.statements) {
    if (statement.kind === SyntaxKind.ImportDeclaration) {
      const clause = statement.importClause;
      if (clause === undefined) continue;
      const is_ours = statement.moduleSpecifier.text === PACKAGE;
      const bindings = clause.namedBindings;
      if (clause.name !== undefined && is_ours) imports.whole.set(clause.name.text, clause.pos);
      if (bindings?.kind === SyntaxKind.NamespaceImport && is_ours) imports.whole.set(bindings.name.text, bindings.pos);
      if (bindings?.kind !== SyntaxKind.NamedImports) continue;
      for (const element of bindings.elements) {
        const original = (element.propertyName ?? element.name).text;
        if (!is_ours) imports.others.add(element.name.text);
        else if (original === 'func') imports.func.set(element.name.text, element.pos);
        else if (original === 'default') imports.whole.set(element.name.text, element.pos);
      }
    } else if (statement.kind === SyntaxKind.ImportEqualsDeclaration) {
      if (statement.moduleReference.expression?.text === PACKAGE) imports.whole.set(statement.name.text, statement.pos);
    } else if (statement.kind === SyntaxKind.VariableStatement) {
      for (const declaration of statement.declarationList.declarations) required(compiler, declaration, imports);
    }
  }
  return imports;
}

/** `const { func } = require("diglot")`. @param {import('./compiler.cjs').Compiler} compiler @param {any} declaration @param {Imports} imports */
function required(compiler, { name, initializer: value, pos }, imports) {
  const { SyntaxKind } = compiler;
  if (value?.kind !== SyntaxKind.CallExpression || value.expression.text !== 'require' || value.arguments[0]?.text !== PACKAGE) return;
  if (name.kind === SyntaxKind.Identifier) imports.whole.set(name.text, pos);
  for (const element of name.elements ?? []) if ((element.propertyName ?? element.name).text === 'func') imports.func.set(element.name.text, element.pos);
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} callee @param {Imports} imports @returns {any} `null`: it is something else */
function func_of(compiler, callee, imports) {
  const { SyntaxKind } = compiler;
  if (callee.kind === SyntaxKind.PropertyAccessExpression) {
    const is_ours = callee.expression.kind === SyntaxKind.Identifier && is_imported(compiler, callee.expression, imports.whole);
    return is_ours && callee.name.text === 'func' ? callee.name : null;
  }
  if (callee.kind !== SyntaxKind.Identifier) return null;
  if (is_imported(compiler, callee, imports.func)) return callee;
  return imports.others.has(callee.text) && is_passed_on(compiler, callee) ? callee : null;
}

/** Whether a name means what the file imports by it, and nothing of its own scope. @param {import('./compiler.cjs').Compiler} compiler @param {any} name @param {Map<string, number>} imported */
function is_imported(compiler, name, imported) {
  const pos = imported.get(name.text);
  if (pos === undefined) return false;
  const symbol = compiler.checker.getSymbolAtLocation(name);
  return symbol !== undefined && compiler.declarations_of(symbol).some((node) => node.pos === pos);
}

/** Whether it is `func`, exported again by another module. @param {import('./compiler.cjs').Compiler} compiler @param {any} callee */
function is_passed_on(compiler, callee) {
  let symbol = compiler.checker.getSymbolAtLocation(callee);
  if (symbol === undefined || !(symbol.flags & compiler.SymbolFlags.Alias)) return false;
  symbol = compiler.checker.getAliasedSymbol(symbol);
  return symbol.name === 'func' && compiler.declarations_of(symbol).some((node) => is_of_sdk(node.getSourceFile().fileName));
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} call @returns {{ name: string | null, bound: any }} */
function binding_of(compiler, call) {
  const { SyntaxKind } = compiler;
  const around = [SyntaxKind.ParenthesizedExpression, SyntaxKind.AsExpression, SyntaxKind.SatisfiesExpression, SyntaxKind.NonNullExpression];
  let node = call;
  while (around.includes(node.parent.kind)) node = node.parent;
  const { parent } = node;
  switch (parent.kind) {
    case SyntaxKind.VariableDeclaration:
    case SyntaxKind.PropertyAssignment:
    case SyntaxKind.PropertyDeclaration:
      return typeof parent.name.text === 'string' ? { name: parent.name.text, bound: parent.name } : { name: null, bound: null };
    case SyntaxKind.BinaryExpression: {
      // exports.similar = func(…)
      const target = parent.left.kind === SyntaxKind.PropertyAccessExpression ? parent.left.name : parent.left;
      return parent.operatorToken.kind === SyntaxKind.EqualsToken && typeof target.text === 'string' ? { name: target.text, bound: target } : { name: null, bound: null };
    }
    default:
      return { name: null, bound: null };
  }
}

module.exports = { find_calls };
