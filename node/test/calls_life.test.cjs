'use strict';
// How a program comes by the package, and what calls have to do with the life of a worker and of its requests.

const assert = require('node:assert/strict');
const { spawnSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Broker } = require('../support/broker.cjs');

const ROOT = path.join(__dirname, '..');
const NODE = process.env.DIGLOT_TEST_NODE ?? process.execPath;
const FUNCTIONS_ONLY = { orders: { routes: false } };
const { version } = JSON.parse(spawnSync(NODE, ['-p', 'JSON.stringify({ version: process.versions.node })'], { encoding: 'utf8' }).stdout);
const [major, minor] = version.split('.').map(Number);

describe('the package', () => {
  let folder;
  const broker = new Broker();

  before(() => {
    // Outside of this package, which would find itself.
    folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'diglot-calls-')));
  });
  after(async () => {
    await broker.stop();
    fs.rmSync(folder, { recursive: true });
  });

  /** A program of these files, the first of which is its entry. @param {Record<string, string>} files */
  function program(name, files) {
    for (const [file, text] of Object.entries(files)) {
      fs.mkdirSync(path.dirname(path.join(folder, name, file)), { recursive: true });
      fs.writeFileSync(path.join(folder, name, file), text);
    }
    return path.join(folder, name, Object.keys(files)[0]);
  }

  /** Installs a copy of the package for a program. */
  function install(name) {
    const to = path.join(folder, name, 'node_modules', 'diglot');
    for (const part of ['lib', 'sdk', 'package.json']) fs.cpSync(path.join(ROOT, part), path.join(to, part), { recursive: true });
    return to;
  }

  const COMMONJS = "const { func } = require('diglot'); exports.answer = func({}, () => require.resolve('diglot'));";
  const MODULE = "import { func } from 'diglot'; export const answer = func({}, () => import.meta.resolve?.('diglot') ?? '');";

  it('is found by require without being installed', async () => {
    const peer = await broker.start('required', program('required', { 'main.cjs': COMMONJS }), FUNCTIONS_ONLY);
    assert.equal(await broker.call(peer, 'answer', {}), path.join(ROOT, 'packages', 'diglot', 'index.js'));
  });

  it('is found by import without being installed', async () => {
    const peer = await broker.start('imported', program('imported', { 'main.mjs': "import './inner.mjs'", 'inner.mjs': MODULE }), FUNCTIONS_ONLY);
    await broker.call(peer, 'answer', {});
  });

  it('is found by a dynamic import of a CommonJS program', async () => {
    const main = program('dynamic', { 'main.cjs': "exports.loaded = import('diglot').then(({ func }) => func({ name: 'answer' }, () => 1)); require('http').createServer().listen(0);" });
    const peer = await broker.start('dynamic', main);
    await broker.until_offer(peer, 'answer');
    assert.equal(await broker.call(peer, 'answer', {}), 1);
  });

  it('that is installed is the one that is found, and has the same way to the server', async () => {
    const main = program('installed', { 'main.cjs': COMMONJS });
    const to = install('installed');
    const peer = await broker.start('installed', main, FUNCTIONS_ONLY);
    assert.equal(await broker.call(peer, 'answer', {}), path.join(to, 'sdk', 'index.cjs'));
  });

  it('never shadows a package of the program of the same name', async () => {
    const files = {
      'main.cjs': "if (require('diglot').own) require('http').createServer((_, response) => response.end('own')).listen(0);",
      'node_modules/diglot/index.js': 'exports.own = true;',
    };
    const peer = await broker.start('shadowed', program('shadowed', files));
    peer.front.open();
    assert.equal((await peer.front.fetch()).text, 'own');
    assert.equal(peer.greeted, false, 'who does not use the package is not heard of');
  });

  it('stands in no stack of a program that misses a module', async () => {
    const peer = await broker.start('missing', program('missing', { 'main.cjs': "try { require('./nowhere'); } catch (error) { console.log(error.stack); } require('http').createServer().listen(0);" }));
    await peer.front.says('nowhere');
    assert.doesNotMatch(peer.front.stdout, /lib.calls/);
  });

  it('leaves no trace where it is not used', async () => {
    const main = program('unused', { 'main.cjs': "require('http').createServer((_, response) => response.end(JSON.stringify(Object.keys(process.env).filter((name) => name.startsWith('DIGLOT_'))))).listen(0);" });
    const peer = await broker.start('unused', main);
    peer.front.open();
    assert.equal((await peer.front.fetch()).text, '[]');
    assert.equal(peer.greeted, false);
  });

  it('gives functions their names from what they are bound to', async () => {
    const main = program('names', {
      'main.mjs': `import { func } from 'diglot'; import * as diglot from 'diglot';
export const renderCard = func({}, () => 1);
const ofLine =
  func({}, async () => 2);
export const table = { inTable: func({}, () => 3), "quoted": diglot.func({}, () => 4) };
class Cards { static ofClass = func({}, () => 5); }
export default func({}, function ownName() { return 6; });
let later; later = func({}, () => 7);
func({ name: 'getURLOf' }, () => 8);
void ofLine, Cards;`,
    });
    const peer = await broker.start('names', main, FUNCTIONS_ONLY);
    assert.deepEqual([...peer.offers.keys()], ['render_card', 'of_line', 'in_table', 'quoted', 'of_class', 'own_name', 'later', 'get_url_of']);
    assert.deepEqual([...peer.offers.values()].map(({ line }) => line), [2, 4, 5, 5, 6, 7, 8, 9]);
  });

  it('takes types from TypeScript, and arguments by position', { skip: process.features.typescript ? false : 'this Node runs no TypeScript by itself' }, async () => {
    const main = program('typed', {
      'main.mts': `import { func } from 'diglot';
interface Item { id: number; bestBefore?: Date }
/** Renders a card. */
export const renderCard = func(async (item: Item, maxLength: number = 10): Promise<string> => \`\${item.id} \${item.bestBefore?.getTime()} \${maxLength}\`);
export const sumUp = func({ timeout: 5000 }, async ({ firstOnes, by = 1 }: { firstOnes: number[]; by?: number }): Promise<number> => firstOnes.reduce((sum, one) => sum + one * by, 0));
export const ticks = func(async function* (upTo: number): AsyncGenerator<{ tick: number }> { for (let tick = 0; tick < upTo; tick++) yield { tick }; });`,
      'package.json': '{ "type": "module" }',
      'tsconfig.json': '{ "compilerOptions": { "module": "nodenext", "target": "es2022", "strict": true, "skipLibCheck": true } }',
    });
    install('typed');
    fs.symlinkSync(fs.realpathSync(path.join(ROOT, 'node_modules', 'typescript')), path.join(path.dirname(main), 'node_modules', 'typescript'));
    const peer = await broker.start('typed', main, { ...FUNCTIONS_ONLY, env: { XDG_CACHE_HOME: folder } });
    const { params, result, doc, line } = peer.offers.get('render_card');
    assert.deepEqual(Object.keys(params.properties), ['item', 'max_length']);
    assert.deepEqual([result.type, doc, line], ['string', 'Renders a card.', 4]);
    assert.equal(await broker.call(peer, 'render_card', { item: { id: 3, bestBefore: new Date(5) } }), '3 5 10');
    assert.equal(await broker.call(peer, 'render_card', { item: { id: 3, bestBefore: '1970-01-01T00:00:00.005Z' }, max_length: 2 }, { json: true }), '3 5 2');
    assert.equal(await broker.call(peer, 'sum_up', { first_ones: [1, 2], by: 2 }), 6);
    assert.deepEqual(await broker.call(peer, 'ticks', { up_to: 2 }), { items: [{ tick: 0 }, { tick: 1 }] });
    await assert.rejects(broker.call(peer, 'render_card', { item: { id: 'three' } }), ({ thrown }) => {
      assert.deepEqual([thrown.code, thrown.issues[0].path], ['invalid_arguments', ['item', 'id']]);
      return true;
    });
  });

  it('finds the types of what was compiled beforehand, by name', async () => {
    const main = program('compiled', {
      'dist/main.js': "const { func } = require('diglot');\nexports.renderCard = (0, func)(async (item) => item.id);",
      'diglot.functions.json': JSON.stringify({
        diglot: 1,
        modules: { 'dist/main.js': 'src/main.ts' },
        functions: {
          'src/main.ts#renderCard': {
            line: 9,
            column: 27,
            params: ['item'],
            params_schema: { type: 'object', properties: { item: { type: 'object', properties: { id: { type: 'integer' } } } }, required: ['item'] },
            result: { type: 'integer' },
            stream: false,
          },
        },
      }),
    });
    const peer = await broker.start('compiled', main, FUNCTIONS_ONLY);
    assert.equal(await broker.call(peer, 'render_card', { item: { id: 3 } }), 3);
    await assert.rejects(broker.call(peer, 'render_card', {}), ({ thrown }) => thrown.code === 'invalid_arguments');
  });

  it('takes schemas of zod', async () => {
    const main = program('zod', {
      'main.cjs': `const { func } = require('diglot'); const { z } = require('zod');
exports.similar = func({ input: z.object({ itemId: z.number().int(), tags: z.set(z.string()).optional() }), output: z.array(z.number()) }, async ({ itemId, tags }) => [itemId, tags?.size ?? 0]);`,
    });
    install('zod');
    fs.symlinkSync(fs.realpathSync(path.join(ROOT, 'node_modules', 'zod')), path.join(path.dirname(main), 'node_modules', 'zod'));
    const peer = await broker.start('zod', main, FUNCTIONS_ONLY);
    assert.deepEqual(await broker.call(peer, 'similar', { item_id: 3, tags: ['a', 'b'] }), [3, 2]);
    await assert.rejects(broker.call(peer, 'similar', { item_id: 3.5 }), ({ thrown }) => {
      assert.deepEqual(thrown.issues[0].path, ['item_id']);
      return true;
    });
  });

  it('tells the log what of a schema callers are not told', async () => {
    const main = program('lost', {
      'main.cjs': `const { func } = require('diglot'); const { z } = require('zod');
exports.similar = func({ input: z.object({ itemId: z.custom(), k: z.any() }), output: z.array(z.object({ when: z.string().transform(Date.parse) })) }, () => []);
exports.plain = func({ input: z.object({ n: z.number() }), output: z.unknown() }, ({ n }) => n);`,
    });
    install('lost');
    fs.symlinkSync(fs.realpathSync(path.join(ROOT, 'node_modules', 'zod')), path.join(path.dirname(main), 'node_modules', 'zod'));
    const peer = await broker.start('lost', main, FUNCTIONS_ONLY);
    assert.equal(await broker.call(peer, 'plain', { n: 3 }), 3);
    const [line, ...others] = peer.front.stderr.trimEnd().split('\n');
    assert.deepEqual(others, []);
    assert.match(line, /main\.cjs:2.*: the function similar: JSON Schema has no word for input\.itemId \(z\.custom\(\)\), output\[\]\.when \(z\.transform\(\)\): to callers it may be anything$/);
  });

  it('tells the log, once, that an error has other data than its function declares', async () => {
    const main = program('declared', {
      'main.cjs': `const { func, services } = require('diglot');
class OutOfStock extends Error {}
const thrown = (data) => Object.assign(new OutOfStock('none'), { data });
const left = { type: 'object', properties: { left: { type: 'integer' } }, required: ['left'] };
exports.right = func({ name: 'right', input: { type: 'object' }, errors: { OutOfStock: left } }, () => { throw thrown({ left: 0, more: 1 }); });
exports.wrong = func({ name: 'wrong', input: { type: 'object' }, errors: { Other: true, OutOfStock: left } }, () => { throw thrown({ left: 'none' }); });
exports.items = func({ name: 'items', input: { type: 'object' }, stream: true, errors: { OutOfStock: left } }, async function* () { throw thrown(); });
exports.others = func({ name: 'others', input: { type: 'object' }, errors: { OutOfStock: left } }, () => { throw new TypeError('no'); });
exports.said = func({ name: 'said', input: { type: 'object' } }, () => process.stderr.write('all said\\n'));`,
    });
    const peer = await broker.start('declared', main, FUNCTIONS_ONLY);
    for (const name of ['right', 'others', 'wrong', 'wrong', 'items']) {
      await assert.rejects(broker.call(peer, name, {}), ({ thrown }) => thrown.code === 'error' && thrown.type === (name === 'others' ? 'TypeError' : 'OutOfStock'));
    }
    await broker.call(peer, 'said', {});
    await peer.front.until_said(() => peer.front.stderr.includes('all said'), 'the last line');
    const lines = peer.front.stderr.split('\n').filter((line) => line.startsWith('diglot: '));
    assert.equal(lines.length, 2, peer.front.stderr);
    assert.match(lines[0], /^diglot: wrong \(.*main\.cjs:6.*\) threw OutOfStock with other data than its errors declare to callers: data\.left: /);
    assert.match(lines[1], /^diglot: items \(.*main\.cjs:7.*\) threw OutOfStock with other data than its errors declare to callers: data\.left: /);
  });

  it('throws an error as what its function declares it by, whatever it calls itself', async () => {
    const main = program('named', {
      'main.cjs': `const { func, RemoteError } = require('diglot');
class Late extends Error { name = 'Odd'; }
class Later extends Late { name = 'Odder'; }
class Latest extends Later {}
class Plain extends Late { name = 'Plain'; }
class Passed extends RemoteError {}
const by = (name, Class, errors) => func({ name, input: { type: 'object' }, errors }, () => { throw new Class('no'); });
exports.all = [
  by('own', Late, { Later, Late }), by('derived', Later, { Late, Later }), by('nearest', Latest, { Late, Later }), by('renamed', Latest, { Slow: Late, Odd: true }),
  by('named', Plain, { Late, Plain: true }), by('with_schema', Plain, { Late, Plain: { type: 'object' } }), by('other', Error, { Late }), by('untold', Latest, { Late: true }),
  by('remote', Passed, { Renamed: Passed }),
];`,
    });
    const peer = await broker.start('named', main, FUNCTIONS_ONLY);
    const types = { own: 'Late', derived: 'Later', nearest: 'Later', renamed: 'Slow', named: 'Plain', with_schema: 'Plain', other: 'Error', untold: 'Odder', remote: 'Renamed' };
    for (const [name, type] of Object.entries(types)) {
      const failed = await broker.call(peer, name, {}).catch((error) => error);
      assert.deepEqual([name, failed.thrown?.code, failed.thrown?.type], [name, 'error', type]);
    }
  });

  describe('takes schemas of zod that validate asynchronously', () => {
    let peer;
    before(async () => {
      const main = program('later', {
        'main.cjs': `const { func } = require('diglot'); const { z } = require('zod');
const { setImmediate: turn } = require('node:timers/promises');
// The later ones are there sooner.
const small = z.number().refine(async (n) => { for (let left = 10 - n; left > 0; left--) await turn(); return n < 5; }, 'is not small').transform(async (n) => n * 10);
const to = z.object({ to: z.number() });
exports.count = func({ input: to, output: small }, async function* ({ to }) {
  for (let n = 0; n < to; n++) yield n;
});
exports.last = func({ input: to, output: small }, async ({ to }) => to);
exports.taken = func({ items: { numbers: small }, input: z.object({}) }, async ({ numbers }) => {
  const taken = [];
  try { for await (const number of numbers) taken.push(number) } catch (error) { taken.push(error.name, error.issues, await numbers.next()) }
  return taken;
});
exports.all = func({ items: { numbers: small }, input: z.object({}) }, async ({ numbers }) => {
  const asked = [numbers.next(), numbers.next(), numbers.next(), numbers.next()];
  return (await Promise.all(asked)).map(({ value, done }) => done ? 'done' : value);
});`,
      });
      install('later');
      fs.symlinkSync(fs.realpathSync(path.join(ROOT, 'node_modules', 'zod')), path.join(path.dirname(main), 'node_modules', 'zod'));
      peer = await broker.start('later', main, FUNCTIONS_ONLY);
    });

    const refused = ({ thrown }) => {
      assert.deepEqual([thrown.code, thrown.issues], ['invalid_result', [{ path: [], message: 'is not small' }]]);
      return true;
    };
    /** Items of these numbers, as they cross. */
    const items = (numbers) => Buffer.concat(numbers.map((number) => Buffer.concat([Buffer.of(1, 0, 0, 0), Buffer.of(number)])));

    for (const json of [false, true]) {
      const as = json ? 'in JSON' : 'in CBOR';

      it(`for results, ${as}`, async () => {
        assert.equal(await broker.call(peer, 'last', { to: 4 }, { json }), 40);
        await assert.rejects(broker.call(peer, 'last', { to: 5 }, { json }), refused);
      });

      it(`for the items of an answer, ${as}`, async () => {
        assert.deepEqual(await broker.call(peer, 'count', { to: 4 }, { json }), { items: [0, 10, 20, 30] });
        await assert.rejects(broker.call(peer, 'count', { to: 9 }, { json }), refused);
      });
    }

    it('for the items of an argument, in their order', async () => {
      assert.deepEqual(await broker.call(peer, 'taken', {}, { items: items([0, 3, 1, 2]) }), [0, 30, 10, 20]);
      assert.deepEqual(await broker.call(peer, 'all', {}, { items: items([0, 3, 1]) }), [0, 30, 10, 'done']);
    });

    it('for the items of an argument, until one is none', async () => {
      const issues = [{ path: ['numbers'], message: 'is not small' }];
      for (const numbers of [[1, 2, 7, 3, 4], [1, 2, 9, 8, 3]]) {
        assert.deepEqual(await broker.call(peer, 'taken', {}, { items: items(numbers) }), [10, 20, 'InvalidArguments', issues, { done: true }]);
      }
    });
  });

  const WRONG = [
    ['without a name', 'func({}, () => 1)', /main\.cjs:1:\d+: this function: it has no name: bind it to a const/],
    ['whose parameters nobody describes', 'const similar = func(({ itemId }) => itemId)', /main\.cjs:1:\d+: the function similar: nothing says what its parameters are/],
    ['with an option that is none', 'const one = func({ retries: 1 }, () => 1)', /the function one: there is no option retries/],
    ['whose errors are a list', 'const one = func({ errors: [Error] }, () => 1)', /the function one: errors are an object of their classes: \{ OutOfStock \}, or/],
    ['of a name that another has', 'const one = func({}, () => 1); const two = func({ name: "one" }, () => 1)', /main\.cjs:1:\d+: the function one: .*main\.cjs:1:\d+ has the same name/],
    [
      'whose name crosses as that of another',
      'const parseHTTP = func({}, () => 1);\nconst parseHttp = func({}, () => 2)',
      /main\.cjs:2:\d+: the function parseHttp: parseHTTP of .*main\.cjs:1:\d+ and parseHttp are both parse_http to other languages: rename one/,
    ],
    [
      'whose name crosses as that of another of the same place',
      "for (const name of ['parseHTTP', 'parseHttp']) func({ name }, () => 1)",
      /main\.cjs:1:\d+: the function parseHttp: parseHTTP of .*main\.cjs:1:\d+ and parseHttp are both parse_http/,
    ],
  ];
  for (const [what, text, message] of WRONG) {
    it(`refuses a function ${what}`, async () => {
      const peer = broker.spawn('wrong', program(`wrong_${what.replaceAll(' ', '_')}`, { 'main.cjs': `const { func } = require('diglot'); ${text}` }), FUNCTIONS_ONLY);
      await peer.front.exit;
      assert.match(peer.front.failed, message);
      // The server says it: nothing of ours that has noticed it is shown, and nothing twice.
      assert.doesNotMatch(peer.front.failed, /\n +at /);
      assert.equal(peer.front.stderr, '');
    });
  }

  it('refuses numbers that no function can have, and says which it may', async () => {
    const WRONG = ['timeout: 0', 'timeout: Infinity', 'timeout: 50 * 86400e3', 'concurrency: 0', 'concurrency: 2 ** 32', 'concurrency: 1.5', 'queue: -1', 'queue: 2 ** 32', 'queue: "many"'];
    const tries = WRONG.map((option) => `try { func({ name: 'one', ${option} }, () => 1) } catch (error) { said.push(error.message) }`).join('\n');
    const main = program('numbers', {
      'main.cjs': `const { func } = require('diglot'); const said = [];\n${tries}
func({ name: 'said', timeout: 2 ** 32 - 1, concurrency: 2 ** 32 - 1, queue: 0 }, () => said);`,
    });
    const peer = await broker.start('numbers', main, FUNCTIONS_ONLY);
    const said = await broker.call(peer, 'said', {});
    assert.equal(said.length, WRONG.length);
    assert.match(said[2], /main\.cjs:4:\d+: the function one: timeout is a number of milliseconds above 0, at most 4294967295 \(49 days\), and not 4320000000$/);
    assert.match(said[5], /concurrency is a whole number from 1 to 4294967295, and not 1.5$/);
    assert.match(said[8], /queue is a whole number from 0 to 4294967295, and not "many"$/);
    const { timeout_ms, concurrency, queue } = peer.offers.get('said');
    assert.deepEqual([timeout_ms, concurrency, queue], [4_294_967_295, 4_294_967_295, 0]);
  });

  it('says what to do about functions alone where there are routes', async () => {
    const peer = broker.spawn('routed', program('routed', { 'main.cjs': COMMONJS }), { orders: { routes: true } });
    await peer.front.exit;
    assert.match(peer.front.failed, /It offers functions: a service of functions alone has no `routes`/);
  });

  it('makes a program ready that offers functions and has nothing else to do, if nobody has written routes for it', async () => {
    for (const [ending, text] of [['cjs', COMMONJS], ['mjs', MODULE]]) {
      const peer = await broker.start(`alone_${ending}`, program(`alone_${ending}`, { [`main.${ending}`]: text }));
      await broker.call(peer, 'answer', {});
    }
  });

  it('waits for a program that offers functions and is about to listen', async () => {
    const main = program('later', { 'main.cjs': `${COMMONJS} setTimeout(() => require('http').createServer((_, response) => response.end('served')).listen(0), 20)` });
    const peer = await broker.start('later', main);
    peer.front.open();
    assert.equal((await peer.front.fetch()).text, 'served');
  });

  it('calls nobody from a worker thread, and says so', async () => {
    const main = program('threads', {
      'main.cjs': `const { func } = require('diglot'); const { Worker } = require('node:worker_threads');
exports.ask = func({}, () => new Promise((resolve) => new Worker(require.resolve('./thread.cjs')).on('message', resolve)));`,
      'thread.cjs': `const { services } = require('diglot'); services.a.b().catch((error) => require('node:worker_threads').parentPort.postMessage(error.message));`,
    });
    const peer = await broker.start('threads', main, FUNCTIONS_ONLY);
    assert.match(await broker.call(peer, 'ask', {}), /worker thread/);
  });

  it('is a package like any other outside of Diglot: functions are functions, and stubs answer calls', () => {
    const main = program('alone', {
      'main.mjs': `import assert from 'node:assert/strict'; import { func, services, signal, context, NDArray } from 'diglot'; import { stub } from 'diglot/testing';
const twice = func(({ n }) => 2 * n);
assert.equal(twice({ n: 2 }), 4);
assert.equal(signal().aborted, false);
await assert.rejects(services.model.similar({ itemId: 1 }), { name: 'Unavailable', message: /not run by Diglot/ });
class OutOfStock extends Error { name = 'OutOfStock'; data = { left: 0 } }
const model = stub('model', {
  similar: ({ itemId, k = 2 }) => Array.from({ length: k }, () => ({ itemId, when: new Date(0) })),
  fail() { throw new OutOfStock('none'); },
  unsendable: () => Symbol('x'),
  async *count({ to }) { for (let n = 0; n < to; n++) yield n; },
  async sum({ numbers }) { let sum = 0; for await (const n of numbers) sum += n; return sum; },
});
assert.deepEqual(await services.model.similar({ itemId: 1 }), [{ itemId: 1, when: new Date(0) }, { itemId: 1, when: new Date(0) }]);
await assert.rejects(services.model.fail(), { name: 'RemoteError', type: 'OutOfStock', data: { left: 0 } });
await assert.rejects(services.model.unsendable(), { name: 'UnsupportedValue' });
await assert.rejects(services.model.nothing(), { name: 'UnknownFunction' });
await assert.rejects(services.model.similar({ itemId: () => 1 }), { name: 'UnsupportedValue' });
const seen = []; for await (const n of services.model.count({ to: 3 })) seen.push(n);
assert.deepEqual(seen, [0, 1, 2]);
assert.equal(await services.model.sum({ numbers: (async function* () { yield 1; yield 2; })() }), 3);
const grid = new NDArray([1, 2], new Float32Array(2));
assert.deepEqual(context(), {});
model.restore();
await assert.rejects(services.model.similar({ itemId: 1 }), { name: 'Unavailable' });
console.log('passed', grid.dtype);`,
    });
    install('alone');
    const { stdout, stderr } = spawnSync(NODE, [main], { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '' } });
    assert.equal(stdout, 'passed float32\n', stderr);
  });
});

