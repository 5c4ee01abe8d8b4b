'use strict';
// From a schema to the function that checks and converts a value: what stands in all schemas, and the dispatch on the kind of value.
//
// A check takes a value and the issues, and returns the value as it is on the other side: the same one where nothing converts. No check at
// all, `null`, is one that any value passes as it is.

const { array_check, tuple_like } = require('./arrays.cjs');
const { any_to_json } = require('./json.cjs');
const { DEPTH_MAX, kind_text, quoted } = require('./issues.cjs');
const { object_check, object_like } = require('./objects.cjs');
const { SPECIAL, text_check, number_check, text_like, number_like } = require('./values.cjs');
const { any_of, one_of } = require('./unions.cjs');

/**
 * @typedef {((value: any, issues: import('./issues.cjs').Issues) => any) | null} Check
 */

/** Constrain what we would let pass. */
const UNSUPPORTED = ['unevaluatedProperties', 'unevaluatedItems', '$dynamicRef', '$recursiveRef', 'dependencies', 'additionalItems'];
const TYPES = new Set(['null', 'boolean', 'number', 'integer', 'string', 'array', 'object']);

/** @type {Check} */
const FALSE = (value, issues) => {
  issues.add('nothing may be here');
  return value;
};

class Context {
  /** @param {any} root the document @param {import('./modes.cjs').Mode} mode */
  constructor(root, mode) {
    this.root = root;
    this.mode = mode;
    /** What may be anything. @type {Check} */
    this.any = mode.json && !mode.incoming ? any_to_json : null;
    /** @type {Map<any, { check: Check, is_built: boolean }>} what references lead to */
    this.referred = new Map();
  }

  /** @param {any} schema @returns {Check} */
  build(schema) {
    if (schema === true || schema === undefined) return this.any;
    if (schema === false) return FALSE;
    if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) throw new TypeError(`a schema is an object or a boolean, not ${kind_text(schema)}`);
    for (const keyword of UNSUPPORTED) {
      // Without an effect, as generators write it.
      if (schema[keyword] !== undefined && schema[keyword] !== true) throw new TypeError(`"${keyword}" is not supported in a schema`);
    }
    const steps = [];
    if (schema.$ref !== undefined) steps.push(this._reference(schema.$ref));
    const own = schema['x-diglot'];
    const special = own === undefined ? undefined : SPECIAL[own];
    if (own !== undefined && special === undefined) throw new TypeError(`"x-diglot": ${quoted(own)} is not known`);
    const typed = special === undefined ? this._typed(schema) : special(schema, this);
    if (typed !== null) steps.push(typed);
    // Members of `allOf` each convert what they know; what they all leave as it is goes through.
    for (const part of schema.allOf ?? []) steps.push(this.build(part));
    if (schema.anyOf !== undefined) steps.push(any_of(schema.anyOf, this));
    if (schema.oneOf !== undefined) steps.push(one_of(schema.oneOf, this));
    if (schema.not !== undefined) steps.push(this._not(schema.not));
    if (schema.if !== undefined) steps.push(this._conditional(schema));
    const check = in_turn(steps.filter((step) => step !== null && step !== this.any));
    const chosen = listed(schema, special !== undefined, check);
    return chosen ?? this.any;
  }

  /** @param {any} schema @returns {any} behind its references, where nothing stands beside them */
  resolve(schema) {
    for (let hops = 0; schema?.$ref !== undefined && hops < DEPTH_MAX; hops++) schema = this.find(schema.$ref);
    return schema;
  }

  /** @param {string} reference @returns {any} the schema it names */
  find(reference) {
    if (reference === '#') return this.root;
    if (typeof reference !== 'string' || !reference.startsWith('#/')) throw new TypeError(`"$ref": ${quoted(reference)}: only references into the schema itself, "#/…", are supported`);
    let found = this.root;
    for (const part of reference.slice(2).split('/')) {
      const key = decodeURIComponent(part).replaceAll('~1', '/').replaceAll('~0', '~');
      found = found !== null && typeof found === 'object' && Object.hasOwn(found, key) ? found[key] : undefined;
    }
    if (found === undefined) throw new TypeError(`"$ref": ${quoted(reference)} leads nowhere`);
    return found;
  }

  /** @param {string} reference @returns {Check} */
  _reference(reference) {
    const schema = this.find(reference);
    let known = this.referred.get(schema);
    if (known === undefined) {
      known = { check: null, is_built: false };
      this.referred.set(schema, known);
      known.check = this.build(schema);
      known.is_built = true;
    }
    if (known.is_built && known.check === null) return null;
    const target = known;
    return (value, issues) => {
      if (target.check === null) return value;
      if (!issues.deeper()) return value;
      const converted = target.check(value, issues);
      issues.depth--;
      return converted;
    };
  }

  /** @param {any} schema @returns {Check} by what the value is */
  _typed(schema) {
    const { type } = schema;
    const types = type === undefined ? null : Array.isArray(type) ? type : [type];
    for (const name of types ?? []) if (!TYPES.has(name)) throw new TypeError(`"type": ${quoted(name)} is not one of JSON Schema's`);
    if (types?.length === 1) return this._of_type(types[0], schema);
    if (types !== null) return this._of_types(types, schema);
    // Without a type, each keyword speaks of values of its own kind only.
    const parts = {
      object: object_like(schema) ? object_check(schema, this) : null,
      array: tuple_like(schema) ? array_check(schema, this) : null,
      string: text_like(schema) ? text_check(schema, this) : null,
      number: number_like(schema) ? number_check(schema, this, false) : null,
    };
    if (Object.values(parts).every((part) => part === null)) return null;
    const any = this.any ?? ((value) => value);
    return (value, issues) => (parts[json_kind(value)] ?? any)(value, issues);
  }

  /** @param {string} type @param {any} schema @returns {Check} */
  _of_type(type, schema) {
    switch (type) {
      case 'object':
        return object_check(schema, this);
      case 'array':
        return array_check(schema, this);
      case 'string':
        return text_check(schema, this);
      case 'number':
        return number_check(schema, this, false);
      case 'integer':
        return number_check(schema, this, true);
      case 'boolean':
        return (value, issues) => {
          if (typeof value !== 'boolean') issues.add(`expected a boolean, not ${kind_text(value)}`);
          return value;
        };
      default:
        return (value, issues) => {
          if (value === null || value === undefined) return null;
          issues.add(`expected null, not ${kind_text(value)}`);
          return value;
        };
    }
  }

  /** @param {string[]} types @param {any} schema @returns {Check} */
  _of_types(types, schema) {
    /** @type {Record<string, Check>} */
    const checks = {};
    for (const type of types) {
      const kind = type === 'integer' ? 'number' : type;
      // Every integer is a number.
      if (type !== 'integer' || !types.includes('number')) checks[kind] = this._of_type(type, schema);
    }
    const expected = types.map((type) => TYPE_TEXT[type]).join(' or ');
    return (value, issues) => {
      const check = checks[json_kind(value)];
      if (check !== undefined) return check(value, issues);
      issues.add(`expected ${expected}, not ${kind_text(value)}`);
      return value;
    };
  }

  /** @param {any} schema @returns {Check} */
  _not(schema) {
    const check = this.build(schema);
    return (value, issues) => {
      if (passes(check, value, issues)) issues.add('is one of the values that are excluded');
      return value;
    };
  }

  /** @param {any} schema @returns {Check} */
  _conditional(schema) {
    const condition = this.build(schema.if);
    const yes = schema.then === undefined ? null : this.build(schema.then);
    const no = schema.else === undefined ? null : this.build(schema.else);
    return (value, issues) => {
      const check = passes(condition, value, issues) ? yes : no;
      return check === null ? value : check(value, issues);
    };
  }
}

