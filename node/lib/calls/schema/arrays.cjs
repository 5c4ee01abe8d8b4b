'use strict';
// Arrays and tuples.

const { kind_text } = require('./issues.cjs');

const KEYWORDS = ['items', 'prefixItems', 'minItems', 'maxItems', 'uniqueItems', 'contains'];

/** @param {any} schema whether it says something of arrays */
function tuple_like(schema) {
  return KEYWORDS.some((keyword) => schema[keyword] !== undefined);
}

/** @param {any} value @returns {any} one of numbers in a row, as a plain one */
function plain_array(value) {
  if (Array.isArray(value)) return value;
  return ArrayBuffer.isView(value) && !(value instanceof DataView) ? Array.from(/** @type {any} */ (value)) : null;
}

/** @param {any} schema @param {import('./build.cjs').Context} context @returns {NonNullable<import('./build.cjs').Check>} */
function array_check(schema, context) {
  const { minItems: min = 0, maxItems: max = Number.POSITIVE_INFINITY } = schema;
  const first = (schema.prefixItems ?? []).map((part) => context.build(part));
  const items = context.build(schema.items);
  const unique = schema.uniqueItems === true ? require('./build.cjs').canonical : null;
  const contains = schema.contains === undefined ? null : contains_check(schema, context);
  const walks = items !== null || first.some((check) => check !== null);

  return (given, issues) => {
    const value = plain_array(given);
    if (value === null) {
      issues.add(`expected an array, not ${kind_text(given)}`);
      return given;
    }
    const { length } = value;
    if (length < min) issues.add(`has ${length} ${length === 1 ? 'item' : 'items'}, at least ${min} are required`);
    if (length > max) {
      issues.add(`has ${length} items, at most ${max} are allowed`);
      return value;
    }
    if (unique !== null) unique_check(value, unique, issues);
    if (contains !== null) contains(value, issues);
    let result = value;
    if (!walks) return result;
    for (let at = 0; at < length; at++) {
      const check = at < first.length ? first[at] : items;
      if (check === null) continue;
      const before = issues.count;
      const converted = check(value[at], issues);
      if (issues.count !== before) issues.within(before, at);
      if (!Object.is(converted, value[at])) {
        if (result === value) result = value.slice();
        result[at] = converted;
      }
    }
    return result;
  };
}

/** @param {any[]} value @param {(part: any) => string} canonical @param {import('./issues.cjs').Issues} issues */
function unique_check(value, canonical, issues) {
  const seen = new Set();
  for (let at = 0; at < value.length; at++) {
    const part = value[at];
    const key = part !== null && typeof part === 'object' ? canonical(part) : typeof part === 'string' ? JSON.stringify(part) : part;
    if (!seen.has(key)) {
      seen.add(key);
      continue;
    }
    const before = issues.count;
    issues.add('is there twice');
    issues.within(before, at);
  }
}

/** @param {any} schema @param {import('./build.cjs').Context} context */
function contains_check(schema, context) {
  const { minContains: min = 1, maxContains: max = Number.POSITIVE_INFINITY } = schema;
  const { passes } = require('./build.cjs');
  const check = context.build(schema.contains);
  return (value, issues) => {
    const count = value.filter((part) => passes(check, part, issues)).length;
    if (count < min) issues.add(`${count} of its items are as required, at least ${min} must be`);
    if (count > max) issues.add(`${count} of its items are as required, at most ${max} may be`);
  };
}

module.exports = { array_check, tuple_like };
