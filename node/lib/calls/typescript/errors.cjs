'use strict';
// The classes of the errors that a call of `func` declares, `{ errors: { OutOfStock } }`: what of them crosses.

const { comment_of, constraints_of, described } = require('./docs.cjs');
const { is_of_sdk } = require('./options.cjs');

/** What every error has, told beside its data or not at all. */
const OF_ERRORS = new Set(['cause', 'message', 'name', 'stack']);

/**
 * @param {import('./types.cjs').Types} types
 * @param {any} options of the call, if it has some
 * @returns {Record<string, any>} schemas of the data of those that have some, by the names they are declared by
 */
function errors_of(types, options) {
  const { compiler, checker } = types;
  /** @type {Record<string, any>} */
  const schemas = {};
  for (const symbol of members_of(checker, member_of(checker, options === undefined ? undefined : checker.getTypeAtLocation(options), 'errors'))) {
    const [made] = compiler.constructors_of(checker.getTypeOfSymbol(symbol));
    if (made === undefined) continue;
    const schema = data_of(types, checker.getReturnTypeOfSignature(made), compiler.declarations_of(symbol)[0] ?? options, `the error ${symbol.name}`);
    if (schema !== null) schemas[symbol.name] = schema;
  }
  return schemas;
}

/** @param {any} checker @param {any} type @param {string} name */
function member_of(checker, type, name) {
  const symbol = members_of(checker, type).find((member) => member.name === name);
  return symbol === undefined ? undefined : checker.getTypeOfSymbol(symbol);
}

function members_of(checker, type) {
  return type === undefined ? [] : checker.getPropertiesOfType(type);
}

/** Its `data`, or else the fields that the program gave it. @param {import('./types.cjs').Types} types @param {any} error @param {any} node @param {string} path @returns {any} `null`: it has none */
function data_of(types, error, node, path) {
  const { compiler, checker } = types;
  const own = checker.getPropertiesOfType(error).filter((property) => is_field(types, property));
  const data = own.find(({ name }) => name === 'data');
  if (data !== undefined) return types.schema(checker.getTypeOfSymbol(data), node, `${path}.data`);
  /** @type {Record<string, any>} */
  const properties = {};
  const required = [];
  for (const property of own) {
    const of = checker.getTypeOfSymbol(property);
    types.schema_path(node, `${path}.${property.name}`);
    const { schema, may_be_absent } = types.property(of, (property.flags & compiler.SymbolFlags.Optional) !== 0, types.written(property, of));
    const { description, tags } = comment_of(compiler, property);
    properties[property.name] = described(schema, description, constraints_of(tags, (message) => types.fail(message)));
    // What may be anything may be undefined.
    if (!may_be_absent && Object.keys(schema).length > 0) required.push(property.name);
  }
  if (own.length === 0) return null;
  return { type: 'object', properties, ...(required.length === 0 ? {} : { required }) };
}

/** Whether a member is the program's own, and a value that instances have. @param {import('./types.cjs').Types} types @param {any} property */
function is_field(types, property) {
  const { compiler, checker } = types;
  const { SymbolFlags } = compiler;
  const [node] = compiler.declarations_of(property);
  if (node === undefined || OF_ERRORS.has(property.name) || types.is_foreign(property) || is_of_sdk(node.getSourceFile().fileName)) return false;
  // An accessor is no field of the instance, but what it gives as `data` is what crosses.
  const is_accessor = (property.flags & SymbolFlags.Accessor) !== 0 && property.name !== 'data';
  if (is_accessor || property.flags & SymbolFlags.Method || types.is_private(property)) return false;
  return compiler.signatures_of(checker.getTypeOfSymbol(property)).length === 0;
}

module.exports = { errors_of };
