'use strict';
// Schemas of other libraries, of the versions in package.json.

const assert = require('node:assert/strict');
const { before, describe, it } = require('node:test');
const v = require('valibot');
const { toStandardJsonSchema } = require('@valibot/to-json-schema');
const { z } = require('zod');
const { Invalid } = require('../lib/calls/schema.cjs');
const { lost_in } = require('../lib/calls/schema/lost.cjs');
const { of_standard, Parameters } = require('../lib/calls/standard.cjs');

const load = (name) => require(name);
const DATE = { type: 'string', format: 'date-time' };
const BIGINT = { type: 'integer', 'x-diglot': 'bigint' };
const BYTES = { type: 'string', contentEncoding: 'base64', 'x-diglot': 'bytes' };

/** @param {() => any} run */
function issues_of(run) {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Invalid, String(error.stack));
    return error.issues.map(({ path }) => path.join('.'));
  }
  return [];
}

/** The same schema by each library. */
const LIBRARIES = {
  zod: () => z.object({ id: z.int(), at: z.date(), text: z.iso.datetime().optional(), n: z.bigint(), tags: z.set(z.string()), by: z.map(z.string(), z.date()), raw: z.instanceof(Uint8Array), row: z.instanceof(Float32Array), kind: z.enum(['a', 'b']) }),
  valibot: () =>
    v.object({ id: v.pipe(v.number(), v.integer()), at: v.date(), text: v.optional(v.pipe(v.string(), v.isoTimestamp())), n: v.bigint(), tags: v.set(v.string()), by: v.map(v.string(), v.date()), raw: v.instance(Uint8Array), row: v.instance(Float32Array), kind: v.picklist(['a', 'b']) }),
  'valibot, converted': () => toStandardJsonSchema(LIBRARIES.valibot()),
  arktype: () => {
    const { type } = require('arktype');
    return type({ id: 'number.integer', at: 'Date', 'text?': 'string.date.iso', n: 'bigint', tags: type.instanceOf(Set), by: type.instanceOf(Map), raw: type.instanceOf(Uint8Array), row: type.instanceOf(Float32Array), kind: "'a' | 'b'" });
  },
};

