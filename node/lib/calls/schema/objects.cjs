'use strict';
// Objects: properties by name, by pattern, and the rest.

const { nearest } = require('../near.cjs');
const { kind_text, quoted } = require('./issues.cjs');

/** Of an object with more keys nobody is told that one of them may be meant to be another. */
const KEYS_MAX = 64;

const KEYWORDS = ['properties', 'required', 'additionalProperties', 'patternProperties', 'propertyNames', 'minProperties', 'maxProperties', 'dependentRequired', 'dependentSchemas'];
/** Of unknown properties, and of known ones, so many names are told. */
const NAMES_MAX = 12;

/** @param {any} schema whether it says something of objects */
function object_like(schema) {
  return KEYWORDS.some((keyword) => schema[keyword] !== undefined);
}

/** @param {any} value */
function is_object(value) {
  if (value === null || typeof value !== 'object') return false;
  return !(Array.isArray(value) || ArrayBuffer.isView(value) || value instanceof Date || value instanceof Map || value instanceof Set);
}

/** @param {any} value whether all there is to know of it are its own properties */
function is_plain(value) {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** @param {any} object @param {string} key @param {any} value */
function put(object, key, value) {
  if (key === '__proto__') Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  else object[key] = value;
}

/** @param {any} schema @param {import('./build.cjs').Context} context @returns {boolean} whether null is one of its values */
function takes_null(schema, context, seen = new Set()) {
  if (schema === true || schema === undefined) return true;
  if (schema === false || seen.has(schema)) return false;
  seen.add(schema);
  const all = [];
  const { type } = schema;
  if (schema.$ref !== undefined) all.push(takes_null(context.find(schema.$ref), context, seen));
  if (type !== undefined) all.push(type === 'null' || (Array.isArray(type) && type.includes('null')));
  if (schema.enum !== undefined) all.push(schema.enum.includes(null));
  if (schema.const !== undefined) all.push(schema.const === null);
  if (schema.anyOf !== undefined) all.push(schema.anyOf.some((part) => takes_null(part, context, seen)));
  if (schema.oneOf !== undefined) all.push(schema.oneOf.some((part) => takes_null(part, context, seen)));
  for (const part of schema.allOf ?? []) all.push(takes_null(part, context, seen));
  seen.delete(schema);
  return all.every(Boolean);
}

/** @param {any} schema @param {import('./build.cjs').Context} context @returns {{ name: string, check: import('./build.cjs').Check, is_required: boolean, is_any: boolean, drops_null: boolean, is_inherited: boolean }[]} */
function known_properties(schema, context) {
  const required = new Set(schema.required ?? []);
  const names = new Set([...Object.keys(schema.properties ?? {}), ...required]);
  return [...names].map((name) => {
    const declared = Object.hasOwn(schema.properties ?? {}, name) ? schema.properties[name] : true;
    const is_required = required.has(name);
    return {
      name,
      check: context.build(declared),
      is_required,
      // What may be anything has to be something.
      is_any: declared === true || Object.keys(declared).length === 0,
      // Another language's null is no value, where this one leaves properties out.
      drops_null: context.mode.incoming && !is_required && !takes_null(declared, context),
      // Every object has one of that name, from its prototype.
      is_inherited: name in Object.prototype,
    };
  });
}

/** @param {any} schema @param {import('./build.cjs').Context} context @returns {NonNullable<import('./build.cjs').Check>} */
function object_check(schema, context) {
  const known = known_properties(schema, context);
  const rest = rest_check(schema, context, new Set(known.map(({ name }) => name)));
  const bounds = bounds_check(schema, context);
  const { incoming } = context.mode;

  return (given, issues) => {
    let value = given;
    if (!is_object(value)) {
      const text_keys = incoming && value instanceof Map ? from_map(value) : undefined;
      if (text_keys === undefined) {
        issues.add(`expected an object, not ${kind_text(value)}`);
        return value;
      }
      value = text_keys;
    }
    if (!incoming && typeof value.then === 'function') {
      issues.add(`expected an object, not ${kind_text(value)}`);
      return value;
    }
    if (!incoming && typeof value.toJSON === 'function') {
      value = value.toJSON();
      if (!is_object(value)) {
        issues.add(`expected an object, not ${kind_text(value)}, which its toJSON() returned`);
        return value;
      }
    }
    // What goes over are an object's own properties: those that it only inherits, getters of its class, become such.
    let result = value;
    if (!incoming && !is_plain(value)) result = { ...value };
    let others = null;
    const is_copied = result !== value;
    for (let at = 0; at < known.length; at++) {
      const property = known[at];
      const { name } = property;
      const part = property.is_inherited && !Object.hasOwn(value, name) ? undefined : value[name];
      if (part === undefined) {
        if (property.is_required && (property.check === null || property.is_any || !allows_undefined(property.check, issues))) missing(issues, name, (others ??= once(() => unknown_in(value, known))));
        continue;
      }
      if (part === null && property.drops_null) {
        if (result === value) result = { ...value };
        delete result[name];
        continue;
      }
      let converted = part;
      if (property.check !== null) {
        const before = issues.count;
        converted = property.check(part, issues);
        if (issues.count !== before) issues.within(before, name);
      }
      if (!Object.is(converted, part) || is_copied) {
        if (result === value) result = { ...value };
        put(result, name, converted);
      }
    }
    if (rest !== null) result = rest(value, result, issues);
    if (bounds !== null) bounds(result, issues);
    return result;
  };
}

/** @param {NonNullable<import('./build.cjs').Check>} check */
function allows_undefined(check, issues) {
  const before = issues.count;
  const allows = check(undefined, issues) === undefined && issues.count === before;
  issues.forget(before);
  return allows;
}

/** @param {import('./issues.cjs').Issues} issues @param {string} name of what is not there @param {() => string[]} others names that are not known */
function missing(issues, name, others) {
  const before = issues.count;
  issues.add(() => {
    const near = nearest(name, others());
    return near === null ? 'is required' : `is required: did you mean it by ${quoted(near)}?`;
  });
  issues.within(before, name);
}

/** @template T @param {() => T} make @returns {() => T} what makes it the first time it is asked for */
function once(make) {
  let made = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** @param {any} value @param {{ name: string }[]} known @returns {string[]} its other keys; none where they are many: who knows what they are for */
function unknown_in(value, known) {
  const keys = [];
  for (const key in value) {
    if (keys.length === KEYS_MAX) return [];
    keys.push(key);
  }
  return keys.filter((key) => !known.some((property) => property.name === key));
}

/** @param {string} key @param {string[]} names @returns {string | null} */
function did_you_mean(key, names) {
  const near = nearest(key, names);
  return near === null ? null : `did you mean ${quoted(near)}?`;
}

/** @param {Map<any, any>} map @returns {any} `undefined`: its keys are not all text */
function from_map(map) {
  const object = {};
  for (const [key, value] of map) {
    if (typeof key !== 'string') return undefined;
    put(object, key, value);
  }
  return object;
}

/** What `properties` does not name. @param {any} schema @param {import('./build.cjs').Context} context @param {Set<string>} known */
function rest_check(schema, context, known) {
  const { additionalProperties: others = true, propertyNames } = schema;
  const patterns = Object.entries(schema.patternProperties ?? {}).map(([pattern, part]) => ({ pattern: new RegExp(pattern, 'u'), check: context.build(part) }));
  const check = others === false ? null : context.build(others);
  const of_name = propertyNames === undefined ? null : context.build(propertyNames);
  if (others !== false && check === null && patterns.length === 0 && of_name === null) return null;
  const names = [...known];
  const told = names.length === 0 ? 'there is none' : `there are ${names.slice(0, NAMES_MAX).join(', ')}${names.length > NAMES_MAX ? ', …' : ''}`;
  return (value, start, issues) => {
    let result = start;
    for (const key of Object.keys(value)) {
      const before = issues.count;
      if (of_name !== null) of_name(key, issues);
      let part = value[key];
      if (part !== undefined) {
        let is_known = known.has(key);
        for (const { pattern, check: own } of patterns) {
          if (!pattern.test(key)) continue;
          is_known = true;
          if (own !== null) part = own(part, issues);
        }
        if (!is_known && others === false) issues.add(() => `is not known: ${did_you_mean(key, names) ?? told}`);
        else if (!is_known && check !== null) part = check(part, issues);
        if (!Object.is(part, value[key]) && !known.has(key)) {
          if (result === value) result = { ...value };
          put(result, key, part);
        }
      }
      if (issues.count !== before) issues.within(before, key);
    }
    return result;
  };
}

/** How many there are, and which of them need others. @param {any} schema @param {import('./build.cjs').Context} context */
function bounds_check(schema, context) {
  const { minProperties: min = 0, maxProperties: max = Number.POSITIVE_INFINITY } = schema;
  const requirements = Object.entries(schema.dependentRequired ?? {});
  const dependents = Object.entries(schema.dependentSchemas ?? {}).map(([name, part]) => ({ name, check: context.build(part) }));
  if (min === 0 && max === Number.POSITIVE_INFINITY && requirements.length === 0 && dependents.length === 0) return null;
  return (value, issues) => {
    const count = Object.keys(value).filter((key) => value[key] !== undefined).length;
    if (count < min) issues.add(`has ${count} properties, at least ${min} are required`);
    if (count > max) issues.add(`has ${count} properties, at most ${max} are allowed`);
    for (const [name, needed] of requirements) {
      if (!Object.hasOwn(value, name)) continue;
      for (const other of needed) if (!Object.hasOwn(value, other)) issues.add(`${quoted(other)} is required beside ${quoted(name)}`);
    }
    for (const { name, check } of dependents) if (check !== null && Object.hasOwn(value, name)) check(value, issues);
  };
}

module.exports = { did_you_mean, is_object, object_check, object_like, put };
