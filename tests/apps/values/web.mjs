// Functions that give back what comes, and `check`: values that fast-check makes, of every kind that JavaScript has, to Python and back.
import { createRequire } from 'node:module';
import { func, services } from 'diglot';
import { NotTaken, crossed, told } from './crossed.mjs';
import { of_schema } from './of_schema.mjs';
import { anything, deep, edges } from './anything.mjs';

const fc = createRequire(process.argv[1])('fast-check');

const number = { type: 'number' };
const text = { type: 'string' };
const array = (dtype, shape) => ({ type: 'array', 'x-diglot': 'array', dtype, ...(shape === undefined ? {} : { shape }) });
const DTYPES = ['bool', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint8_clamped', 'uint16', 'uint32', 'uint64', 'float16', 'float32', 'float64'];
const item = {
  title: 'Item',
  type: 'object',
  properties: { id: { type: 'integer' }, 'unit price': number, parts: { type: 'array', items: { $ref: '#/$defs/Item' } }, made: { type: 'string', format: 'date-time' } },
  required: ['id', 'unit price'],
};

/** What the functions take and give, by the ends of their names. */
const SCHEMAS = {
  boolean: { type: 'boolean' },
  integer: { type: 'integer' },
  number,
  bigint: { type: 'integer', 'x-diglot': 'bigint' },
  text,
  bytes: { type: 'string', contentEncoding: 'base64', 'x-diglot': 'bytes' },
  time: { type: 'string', format: 'date-time' },
  day: { type: 'string', format: 'date' },
  clock: { type: 'string', format: 'time' },
  duration: { type: 'string', format: 'duration' },
  uuid: { type: 'string', format: 'uuid' },
  decimal: { type: 'string', format: 'decimal', 'x-diglot': 'decimal' },
  numbers: { type: 'array', items: number },
  pair: { type: 'array', prefixItems: [{ type: 'integer' }, text], items: false, minItems: 2, maxItems: 2 },
  set: { type: 'array', uniqueItems: true, items: text, 'x-diglot': 'set' },
  map: { type: 'array', items: { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'array', items: text }], minItems: 2, maxItems: 2 }, 'x-diglot': 'map' },
  record: { type: 'object', additionalProperties: number },
  word: { enum: ['a', 'b', 3, null] },
  optional: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
  union: { anyOf: [{ type: 'integer' }, text, { type: 'array', items: number }, { type: 'object', additionalProperties: text }] },
  item: { $ref: '#/$defs/Item', $defs: { Item: item } },
  items: { type: 'array', items: { type: 'object', additionalProperties: { $ref: '#/$defs/Item' } }, $defs: { Item: item } },
  ...Object.fromEntries(DTYPES.flatMap((dtype) => [[`array_of_${dtype}`, array(dtype)], [`row_of_${dtype}`, array(dtype, [null])]])),
  row: array(undefined, [null]),
  table_of_numbers: array('int64', [null, null]),
  points: array('float32', [null, 3]),
  scalar: array('float64', []),
  anything: {},
};

const takes = (value) => ({ type: 'object', properties: { value }, required: ['value'], additionalProperties: false, ...(value.$defs === undefined ? {} : { $defs: value.$defs }) });

export const echo = func({ input: takes({}), output: {} }, ({ value }) => value);
for (const [name, schema] of Object.entries(SCHEMAS)) func({ name: `as_${name}`, input: takes(schema), output: schema }, ({ value }) => value);

/** What this Node has. */
export const facts = func(() => ({ hasFloat16: globalThis.Float16Array !== undefined }));

/** A property that is undefined is left out, and so is an argument. */
const given = anything.filter((value) => value !== undefined);

/** What comes back, as one text; null: nothing does, since the type does not take it. */
function expected_of(value, is_typed) {
  try {
    return told(crossed(value, is_typed));
  } catch (error) {
    if (error instanceof NotTaken) return null;
    throw error;
  }
}

async function refused(called, value) {
  try {
    const back = await called({ value });
    throw new Error(`is not refused, and came back as ${told(back)}`);
  } catch (error) {
    if (error.code !== 'invalid_arguments') throw error;
  }
}

/** Values to a function of the model, each of which has to come back. */
async function check_each(called, name, arbitrary, is_typed, runs) {
  const property = fc.asyncProperty(arbitrary, async (value) => {
    const expected = expected_of(value, is_typed);
    if (expected === null) return refused(called, value);
    const back = told(await called({ value }));
    if (back !== expected) throw new Error(`${name}: ${expected}\n came back as ${back}`);
  });
  await fc.assert(property, { numRuns: runs.count, seed: runs.seed, includeErrorInReport: true, examples: runs.examples?.map((value) => [value]) });
  return runs.count;
}

const asked = {
  type: 'object',
  properties: { service: { type: 'string' }, functions: { type: 'array' }, count: { type: 'integer' }, seed: { type: 'integer' } },
  required: ['service', 'functions', 'count', 'seed'],
};

/** `functions` are those that the service offers; how many values went to each. */
export const check = func({ input: asked, output: {} }, async ({ service, functions, count, seed }) => {
  const called = services[service];
  const typed = functions.filter(({ name }) => name.startsWith('as_'));
  const share = Math.ceil(count / 2 / typed.length);
  const runs = {};
  if (functions.some(({ name }) => name === 'echo')) {
    runs.echo = await check_each(called.echo, 'echo', given, false, { count: Math.ceil(count / 2), seed, examples: edges });
    runs.deep = await check_each(called.echo, 'deep', deep, false, { count: Math.min(count, 300), seed });
  }
  for (const { name, params } of typed) {
    const { value } = params.properties;
    runs[name] = await check_each(called[name], name, of_schema(value, { definitions: params.$defs, is_python: service === 'model' }), true, { count: share, seed });
  }
  return runs;
});
