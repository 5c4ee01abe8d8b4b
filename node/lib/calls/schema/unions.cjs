'use strict';
// `anyOf` and `oneOf`: by the value of a property that tells the branches apart where there is one, else by trying.

const { is_object } = require('./objects.cjs');
const { kind_text, quoted } = require('./issues.cjs');

/** Of so many branches a message says what they want. */
const TOLD_MAX = 6;

/** @param {any[]} parts @param {import('./build.cjs').Context} context @returns {import('./build.cjs').Check} */
function any_of(parts, context) {
  if (!Array.isArray(parts) || parts.length === 0) throw new TypeError('"anyOf" and "oneOf" are arrays of schemas, not empty');
  if (parts.length === 1) return context.build(parts[0]);
  const nulls = parts.filter((part) => part?.type === 'null' && part['x-diglot'] === undefined);
  if (nulls.length > 0 && nulls.length < parts.length) {
    const check = any_of(parts.filter((part) => !nulls.includes(part)), context);
    return check === null ? null : (value, issues) => (value === null ? null : check(value, issues));
  }
  return discriminated(parts, context) ?? chosen(parts, context, false);
}

/** @param {any[]} parts @param {import('./build.cjs').Context} context @returns {import('./build.cjs').Check} */
function one_of(parts, context) {
  if (!Array.isArray(parts) || parts.length < 2 || discriminator(parts, context) !== null) return any_of(parts, context);
  return chosen(parts, context, true);
}

/** @param {any} schema @returns {any[] | null} what it may be, if that is told */
function constants(schema) {
  if (schema === null || typeof schema !== 'object') return null;
  const values = schema.const !== undefined ? [schema.const] : schema.enum;
  return Array.isArray(values) && values.every((value) => value === null || typeof value !== 'object') ? values : null;
}

/**
 * @param {any[]} parts
 * @param {import('./build.cjs').Context} context
 * @returns {{ name: string, branches: Map<any, number> } | null} the property whose value says which branch it is
 */
function discriminator(parts, context) {
  const schemas = parts.map((part) => context.resolve(part));
  const [first] = schemas;
  if (!schemas.every((schema) => schema?.type === 'object' && schema.properties !== undefined)) return null;
  for (const name of first.required ?? []) {
    /** @type {Map<any, number>} */
    const branches = new Map();
    const tells = schemas.every((schema, at) => {
      const values = schema.required?.includes(name) && Object.hasOwn(schema.properties, name) ? constants(context.resolve(schema.properties[name])) : null;
      return values?.every((value) => !branches.has(value) && branches.set(value, at)) ?? false;
    });
    if (tells) return { name, branches };
  }
  return null;
}

/** @param {any[]} parts @param {import('./build.cjs').Context} context @returns {import('./build.cjs').Check} */
function discriminated(parts, context) {
  const found = discriminator(parts, context);
  if (found === null) return null;
  const { name, branches } = found;
  const checks = parts.map((part) => context.build(part));
  const known = [...branches.keys()].map(quoted).join(', ');
  return (value, issues) => {
    if (!is_object(value)) {
      issues.add(`expected an object, not ${kind_text(value)}`);
      return value;
    }
    const tag = value[name];
    const branch = branches.get(typeof tag === 'bigint' ? Number(tag) : tag);
    if (branch === undefined) {
      const before = issues.count;
      issues.add(`expected one of ${known}, not ${quoted(tag)}`);
      issues.within(before, name);
      return value;
    }
    const check = checks[branch];
    return check === null ? value : check(value, issues);
  };
}

/**
 * By trying: the first that fits, of those that are of the value's kind at all.
 *
 * Where several are, what came of an object is kept until the call is done: types that contain themselves would otherwise be tried
 * as often as there are ways to choose, two to the power of their depth.
 *
 * @param {any[]} parts
 * @param {import('./build.cjs').Context} context
 * @param {boolean} is_exclusive no other may fit
 * @returns {NonNullable<import('./build.cjs').Check>}
 */
