'use strict';
// Declarations of what services offer, as a program reads them: named types once, then an interface a service.

const { to_camel } = require('../names.cjs');
const { TYPED } = require('../schema/rows.cjs');

/** A signature longer than this is broken, a line for each parameter. */
const WIDTH_MAX = 120;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
/** What TypeScript keeps for itself, as names of types. */
const RESERVED = new Set(['any', 'unknown', 'never', 'void', 'null', 'undefined', 'string', 'number', 'boolean', 'bigint', 'symbol', 'object', 'Array', 'Date', 'Map', 'Set', 'Promise', 'Record', 'AsyncIterable', 'Call', 'CallOptions', 'NDArray', 'Stream', 'Table', 'Uint8Array']);
/** Constraints that a comment can say. */
const TAGS = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf', 'minLength', 'maxLength', 'pattern', 'minItems', 'maxItems'];
/** Formats whose type is text in TypeScript. */
const FORMATS = new Set(['date', 'time', 'duration', 'uuid', 'decimal', 'email', 'uri', 'hostname', 'ipv4', 'ipv6']);
/** How the keys of `Record<number, …>` look in a schema. */
const NUMERIC_KEYS = '^-?\\d+(\\.\\d+)?$';

/**
 * @typedef {object} Offer as docs/internals/calls.md has it
 * @property {string} name
 * @property {any} params
 * @property {any} [result]
 * @property {boolean} [stream]
 * @property {{ name: string, schema: any }} [input]
 * @property {string} [doc]
 */

/** @param {Record<string, Offer[]>} services what each offers @returns {string} the text of a .d.ts */
function declaration(services) {
  const writer = new Writer(services);
  const body = Object.keys(services).sort().map((name) => writer.service(name, services[name]));
  const types = writer.types();
  const imports = ['CallOptions', ...writer.imports].sort();
  const text = [
    '// Written by `diglot types`: the functions that the services offer. Do not edit, but commit.',
    ...(writer.has_tables ? ['import type { Table } from "apache-arrow";'] : []),
    `import type { ${imports.join(', ')} } from "diglot";`,
    '',
    'declare module "diglot" {',
    '  interface Services {',
    ...body,
    '  }',
    '}',
    ...types,
  ];
  return `${text.join('\n')}\n`;
}

class Writer {
  /** @param {Record<string, Offer[]>} services */
  constructor(services) {
    /** @type {Set<string>} from the package */
    this.imports = new Set();
    this.has_tables = false;
    /** By service and the name in its schemas: the name here. @type {Map<string, string>} */
    this._names = new Map();
    /** By the name here. @type {Map<string, { schema: any, service: string }>} */
    this._definitions = new Map();
    this._service = '';
    this._name_types(services);
  }

  /** Names that mean different things in different services, or functions, get the service's before them. @param {Record<string, Offer[]>} services */
  _name_types(services) {
    /** @type {Map<string, { text: string, schema: any, service: string, key: string }[]>} */
    const by_name = new Map();
    for (const service of Object.keys(services).sort()) {
      for (const [key, schema] of definitions_of(services[service])) {
        const name = identifier(key.split('#')[0]);
        const same = by_name.get(name) ?? [];
        by_name.set(name, [...same, { text: JSON.stringify(schema), schema, service, key }]);
      }
    }
    for (const [name, all] of by_name) {
      const is_one = all.every(({ text }) => text === all[0].text);
      for (const { schema, service, key, text } of all) {
        let own = is_one ? name : `${capital(to_camel(service))}${name}`;
        for (let number = 2; this._definitions.has(own) && JSON.stringify(this._definitions.get(own)?.schema) !== text; number++) own = `${capital(to_camel(service))}${name}${number}`;
        this._names.set(`${service} ${key}`, own);
        this._definitions.set(own, { schema, service });
      }
    }
  }

