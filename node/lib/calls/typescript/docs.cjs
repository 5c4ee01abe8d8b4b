'use strict';
// What doc comments say: text, and constraints that types have no words for.

/** Tags whose text is a number. */
const NUMBERS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'minItems', 'maxItems', 'minProperties', 'maxProperties'];
/** Tags whose text stands as it is. */
const TEXTS = ['pattern', 'format', 'title'];
/** Constraints of the items of an array, `@items.minimum 3`, as others have it too: to TypeScript the tag ends at the dot. */
const OF_ITEMS = /^\.?(\w+)\s*(.*)$/s;
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$/;

/**
 * @param {import('./compiler.cjs').Compiler} compiler
 * @param {any} symbol
 * @returns {{ description?: string, tags: { name: string, text: string }[] }}
 */
function comment_of(compiler, symbol) {
  const description = compiler.doc_of(symbol).trim();
  const tags = compiler.tags_of(symbol);
  return { ...(description === '' ? {} : { description }), tags };
}

/**
 * @param {{ name: string, text: string }[]} tags
 * @param {(message: string) => void} problem
 * @returns {Record<string, any>} keywords of JSON Schema
 */
function constraints_of(tags, problem) {
  /** @type {Record<string, any>} */
  const found = {};
  for (const { name, text: raw } of tags) {
    const text = raw.trim();
    const of_items = name === 'items' ? OF_ITEMS.exec(text) : null;
    if (of_items !== null) {
      found.items = { ...found.items, ...constraints_of([{ name: of_items[1], text: of_items[2] }], problem) };
    } else if (NUMBERS.includes(name)) {
      // What follows the number is somebody's remark.
      const [first] = text.split(/\s/, 1);
      if (NUMBER.test(first)) found[name] = Number(first);
      else problem(`@${name} ${text}: a number has to follow`);
    } else if (TEXTS.includes(name) && text !== '') found[name] = text;
    else if (name === 'uniqueItems' || name === 'deprecated') found[name] = text !== 'false';
    else if (name === 'integer' || ((name === 'asType' || name === 'TJS-type') && text === 'integer')) found.type = 'integer';
    else if (name === 'default') found.default = as_json(text);
  }
  if (found.pattern !== undefined) {
    try {
      new RegExp(found.pattern, 'u');
    } catch (error) {
      problem(`@pattern ${found.pattern}: ${error.message}`);
      delete found.pattern;
    }
  }
  return found;
}

/** @param {string} text */
function as_json(text) {
  try {
    return JSON.parse(text);
  } catch {
    // As people write it: a string without quotes, or with single ones.
    return text.replace(/^(['`])(.*)\1$/s, '$2');
  }
}

/** Types of text that `Date` would otherwise be. */
const OWN_TYPE = new Set(['date-time']);

/**
 * Lays what a comment says on the schema of a type.
 *
 * @param {any} schema which stays as it is
 * @param {string | undefined} description
 * @param {Record<string, any>} constraints
 * @returns {any}
 */
function described(schema, description, constraints) {
  const { items, ...own } = constraints;
  if (description === undefined && Object.keys(constraints).length === 0) return schema;
  let result = schema;
  const target = result.anyOf?.filter((part) => part.type !== 'null');
  if (target?.length === 1 && target[0].$ref === undefined) {
    // Beside null it is the other that is meant.
    const { title, default: preset, deprecated, ...narrow } = own;
    const inner = described(target[0], undefined, items === undefined ? narrow : { ...narrow, items });
    const wide = Object.fromEntries(Object.entries({ title, default: preset, deprecated }).filter(([, value]) => value !== undefined));
    return { ...result, anyOf: result.anyOf.map((part) => (part === target[0] ? inner : part)), ...wide, ...(description === undefined ? {} : { description }) };
  }
  if (items !== undefined && result.items !== undefined) result = { ...result, items: described(result.items, undefined, items) };
  result = { ...result, ...own, ...(description === undefined ? {} : { description }) };
  if (OWN_TYPE.has(own.format) && schema.type === 'string' && schema.format === undefined) result['x-diglot'] = 'text';
  // Only numbers become integers.
  if (own.type !== undefined && schema.type !== 'number') result = { ...result, type: schema.type };
  return result;
}

module.exports = { comment_of, constraints_of, described };
