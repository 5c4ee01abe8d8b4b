'use strict';
// What a library knows of a value and JSON Schema has no word for: to those who call it may be anything, and its author is told so.

/** Stands in a schema until `told` takes it away. */
const MARK = 'x-diglot-lost';
/** Keywords that say what a value is. */
const SAYING = ['type', '$ref', 'anyOf', 'oneOf', 'allOf', 'enum', 'const'];
/** Keywords whose value is of what is within an array, or an object without names. */
const WITHIN = ['items', 'prefixItems', 'additionalProperties', 'propertyNames', 'contains'];
const SIDE_BY_SIDE = ['anyOf', 'oneOf', 'allOf', 'not'];

/**
 * @typedef {object} Lost
 * @property {string} path within the schema: `items[].when`
 * @property {string} what it is: `z.custom()`
 */

/** By schema. @type {WeakMap<object, Lost[]>} */
const known = new WeakMap();

/** @param {string} what @param {any} [said] of it all the same, by its author @returns {any} JSON Schema */
function lost(what, said = {}) {
  return SAYING.some((keyword) => said[keyword] !== undefined) ? said : { ...said, [MARK]: what };
}

/** @param {any} schema plain data, whose marks are taken away @returns {any} the same */
function told(schema) {
  /** @type {Lost[]} */
  const found = [];
  const each = (parts, path) => {
    for (const [name, part] of Object.entries(parts ?? {})) walk(part, path(name));
  };
  const walk = (part, path) => {
    if (part === null || typeof part !== 'object') return;
    if (part[MARK] !== undefined) found.push({ path, what: part[MARK] });
    delete part[MARK];
    each(part.properties, (name) => (path === '' ? name : `${path}.${name}`));
    each(part.patternProperties, () => `${path}[]`);
    each(part.$defs, (name) => name);
    for (const keyword of WITHIN) for (const inner of [part[keyword]].flat()) walk(inner, `${path}[]`);
    for (const keyword of SIDE_BY_SIDE) for (const inner of [part[keyword]].flat()) walk(inner, path);
  };
  walk(schema, '');
  if (found.length > 0) known.set(schema, found);
  return schema;
}

/** @param {any} schema @returns {Lost[]} what of it is lost */
function lost_in(schema) {
  return known.get(schema) ?? [];
}

module.exports = { lost, lost_in, told };
