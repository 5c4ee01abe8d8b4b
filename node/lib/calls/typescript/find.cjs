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
 * @returns {{ func: Set<string>, whole: Set<string>, others: Set<string> }} local names: of `func`, of the whole package, and what comes from elsewhere
 */
function imports_of(compiler, source) {
  const { SyntaxKind } = compiler;
  const imports = { func: new Set(), whole: new Set(), others: new Set() };
  for (const statement of source.statements) {
    if (statement.kind === SyntaxKind.ImportDeclaration) {
      const clause = statement.importClause;
      if (clause === undefined) continue;
      const is_ours = statement.moduleSpecifier.text === PACKAGE;
      const bindings = clause.namedBindings;
      if (clause.name !== undefined && is_ours) imports.whole.add(clause.name.text);
      if (bindings?.kind === SyntaxKind.NamespaceImport && is_ours) imports.whole.add(bindings.name.text);
      if (bindings?.kind !== SyntaxKind.NamedImports) continue;
      for (const element of bindings.elements) {
        const original = (element.propertyName ?? element.name).text;
        if (!is_ours) imports.others.add(element.name.text);
        else if (original === 'func') imports.func.add(element.name.text);
        else if (original === 'default') imports.whole.add(element.name.text);
      }
    } else if (statement.kind === SyntaxKind.ImportEqualsDeclaration) {
      if (statement.moduleReference.expression?.text === PACKAGE) imports.whole.add(statement.name.text);
    } else if (statement.kind === SyntaxKind.VariableStatement) {
      for (const { name, initializer } of statement.declarationList.declarations) required(compiler, name, initializer, imports);
    }
  }
  return imports;
}

/** `const { func } = require("diglot")`. @param {import('./compiler.cjs').Compiler} compiler @param {any} name @param {any} value @param {{ func: Set<string>, whole: Set<string> }} imports */
function required(compiler, name, value, imports) {
  const { SyntaxKind } = compiler;
  if (value?.kind !== SyntaxKind.CallExpression || value.expression.text !== 'require' || value.arguments[0]?.text !== PACKAGE) return;
  if (name.kind === SyntaxKind.Identifier) imports.whole.add(name.text);
  for (const element of name.elements ?? []) if ((element.propertyName ?? element.name).text === 'func') imports.func.add(element.name.text);
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} callee @param {ReturnType<typeof imports_of>} imports @returns {any} `null`: it is something else */
function func_of(compiler, callee, imports) {
  const { SyntaxKind } = compiler;
  if (callee.kind === SyntaxKind.PropertyAccessExpression) {
    const is_ours = callee.expression.kind === SyntaxKind.Identifier && imports.whole.has(callee.expression.text);
    return is_ours && callee.name.text === 'func' ? callee.name : null;
  }
  if (callee.kind !== SyntaxKind.Identifier) return null;
  if (imports.func.has(callee.text)) return callee;
  return imports.others.has(callee.text) && is_passed_on(compiler, callee) ? callee : null;
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
