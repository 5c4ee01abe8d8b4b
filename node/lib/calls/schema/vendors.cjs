'use strict';
// JSON Schema out of other libraries' schemas. They refuse, or pass over, what JSON has no word for; each has its own way to be told one.

const { DTYPES, TYPED } = require('./rows.cjs');
const { lost, told } = require('./lost.cjs');
const { hoisted, normalised, rooted, told_apart } = require('./normalised.cjs');

const TARGET = 'draft-2020-12';

/** A `Date`; what else a library calls `date-time` is text in its own validation. `told_apart` takes the mark away again. */
const DATE = { type: 'string', format: 'date-time', 'x-diglot': 'date' };
const BIGINT = { type: 'integer', 'x-diglot': 'bigint' };
const BYTES = { type: 'string', contentEncoding: 'base64', 'x-diglot': 'bytes' };
const NOTHING = { type: 'null', 'x-diglot': 'undefined' };
const set_of = (items) => ({ type: 'array', uniqueItems: true, 'x-diglot': 'set', items });
const map_of = (key, value) => ({ type: 'array', 'x-diglot': 'map', items: { type: 'array', prefixItems: [key, value], minItems: 2, maxItems: 2 } });

/** @param {any} given @returns {boolean} whether it is of https://standardschema.dev. Those of arktype are functions */
function is_standard(given) {
  return given !== null && (typeof given === 'object' || typeof given === 'function') && typeof given['~standard']?.validate === 'function';
}

/** Sets and maps that are just being converted. @type {Map<any, { name: string, is_referred: boolean }>} */
const under_way = new Map();

/**
 * What is in a set is converted by itself; where that leads back to the set it is referred to.
 *
 * @param {any} schema the library's
 * @param {() => any} convert
 * @returns {any} JSON Schema
 */
function once(schema, convert) {
  const around = under_way.get(schema);
  if (around !== undefined) {
    around.is_referred = true;
    return { $ref: `#/$defs/${around.name}` };
  }
  const own = { name: `Collection${under_way.size + 1}`, is_referred: false };
  under_way.set(schema, own);
  try {
    const converted = convert();
    return own.is_referred ? { $ref: `#/$defs/${own.name}`, $defs: { [own.name]: converted } } : converted;
  } finally {
    under_way.delete(schema);
  }
}

/**
 * @param {any} given of Standard Schema
 * @param {'input' | 'output'} side
 * @param {(name: string) => any} load a module of the service's
 * @returns {any} JSON Schema
 */
function json_schema_of(given, side, load) {
  const { vendor } = given['~standard'];
  try {
    const found = (vendor === 'valibot' ? valibot(given, side, load) : by_standard(given, side, OPTIONS[vendor]));
    return told(told_apart(normalised(hoisted(rooted(found)))));
  } catch (error) {
    if (error instanceof TypeError && error.message.startsWith('schema:')) throw error;
    throw new TypeError(`no JSON Schema can be had of this schema of ${vendor}: ${error.message}`, { cause: error });
  }
}

/** @param {any} given @param {'input' | 'output'} side @param {((side: 'input' | 'output') => any) | undefined} options */
function by_standard(given, side, options) {
  const { vendor, jsonSchema } = given['~standard'];
  if (typeof jsonSchema?.[side] !== 'function') {
    const what = vendor === 'zod' ? 'zod 4.2 or later is needed' : 'this version of it gives none';
    throw new TypeError(`schema: ${what}. Other ways are zod, valibot, TypeBox or arktype, and JSON Schema itself`);
  }
  return jsonSchema[side]({ target: TARGET, libraryOptions: options?.(side) });
}

/** What zod and valibot have no JSON Schema for, and we have no word. */
const UNSAID = new Set(['blob', 'custom', 'file', 'function', 'nan', 'promise', 'symbol', 'transform']);
/** Actions of valibot's after which a value is another. */
const TRANSFORMS = new Set(['raw_transform', 'raw_transform_async', 'transform', 'transform_async']);

/** How each library is told of our words. Everything it has no word for either may be anything: it validates by itself. */
const OPTIONS = {
  __proto__: null,
  zod: (side) => ({ unrepresentable: 'any', override: (context) => zod_override(context, side) }),
  arktype: (side) => ({ fallback: (context) => arktype_fallback(context, side) }),
};