  /** @param {string} name @param {Offer[]} offers @returns {string} */
  service(name, offers) {
    this._service = name;
    const lines = offers.map((offer) => this._function(offer));
    return [`    ${key_text(to_camel(name))}: {`, ...lines, '    };'].join('\n');
  }

  /** @param {Offer} offer */
  _function(offer) {
    this._scope = scope_of(offer);
    const { name, params, result = true, stream = false, input, doc } = offer;
    const required = new Set(params.required ?? []);
    const members = Object.entries(params.properties ?? {}).map(([key, schema]) => this._member(to_camel(key), schema, required.has(key), '        '));
    if (input !== undefined) members.push({ comment: '', text: `${key_text(to_camel(input.name))}: AsyncIterable<${this._type(input.schema)}>` });
    const is_optional = required.size === 0 && input === undefined;
    const is_plain = members.every(({ comment }) => comment === '');
    const of = result?.['x-diglot'] === 'undefined' ? 'void' : this._type(result);
    const call = `${stream ? 'Stream' : 'Call'}<${of}>`;
    this.imports.add(stream ? 'Stream' : 'Call');
    const head = `      ${key_text(to_camel(name))}(args${is_optional ? '?' : ''}: `;
    const tail = `, options?: CallOptions): ${call};`;
    const flat = `{ ${members.map(({ text }) => text).join('; ')} }`;
    const args = members.length === 0 ? '{}' : is_plain && (head + flat + tail).length <= WIDTH_MAX ? flat : `{\n${members.map(({ comment, text }) => `${comment}        ${text};`).join('\n')}\n      }`;
    return `${comment_text(doc === undefined ? [] : [doc], '      ')}${head}${args}${tail}`;
  }

  /** @param {string} key @param {any} schema @param {boolean} is_required @param {string} indent */
  _member(key, schema, is_required, indent) {
    return { comment: comment_text(remarks(schema), indent), text: `${key_text(key)}${is_required ? '' : '?'}: ${this._type(schema)}` };
  }

  /** All named types, in the order of their names. @returns {string[]} */
  types() {
    return [...this._definitions.keys()].sort().map((name) => {
      const { schema, service } = /** @type {any} */ (this._definitions.get(name));
      this._service = service;
      this._scope = schema[SCOPE];
      const comment = comment_text(remarks(schema), '');
      if (is_closed(schema)) return `\n${comment}export interface ${name} ${this._members(schema, '')}`;
      return `\n${comment}export type ${name} = ${this._type(schema)};`;
    });
  }

  /** @param {any} schema of an object with properties @param {string} indent */
  _members(schema, indent) {
    const required = new Set(schema.required ?? []);
    const members = Object.entries(schema.properties).map(([key, part]) => this._member(key, part, required.has(key), `${indent}  `));
    return `{\n${members.map(({ comment, text }) => `${comment}${indent}  ${text};`).join('\n')}\n${indent}}`;
  }

  /** @param {any} schema @returns {string} */
  _type(schema) {
    return join_union(this._union(schema));
  }

  /** @param {any} schema @returns {string[]} the members of the union that it is */
  _union(schema) {
    if (schema === true || schema === undefined) return ['unknown'];
    if (schema === false) return ['never'];
    if (schema.$ref !== undefined) return [this._reference(schema.$ref)];
    if (schema.const !== undefined) return [literal(schema.const, schema)];
    if (schema.enum !== undefined) return schema.enum.map((value) => literal(value, schema));
    const parts = schema.anyOf ?? schema.oneOf;
    if (parts !== undefined) return [...new Set(parts.flatMap((part) => this._union(part)))];
    if (schema.allOf !== undefined) return [schema.allOf.map((part) => in_parentheses(this._union(part))).join(' & ')];
    if (schema['x-diglot'] !== undefined) return this._special(schema);
    if (Array.isArray(schema.type)) return schema.type.flatMap((type) => this._union({ ...schema, type }));
    switch (schema.type) {
      case 'string':
        return [schema.format === 'date-time' ? 'Date' : 'string'];
      case 'number':
      case 'integer':
        return ['number'];
      case 'boolean':
      case 'null':
        return [schema.type];
      case 'array':
        return [this._array(schema)];
      case 'object':
        return [this._object(schema)];
      default:
        return schema.properties === undefined ? ['unknown'] : [this._object(schema)];
    }
  }

