'use strict';
// Set and Map.

const { kind_text } = require('./issues.cjs');
const { is_object } = require('./objects.cjs');

/** @type {import('./values.cjs').Special} */
function set_check(schema, context) {
  const { minItems: min = 0, maxItems: max = Number.POSITIVE_INFINITY } = schema;
  const check = context.build(schema.items);
  const { incoming, json } = context.mode;
  return (given, issues) => {
    const value = incoming && Array.isArray(given) ? new Set(given) : given;
    if (!(value instanceof Set)) {
      issues.add(`expected a set, not ${kind_text(given)}`);
      return given;
    }
    if (value.size < min) issues.add(`has ${value.size} items, at least ${min} are required`);
    if (value.size > max) issues.add(`has ${value.size} items, at most ${max} are allowed`);
    let items = null;
    if (check !== null) {
      let at = 0;
      let converts = false;
      items = [];
      for (const item of value) {
        const before = issues.count;
        const converted = check(item, issues);
        if (issues.count !== before) issues.within(before, at);
        if (!Object.is(converted, item)) converts = true;
        items.push(converted);
        at++;
      }
      if (!converts) items = null;
    }
    if (json && !incoming) return items ?? [...value];
    return items === null ? value : new Set(items);
  };
}

/** @type {import('./values.cjs').Special} */
function map_check(schema, context) {
  const { minItems: min = 0, maxItems: max = Number.POSITIVE_INFINITY } = schema;
  const [of_key, of_value] = schema.items?.prefixItems ?? [true, true];
  const key_check = context.build(of_key);
  const value_check = context.build(of_value);
  const { incoming, json } = context.mode;
  return (given, issues) => {
    const value = incoming ? as_map(given, json) : given;
    if (!(value instanceof Map)) {
      issues.add(`expected a map, not ${kind_text(given)}`);
      return given;
    }
    if (value.size < min) issues.add(`has ${value.size} pairs, at least ${min} are required`);
    if (value.size > max) issues.add(`has ${value.size} pairs, at most ${max} are allowed`);
    const as_pairs = json && !incoming;
    if (key_check === null && value_check === null) return as_pairs ? [...value] : value;
    const pairs = [];
    let converts = as_pairs;
    for (const [key, part] of value) {
      const before = issues.count;
      const new_key = key_check === null ? key : key_check(key, issues);
      const new_part = value_check === null ? part : value_check(part, issues);
      if (issues.count !== before) issues.within(before, typeof key === 'number' ? key : String(key));
      if (!Object.is(new_key, key) || !Object.is(new_part, part)) converts = true;
      pairs.push([new_key, new_part]);
    }
    if (as_pairs) return pairs;
    return converts ? new Map(pairs) : value;
  };
}

/** @param {any} value @param {boolean} json @returns {any} what a map is where its keys are text, or in JSON */
function as_map(value, json) {
  if (value instanceof Map) return value;
  if (json && Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2)) return new Map(value);
  return is_object(value) ? new Map(Object.entries(value)) : value;
}

module.exports = { map_check, set_check };
