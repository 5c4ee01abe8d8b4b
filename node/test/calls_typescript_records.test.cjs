'use strict';
// What is known of a module's functions: from its types, from what was found out before, and from what `diglot types` wrote.

const assert = require('node:assert/strict');
const child_process = require('node:child_process');
const fs = require('node:fs');
const { afterEach, beforeEach, describe, it } = require('node:test');
const { Project } = require('../support/project.cjs');

const TSCONFIG = JSON.stringify({ compilerOptions: { strict: true, target: 'esnext', module: 'nodenext', types: [] } });
const SOURCE = 'import { func } from "diglot";\nimport type { Item } from "./item.js";\nexport const find = func(async (item: Item) => 1);\n';
const FILES = { 'package.json': '{"type": "module"}', 'tsconfig.json': TSCONFIG, 'find.ts': SOURCE, 'item.ts': 'export interface Item { id: number }\n' };
const MODULE = require.resolve('../lib/calls/typescript/functions.cjs');
const HOUR_S = 3600;

describe('functions', () => {
  /** @type {Project} */
  let project;
  /** Processes that were asked. */
  let asked = 0;
  const { spawnSync } = child_process;

  beforeEach(() => {
    project = new Project(FILES, 'typescript7');
    asked = 0;
    child_process.spawnSync = (...args) => {
      asked++;
      return spawnSync(...args);
    };
  });
  afterEach(() => {
    child_process.spawnSync = spawnSync;
    project.remove();
  });

  /** As another worker would, that has just started. @param {string} [name] @param {object} [options] */
  function ask(name = 'find.ts', options = {}) {
    delete require.cache[MODULE];
    return require(MODULE).describe(project.path(name), { root: project.root, cache: project.cache, ...options });
  }

  /** The properties of the type of the first parameter. */
  const properties = (functions) => Object.keys(functions[0].params_schema.$defs.Item.properties).join();

  it('are found out once', () => {
    const first = ask();
    assert.deepEqual([properties(first), asked], ['id', 1]);
    assert.deepEqual([ask(), asked], [first, 1]);
    const { described_at } = require(MODULE);
    const at = (line, column) => described_at({ file: project.path('find.ts'), line, column }, ['find'])?.name;
    assert.deepEqual([at(3, 21), at(3, 1), at(2, 21)], ['find', 'find', undefined]);
  });

  it("are read by the TypeScript beside the file, which need not be in the service's folder", () => {
    assert.deepEqual([properties(ask('find.ts', { root: project.cache })), asked], ['id', 1]);
  });

  it('are found out again when one of their files has changed, and not when it only looks so', () => {
    ask();
    const later = Date.now() / 1000 + HOUR_S;
    fs.utimesSync(project.path('item.ts'), later, later);
    assert.deepEqual([properties(ask()), asked], ['id', 1]);
    project.write('item.ts', 'export interface Item { no: number }\n');
    fs.utimesSync(project.path('item.ts'), later, later + 1);
    assert.deepEqual([properties(ask()), asked], ['no', 2]);
    project.write('tsconfig.json', `{"extends": "./base", ${TSCONFIG.slice(1)}`);
    project.write('base.json', '{}');
    ask();
    assert.equal(asked, 3);
    project.write('base.json', '{ }');
    ask();
    assert.equal(asked, 4);
    project.write('other.ts', 'export const x = 1;\n');
    ask();
    assert.equal(asked, 4);
  });

  it('of all that the entry imports are found out at once, and apart from each other later', () => {
    project.write('second.ts', SOURCE.replace('./item.js', './thing.js'));
    project.write('thing.ts', 'export interface Item { thing: string }\n');
    project.write('main.ts', 'import "./find.js";\nimport "./second.js";\n');
    const entry = project.path('main.ts');
    assert.equal(properties(ask('find.ts', { entry })), 'id');
    assert.deepEqual([properties(ask('second.ts', { entry })), asked], ['thing', 1]);
    project.write('thing.ts', 'export interface Item { thing: string; more: string }\n');
    assert.deepEqual([properties(ask('second.ts', { entry })), asked], ['thing,more', 2]);
    assert.deepEqual([properties(ask('find.ts', { entry })), asked], ['id', 2]);
  });

  it('are found out where nothing can be kept, or a record is damaged', () => {
    assert.equal(properties(ask('find.ts', { cache: null })), 'id');
    ask('find.ts', { cache: project.path('nowhere') });
    assert.equal(asked, 2);
    ask();
    const [record] = fs.readdirSync(project.cache);
    const path = `${project.cache}/${record}`;
    fs.writeFileSync(path, fs.readFileSync(path, 'utf8').replace('"id"', '"no"'));
    assert.deepEqual([properties(ask()), asked], ['id', 4]);
  });

  it('that cannot be offered are an error each time, which shows where', () => {
    project.write('find.ts', SOURCE.replace('(item: Item)', '(item: () => Item)'));
    for (const times of [1, 2]) {
      assert.throws(ask, (error) => {
        assert.equal(error.message, `${project.path('find.ts')}:3:33: find: item: a function cannot cross`);
        assert.equal(error.stack, `TypeError: ${error.message}`);
        return true;
      });
      assert.equal(asked, times);
    }
  });

  it('are not found out without TypeScript, or with one that is too old', () => {
    fs.unlinkSync(project.path('node_modules/typescript'));
    assert.throws(ask, /find\.ts: the types of func\(\) are read by your own TypeScript, and \/\S+ has none: npm install --save-dev typescript, or give a schema/);
    project.write('node_modules/typescript/package.json', '{"name": "typescript", "version": "4.9.5", "main": "index.js"}');
    project.write('node_modules/typescript/index.js', '');
    assert.throws(ask, /TypeScript 4\.9\.5 in .* is too old for the types of func\(\): 5\.0 or later is needed/);
    project.write('node_modules/typescript/package.json', '{"name": "typescript", "version": "9.0.0", "main": "index.js"}');
    assert.throws(ask, /TypeScript 9\.0\.0 in .* has no interface that is known here: npm install --save-dev @typescript\/typescript6 beside it/);
    project.write('node_modules/@typescript/typescript6/package.json', '{"name": "typescript", "version": "6.0.0", "main": "index.js"}');
    project.write('node_modules/@typescript/typescript6/index.js', `module.exports = require(${JSON.stringify(require.resolve('typescript'))});`);
    assert.equal(properties(ask()), 'id');
  });

  it('of modules that are compiled beforehand stand in a file', () => {
    const find = { line: 3, column: 21, params: ['item'], params_schema: { type: 'object', properties: { item: { type: 'number' } } }, result: {}, stream: false };
    const written = { diglot: 1, modules: { 'dist/find.js': 'src/find.ts' }, functions: { 'src/find.ts#find': find, 'src/b.ts#other': find } };
    project.write('diglot.functions.json', JSON.stringify(written));
    const { line: _, column: __, ...placeless } = find;
    assert.deepEqual(ask('dist/find.js'), [{ ...placeless, name: 'find', has_schema: false }]);
    assert.deepEqual(ask('dist/bundle.js').map(({ name }) => name), ['find', 'other']);
    const { described_at } = require(MODULE);
    const at = (line, names) => described_at({ file: project.path('dist/bundle.js'), line, column: 1 }, names, { root: project.root })?.name;
    assert.deepEqual([at(3, ['no', null]), at(7, [undefined, 'other'])], [undefined, 'other']);
    assert.equal(asked, 0);
    // The source itself, where TypeScript is not installed.
    fs.unlinkSync(project.path('node_modules/typescript'));
    assert.deepEqual(ask('src/find.ts'), [{ ...placeless, name: 'find', has_schema: false }]);
    project.write('diglot.functions.json', JSON.stringify({ ...written, diglot: 2 }));
    assert.throws(() => ask('dist/find.js'), /diglot\.functions\.json: it is of another version of Diglot: write it anew with `diglot types`/);
    project.write('diglot.functions.json', '{');
    assert.throws(() => ask('dist/find.js'), /write it anew/);
    assert.deepEqual(ask('node_modules/package/index.js'), []);
  });
});