  /** @param {string} reference */
  _reference(reference) {
    const key = decodeURIComponent(reference.slice('#/$defs/'.length)).replaceAll('~1', '/').replaceAll('~0', '~');
    return this._names.get(`${this._service} ${key}${this._scope?.get(key) ?? ''}`) ?? 'unknown';
  }

  /** @param {any} schema @returns {string[]} */
  _special(schema) {
    switch (schema['x-diglot']) {
      case 'bigint':
        return ['bigint'];
      case 'bytes':
        return ['Uint8Array'];
      case 'set':
        return [`Set<${this._type(schema.items)}>`];
      case 'map': {
        const [key, value] = schema.items?.prefixItems ?? [true, true];
        return [`Map<${this._type(key)}, ${this._type(value)}>`];
      }
      case 'array':
        return this._rows(schema);
      case 'table':
        this.has_tables = true;
        return ['Table'];
      case 'undefined':
        return ['undefined'];
      default:
        return ['string'];
    }
  }

  /** @param {{ dtype?: string, shape?: (number | null)[] }} schema @returns {string[]} */
  _rows({ dtype, shape }) {
    // Booleans are an NDArray in a row too.
    const typed = dtype === undefined || dtype === 'bool' ? undefined : dtype === 'float16' ? 'Float16Array' : TYPED[dtype].name;
    if (typed !== undefined && shape?.length === 1) return [typed];
    this.imports.add('NDArray');
    const shaped = dtype === undefined ? 'NDArray' : `NDArray<${JSON.stringify(dtype)}>`;
    // In a row it comes as its typed array.
    return typed !== undefined && shape === undefined ? [typed, shaped] : [shaped];
  }

  /** @param {any} schema */
  _array({ items = true, prefixItems, minItems = 0 }) {
    if (prefixItems === undefined) return items === false ? '[]' : `${in_parentheses(this._union(items))}[]`;
    const first = prefixItems.map((part, at) => (at < minItems ? this._type(part) : `${in_parentheses(this._union(part))}?`));
    const rest = items === false ? [] : [`...${in_parentheses(this._union(items))}[]`];
    return `[${[...first, ...rest].join(', ')}]`;
  }

  /** @param {any} schema */
  _object(schema) {
    const { properties = {}, additionalProperties: others, patternProperties = {} } = schema;
    const indexes = Object.entries(patternProperties).map(([pattern, part]) => `{ [key: ${pattern === NUMERIC_KEYS ? 'number' : 'string'}]: ${this._type(part)} }`);
    if (others !== undefined && others !== false) indexes.push(`{ [key: string]: ${this._type(others)} }`);
    const names = Object.keys(properties);
    if (names.length === 0) return indexes.length === 0 ? (others === false ? 'Record<string, never>' : 'object') : indexes.join(' & ');
    const required = new Set(schema.required ?? []);
    const members = names.map((key) => this._member(key, properties[key], required.has(key), ''));
    return [`{ ${members.map(({ text }) => text).join('; ')} }`, ...indexes].join(' & ');
  }
}

/** Where a definition says which one of its name it is meant, for the references of the same offer. */
const SCOPE = Symbol('scope');
/** @type {WeakMap<Offer, Map<string, string>>} */
const scopes = new WeakMap();

/** @param {Offer} offer @returns {Map<string, string>} what follows a definition's name in the key under which it is known */
function scope_of(offer) {
  return scopes.get(offer) ?? new Map();
}