describe('a schema of', () => {
  for (const [name, make] of Object.entries(LIBRARIES)) {
    it(name, () => {
      const schema = of_standard(make(), 'input', load);
      const { properties, required } = schema.schema;
      assert.deepEqual(new Set(required), new Set(['id', 'at', 'n', 'tags', 'by', 'raw', 'row', 'kind']));
      assert.equal(properties.id.type, 'integer');
      assert.deepEqual([properties.at, properties.n, properties.raw], [DATE, BIGINT, BYTES]);
      assert.deepEqual([properties.tags['x-diglot'], properties.by['x-diglot'], properties.row.dtype], ['set', 'map', 'float32']);
      if (name !== 'arktype') {
        assert.deepEqual(properties.tags.items, { type: 'string' });
        assert.deepEqual(properties.by.items.prefixItems, [{ type: 'string' }, DATE]);
      }
      // As Python and as JSON would send it.
      const at = new Date('2026-11-20T10:30:00.000Z');
      const given = { id: 1, at, n: 5, tags: ['a'], by: { x: at }, raw: new Uint8Array(2), row: Float32Array.of(1), kind: 'a', text: at };
      const wanted = { id: 1, at, n: 5n, tags: new Set(['a']), by: new Map([['x', at]]), raw: new Uint8Array(2), row: Float32Array.of(1), kind: 'a', text: at.toISOString() };
      const is_text_told = properties.text['x-diglot'] === 'text';
      if (!is_text_told) given.text = at.toISOString();
      assert.deepEqual(schema.decode(given), wanted);
      const from_json = schema.from_json({ ...given, at: at.toISOString(), text: at.toISOString(), by: [['x', at.toISOString()]], raw: 'AAA=', row: [1] });
      if (name !== 'arktype') assert.deepEqual(from_json, wanted);
      assert.deepEqual(issues_of(() => schema.decode({ ...given, id: 1.5, kind: 'c' }, ['p'])), ['p.id', 'p.kind']);
      if (name !== 'arktype') assert.deepEqual(issues_of(() => schema.decode({ ...given, tags: ['a', 3] })), ['tags'], 'what is in a set has no place');
    });
  }

  it('TypeBox, and JSON Schema itself', async () => {
    const { Type } = await import('typebox');
    const schema = of_standard(Type.Object({ id: Type.Integer({ minimum: 1 }), n: Type.BigInt(), at: Type.Optional(Type.String({ format: 'date-time' })) }), 'input');
    assert.deepEqual(schema.schema, { type: 'object', required: ['id', 'n'], properties: { id: { type: 'integer', minimum: 1 }, n: BIGINT, at: { ...DATE, 'x-diglot': 'text' } } });
    assert.deepEqual(schema.decode({ id: 1, n: 2, at: new Date(0) }), { id: 1, n: 2n, at: '1970-01-01T00:00:00.000Z' });
    assert.deepEqual(issues_of(() => schema.decode({ id: 0, n: 'x' })), ['id', 'n']);
    const node = of_standard(Type.Cyclic({ Node: Type.Object({ next: Type.Optional(Type.Ref('Node')) }) }, 'Node'), 'input');
    assert.deepEqual(issues_of(() => node.decode({ next: { next: { next: 3 } } })), ['next.next.next']);
    const few = of_standard(Type.Object({ n: Type.BigInt({ minimum: 2n }), one: Type.Literal(1n) }), 'input');
    assert.deepEqual(few.decode({ n: 2, one: 1 }), { n: 2n, one: 1n });
    assert.deepEqual(issues_of(() => few.decode({ n: 1, one: 2 })), ['n', 'one']);
    // As @sinclair/typebox has them, which has a type of its own for a Date.
    const old = of_standard({ [Symbol('TypeBox.Kind')]: 'Object', type: 'object', properties: { at: { type: 'Date' }, text: { type: 'string', format: 'date-time' } } }, 'input');
    assert.deepEqual(old.schema.properties, { at: DATE, text: { ...DATE, 'x-diglot': 'text' } });
    const own = of_standard({ type: 'object', properties: { at: DATE } }, 'input');
    assert.deepEqual(own.decode({ at: '1970-01-01T00:00:00Z' }), { at: new Date(0) });
  });
});

describe('zod', () => {
  it('applies its defaults, transforms and codecs, each side with its own type', () => {
    const schema = z.object({ k: z.number().default(10), text: z.string().transform((text) => text.length), at: z.codec(z.iso.datetime(), z.date(), { decode: (text) => new Date(text), encode: (date) => date.toISOString() }) });
    const input = of_standard(schema, 'input');
    assert.deepEqual(input.schema.required, ['text', 'at']);
    assert.deepEqual(input.decode({ text: 'abc', at: '1970-01-01T00:00:00Z', k: null }), { k: 10, text: 3, at: new Date(0) });
    const output = of_standard(z.object({ at: z.date() }), 'output');
    assert.deepEqual(output.encode({ at: new Date(0), secret: 1 }), { at: new Date(0) });
    assert.deepEqual(output.to_json({ at: new Date(0) }), { at: '1970-01-01T00:00:00.000Z' });
    assert.deepEqual(issues_of(() => output.encode({ at: 'no' })), ['at']);
  });

  it('keeps names of types, and recursion, also within sets', () => {
    const Item = z.object({ id: z.int() }).meta({ id: 'Item' });
    const Tree = z.object({
      item: Item,
      get children() {
        return z.set(Tree);
      },
    });
    const { schema } = of_standard(z.object({ tree: Tree, items: z.array(Item) }), 'input');
    assert.ok(schema.$defs.Item !== undefined);
    const tree = of_standard(z.object({ tree: Tree }), 'input');
    const deep = { item: { id: 1 }, children: [{ item: { id: 2 }, children: [] }] };
    assert.equal([...tree.decode({ tree: deep }).tree.children][0].item.id, 2);
  });

  it('may validate asynchronously', async () => {
    const schema = of_standard(z.object({ id: z.number().refine(async (id) => id > 0) }), 'input');
    assert.deepEqual(await schema.decode({ id: 1 }), { id: 1 });
    await assert.rejects(schema.decode({ id: 0 }), Invalid);
  });
});

