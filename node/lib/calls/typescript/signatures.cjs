'use strict';
// One call of `func`: the names and schemas of the function's parameters and of its result.

const { comment_of, constraints_of, described } = require('./docs.cjs');
const { errors_of } = require('./errors.cjs');
const { Types } = require('./types.cjs');

/** What a stream of items may be declared as. */
const STREAMS = new Set(['AsyncIterable', 'AsyncIterableIterator', 'AsyncIterator', 'AsyncGenerator', 'AsyncIteratorObject', 'ReadableStream']);
const PROMISES = new Set(['Promise', 'PromiseLike']);

class Unusable extends Error {}

/**
 * All names are in the source's spelling.
 *
 * @typedef {object} Described
 * @property {number} line of `func` in the source, from 1
 * @property {number} column likewise
 * @property {string | null} name what the call says, or is bound to
 * @property {boolean} has_schema the program gives `input` itself: there is nothing but the name and the place
 * @property {string[] | null} [params] the parameters' names in their order; `null`: they are the properties of one object
 * @property {any} [params_schema] of an object of them, without the one that is a stream
 * @property {any} [result] schema of what is returned, or of an item of the stream; not where the call gives `output`
 * @property {boolean} [stream] it answers with items
 * @property {{ name: string, schema: any }} [input] the parameter that is a stream, and of what
 * @property {Record<string, any>} [errors] schemas of the data of the errors whose classes it declares
 * @property {string} [doc]
 */

/**
 * @param {import('./compiler.cjs').Compiler} compiler
 * @param {import('./find.cjs').Found} found
 * @param {(names: Iterable<string>, failed: (problem: string) => never) => Map<string, string>} crossing
 * @param {(node: any, message: string) => void} problem
 * @returns {Described}
 */
function describe_call(compiler, found, crossing, problem) {
  const { node, callee, name: bound_name, bound } = found;
  const { line, character } = callee.getSourceFile().getLineAndCharacterOfPosition(callee.getStart());
  const place = { line: line + 1, column: character + 1 };
  const given = [...node.arguments];
  const options = given.length > 1 ? given[0] : undefined;
  const fn = given.at(-1);
  const said = options_of(compiler, options);
  const own = { ...place, name: said.name ?? bound_name ?? name_of_function(compiler, fn) };
  if (said.has_input) return { ...own, has_schema: true };
  try {
    const comments = comments_of(compiler, bound, fn);
    return { ...own, has_schema: false, ...signature_of(compiler, { fn, options, has_output: said.has_output }, comments, crossing, problem), ...(comments.description === undefined ? {} : { doc: comments.description }) };
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    problem(fn ?? node, error.message);
    return { ...own, has_schema: false };
  }
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} node @returns {{ name?: string, has_input: boolean, has_output: boolean }} */
function options_of(compiler, node) {
  if (node === undefined) return { has_input: false, has_output: false };
  const { SyntaxKind } = compiler;
  if (node.kind === SyntaxKind.ObjectLiteralExpression && node.properties.every(({ kind }) => kind !== SyntaxKind.SpreadAssignment)) {
    const member = (name) => node.properties.find((property) => property.name?.text === name);
    const name = member('name')?.initializer;
    return { ...(typeof name?.text === 'string' ? { name: name.text } : {}), has_input: member('input') !== undefined, has_output: member('output') !== undefined };
  }
  const type = compiler.checker.getTypeAtLocation(node);
  const names = type === undefined ? [] : compiler.checker.getPropertiesOfType(type).map(({ name }) => name);
  return { has_input: names.includes('input'), has_output: names.includes('output') };
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} fn */
function name_of_function(compiler, fn) {
  if (fn?.kind === compiler.SyntaxKind.Identifier) return fn.text;
  return fn?.name?.text ?? null;
}

/** Comments stand at the const that is exported, or at the function itself. @param {import('./compiler.cjs').Compiler} compiler @param {any} bound @param {any} fn */
function comments_of(compiler, bound, fn) {
  const nodes = [bound, fn?.kind === compiler.SyntaxKind.Identifier ? fn : fn?.name];
  for (const node of nodes) {
    const symbol = node === undefined || node === null ? undefined : compiler.checker.getSymbolAtLocation(node);
    if (symbol === undefined) continue;
    const comment = comment_of(compiler, symbol);
    if (comment.description !== undefined || comment.tags.length > 0) return comment;
  }
  return { tags: [] };
}