/** @param {{ zodSchema: any, jsonSchema: any }} context @param {'input' | 'output'} side */
function zod_override({ zodSchema, jsonSchema }, side) {
  const { def, bag } = zodSchema._zod;
  const inner = (schema) => rooted(by_standard(schema, side, OPTIONS.zod));
  switch (def.type) {
    case 'date':
      return Object.assign(jsonSchema, DATE);
    case 'bigint':
      return Object.assign(jsonSchema, BIGINT);
    case 'undefined':
    case 'void':
      return Object.assign(jsonSchema, NOTHING);
    case 'set':
      return Object.assign(jsonSchema, once(zodSchema, () => set_of(inner(def.valueType))));
    case 'map':
      return Object.assign(jsonSchema, once(zodSchema, () => map_of(inner(def.keyType), inner(def.valueType))));
    case 'custom':
      return Object.assign(jsonSchema, of_class(bag?.Class, 'z.custom()', jsonSchema));
    case 'literal':
      if (def.values.length === 1 && typeof def.values[0] === 'bigint') Object.assign(jsonSchema, BIGINT);
      return jsonSchema;
    default:
      return UNSAID.has(def.type) ? Object.assign(jsonSchema, lost(`z.${def.type}()`, jsonSchema)) : jsonSchema;
  }
}

/** @param {any} context @param {'input' | 'output'} side */
function arktype_fallback(context, side) {
  switch (context.code) {
    case 'date':
      return DATE;
    case 'domain':
      return context.domain === 'bigint' ? BIGINT : context.domain === 'undefined' ? NOTHING : context.base;
    case 'unit':
      return context.unit === undefined ? NOTHING : typeof context.unit === 'bigint' ? BIGINT : context.base;
    case 'proto':
      return { ...context.base, ...of_class(context.proto, 'a class', context.base) };
    case 'morph':
      return side === 'output' ? (context.out ?? {}) : context.base;
    default:
      return context.base;
  }
}

/** @param {any} type a class whose instances are meant @param {string} what it is where there is none @param {any} [said] of it @returns {any} what is known of it */
function of_class(type, what, said) {
  if (type === Uint8Array || type === Buffer || type === ArrayBuffer) return BYTES;
  if (type === Date) return DATE;
  if (type === Set) return set_of({});
  if (type === Map) return map_of({}, {});
  for (const dtype of DTYPES) if (type !== undefined && TYPED[dtype] === type) return { type: 'array', 'x-diglot': 'array', dtype, shape: [null] };
  return lost(typeof type === 'function' && type.name !== '' ? `an instance of ${type.name}` : what, said);
}

/** @param {any} given @param {'input' | 'output'} side @param {(name: string) => any} load */
function valibot(given, side, load) {
  const convert = (schema) => {
    const overrideSchema = (context) => valibot_override(context, convert);
    const config = { target: TARGET, typeMode: side, errorMode: 'ignore', overrideSchema, overrideAction: valibot_action };
    return rooted(converter(load).toJsonSchema(schema, config));
  };
  if (given['~standard'].jsonSchema === undefined) return convert(given);
  // One that `toStandardJsonSchema` made keeps the schema to itself.
  const options = { errorMode: 'ignore', overrideSchema: (context) => valibot_override(context, convert), overrideAction: valibot_action };
  return given['~standard'].jsonSchema[side]({ target: TARGET, libraryOptions: options });
}

/** @param {(name: string) => any} load */
function converter(load) {
  try {
    return load('@valibot/to-json-schema');
  } catch (error) {
    throw new TypeError(`schema: valibot's schemas need its converter: npm install @valibot/to-json-schema (${String(error.message).split('\n', 1)[0]})`);
  }
}

/** @param {{ valibotSchema: any }} context @param {(schema: any) => any} convert */
function valibot_override({ valibotSchema: schema }, convert) {
  switch (schema.type) {
    case 'date':
      return DATE;
    case 'bigint':
      return BIGINT;
    case 'undefined':
    case 'void':
      return NOTHING;
    case 'set':
      return once(schema, () => set_of(convert(schema.value)));
    case 'map':
      return once(schema, () => map_of(convert(schema.key), convert(schema.value)));
    case 'instance':
      return of_class(schema.class, 'v.instance()');
    default:
      return UNSAID.has(schema.type) ? lost(`v.${schema.type}()`) : undefined;
  }
}

/** @param {{ valibotAction: any }} context @returns {any} */
function valibot_action({ valibotAction: { type } }) {
  return TRANSFORMS.has(type) ? lost(`v.${type}()`) : undefined;
}

module.exports = { is_standard, json_schema_of };
