'use strict';
// Types of TypeScript, the schema each has, and whether its declaration says the same again.

const DATE = { type: 'string', format: 'date-time' };
const BIGINT = { type: 'integer', 'x-diglot': 'bigint' };
const BYTES = { type: 'string', contentEncoding: 'base64', 'x-diglot': 'bytes' };
const NOTHING = { type: 'null', 'x-diglot': 'undefined' };
const STRING = { type: 'string' };
const NUMBER = { type: 'number' };
const NULL = { type: 'null' };
const array_of = (items) => ({ type: 'array', items });
const object_of = (properties, required = Object.keys(properties)) => ({ type: 'object', properties, ...(required.length === 0 ? {} : { required }) });
const row_of = (dtype) => ({ type: 'array', 'x-diglot': 'array', dtype, shape: [null] });
const set_of = (items) => ({ type: 'array', uniqueItems: true, 'x-diglot': 'set', items });
const map_of = (key, value) => ({ type: 'array', 'x-diglot': 'map', items: { type: 'array', prefixItems: [key, value], minItems: 2, maxItems: 2 } });

/** What the types below are made of. */
const SOURCE = `
export enum Color { Red = 'red', Blue = 'blue' }
export enum Level { Low, High = 5, Higher }
export const enum Side { Left = 'l', Right = 'r' }
export type Kind = 'b' | 'a' | 3;
export interface Point { x: number; y: number }
export interface Named { readonly name: string }
/** A thing with a price. */
export interface Item extends Named {
  /**
   * What it costs.
   * @minimum 0
   */
  price: number;
  tags?: string[];
  note: string | null;
  at?: Date | null;
  kind?: Kind;
}
export interface Tree { value: number; children: Tree[]; parent?: Tree }
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type Shape = { kind: 'circle'; radius: number } | { kind: 'square'; side: number };
export interface Page<T> { items: T[]; next?: number }
declare const brand: unique symbol;
export type UserId = string & { readonly [brand]: 'UserId' };
export type Cents = number & { __cents?: never };
export class Config { #kept = 1; constructor(public host: string, public port?: number) { this.#kept++; } private own = 2; }
export type Flags<K extends string> = { [P in K as \`is_\${P}\`]: boolean };
export interface Limits {
  /**
   * @integer
   * @minimum 1
   * @maximum 10
   * @default 5
   */
  count?: number;
  /**
   * @minLength 2
   * @maxLength 5
   * @pattern ^[a-z]+$
   */
  code: string;
  /** @format date-time */
  when: string;
  /** @format uuid */
  id: string;
  /**
   * @minItems 1
   * @maxItems 3
   * @uniqueItems
   * @items.minimum 7
   */
  list: number[];
  /** @exclusiveMinimum 0 */
  rate: number | null;
  /** @deprecated use rate */
  old?: number;
}
`;

const KIND = { title: 'Kind', anyOf: [{ type: 'string', enum: ['b', 'a'] }, { type: 'integer', const: 3 }] };
const ITEM = {
  title: 'Item',
  type: 'object',
  properties: {
    price: { type: 'number', minimum: 0, description: 'What it costs.' },
    tags: array_of(STRING),
    note: { anyOf: [STRING, NULL] },
    at: { anyOf: [DATE, NULL] },
    kind: { $ref: '#/$defs/Kind' },
    name: STRING,
  },
  required: ['price', 'note', 'name'],
  description: 'A thing with a price.',
};
const ref = (name, schema, more = {}) => ({ $ref: `#/$defs/${name}`, $defs: { [name]: { title: name, ...schema }, ...more } });
const SHAPE = { anyOf: [object_of({ kind: { type: 'string', const: 'circle' }, radius: NUMBER }), object_of({ kind: { type: 'string', const: 'square' }, side: NUMBER })] };

