'use strict';
// Functions described by their types, with real compilers: TypeScript 5 in JavaScript, and 7, which is native.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { after, before, describe, it } = require('node:test');
const { Project, TYPESCRIPTS } = require('../support/project.cjs');
const { REFUSED, SOURCE, TYPES } = require('../support/types.cjs');
const { compile } = require('../lib/calls/schema.cjs');
const { extract } = require('../lib/calls/typescript/extract.cjs');
const { write } = require('../lib/calls/typescript/write.cjs');
const { describe: describe_module } = require('../lib/calls/typescript/functions.cjs');

const TSCONFIG = JSON.stringify({ compilerOptions: { strict: true, target: 'esnext', module: 'nodenext', types: [], lib: ['esnext', 'dom'] }, include: ['**/*.ts'] });
const PACKAGE = '{"type": "module"}';

/** @param {Record<string, string>} files @param {string} typescript */
function make(files, typescript) {
  return new Project({ 'package.json': PACKAGE, 'tsconfig.json': TSCONFIG, ...files }, typescript);
}

/** @param {Project} project @param {string} name */
async function describe_file(project, name) {
  const { files } = await extract({ root: project.root, file: project.path(name) });
  return files[project.path(name)];
}

/** Names of types that the cases use. */
const NAMES = [...SOURCE.matchAll(/export (?:const )?(?:interface|type|enum|class) (\w+)/g)].map(([, name]) => name).join(', ');
const HEAD = `import { func, type NDArray } from "diglot";\nimport { ${NAMES} } from "./types.js";\n`;
const offers = TYPES.map(([type], at) => `export const case${at} = func(async (x: ${type}): Promise<{ y: ${type} }> => ({ y: x }));`);

