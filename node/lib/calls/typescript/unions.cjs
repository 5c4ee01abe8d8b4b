'use strict';
// Unions: literals together, null and undefined last, and everything by the names and in the order of the source where that can be had.

/**
 * @param {import('./types.cjs').Types} types
 * @param {any} type a union
 * @param {any} [node] of the source, that says it
 * @param {boolean} [without_undefined] it is of something that may be left out
 * @returns {any} JSON Schema
 */
function union_of(types, type, node, without_undefined = false) {
  const { TypeFlags } = types.compiler;
  const members = members_of(types, type, node ?? node_of_alias(types, type));
  const is_flag = (flag) => (part) => (part.flags & flag) !== 0;
  const is_undefined = is_flag(TypeFlags.Undefined | TypeFlags.Void);
  const has_undefined = members.some(is_undefined) && !without_undefined;
  const has_null = members.some(is_flag(TypeFlags.Null));
  const others = members.filter((part) => !is_undefined(part) && !(part.flags & TypeFlags.Null));
  const parts = [];
  const add_once = (key, schema) => {
    if (!parts.some((part) => part.key === key)) parts.push({ key, schema });
  };
  const has_both = others.filter(is_flag(TypeFlags.BooleanLiteral)).length === 2;
  /** @type {any[]} */
  const texts = [];
  /** @type {any[]} */
  const numbers = [];
  for (const part of others) {
    if (types.is_named(part)) parts.push({ key: null, schema: types.convert(part) });
    else if (part.flags & TypeFlags.Boolean || (has_both && part.flags & TypeFlags.BooleanLiteral)) add_once('boolean', { type: 'boolean' });
    else if (part.flags & TypeFlags.StringLiteral) {
      texts.push(types.compiler.literal_of(part));
      add_once('texts', null);
    } else if (part.flags & TypeFlags.NumberLiteral && Number.isFinite(Number(types.compiler.literal_of(part)))) {
      numbers.push(types.compiler.literal_of(part));
      add_once('numbers', null);
    } else parts.push({ key: null, schema: types.convert(part) });
  }
  const schemas = parts.map(({ key, schema }) => {
    if (key === 'texts') return texts.length === 1 ? { type: 'string', const: texts[0] } : { type: 'string', enum: texts };
    if (key !== 'numbers') return schema;
    const name = numbers.every((number) => Number.isInteger(number)) ? 'integer' : 'number';
    return numbers.length === 1 ? { type: name, const: numbers[0] } : { type: name, enum: numbers };
  });
  if (has_null) schemas.push({ type: 'null' });
  if (has_undefined) schemas.push({ type: 'null', 'x-diglot': 'undefined' });
  return schemas.length === 1 ? schemas[0] : { anyOf: schemas };
}

/** @param {import('./types.cjs').Types} types @param {any} type @returns {any} what the alias, or the enum, of this name says */
function node_of_alias(types, type) {
  const { compiler } = types;
  const alias = compiler.alias_of(type);
  const declaration = alias === undefined ? undefined : compiler.declarations_of(alias)[0];
  return declaration?.typeParameters === undefined ? declaration?.type : undefined;
}

/**
 * @param {import('./types.cjs').Types} types
 * @param {any} type a union
 * @param {any} node that may be it
 * @returns {any[]} as the source has them, if that says the same; else flat, in an order of the checker's
 */
function members_of(types, type, node) {
  const { compiler, checker } = types;
  const flat = enum_members(types, type) ?? [...compiler.parts_of(type)];
  if (node?.kind !== compiler.SyntaxKind.UnionType) return whole_enums(types, type, flat);
  const written = node.types.flatMap((part) => unwrapped(types, part)).map((part) => checker.getTypeFromTypeNode(part));
  return same_parts(types, type, written) ? written : whole_enums(types, type, flat);
}

/** @param {import('./types.cjs').Types} types @param {any} node @returns {any[]} the members of unions in parentheses */
function unwrapped(types, node) {
  const { SyntaxKind } = types.compiler;
  if (node.kind === SyntaxKind.ParenthesizedType) return unwrapped(types, node.type);
  return node.kind === SyntaxKind.UnionType ? node.types.flatMap((part) => unwrapped(types, part)) : [node];
}

/** @param {import('./types.cjs').Types} types @param {any} type @param {any[]} others */
function same_parts(types, type, others) {
  const { compiler } = types;
  const { TypeFlags } = compiler;
  const flat = (part) => (part === undefined ? [] : part.flags & TypeFlags.Union ? compiler.parts_of(part) : [part]);
  const key = (part) => (part.flags & (TypeFlags.Literal | TypeFlags.Undefined | TypeFlags.Null) && !(part.flags & TypeFlags.EnumLiteral) ? types.text(part) : part);
  const ignored = (part) => (part.flags & TypeFlags.Undefined) === 0;
  const left = new Set(flat(type).filter(ignored).map(key));
  const right = new Set(others.flatMap(flat).filter(ignored).map(key));
  return left.size === right.size && [...left].every((part) => right.has(part));
}

/** @param {import('./types.cjs').Types} types @param {any} type @returns {any[] | null} of an enum, in the order of the source */
function enum_members(types, type) {
  const { compiler } = types;
  if (!(type.flags & compiler.TypeFlags.EnumLiteral)) return null;
  const at = new Map();
  for (const part of compiler.parts_of(type)) {
    const [declaration] = compiler.declarations_of(compiler.symbol_of(part) ?? {});
    at.set(part, declaration?.pos ?? 0);
  }
  return [...compiler.parts_of(type)].sort((a, b) => at.get(a) - at.get(b));
}

/** All members of an enum are the enum, within another union. @param {import('./types.cjs').Types} types @param {any} type @param {any[]} parts */
function whole_enums(types, type, parts) {
  const { compiler, checker } = types;
  const { TypeFlags } = compiler;
  if (type.flags & TypeFlags.EnumLiteral) return parts;
  const result = [];
  const done = new Set();
  for (const part of parts) {
    const [declaration] = part.flags & TypeFlags.EnumLiteral ? compiler.declarations_of(compiler.symbol_of(part) ?? {}) : [];
    const around = declaration?.parent?.name === undefined ? undefined : checker.getSymbolAtLocation(declaration.parent.name);
    const whole = around === undefined ? undefined : checker.getDeclaredTypeOfSymbol(around);
    const all = whole !== undefined && whole.flags & TypeFlags.Union ? compiler.parts_of(whole) : [];
    if (all.length > 0 && all.every((member) => parts.includes(member))) {
      if (!done.has(whole)) result.push(whole);
      done.add(whole);
    } else result.push(part);
  }
  return result;
}

module.exports = { same_parts, union_of };