describe('what JSON Schema has no word for', () => {
  class Vector {}
  const cases = {
    zod: () => z.object({ any: z.any(), set: z.set(z.string()), told: z.custom().meta({ type: 'string' }), when: z.custom(), list: z.array(z.union([z.string(), z.symbol()])), length: z.string().transform((text) => text.length), vector: z.instanceof(Vector) }),
    valibot: () => v.object({ any: v.any(), set: v.set(v.string()), when: v.custom(() => true), list: v.array(v.union([v.string(), v.symbol()])), length: v.pipe(v.string(), v.transform((text) => text.length)), vector: v.instance(Vector) }),
    arktype: () => {
      const { type } = require('arktype');
      return type({ any: 'unknown', set: type.instanceOf(Set), when: type('string').pipe((text) => text.length), vector: type.instanceOf(Vector) });
    },
  };
  const expected = {
    zod: ['length: z.transform()', 'list[]: z.symbol()', 'vector: an instance of Vector', 'when: z.custom()'],
    valibot: ['length: v.transform()', 'list[]: v.symbol()', 'vector: an instance of Vector', 'when: v.custom()'],
    // What a morph gives is `unknown` to arktype itself.
    arktype: ['vector: an instance of Vector'],
  };
  for (const [name, make] of Object.entries(cases)) {
    it(`is named: ${name}`, () => {
      const { schema } = of_standard(make(), 'output', load);
      assert.deepEqual(lost_in(schema).map(({ path, what }) => `${path}: ${what}`).sort(), expected[name]);
      assert.ok(!JSON.stringify(schema).includes('lost'), JSON.stringify(schema));
    });
  }

  it('is nothing where a transform is only on its way in', () => {
    const { schema } = of_standard(z.object({ length: z.string().transform((text) => text.length) }), 'input', load);
    assert.deepEqual(lost_in(schema), []);
    assert.equal(schema.properties.length.type, 'string');
  });
});

describe('parameters', () => {
  const crossing = (names) => new Map(names.map((name) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), name]));
  let parameters;
  before(() => {
    parameters = new Parameters(z.object({ itemId: z.int(), pageSize: z.int().optional() }), crossing);
  });

  it('cross by other names', () => {
    assert.deepEqual(Object.keys(parameters.schema.properties), ['item_id', 'page_size']);
    assert.deepEqual([parameters.schema.required, parameters.schema.additionalProperties], [['item_id'], false]);
    assert.deepEqual(parameters.decode({ item_id: 3, page_size: null }), { itemId: 3 });
  });

  it('are told of by these', () => {
    assert.deepEqual(issues_of(() => parameters.decode({ item_id: 'x' })), ['item_id']);
    assert.deepEqual(issues_of(() => parameters.decode({ item_id: 3, itemId: 4 })), ['itemId']);
    assert.deepEqual(issues_of(() => parameters.from_json({}, ['args'])), ['args.item_id']);
  });

  it('are those of an object, which may refer to itself', () => {
    assert.throws(() => new Parameters(z.string(), crossing), /has to be that of an object/);
    const Node = z.object({
      isLeaf: z.boolean(),
      get nextNode() {
        return Node.optional();
      },
    });
    const nodes = new Parameters(Node, crossing);
    assert.deepEqual(nodes.decode({ is_leaf: false, next_node: { isLeaf: true } }), { isLeaf: false, nextNode: { isLeaf: true } });
  });
});

describe('what is no schema', () => {
  it('is refused with what to give', () => {
    for (const given of [3, null, undefined, 'string', [], () => 1]) assert.throws(() => of_standard(given, 'input'), /zod \(from 4\.2\), valibot, TypeBox/);
    const old = { '~standard': { version: 1, vendor: 'zod', validate: (value) => ({ value }) } };
    assert.throws(() => of_standard(old, 'input'), /zod 4\.2 or later is needed/);
    const missing = () => {
      throw new Error('Cannot find module');
    };
    assert.throws(() => of_standard(v.string(), 'input', missing), /npm install @valibot\/to-json-schema/);
  });
});
