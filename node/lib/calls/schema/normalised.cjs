'use strict';
// JSON Schema as it crosses: plain data, references of one kind, and our words for what some libraries have types of their own for.

/** Keywords whose value is a schema, an array of them, or an object of them. */
const ONE = ['items', 'contains', 'additionalProperties', 'propertyNames', 'not', 'if', 'then', 'else', 'unevaluatedItems', 'unevaluatedProperties'];
const MANY = ['prefixItems', 'allOf', 'anyOf', 'oneOf'];
const NAMED = ['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas'];

/** Types of TypeBox's that JSON Schema does not know. */
const TYPES = {
  __proto__: null,
  bigint: { type: 'integer', 'x-diglot': 'bigint' },
  Date: { type: 'string', format: 'date-time', 'x-diglot': 'date' },
  Uint8Array: { type: 'string', contentEncoding: 'base64', 'x-diglot': 'bytes' },
  undefined: { type: 'null', 'x-diglot': 'undefined' },
  void: { type: 'null', 'x-diglot': 'undefined' },
};

/**
 * @param {any} schema
 * @param {(part: any) => any} of_part
 * @returns {any} a copy in which every schema within is what `of_part` makes of it
 */
function mapped(schema, of_part) {
  const copy = { ...schema };
  for (const key of ONE) if (is_schema(copy[key])) copy[key] = of_part(copy[key]);
  for (const key of MANY) if (Array.isArray(copy[key])) copy[key] = copy[key].map(of_part);
  for (const key of NAMED) if (is_schema(copy[key])) copy[key] = Object.fromEntries(Object.entries(copy[key]).map(([name, part]) => [name, of_part(part)]));
  return copy;
}

/** @param {any} value */
function is_schema(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** @param {any} schema as a program has it @returns {any} as it crosses */
function normalised(schema) {
  if (!is_schema(schema)) return schema;
  const names = new Map();
  for (const [name, part] of Object.entries(schema.$defs ?? {})) names.set(name, name).set(/** @type {any} */ (part)?.$id ?? name, name);
  const walk = (part) => {
    if (!is_schema(part)) return part;
    const copy = mapped(part, walk);
    const own = typeof copy.type === 'string' ? TYPES[copy.type] : undefined;
    if (own !== undefined) Object.assign(copy, own);
    // What only says which document this is.
    for (const key of ['$schema', '$id', '$anchor']) delete copy[key];
    if (typeof copy.$ref === 'string' && !copy.$ref.startsWith('#') && names.has(copy.$ref)) copy.$ref = `#/$defs/${names.get(copy.$ref)}`;
    return copy;
  };
  // Members that are functions, symbols or undefined are the library's own; bounds of a bigint are numbers to others.
  return JSON.parse(JSON.stringify(walk(schema), (name, value) => (typeof value === 'bigint' ? number_of(name, value) : value)));
}

/** @param {string} name of a keyword @param {bigint} value @returns {number} */
function number_of(name, value) {
  const number = Number(value);
  if (BigInt(number) !== value) throw new TypeError(`schema: ${name}: ${value} is no number of JSON Schema's, which hold no more digits: leave it to the function`);
  return number;
}

/** Definitions of inner documents move to the outermost. @param {any} schema @returns {any} */
function hoisted(schema) {
  /** @type {Record<string, any>} */
  const defs = {};
  const walk = (part, names) => {
    if (!is_schema(part)) return part;
    let known = names;
    if (part.$defs !== undefined) {
      known = new Map(names);
      for (const name of Object.keys(part.$defs)) known.set(`#/$defs/${name}`, `#/$defs/${free(name, defs, part.$defs[name])}`);
      for (const [name, inner] of Object.entries(part.$defs)) defs[known.get(`#/$defs/${name}`).slice('#/$defs/'.length)] = walk(inner, known);
    }
    const { $defs: _, ...rest } = part;
    const copy = mapped(rest, (inner) => walk(inner, known));
    if (typeof copy.$ref === 'string') copy.$ref = known.get(copy.$ref) ?? copy.$ref;
    return copy;
  };
  const top = walk(schema, new Map());
  return Object.keys(defs).length === 0 ? top : { ...top, $defs: defs };
}

/** A document that refers to itself as a whole gets a name, so that it can stand within another. @param {any} schema @returns {any} */
function rooted(schema) {
  if (!is_schema(schema)) return schema;
  let is_referred = false;
  const name = free(typeof schema.title === 'string' ? schema.title : 'Self', { ...schema.$defs }, null);
  const walk = (part) => {
    if (!is_schema(part)) return part;
    const copy = mapped(part, walk);
    if (copy.$ref === '#') {
      is_referred = true;
      copy.$ref = `#/$defs/${name}`;
    }
    return copy;
  };
  const { $defs = {}, ...own } = walk(schema);
  return is_referred ? { $ref: `#/$defs/${name}`, $defs: { ...$defs, [name]: own } } : schema;
}

/**
 * `date-time` is text to libraries but where `Date` was meant, which stands there as a mark; in JSON Schema that somebody has written it is a `Date`.
 *
 * @param {any} schema
 * @param {boolean} [is_text]
 * @returns {any}
 */
function told_apart(schema, is_text = true) {
  if (!is_schema(schema)) return schema;
  const copy = mapped(schema, (part) => told_apart(part, is_text));
  if (copy['x-diglot'] === 'date') delete copy['x-diglot'];
  else if (is_text && copy.format === 'date-time' && copy['x-diglot'] === undefined) copy['x-diglot'] = 'text';
  return copy;
}

/** @param {string} name @param {Record<string, any>} taken @param {any} inner what is to have the name: what is the same may share it */
function free(name, taken, inner) {
  const text = JSON.stringify(inner);
  for (let number = 1; ; number++) {
    const tried = number === 1 ? name : `${name}_${number}`;
    if (!Object.hasOwn(taken, tried)) {
      taken[tried] = inner;
      return tried;
    }
    if (JSON.stringify(taken[tried]) === text) return tried;
  }
}

module.exports = { hoisted, mapped, normalised, rooted, told_apart };