const TYPE_TEXT = { null: 'null', boolean: 'a boolean', number: 'a number', integer: 'an integer', string: 'a string', array: 'an array', object: 'an object' };

/** @param {any} value @returns {string} which of JSON's types it would be */
function json_kind(value) {
  switch (typeof value) {
    case 'string':
      return 'string';
    case 'number':
    case 'bigint':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'undefined':
      return 'null';
    case 'object':
      if (value === null) return 'null';
      if (value instanceof Date) return 'string';
      return Array.isArray(value) || ArrayBuffer.isView(value) ? 'array' : 'object';
    default:
      return typeof value;
  }
}

/** @param {Check} check @param {any} value @param {import('./issues.cjs').Issues} issues */
function passes(check, value, issues) {
  if (check === null) return true;
  const before = issues.count;
  check(value, issues);
  const passed = issues.count === before;
  issues.forget(before);
  return passed;
}

/** @param {NonNullable<Check>[]} steps @returns {Check} */
function in_turn(steps) {
  if (steps.length === 0) return null;
  if (steps.length === 1) return steps[0];
  return (value, issues) => {
    let converted = value;
    for (const step of steps) converted = step(converted, issues);
    return converted;
  };
}

/** `enum` and `const`, which are looked at first. @param {any} schema @param {boolean} is_special @param {Check} check @returns {Check} */
function listed(schema, is_special, check) {
  const values = schema.const !== undefined ? [schema.const] : schema.enum;
  if (values === undefined) return check;
  if (!Array.isArray(values)) throw new TypeError(`"enum": ${quoted(values)} is not an array`);
  const primitives = new Set(values.filter((value) => value === null || typeof value !== 'object'));
  const others = values.filter((value) => value !== null && typeof value === 'object').map(canonical);
  const shown = values.slice(0, 12).map(quoted).join(', ') + (values.length > 12 ? ', …' : '');
  const expected = values.length === 1 ? `expected ${shown}` : `expected one of ${shown}`;
  return (value, issues) => {
    const plain = value === undefined ? null : typeof value === 'bigint' && (is_special || safe(value)) ? Number(value) : value;
    if (primitives.has(plain)) return check === null ? value : check(value, issues);
    if (others.length > 0 && plain !== null && typeof plain === 'object' && others.includes(canonical(plain))) return check === null ? value : check(value, issues);
    issues.add(`${expected}, not ${quoted(value)}`);
    return value;
  };
}

/** @param {bigint} value */
function safe(value) {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER;
}

/** @param {any} value @returns {string} the same for equal values */
function canonical(value) {
  try {
    return JSON.stringify(value, (_, part) => {
      if (typeof part === 'bigint') return safe(part) ? Number(part) : `bigint ${part}`;
      if (part === null || typeof part !== 'object' || Array.isArray(part)) return part;
      return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
    });
  } catch {
    // It goes round in a circle: like nothing else.
    return '';
  }
}

module.exports = { Context, canonical, json_kind, passes };