/** @type {[type: string, schema: any, declared?: 'same' | 'wider' | string][]} the third says what the declaration is to the type; a text: what stands in it */
const TYPES = [
  ['string', STRING],
  ['number', NUMBER],
  ['boolean', { type: 'boolean' }],
  ['bigint', BIGINT, 'number | bigint'],
  ['null', NULL],
  ['unknown', {}],
  ['any', {}, 'unknown'],
  ["'a'", { type: 'string', const: 'a' }],
  ['-1.5', { type: 'number', const: -1.5 }],
  ['3', { type: 'integer', const: 3 }],
  ['true', { type: 'boolean', const: true }],
  ['10n', { ...BIGINT, const: 10 }, '10 | 10n'],
  ["'a' | 'b' | 1 | 2", { anyOf: [{ type: 'string', enum: ['a', 'b'] }, { type: 'integer', enum: [1, 2] }] }],
  ['string | number | null', { anyOf: [STRING, NUMBER, NULL] }],
  ['boolean | string', { anyOf: [{ type: 'boolean' }, STRING] }],
  ['string | undefined', { ...STRING }, 'optional'],
  ['(string | undefined)[]', array_of({ anyOf: [STRING, NOTHING] })],
  ['string[]', array_of(STRING)],
  ['readonly number[]', array_of(NUMBER), 'number[]'],
  ['Array<string | null>', array_of({ anyOf: [STRING, NULL] })],
  ['[string, number]', { type: 'array', prefixItems: [STRING, NUMBER], items: false, minItems: 2 }],
  ['[a: string, b?: number]', { type: 'array', prefixItems: [STRING, NUMBER], items: false, minItems: 1 }],
  ['[string, ...boolean[]]', { type: 'array', prefixItems: [STRING], items: { type: 'boolean' }, minItems: 1 }],
  ['{ a: string; b?: number }', object_of({ a: STRING, b: NUMBER }, ['a'])],
  ["{ 'x-y': string; 2: number }", object_of({ 2: NUMBER, 'x-y': STRING }, ['x-y', '2'])],
  ['{ a: string | undefined }', object_of({ a: STRING }, []), '{ a?: string }'],
  ['Record<string, number>', { ...object_of({}), additionalProperties: NUMBER }],
  ['{ [key: string]: Point }', { ...object_of({}), additionalProperties: { $ref: '#/$defs/Point' }, $defs: { Point: { title: 'Point', ...object_of({ x: NUMBER, y: NUMBER }) } } }],
  ['{ [key: number]: string }', { ...object_of({}), patternProperties: { '^-?\\d+(\\.\\d+)?$': STRING } }],
  ["Record<'a', number>", object_of({ a: NUMBER })],
  ['object', { type: 'object' }],
  ['Date', DATE],
  ['Date | string', { anyOf: [DATE, STRING] }],
  ['Uint8Array', BYTES],
  ['ArrayBuffer', BYTES, 'Uint8Array'],
  ['Float32Array', row_of('float32')],
  ['BigInt64Array', row_of('int64')],
  ['Uint8ClampedArray', row_of('uint8_clamped')],
  ['Set<Date>', set_of(DATE)],
  ['ReadonlySet<string>', set_of(STRING), 'Set<string>'],
  ['Map<bigint, Uint8Array>', map_of(BIGINT, BYTES), 'Map<number | bigint, Uint8Array>'],
  ["NDArray<'float32'>", { type: 'array', 'x-diglot': 'array', dtype: 'float32' }, 'Float32Array | NDArray<"float32">'],
  ["NDArray<'bool'>", { type: 'array', 'x-diglot': 'array', dtype: 'bool' }],
  ['NDArray', { type: 'array', 'x-diglot': 'array' }, 'TypedArrays[keyof TypedArrays] | NDArray'],
  ['Color', ref('Color', { type: 'string', enum: ['red', 'blue'] }), '"red" | "blue"'],
  ['Level', ref('Level', { type: 'integer', enum: [0, 5, 6] }), '0 | 5 | 6'],
  ['Side', ref('Side', { type: 'string', enum: ['l', 'r'] }), '"l" | "r"'],
  ['Color.Red', { type: 'string', const: 'red' }, '"red"'],
  ['Color | null', { anyOf: [{ $ref: '#/$defs/Color' }, NULL], $defs: { Color: { title: 'Color', type: 'string', enum: ['red', 'blue'] } } }, '"red" | "blue"'],
  ['Kind', ref('Kind', { anyOf: KIND.anyOf })],
  ['Item', { $ref: '#/$defs/Item', $defs: { Item: ITEM, Kind: KIND } }],
  ['Item | null', { anyOf: [{ $ref: '#/$defs/Item' }, NULL], $defs: { Item: ITEM, Kind: KIND } }],
  ['Tree', ref('Tree', object_of({ value: NUMBER, children: array_of({ $ref: '#/$defs/Tree' }), parent: { $ref: '#/$defs/Tree' } }, ['value', 'children']))],
  ['Json', ref('Json', { anyOf: [STRING, NUMBER, { type: 'boolean' }, array_of({ $ref: '#/$defs/Json' }), { ...object_of({}), additionalProperties: { $ref: '#/$defs/Json' } }, NULL] })],
  ['Shape', ref('Shape', SHAPE)],
  ['Page<Point>', ref('PageOfPoint', object_of({ items: array_of({ $ref: '#/$defs/Point' }), next: NUMBER }, ['items']), { Point: { title: 'Point', ...object_of({ x: NUMBER, y: NUMBER }) } })],
  ['Partial<Point>', object_of({ x: NUMBER, y: NUMBER }, [])],
  ["Pick<Item, 'price' | 'name'>", object_of({ name: STRING, price: ITEM.properties.price })],
  ["Omit<Point, 'x'>", object_of({ y: NUMBER })],
  ['Required<{ a?: string }>', object_of({ a: STRING })],
  ['Readonly<Point>', object_of({ x: NUMBER, y: NUMBER })],
  ['Point & { z: number }', object_of({ x: NUMBER, y: NUMBER, z: NUMBER })],
  ["Flags<'new'>", ref('FlagsOfNew', object_of({ is_new: { type: 'boolean' } }))],
  ["Extract<'a' | 'b' | 3, string>", { type: 'string', enum: ['a', 'b'] }],
  ['NonNullable<string | null>', STRING],
  ["Item['price']", NUMBER],
  ['keyof Point', { type: 'string', enum: ['x', 'y'] }],
  ['Awaited<Promise<string>>', STRING],
  ['UserId', ref('UserId', STRING), 'string'],
  ['Cents', ref('Cents', NUMBER), 'number'],
  ['Config', ref('Config', object_of({ host: STRING, port: NUMBER }, ['host'])), '{ host: string; port?: number }'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: a type's
  ['`v-${number}`', { type: 'string', pattern: '^v-[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?$' }, 'string'],
  ['{ a: string; b?: never }', { ...object_of({ a: STRING, b: false }, ['a']) }],
  [
    'Limits',
    ref(
      'Limits',
      object_of(
        {
          count: { type: 'integer', minimum: 1, maximum: 10, default: 5 },
          code: { type: 'string', minLength: 2, maxLength: 5, pattern: '^[a-z]+$' },
          when: { ...DATE, 'x-diglot': 'text' },
          id: { type: 'string', format: 'uuid' },
          list: { type: 'array', items: { type: 'number', minimum: 7 }, minItems: 1, maxItems: 3, uniqueItems: true },
          rate: { anyOf: [{ type: 'number', exclusiveMinimum: 0 }, NULL] },
          old: { type: 'number', deprecated: true },
        },
        ['code', 'when', 'id', 'list', 'rate'],
      ),
    ),
  ],
];

/** Types that cannot cross, and what is said of them, with the path within the type. */
const REFUSED = [
  ['{ a: { b: () => void }[] }', 'x.a[].b: a function cannot cross'],
  ['{ m(): void }', 'x.m: a function cannot cross'],
  ['() => number', 'x: a function cannot cross'],
  ['symbol', 'x: a symbol cannot cross'],
  ['{ a: Promise<string> }', 'x.a: a Promise cannot cross: only the result as a whole may be one'],
  ['RegExp', 'x: a RegExp cannot cross: send its source'],
  ['Map<string, Error>', 'x[value]: an Error cannot cross: throw it'],
  ['never', 'x: never has no values'],
  ['{ a: Nowhere }', 'x.a: the type cannot be found: is what it is imported from installed, and does it have types?'],
  ['AsyncIterable<string>[]', 'x[]: an AsyncIterable cannot cross within a value: one parameter, or the result, may be a stream'],
  ['Counter', 'x.next: a function cannot cross'],
  ['[...string[], number]', 'x: of a tuple only the last may be a rest'],
  ['Endless<string>', `x${'.next'.repeat(64)}: types nest too deep`],
  ['WeakMap<object, string>', 'x: a WeakMap cannot cross'],
  ['Intl.NumberFormat', 'x: NumberFormat has no counterpart in other languages'],
];

module.exports = { REFUSED, SOURCE, TYPES };
