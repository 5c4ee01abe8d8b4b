'use strict';
// Parts of calls that stand by themselves: deadlines, and whether a program imports the package.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Deadlines, TICK_MS } = require('../lib/calls/deadlines.cjs');
const { imports_package } = require('../lib/calls/mentions.cjs');

describe('a server for tests', () => {
  it('says which folder is missing', async () => {
    const { serve } = require('../lib/testing/server.cjs');
    await assert.rejects(serve({ folder: 'nowhere/at-all' }), { message: `there is no folder ${path.resolve('nowhere/at-all')} to run diglot in: a relative \`folder\` is one of the working directory` });
  });
});

describe('deadlines', () => {
  /** One that notes when it has passed. */
  function timed(deadlines, after_ms) {
    const one = { tick: 0, before: null, after: null, at_ms: performance.now() + after_ms, passed_ms: 0 };
    one.over = new Promise((resolve) => {
      one.passed = () => {
        one.passed_ms = performance.now();
        resolve();
      };
    });
    deadlines.add(one, one.at_ms);
    return one;
  }

  it('pass when they are due and not before, whatever the order they come in', async () => {
    const deadlines = new Deadlines();
    const kept = setInterval(() => {}, 1000);
    const all = Array.from({ length: 500 }, (_, index) => timed(deadlines, (index * 37) % 101));
    const removed = all.filter((_, index) => index % 3 === 0);
    for (const one of removed) deadlines.remove(one);
    const rest = all.filter((_, index) => index % 3 !== 0);
    await Promise.all(rest.map(({ over }) => over));
    clearInterval(kept);
    for (const { at_ms, passed_ms } of rest) assert.ok(passed_ms >= at_ms, `${at_ms - passed_ms} ms early`);
    assert.ok(removed.every(({ passed_ms }) => passed_ms === 0));
    assert.equal(deadlines.rings.size, 0);
  });

  it('that are removed leave nothing behind, however many there were', () => {
    const deadlines = new Deadlines();
    for (let count = 0; count < 10_000; count++) deadlines.remove(timed(deadlines, 30_000 + count * TICK_MS));
    assert.equal(deadlines.rings.size, 0);
    assert.ok(deadlines.ticks.length < 1000, `${deadlines.ticks.length} ticks`);
    clearTimeout(deadlines.timer);
  });
});

describe('a deadline', () => {
  it('may lie further ahead than the timers of Node reach', async () => {
    const warnings = [];
    const noted = (warning) => warnings.push(warning.name);
    process.on('warning', noted);
    const deadlines = new Deadlines();
    deadlines.add({ tick: 0, before: null, after: null, passed() {} }, performance.now() + 30 * 86_400_000);
    await new Promise(setImmediate);
    process.off('warning', noted);
    clearTimeout(deadlines.timer);
    assert.deepEqual(warnings, []);
  });
});

describe('a program', () => {
  let folder;
  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), 'diglot-mentions-'));
  });
  after(() => fs.rmSync(folder, { recursive: true }));

  const CASES = [
    ['that imports the package', { 'main.mjs': "import { func } from 'diglot'" }, true],
    ['whose modules do', { 'main.mjs': "import './a.mjs'", 'a.mjs': "export * from './b/index.mjs'", 'b/index.mjs': "import 'diglot'" }, true],
    ['that does so when it runs', { 'main.cjs': "require('./a')", 'a.js': "exports.a = import('diglot/testing')" }, true],
    ['in TypeScript, by the names of what it becomes', { 'main.ts': "import './a.js'", 'a.ts': "import { services } from 'diglot'" }, true],
    ['that requires it', { 'main.cjs': "require('diglot')" }, false],
    ['that imports others', { 'main.mjs': "import 'diglots'; import './a.mjs'; import './nowhere.mjs'", 'a.mjs': "import './main.mjs'" }, false],
    ['that is not there', { 'other.mjs': '' }, false],
  ];
  for (const [index, [name, files, imports]] of CASES.entries()) {
    it(`${name} ${imports ? 'is' : 'is not'} taken for one that imports it`, () => {
      for (const [file, text] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, String(index), file)), { recursive: true });
        fs.writeFileSync(path.join(folder, String(index), file), text);
      }
      const [entry] = Object.keys(files);
      assert.equal(imports_package(path.join(folder, String(index), entry === 'other.mjs' ? 'main.mjs' : entry)), imports);
    });
  }
});