function chosen(parts, context, is_exclusive) {
  const { json_kind } = require('./build.cjs');
  const branches = parts.map((part) => ({ check: context.build(part), kind: of_kind(context.resolve(part), context) }));
  /** @type {Map<string, typeof branches>} */
  const by_kind = new Map();
  const texts = [...new Set(parts.map((part) => text(context.resolve(part), part)))];
  const told = texts.slice(0, TOLD_MAX).join(' or ') + (texts.length > TOLD_MAX ? ' or …' : '');
  const own = {};

  const of_value = (value) => {
    const kind = json_kind(value);
    let near = by_kind.get(kind);
    if (near === undefined) {
      near = branches.filter((branch) => branch.kind === null || branch.kind === kind);
      by_kind.set(kind, near);
    }
    return near;
  };

  /** @returns {{ count: number, converted: any }} how many fit, and what one made of the value: that which leaves it as it is, else the first */
  const attempt = (near, value, issues) => {
    const before = issues.count;
    let count = 0;
    let result = value;
    for (const { check } of near) {
      const converted = check === null ? value : check(value, issues);
      const fits = issues.count === before;
      issues.forget(before);
      if (!fits) continue;
      // CBOR tells a point in time from its text, where JSON does not.
      const is_it = !context.mode.json && Object.is(converted, value);
      if (count++ === 0 || is_it) result = converted;
      if (!is_exclusive && (is_it || context.mode.json)) break;
    }
    return { count, converted: result };
  };

  return (value, issues) => {
    const near = of_value(value);
    if (near.length === 1) return near[0].check === null ? value : near[0].check(value, issues);
    const is_kept = near.length > 1 && value !== null && typeof value === 'object';
    const outcome = (is_kept ? issues.kept(own, value) : undefined) ?? attempt(near, value, issues);
    if (is_kept) issues.keep(own, value, outcome);
    if (outcome.count === 1 || (outcome.count > 1 && !is_exclusive)) return outcome.converted;
    issues.add(outcome.count > 1 ? `is ${outcome.count} of what it may be one of` : () => `expected ${told}, not ${quoted(value)}`);
    return value;
  };
}

/** @param {any} schema @param {import('./build.cjs').Context} context @returns {string | null} the kind of all its values; `null`: there is more than one */
function of_kind(schema, { mode }) {
  if (schema === null || typeof schema !== 'object' || schema['x-diglot'] !== undefined) return null;
  const { type } = schema;
  // JSON writes what is no number there as text.
  if (type === 'number') return mode.json && mode.incoming ? null : type;
  if (type === 'integer') return 'number';
  return typeof type === 'string' ? type : null;
}

/** @param {any} schema @param {any} part as it stands in the union @returns {string} what it wants, for a message */
function text(schema, part) {
  if (schema === true || schema === undefined) return 'anything';
  if (schema === false) return 'nothing';
  if (typeof part.$ref === 'string') return part.$ref.slice(part.$ref.lastIndexOf('/') + 1);
  const values = constants(schema);
  if (values !== null) return values.slice(0, TOLD_MAX).map(quoted).join(', ');
  if (schema.title !== undefined) return schema.title;
  const special = schema['x-diglot'] === undefined ? undefined : SPECIAL_TEXT[schema['x-diglot']];
  if (special !== undefined) return special;
  if (schema.type === 'string' && schema.format !== undefined) return FORMAT_TEXT[schema.format] ?? 'a string';
  if (typeof schema.type === 'string') return /^[aeio]/.test(schema.type) ? `an ${schema.type}` : schema.type === 'null' ? 'null' : `a ${schema.type}`;
  return 'another type';
}

const SPECIAL_TEXT = { __proto__: null, bigint: 'an integer', bytes: 'bytes', set: 'a set', map: 'a map', decimal: 'a decimal', array: 'an array of numbers', table: 'a table', undefined: 'nothing' };
const FORMAT_TEXT = { __proto__: null, 'date-time': 'a point in time', date: 'a day', time: 'a time of day', duration: 'a duration', decimal: 'a decimal', uuid: 'a UUID' };

module.exports = { any_of, one_of };