describe('a worker', () => {
  const broker = new Broker();
  let model;
  after(() => broker.stop());
  before(async () => {
    model = await broker.start('model', path.join(ROOT, 'support/apps/calls/model.cjs'), FUNCTIONS_ONLY);
  });
  const http = (options) => broker.start('http', path.join(ROOT, 'support/apps/calls/http.cjs'), options);

  it('that drains ends when the calls it has are answered', async () => {
    const peer = await broker.start('model', path.join(ROOT, 'support/apps/calls/model.cjs'), FUNCTIONS_ONLY);
    const answer = broker.call(peer, 'wait', { ms: 200 });
    const large = broker.call(peer, 'echo', { value: 'x'.repeat(30_000) });
    peer.drain();
    assert.equal(await answer, 200);
    assert.equal((await large).length, 30_000);
    assert.deepEqual(await peer.front.exit, { code: 0, signal: null });
  });

  it('that drains and has no calls ends at once', async () => {
    const peer = await broker.start('model', path.join(ROOT, 'support/apps/calls/model.cjs'), FUNCTIONS_ONLY);
    peer.drain();
    assert.deepEqual(await peer.front.exit, { code: 0, signal: null });
  });

  it('ends when the broker breaks a rule, and says so', async () => {
    const peer = await broker.start('model', path.join(ROOT, 'support/apps/calls/model.cjs'), FUNCTIONS_ONLY);
    peer.socket.write(Buffer.alloc(12, 0xff));
    assert.deepEqual(await peer.front.exit, { code: 76, signal: null });
    assert.match(peer.front.stderr, /the calls socket to the server broke its rules/);
  });

  for (const lane of ['http', 'fetch']) {
    const told_apart = major >= 24 || lane === 'http' || lane === 'fetch';
    describe(`over ${lane}`, () => {
      let web;
      before(async () => {
        web = lane === 'http' ? await http() : await broker.start('fetch', path.join(ROOT, 'support/apps/calls/fetch.mjs'));
        web.front.open(1);
        web.front.open(2);
      });

      it('carries the trace of its request, also behind an await', { skip: !told_apart }, async () => {
        const headers = ['Host', 'example.test', 'TraceParent', '00-1-2-01', 'X-Request-Id', 'seven', 'Cookie', 'secret'];
        assert.equal((await web.front.fetch({ target: '/similar', headers })).text, '[{"id":1,"name":"item 1"}]');
        assert.equal(broker.calls.at(-1).context, 'traceparent: 00-1-2-01\r\nx-request-id: seven\r\n');
        await web.front.fetch({ target: '/similar' });
        assert.equal(broker.calls.at(-1).context, '', 'another request is another one');
      });

      it('tells the trace of its request, also behind an await', { skip: !told_apart }, async () => {
        const headers = ['Host', 'example.test', 'TraceParent', '00-1-2-01', 'traceState', 'a=1, b=2', 'X-Request-Id', 'se: ven', 'Cookie', 'secret'];
        const expected = { traceparent: '00-1-2-01', tracestate: 'a=1, b=2', 'x-request-id': 'se: ven' };
        assert.deepEqual(JSON.parse((await web.front.fetch({ target: '/context', headers })).text), expected);
        assert.equal((await web.front.fetch({ target: '/context' })).text, '{}', 'another request is another one');
      });

      it('gives the calls of a request up when its client leaves', async () => {
        const request = web.front.request({ target: '/wait', connection: 2 });
        await broker.until_call('watch_aborts');
        request.cancel(1);
        await web.front.says('gave up: CallCancelled');
        await model.front.says('aborted: CallCancelled: the client it worked for has left');
      });
    });
  }

  it('survives clients that leave handlers which catch nothing', async () => {
    const web = await http();
    web.front.open(1);
    const request = web.front.request({ target: '/careless' });
    for (let count = 0; count < 3; count++) await broker.until_call('watch_aborts');
    request.cancel(1);
    for (let count = 0; count < 3; count++) await broker.until_aborted();
    await request.until(() => request.cancelled > 0);
    web.front.open(2);
    assert.match((await web.front.fetch({ target: '/similar', connection: 2 })).text, /item 1/);
    assert.equal(web.front.stderr, '');
  });

  it('has nothing to call with where the server gave it no socket', async () => {
    const { Front } = require('../support/front.cjs');
    const front = await new Front(path.join(ROOT, 'support/apps/calls/http.cjs')).ready();
    front.open();
    assert.match((await front.fetch({ target: '/similar' })).text, /is not run by Diglot/);
    await front.stop();
  });

  it(`is as quick as ever to begin (Node.js ${major}.${minor})`, () => {
    // Of the package nothing is loaded for a program that does not use it.
    const loaded = spawnSync(NODE, ['-e', `require(${JSON.stringify(path.join(ROOT, 'lib/worker.cjs'))}); console.log(Object.keys(require.cache).filter((file) => /lib.calls/.test(file)).map((file) => require('path').basename(file)).join())`], { encoding: 'utf8' });
    assert.equal(loaded.stdout.trim(), 'worker.cjs');
  });
});