/** @param {Offer[]} offers @returns {Map<string, any>} the definitions of all their schemas; those that only share a name get a number */
function definitions_of(offers) {
  /** @type {Map<string, any>} */
  const found = new Map();
  for (const offer of offers) {
    /** @type {Map<string, string>} */
    const scope = new Map();
    scopes.set(offer, scope);
    for (const schema of [offer.params, offer.result, offer.input?.schema]) {
      for (const [name, part] of Object.entries(schema?.$defs ?? {})) {
        const text = JSON.stringify(part);
        let key = name;
        for (let number = 2; found.has(key) && JSON.stringify(found.get(key)) !== text; number++) key = `${name}#${number}`;
        if (!found.has(key)) found.set(key, Object.defineProperty({ .../** @type {any} */ (part) }, SCOPE, { value: scope }));
        scope.set(name, key.slice(name.length));
      }
    }
  }
  return found;
}

/** Whether an interface can say it. @param {any} schema */
function is_closed({ type, properties, additionalProperties: others, patternProperties, anyOf, oneOf, allOf, $ref, 'x-diglot': own }) {
  return type === 'object' && properties !== undefined && Object.keys(properties).length > 0 && (others === undefined || others === false) && patternProperties === undefined && (anyOf ?? oneOf ?? allOf ?? $ref ?? own) === undefined;
}

/** @param {any} value @param {any} schema */
function literal(value, schema) {
  if (schema['x-diglot'] === 'bigint' && typeof value === 'number') return `${value}n`;
  return value !== null && typeof value === 'object' ? 'unknown' : JSON.stringify(value);
}

/** @param {string[]} members */
function join_union(members) {
  return members.includes('unknown') ? 'unknown' : members.length === 0 ? 'never' : members.join(' | ');
}

/** @param {string[]} members @returns {string} as it can stand before `[]` and between `&` */
function in_parentheses(members) {
  const text = join_union(members);
  return members.length > 1 || text.includes(' & ') ? `(${text})` : text;
}

/** @param {string} key */
function key_text(key) {
  return IDENTIFIER.test(key) ? key : JSON.stringify(key);
}

/** @param {string} name of a definition @returns {string} a name of a type */
function identifier(name) {
  const plain = name.replace(/[^\w$]+(\w?)/g, (_, next) => next.toUpperCase()).replace(/^(?=\d)/, '_');
  return plain === '' || RESERVED.has(plain) ? `${plain}_` : plain;
}

/** @param {string} word */
function capital(word) {
  const plain = word.replace(/[^\w$]+(\w?)/g, (_, next) => next.toUpperCase());
  return plain.slice(0, 1).toUpperCase() + plain.slice(1);
}

/** @param {any} schema @returns {string[]} lines of a comment */
function remarks(schema) {
  if (schema === null || typeof schema !== 'object') return [];
  const lines = schema.description === undefined ? [] : [String(schema.description)];
  const inner = schema.anyOf?.length === 2 ? { ...schema.anyOf.find(({ type, $ref }) => type !== 'null' && $ref === undefined), ...schema } : schema;
  for (const tag of TAGS) if (inner[tag] !== undefined && !(inner.prefixItems !== undefined && tag.endsWith('Items'))) lines.push(`@${tag} ${inner[tag]}`);
  if (FORMATS.has(inner.format) || inner['x-diglot'] === 'text') lines.push(`@format ${inner.format}`);
  if (inner.default !== undefined && inner.default !== null) lines.push(`@default ${JSON.stringify(inner.default)}`);
  if (inner.deprecated === true) lines.push('@deprecated');
  return lines;
}

/** @param {string[]} texts @param {string} indent @returns {string} with the end of its line, or nothing */
function comment_text(texts, indent) {
  const lines = texts.flatMap((text) => text.replaceAll('*/', '*\\/').split('\n')).map((line) => line.trimEnd());
  if (lines.length === 0) return '';
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}`.trimEnd()).join('\n')}\n${indent} */\n`;
}

module.exports = { declaration };