function signature_of(compiler, { fn, options, has_output }, comments, crossing, problem) {
  const type = fn === undefined ? undefined : compiler.checker.getTypeAtLocation(fn);
  const signatures = type === undefined ? [] : compiler.signatures_of(type);
  if (signatures.length !== 1) throw new Unusable(signatures.length === 0 ? 'func() takes a function, last' : 'a function with overloads cannot be offered: which of them would be meant?');
  const [signature] = signatures;
  if (compiler.type_parameters_of(signature).length > 0) throw new Unusable('a generic function cannot be offered: its types have to be known');
  const types = new Types(compiler, problem);
  const parameters = compiler.parameters_of(signature).map((symbol) => parameter_of(compiler, symbol));
  const is_object = parameters.length === 1 && parameters[0].is_pattern;
  if (!is_object && parameters.some(({ is_pattern }) => is_pattern)) throw new Unusable('one parameter alone may be an object taken apart: its properties are the parameters then');
  const taken = is_object ? properties_of(compiler, parameters[0], types) : positions_of(parameters, types, comments, problem);
  const names = taken.map(({ name }) => name);
  crossing(names, (message) => {
    throw new Unusable(message);
  });
  const streams = taken.filter(({ stream }) => stream !== undefined);
  if (streams.length > 1) throw new Unusable(`one parameter may be a stream, not ${streams.map(({ name }) => name).join(' and ')}`);
  const input = streams.map(({ name, stream }) => ({ name, schema: complete(types, stream) }))[0];
  const values = taken.filter(({ stream }) => stream === undefined);
  const required = values.filter(({ may_be_absent }) => !may_be_absent).map(({ name }) => name);
  const params_schema = {
    type: 'object',
    properties: Object.fromEntries(values.map(({ name, schema }) => [name, schema])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  };
  const errors = Object.entries(errors_of(types, options)).map(([type, data]) => [type, complete(types, data)]);
  const takes = {
    params: is_object ? null : names,
    params_schema: complete(types, params_schema),
    ...(input === undefined ? {} : { input }),
    ...(errors.length === 0 ? {} : { errors: Object.fromEntries(errors) }),
  };
  const { type: of, node, stream } = result_of(compiler, signature, types, fn);
  // The program gives a schema of its own for what it may be.
  if (has_output) return { ...takes, stream };
  return { ...takes, stream, result: complete(types, types.schema(of, node, stream ? 'the result[]' : 'the result')) };
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} symbol of a parameter */
function parameter_of(compiler, symbol) {
  const { SyntaxKind } = compiler;
  const [node] = compiler.declarations_of(symbol);
  if (node?.kind !== SyntaxKind.Parameter) throw new Unusable(`the parameter ${symbol.name} is not declared in the source`);
  const is_pattern = node.name.kind === SyntaxKind.ObjectBindingPattern;
  if (node.name.kind === SyntaxKind.ArrayBindingPattern) throw new Unusable('a parameter cannot be an array taken apart: give it a name');
  const name = is_pattern ? 'the parameters' : node.name.text;
  if (node.dotDotDotToken !== undefined) throw new Unusable(`parameters are given by name, which ...${name} has none of: take an array`);
  if (node.type === undefined) throw new Unusable(`${is_pattern ? 'the parameters have' : `the parameter ${name} has`} no type: write it, other languages are told it`);
  return { symbol, node, name, is_pattern, initializer: node.initializer };
}

/** @param {any[]} parameters @param {Types} types @param {{ tags: { name: string, text: string }[] }} comments @param {(node: any, message: string) => void} problem */
function positions_of(parameters, types, comments, problem) {
  return parameters.map(({ symbol, node, name, initializer }) => {
    const type = types.checker.getTypeFromTypeNode(node.type);
    const stream = stream_of(types, type, node, name);
    if (stream !== null) return { name, stream, may_be_absent: false };
    const is_optional = node.questionToken !== undefined || initializer !== undefined;
    types.schema_path(node, name);
    const { schema, may_be_absent } = types.property(type, is_optional, types.written(symbol, type));
    const said = comments.tags.find(({ name: tag, text }) => tag === 'param' && text.split(/\s/, 1)[0] === name);
    const text = said?.text.slice(name.length).replace(/^\s*-?\s*/, '').trim();
    const own = constraints_of(types.compiler.tags_of(symbol), (message) => problem(node, `${name}: ${message}`));
    const preset = constant_of(types.compiler, initializer);
    const whole = described(schema, text === undefined || text === '' ? undefined : text, preset === undefined ? own : { ...own, default: preset });
    return { name, schema: whole, may_be_absent };
  });
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} parameter taken apart @param {Types} types */
function properties_of(compiler, { node, initializer }, types) {
  const type = types.checker.getTypeFromTypeNode(node.type);
  if (compiler.checker.getIndexInfosOfType(type).length > 0) throw new Unusable('the parameters have to be known by name: an index signature says nothing of them');
  /** What a property is if it is not given, by its name. @type {Map<string, any>} */
  const presets = new Map();
  for (const element of node.name.elements) {
    if (element.initializer !== undefined) presets.set((element.propertyName ?? element.name).text, element.initializer);
  }
  return compiler.checker.getPropertiesOfType(type).map((symbol) => {
    const { name } = symbol;
    const own = compiler.checker.getTypeOfSymbol(symbol);
    const stream = stream_of(types, own, node, name);
    if (stream !== null) return { name, stream, may_be_absent: false };
    types.schema_path(compiler.declarations_of(symbol)[0] ?? node, name);
    const is_optional = (symbol.flags & compiler.SymbolFlags.Optional) !== 0;
    const { schema, may_be_absent } = types.property(own, is_optional, types.written(symbol, own));
    const comment = comment_of(compiler, symbol);
    const constraints = constraints_of(comment.tags, (message) => types.fail(message));
    const preset = constant_of(compiler, presets.get(name));
    const whole = described(schema, comment.description, preset === undefined ? constraints : { ...constraints, default: preset });
    return { name, schema: whole, may_be_absent: may_be_absent || initializer !== undefined };
  });
}

/** @param {Types} types @param {any} type @param {any} node @param {string} path @returns {any} schema of an item; `null`: it is no stream */
function stream_of(types, type, node, path) {
  const item = item_of(types, type);
  return item === null ? null : types.schema(item, node, `${path}[]`);
}

/** @param {Types} types @param {any} type @returns {any} what a stream is of */
function item_of(types, type) {
  const symbol = types.compiler.symbol_of(type);
  if (symbol === undefined || !STREAMS.has(symbol.name) || !types.is_foreign(symbol)) return null;
  return types.checker.getTypeArguments(type)[0] ?? null;
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} signature @param {Types} types @param {any} fn */
function result_of(compiler, signature, types, fn) {
  const declared = compiler.declaration_of_signature(signature);
  const node = declared?.type ?? fn;
  const whole = compiler.checker.getReturnTypeOfSignature(signature);
  const awaited = (type) => {
    const symbol = compiler.symbol_of(type);
    if (symbol === undefined || !PROMISES.has(symbol.name) || !types.is_foreign(symbol)) return type;
    return awaited(compiler.checker.getTypeArguments(type)[0]);
  };
  const parts = whole.flags & compiler.TypeFlags.Union ? compiler.parts_of(whole) : [];
  if (parts.some((part) => awaited(part) !== part)) throw new Unusable('the result is sometimes a promise: make the function async');
  const type = awaited(whole);
  const item = item_of(types, type);
  return { type: item ?? type, node, stream: item !== null };
}

/** @param {import('./compiler.cjs').Compiler} compiler @param {any} node @returns {any} its value where it is a literal */
function constant_of(compiler, node) {
  const { SyntaxKind } = compiler;
  switch (node?.kind) {
    case SyntaxKind.StringLiteral:
    case SyntaxKind.NoSubstitutionTemplateLiteral:
      return node.text;
    case SyntaxKind.NumericLiteral:
      return Number(node.text);
    case SyntaxKind.PrefixUnaryExpression:
      return node.operator === SyntaxKind.MinusToken && node.operand.kind === SyntaxKind.NumericLiteral ? -Number(node.operand.text) : undefined;
    case SyntaxKind.TrueKeyword:
      return true;
    case SyntaxKind.FalseKeyword:
      return false;
    case SyntaxKind.NullKeyword:
      return null;
    default:
      return undefined;
  }
}

/** A schema with the definitions it leads to, and no others. @param {Types} types @param {any} schema */
function complete(types, schema) {
  /** @type {Record<string, any>} */
  const definitions = {};
  const gather = (part) => {
    if (part === null || typeof part !== 'object') return;
    if (typeof part.$ref === 'string') {
      const name = part.$ref.slice('#/$defs/'.length);
      if (!Object.hasOwn(definitions, name)) {
        definitions[name] = types.definitions[name];
        gather(definitions[name]);
      }
    }
    for (const value of Object.values(part)) gather(value);
  };
  gather(schema);
  return Object.keys(definitions).length === 0 ? schema : { ...schema, $defs: definitions };
}

module.exports = { describe_call };