for (const typescript of TYPESCRIPTS) {
  describe(`types, by ${typescript}`, () => {
    /** @type {Project} */
    let project;
    let described;
    before(async () => {
      project = make({ 'types.ts': SOURCE, 'cases.ts': HEAD + offers.join('\n') }, typescript);
      described = await describe_file(project, 'cases.ts');
    });
    after(() => project.remove());

    it('are all understood', () => {
      assert.deepEqual(described.problems, []);
      assert.equal(described.functions.length, TYPES.length);
    });

    TYPES.forEach(([type, schema], at) => {
      it(type, () => {
        const { name, params, params_schema, result } = described.functions[at];
        assert.deepEqual([name, params], [`case${at}`, ['x']]);
        const { $defs, ...own } = schema;
        assert.deepEqual(params_schema.properties.x, own);
        assert.deepEqual(params_schema.$defs, $defs);
        assert.equal(params_schema.required === undefined, type.includes('| undefined') && !/[[{]/.test(type));
        if (params_schema.required !== undefined) assert.deepEqual(result.properties.y, own);
        // And it can be had.
        compile(params_schema);
      });
    });
  });

  it(`the package that \`diglot types\` has declared is the package, by ${typescript}`, async () => {
    const declarations = fs.readFileSync(require.resolve('../sdk/index.d.ts'), 'utf8');
    const files = {
      'diglot-package.d.ts': `declare module "diglot" {\n${declarations}}\n`,
      'again.ts': 'export { func } from "diglot";',
      'cases.ts': 'import type { NDArray } from "diglot";\nimport { func } from "./again.js";\nexport const total = func((of: NDArray<"float32">) => 1);',
    };
    const project = make(files, typescript);
    try {
      const { functions, problems } = await describe_file(project, 'cases.ts');
      assert.deepEqual(problems, []);
      assert.deepEqual(functions[0].params_schema.properties.of, { type: 'array', 'x-diglot': 'array', dtype: 'float32' });
    } finally {
      project.remove();
    }
  });

  describe(`what cannot cross, by ${typescript}`, () => {
    it('is told with its place and its path within the type', async () => {
      const source = REFUSED.map(([type], at) => `export const case${at} = func((x: ${type}) => 1);`);
      const project = make({ 'cases.ts': `import { func } from "diglot";\nclass Counter { next() { return 1; } } interface Endless<T> { next: Endless<T[]> }\n${source.join('\n')}` }, typescript);
      try {
        const { problems } = await describe_file(project, 'cases.ts');
        const expected = REFUSED.map(([, message], at) => ({ file: project.path('cases.ts'), line: at + 3, message: `case${at}: ${message}` }));
        assert.deepEqual(problems.map(({ column: _, ...problem }) => problem), expected);
        assert.equal(problems[0].column, 'export const case0 = func(('.length + 1);
      } finally {
        project.remove();
      }
    });

    it('as functions', async () => {
      const cases = [
        ['func((x) => 1)', 'the parameter x has no type: write it, other languages are told it'],
        ['func(({ x }) => 1)', 'the parameters have no type: write it, other languages are told it'],
        ['func(<T>(x: T) => 1)', 'a generic function cannot be offered: its types have to be known'],
        ['func((...x: number[]) => 1)', 'parameters are given by name, which ...x has none of: take an array'],
        ['func(([x]: number[]) => 1)', 'a parameter cannot be an array taken apart: give it a name'],
        ['func((a: number, { b }: { b: number }) => 1)', 'one parameter alone may be an object taken apart: its properties are the parameters then'],
        ['func((itemId: number, item_id: number) => 1)', 'the names itemId and item_id are both item_id to other languages: rename one'],
        ['func((a: AsyncIterable<number>, b: AsyncIterable<number>) => 1)', 'one parameter may be a stream, not a and b'],
        ['func(over)', 'a function with overloads cannot be offered: which of them would be meant?'],
        ['func(3 as any)', 'func() takes a function, last'],
        ['func(({ a }: { [key: string]: number }) => 1)', 'the parameters have to be known by name: an index signature says nothing of them'],
        ['func((x: boolean) => (x ? Promise.resolve(1) : 2))', 'the result is sometimes a promise: make the function async'],
        ['func((/** @minimum one */ x: number) => 1)', 'x: @minimum one: a number has to follow'],
        ['func((x: { a: {\n/** @pattern [ */ b: string } }) => 1)', 'x.a.b: @pattern [: Invalid regular expression: /[/u: Unterminated character class'],
      ];
      const lines = cases.map(([call], at) => `export const case${at} = ${call};`);
      const head = 'import { func } from "diglot";\nfunction over(a: number): number; function over(a: string): string; function over(a: any) { return a; }\n';
      const project = make({ 'cases.ts': head + lines.join('\n') }, typescript);
      try {
        const { problems } = await describe_file(project, 'cases.ts');
        assert.deepEqual(problems.map(({ line, message }) => [line, message]), cases.map(([, message], at) => [at + 3, `case${at}: ${message}`]));
      } finally {
        project.remove();
      }
    });
  });

  it(`a solution's configuration that has the file is the one, by ${typescript}`, async () => {
    const options = JSON.parse(TSCONFIG);
    options.compilerOptions.paths = { '#own': ['../server/own.ts'] };
    const project = new Project({
      'package.json': PACKAGE,
      'tsconfig.json': '{ "files": [], /* and no more */ "references": [{ "path": "./tsconfig.client.json" }, { "path": "./tsconfig.server.json" }] }',
      'tsconfig.client.json': JSON.stringify({ ...options, compilerOptions: { ...options.compilerOptions, paths: {} }, include: ['client/*.ts'] }),
      'tsconfig.server.json': '{ "extends": "./base/server.json", "include": ["server/*.ts"] }',
      'base/server.json': JSON.stringify({ compilerOptions: options.compilerOptions }),
      'client/a.ts': 'export {};\n',
      'server/own.ts': 'export interface Own { id: number }\n',
      'server/find.ts': 'import { func } from "diglot";\nimport type { Own } from "#own";\nexport const find = func((own: Own) => 1);\n',
    }, typescript);
    try {
      const { functions, problems } = await describe_file(project, 'server/find.ts');
      assert.deepEqual(problems, []);
      assert.deepEqual(Object.keys(functions[0].params_schema.$defs), ['Own']);
    } finally {
      project.remove();
    }
  });

  describe(`modules compiled by ${typescript}`, () => {
    const source = 'import { func } from "diglot";\nexport const find = func(async (itemId: number) => itemId);\nexport const named = func({ input: {} }, async (x: object) => x);\n';
    for (const [name, options, sources, module] of [
      ['in a folder of their own', { outDir: 'dist', rootDir: 'src' }, { 'src/a/find.mts': source }, 'dist/a/find.mjs'],
      ['beside their sources', {}, { 'find.ts': source }, 'find.js'],
      ['as the compiler lays them out', { outDir: 'dist', ...(typescript === 'typescript' ? {} : { rootDir: '.' }) }, { 'src/find.ts': source, 'main.ts': 'import "./src/find.js";\n' }, 'dist/src/find.js'],
    ]) {
      it(name, async () => {
        const tsconfig = JSON.stringify({ compilerOptions: { ...JSON.parse(TSCONFIG).compilerOptions, ...options } });
        const project = new Project({ 'package.json': PACKAGE, 'tsconfig.json': tsconfig, ...sources }, typescript);
        try {
          project.install_diglot();
          assert.equal(project.compile(), '');
          const question = { root: project.root, always: options.outDir === undefined };
          const { source, written } = await write({ ...question, entry: project.path(Object.keys(sources)[0]) });
          assert.equal(source, project.path(Object.keys(sources)[0]));
          assert.deepEqual(await write({ ...question, entry: project.path(module) }), { source, written }, 'asked for by the module');
          assert.equal(written.path, project.path('diglot.functions.json'));
          const [first] = Object.keys(sources);
          project.write(first, `// A line more.\n${sources[first]}`);
          assert.deepEqual(await write({ ...question, entry: project.path(first) }), { source, written }, 'a line more changes nothing');
          fs.writeFileSync(written.path, written.text);
          assert.ok(fs.existsSync(project.path(module)));
          const functions = describe_module(project.path(module));
          assert.deepEqual(functions.map(({ name: own, params }) => [own, params]), [['find', ['itemId']]]);
        } finally {
          project.remove();
        }
      });
    }
  });

  describe(`functions, by ${typescript}`, () => {
    it('are found however func is imported, with their names and places', async () => {
      const source = `import { func as offer } from "diglot";
import * as whole from "diglot";
import { func as passed_on } from "./again.js";
import { func as other } from "./other.js";
export const one = offer(async (a: number) => a);
export const two = whole.func(
  async (b: number) => b,
);
export const three = passed_on((c: number) => c);
export const four = other((d) => d);
export const group = { five: offer((e: number) => e) };
export class Six { static seven = offer((f: number) => f) }
export default offer(function eight(g: number) { return g; });
async function nine(h: number) { return h; }
export const renamed = offer({ name: "ten", timeout: 5 }, nine);
offer(nine);
export const eleven = offer({ input: {} as any }, async ({ i }: { i: number }) => i);
export const twelve = (offer((j: number) => j)) satisfies unknown;
function shadowed(offer: (fn: unknown) => void, whole: { func(fn: unknown): void }) { offer((x) => x); whole.func((x) => x); }
shadowed(() => {}, { func() {} });
`;
      const required = 'import whole = require("diglot");\nconst { func: offer } = require("diglot");\nexports.one = offer((a: number) => a);\nexport const two = whole.func((b: number) => b);\n';
      const project = make({ 'required.cts': required, 'cases.ts': source, 'again.ts': 'export { func } from "diglot";\n', 'other.ts': 'export function func(fn: (x: any) => any) { return fn; }\n' }, typescript);
      try {
        const { functions, problems, sources } = await describe_file(project, 'cases.ts');
        assert.deepEqual(problems, []);
        const found = functions.map(({ name, line, column, params }) => [name, line, column, params?.join()]);
        assert.deepEqual(found, [
          ['one', 5, 20, 'a'],
          ['two', 6, 26, 'b'],
          ['three', 9, 22, 'c'],
          ['five', 11, 30, 'e'],
          ['seven', 12, 35, 'f'],
          ['eight', 13, 16, 'g'],
          ['ten', 15, 24, 'h'],
          ['nine', 16, 1, 'h'],
          ['eleven', 17, 23, undefined],
          ['twelve', 18, 24, 'j'],
        ]);
        const of_required = await describe_file(project, 'required.cts');
        assert.deepEqual(of_required.functions.map(({ name, params }) => [name, params]), [['one', ['a']], ['two', ['b']]]);
        assert.deepEqual(functions.filter(({ has_schema }) => has_schema).map(({ name }) => name), ['eleven']);
        assert.deepEqual(new Set(sources), new Set(['cases.ts', 'again.ts', 'other.ts'].map((name) => project.path(name))));
      } finally {
        project.remove();
      }
    });

    it('have comments, defaults, streams and inferred results', async () => {
      const source = `import { func } from "diglot";
interface Item { id: number }
/**
 * Finds what is like it.
 *
 * @param itemId the item
 * @param k - how many
 */
export const similar = func(async (itemId: number, k: number = 10, near?: boolean | null) => ({ items: [itemId], total: k }));
export const watch = func(async function* ({ itemId, from = "start" }: {
  /** which one */ itemId: number; from?: string; events: AsyncIterable<Item> }): AsyncGenerator<Item, void> { yield { id: itemId }; });
export const iterate = func((a: number): AsyncIterable<string> => null as any);
export const nothing = func(async (a: string): Promise<void> => {});
const options = { output: {} };
export const given = func({ output: {} }, async (a: string) => () => a);
export const given_elsewhere = func(options, async function* (a: string) { yield () => a; });
export const optional = func(async (a = 3 as number | undefined, b: string): Promise<Item | undefined> => undefined);
`.replace('a = 3 as number | undefined', 'a: number | undefined');
      const project = make({ 'cases.ts': source }, typescript);
      try {
        const { functions, problems } = await describe_file(project, 'cases.ts');
        assert.deepEqual(problems, []);
        const [similar, watch, iterate, nothing, given, given_elsewhere, optional] = functions;
        assert.equal(similar.doc, 'Finds what is like it.');
        assert.deepEqual(similar.params, ['itemId', 'k', 'near']);
        assert.deepEqual(similar.params_schema, {
          type: 'object',
          properties: { itemId: { type: 'number', description: 'the item' }, k: { type: 'number', default: 10, description: 'how many' }, near: { anyOf: [{ type: 'boolean' }, { type: 'null' }] } },
          required: ['itemId'],
          additionalProperties: false,
        });
        assert.deepEqual(similar.result, { type: 'object', properties: { items: { type: 'array', items: { type: 'number' } }, total: { type: 'number' } }, required: ['items', 'total'] });
        const item = { title: 'Item', type: 'object', properties: { id: { type: 'number' } }, required: ['id'] };
        assert.deepEqual([watch.params, watch.stream], [null, true]);
        assert.deepEqual(watch.params_schema.properties, { itemId: { type: 'number', description: 'which one' }, from: { type: 'string', default: 'start' } });
        assert.deepEqual(watch.params_schema.required, ['itemId']);
        assert.deepEqual(watch.input, { name: 'events', schema: { $ref: '#/$defs/Item', $defs: { Item: item } } });
        assert.deepEqual(watch.result, { $ref: '#/$defs/Item', $defs: { Item: item } });
        assert.deepEqual([iterate.stream, iterate.result], [true, { type: 'string' }]);
        assert.deepEqual([nothing.stream, nothing.result], [false, { type: 'null', 'x-diglot': 'undefined' }]);
        assert.deepEqual([given.result, given.stream, given_elsewhere.result, given_elsewhere.stream], [undefined, false, undefined, true]);
        assert.deepEqual(optional.params_schema.required, ['b']);
        assert.deepEqual(optional.result.anyOf, [{ $ref: '#/$defs/Item' }, { type: 'null', 'x-diglot': 'undefined' }]);
      } finally {
        project.remove();
      }
    });

    it('have the data of the errors whose classes they declare', async () => {
      const source = `import { func, RemoteError } from "diglot";
class Stock extends Error { override name = "Stock"; constructor(readonly left: number) { super("none left"); } }
/** No more of it. */
class OutOfStock extends Stock {
  /** the next delivery */ until?: Date; private secret = 1; #own = 2; static of = "shop"; retry() { return this.secret + this.#own; } get many() { return this.left; } why = () => "so";
}
class Refused extends Error { data!: { reason: "late" | "early" }; other = 1; }
class Passed extends RemoteError { at!: Item }
class Asked extends Error { get data() { return { q: 1 }; } }
class Loose extends Error { v: unknown; w: any; left!: number }
class Plain extends Error {}
interface Item { id: number }
const options = { errors: { OutOfStock, Unknown: true } };
export const reserve = func({ errors: { OutOfStock, Refused, Renamed: Passed, Asked, Loose, Plain, Named: true, Said: { type: "object" } } }, async (id: number): Promise<void> => {});
export const given = func(options, async (): Promise<void> => {});
export const none = func({ timeout: 1 }, async (): Promise<void> => {});
class Odd extends Error { at!: symbol }
`;
      const project = make({ 'cases.ts': source, 'odd.ts': 'import { func } from "diglot";\nclass Odd extends Error {\n  at!: symbol;\n}\nexport const odd = func({ errors: { Odd } }, async (): Promise<void> => {});\n' }, typescript);
      try {
        const { functions, problems } = await describe_file(project, 'cases.ts');
        assert.deepEqual(problems, []);
        const [reserve, given, none] = functions;
        const stock = { type: 'object', properties: { until: { type: 'string', format: 'date-time', description: 'the next delivery' }, left: { type: 'number' } }, required: ['left'] };
        assert.deepEqual(reserve.errors, {
          OutOfStock: stock,
          Refused: { type: 'object', properties: { reason: { type: 'string', enum: ['late', 'early'] } }, required: ['reason'] },
          Renamed: { type: 'object', properties: { at: { $ref: '#/$defs/Item' } }, required: ['at'], $defs: { Item: { title: 'Item', type: 'object', properties: { id: { type: 'number' } }, required: ['id'] } } },
          Asked: { type: 'object', properties: { q: { type: 'number' } }, required: ['q'] },
          Loose: { type: 'object', properties: { v: {}, w: {}, left: { type: 'number' } }, required: ['left'] },
        });
        assert.deepEqual([given.errors, none.errors], [{ OutOfStock: stock }, undefined]);
        const odd = await describe_file(project, 'odd.ts');
        assert.deepEqual(odd.problems.map(({ line, message }) => [line, message]), [[5, 'odd: the error Odd.at: a symbol cannot cross']]);
      } finally {
        project.remove();
      }
    });
  });
}
