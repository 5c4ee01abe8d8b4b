'use strict';
// Calls between services, each a worker of its own, over real sockets.

const assert = require('node:assert/strict');
const path = require('node:path');
const { after, before, describe, it } = require('node:test');
const { Broker } = require('../support/broker.cjs');

const app = (name) => path.join(__dirname, '..', 'support', 'apps', 'calls', name);
const FUNCTIONS_ONLY = { orders: { routes: false } };

describe('calls', () => {
  const broker = new Broker();
  let model;
  let web;

  before(async () => {
    model = await broker.start('model', app('model.cjs'), FUNCTIONS_ONLY);
    web = await broker.start('web', app('web.mjs'), FUNCTIONS_ONLY);
  });
  after(() => broker.stop());

  /** Runs code in the service `web`; it sees `services` and `diglot`. */
  const run = (code) => broker.call(web, 'run', { code });

  it('are offered before the worker is ready, with their types and place', () => {
    const offer = model.offers.get('similar');
    assert.deepEqual(offer.params, {
      type: 'object',
      properties: { item_id: { type: 'integer' }, k: { type: 'integer', default: 10 } },
      required: ['item_id'],
      additionalProperties: false,
    });
    assert.deepEqual(offer.result, { type: 'array' });
    assert.equal(offer.file, app('model.cjs'));
    assert.equal(typeof offer.line, 'number');
    assert.ok(model.offers.has('watch_aborts'), 'names cross in snake_case');
    assert.equal(model.offers.get('count').stream, true);
    assert.equal(model.offers.get('sum').input.name, 'numbers');
    const [ready] = model.front.frames.filter(({ type }) => type === 'READY');
    assert.equal(ready.payload[0], 5);
  });

  it('answer with what the function returns', async () => {
    const items = await run('return await services.model.similar({ itemId: 3, k: 2 })');
    assert.deepEqual(items, [{ id: 3, name: 'item 3' }, { id: 4, name: 'item 4' }]);
  });

  it('carry all values', async () => {
    const value = {
      a: null, b: true, c: 1, d: -1.5, e: 2n ** 80n, f: 'ä€', g: new Uint8Array([1, 2]), h: [1, [2]], i: new Map([[1, 'x']]), j: new Set(['y']),
      k: new Date(86_400_000), l: new Float32Array([1, 2, 3]), m: new BigInt64Array([5n]), n: -0, o: NaN, p: undefined,
    };
    const { p: _p, ...expected } = value;
    assert.deepEqual(await broker.call(model, 'echo', { value }), expected);
  });

  it('are answered as JSON to who asks in JSON', async () => {
    assert.deepEqual(await broker.call(model, 'similar', { item_id: 1, k: 1 }, { json: true }), [{ id: 1, name: 'item 1' }]);
    assert.deepEqual(await broker.call(model, 'count', { to: 2 }, { json: true }), { items: [{ number: 1 }, { number: 2 }] });
  });

  it('cross names: camelCase here, snake_case on the wire', async () => {
    await run('return await services.model.similar({ itemId: 3 })');
    assert.equal(broker.calls.at(-1).name, 'similar');
    await assert.rejects(run('await services.model.similar({ itemId: 1, item_id: 2 })'), /itemId and item_id are both item_id/);
  });

  it('reach a function by either spelling, and the right one where two are alike', async () => {
    const code = `const { model } = services;
      return [await model.a_b_c(), await model.aB_c(), await model.a_bc(), await model.aBc(), await model.aBC(), await model.aB_c({ xY_z: 1 }), await model.a_b_c({ x_y_z: 2 })]`;
    assert.deepEqual(await run(code), ['a_b_c', 'a_b_c', 'a_bc', 'a_bc', 'a_bc', 1, 2]);
  });

  it('are made by nobody who only looks at what there is', async () => {
    const asked = ['$$typeof', '_bsontype', '__v_isRef', '__esModule', '__proto__', '@@__IMMUTABLE_ITERABLE__@@', '0', '', 'then', 'toJSON', 'asymmetricMatch', 'nodeType'];
    const code = `const util = await import('node:util');
      const looked = [];
      for (const object of [services, services.model, Object.freeze(services.frozen)]) {
        for (const name of ${JSON.stringify(asked)}) if (object[name] !== undefined) looked.push(name);
        const symbols = Reflect.ownKeys(Symbol).map((name) => Symbol[name]).filter((symbol) => typeof symbol === 'symbol');
        for (const symbol of symbols) if (object[symbol] !== undefined) looked.push(String(symbol));
        looked.push(util.inspect(object, { showHidden: true }).length > 0, util.format('%s %d %j %o', object, object, object, object).length > 0, typeof JSON.stringify({ object }));
        looked.push((await object) === object, util.isDeepStrictEqual(object, {}), String(object));
      }
      return [...looked, await services.model.aB_c(), typeof services.frozen.anything]`;
    const begun = broker.calls.length;
    const of = (shown) => [true, true, 'string', true, false, shown];
    assert.deepEqual(await run(code), [...of('services'), ...of('services.model'), ...of('services.frozen'), 'a_b_c', 'function']);
    assert.deepEqual(broker.calls.slice(begun).map(({ name }) => name), ['a_b_c']);
  });

  describe('that fail', () => {
    const error_of = (code) => run(`try { ${code} } catch (error) { const { name, message, said, code, type, data, stack, issues, service, function: fn } = error;
      return { name, message, said, code, type, data, stack, issues, service, fn, is: error instanceof diglot.CallError } } return 'no error'`);

    it('show what the function threw, its stack below the local one', async () => {
      const error = await error_of("await services.model.fail({ how: 'thrown' })");
      assert.equal(error.name, 'RemoteError');
      assert.equal(error.type, 'OutOfStock');
      assert.deepEqual([error.message, error.said], ['OutOfStock: model.fail: none left', 'none left']);
      assert.deepEqual(error.data, { item: 3 });
      assert.equal(error.is, true);
      assert.equal(error.service, 'model');
      const [local, remote] = error.stack.split('in model.fail:');
      assert.match(local, /^RemoteError: OutOfStock: model\.fail: none left\n +at async /);
      assert.match(remote, /OutOfStock: none left\n.*model\.cjs:\d+/s);
      assert.doesNotMatch(error.stack, /node[\\/]lib/);
    });

    it('carry a text that was thrown', async () => {
      assert.equal((await error_of("await services.model.fail({ how: 'text' })")).said, 'just text');
    });

    it('name the way to a value that cannot cross', async () => {
      const there = await error_of("await services.model.fail({ how: 'unsupported' })");
      assert.equal(there.name, 'UnsupportedValue');
      assert.match(there.message, /deep\[0\] is a function/);
      const here = await error_of('await services.model.echo({ value: { deep: [() => 1] } })');
      assert.equal(here.name, 'UnsupportedValue');
      assert.match(here.message, /^model\.echo: .*value\.deep\[0\] is a function/);
    });

    it('say where arguments are wrong, by the names of the caller', async () => {
      const error = await error_of("await services.model.similar({ itemId: 'three' })");
      assert.equal(error.name, 'InvalidArguments');
      assert.deepEqual(error.issues[0].path, ['itemId']);
      assert.equal(error.message, 'model.similar: itemId: expected an integer, not a string');
      assert.match((await error_of('await services.model.similar({ itmId: 3 })')).message, /^model\.similar: itmId: is no parameter: did you mean "item_id"\?$/);
      assert.match((await error_of('await services.model.similar({ itemId: 3, kay: 1 })')).message, /kay: is no parameter: there are item_id, k/);
      assert.match((await error_of('await services.model.similar({ kay: 1 })')).message, /kay: is no parameter: there are item_id, k; itemId: is required$/);
    });

    it('say that a result is wrong', async () => {
      const error = await error_of('await services.model.wrong()');
      assert.deepEqual([error.name, error.message], ['InvalidResult', 'model.wrong: it returned something else than it says: expected an integer, not a string']);
      assert.match(error.stack, /in model\.wrong:\n +at wrong \(.*model\.cjs:\d+/);
    });

    it('know neither service nor function', async () => {
      assert.equal((await error_of('await services.nowhere.at_all()')).name, 'UnknownService');
      assert.equal((await error_of('await services.model.nothing()')).name, 'UnknownFunction');
    });

    it('pass on what failed further away, and say where', async () => {
      const error = await error_of("await services.model.fail({ how: 'nested' })");
      assert.deepEqual([error.type, error.message, error.service, error.fn], ['RangeError', 'RangeError: web.broken: broken here', 'web', 'broken']);
      assert.match(error.stack, /in model\.fail:\n.*model\.cjs:\d+.*in web\.broken:\n.*web\.mjs:\d+/s);
      const invalid = await error_of("await services.model.fail({ how: 'invalid' })");
      assert.deepEqual([invalid.name, invalid.service, invalid.fn], ['InvalidArguments', 'model', 'similar']);
      assert.match(invalid.stack, /in model\.fail:\n.*InvalidArguments.*model\.cjs:\d+/s);
    });

    it('are refused when they are misused', async () => {
      await assert.rejects(run('await services.model.echo([1])'), /one object of its parameters/);
      await assert.rejects(run("await services.model.echo({}, { timeout: 'long' })"), /milliseconds above 0/);
      await assert.rejects(run('await services.model.echo({}, { wait: 1 })'), /no option wait/);
    });

    it('are not nested without end', async () => {
      assert.equal((await error_of('await services.model.nested({ depth: 0 })')).name, 'TooDeep');
    });
  });

  describe('deadlines', () => {
    it('end the wait, and tell the callee', async () => {
      const outcome = await run(`const begun = performance.now();
        try { await services.model.wait({ ms: 60000 }, { timeout: 50 }) } catch (error) { return [String(error), performance.now() - begun] }`);
      assert.equal(outcome[0], 'DeadlineExceeded: model.wait: it was not answered before its deadline');
      assert.ok(outcome[1] >= 50 && outcome[1] < 5000, `after ${outcome[1]} ms`);
    });

    it('shrink in calls within calls', async () => {
      await run('await services.model.left({}, { timeout: 1000 })');
      const [of_left, of_remaining] = broker.calls.slice(-2);
      assert.equal(of_left.name, 'left');
      assert.equal(of_left.timeout_ms, 1000);
      assert.equal(of_remaining.name, 'remaining');
      assert.ok(of_remaining.timeout_ms <= 1000 && of_remaining.timeout_ms > 0, 'though 5,000 were asked for');
    });

    it('are left to the server where nobody set one, or one that is infinite', async () => {
      for (const options of ['{}', '{ timeout: Infinity }']) {
        await run(`await services.model.echo({}, ${options})`);
        assert.equal(broker.calls.at(-1).timeout_ms, 0, options);
      }
      await broker.call(web, 'run', { code: 'await services.model.echo({}, { timeout: Infinity })' }, { timeout_ms: 5000 });
      const { timeout_ms } = broker.calls.at(-1);
      assert.ok(timeout_ms > 0 && timeout_ms <= 5000, 'that of the call it is made in stays');
    });

    it('are refused where they are none', async () => {
      for (const timeout of ['0', '-1', 'NaN', '"1"']) await assert.rejects(run(`await services.model.echo({}, { timeout: ${timeout} })`), /milliseconds above 0/);
    });
  });

  describe('that are given up', () => {
    it('reject with the signal\'s reason and abort the callee', async () => {
      const outcome = run(`const controller = new AbortController();
        const call = services.model.watchAborts({}, { signal: controller.signal });
        globalThis.abort = () => controller.abort(new Error('enough'));
        try { await call } catch (error) { return error.message }`);
      await model.front.says('waiting');
      await run('globalThis.abort()');
      assert.equal(await outcome, 'enough');
      await model.front.says('aborted: CallCancelled: the caller has given up');
    });

    it('are not begun when the signal is aborted already', async () => {
      const before = broker.calls.filter(({ name }) => name === 'echo').length;
      assert.equal(await run("try { await services.model.echo({}, { signal: AbortSignal.abort('no') }) } catch (error) { return error }"), 'no');
      assert.equal(broker.calls.filter(({ name }) => name === 'echo').length, before);
    });

    it('take the calls along that were made for them', async () => {
      const outcome = broker.call(web, 'run', { code: "try { await services.model.wait({ ms: 60000 }) } catch (error) { writeSync(1, 'given up: ' + error.name); return 'answered' }" });
      await broker.until_call('wait');
      web.socket.write(broker.abort(outcome.id));
      await web.front.says('given up: CallCancelled');
      assert.equal(await outcome, 'answered', 'what ran on answers all the same');
    });
  });

  describe('streams', () => {
    it('come item by item, with credit', async () => {
      const sum = await run('let sum = 0; for await (const { number } of services.model.count({ to: 100000 })) sum += number; return sum');
      assert.equal(sum, 5_000_050_000);
    });

    it('are left by the reader, and the generator ends', async () => {
      assert.equal(await run('for await (const { number } of services.model.count({ to: 1e9 })) if (number === 3) return number'), 3);
      await model.front.says('count left');
    });

    it('fail where the generator throws, behind the items before', async () => {
      const outcome = await run('const seen = []; try { for await (const item of services.model.failing()) seen.push(item) } catch (error) { seen.push(error.type) } return seen');
      assert.deepEqual(outcome, [1, 'OutOfStock']);
    });

    it('are arguments as well', async () => {
      assert.equal(await run('return await services.model.sum({ from: 5, numbers: (async function* () { for (let n = 0; n < 50000; n++) yield n })() })'), 1_249_975_005);
    });

    it('cannot be given by who speaks JSON, nor be values', async () => {
      for (const more of [{}, { numbers: [1] }]) {
        const failed = broker.call(model, 'sum', { from: 1, ...more }, { json: true });
        await assert.rejects(failed, /numbers: is a stream of items, which only a service can give: call the function from one/);
        await assert.rejects(run(`await services.model.sum({ from: 1, ...${JSON.stringify(more)} })`), /numbers: is a stream of items: give an \(async\) iterator/);
      }
    });

    it('that the callee leaves end for the caller', async () => {
      const outcome = await run(`let ended = false;
        const answer = await services.model.sum({ from: 0, numbers: (async function* () { try { for (;;) yield -1 } finally { ended = true } })() });
        return [answer, ended]`);
      assert.deepEqual(outcome, ['negative', true]);
    });

    it('go both ways at once, items of any length among them', async () => {
      const sizes = await run(`const sizes = [];
        const sent = async function* () { yield 1; yield new Float64Array(100000); yield 2; yield new Uint8Array(5000); yield new Float32Array(12000); yield 3 };
        for await (const item of services.model.double({ numbers: sent() })) sizes.push(item.length ?? item);
        return sizes`);
      assert.deepEqual(sizes, [2, 100_000, 4, 5000, 12_000, 6]);
    });

    it('are not taken for one value, nor the reverse', async () => {
      await assert.rejects(run('for await (const x of services.model.echo({ value: 1 })) x'), /not with a stream of items: await/);
      await assert.rejects(run('await services.model.count({ to: 1 })'), /TypeError: services\.model\.count\(…\) answers with a stream of items: use `for await/);
      const unawaited = `const call = services.model.count({ to: 1 }); return await new Promise((resolve) => call.then(null, (error) => resolve(error.stack)))`;
      assert.match(await run(unawaited), /^TypeError: services\.model\.count\(…\) answers with a stream of items[^\n]*\n {4}at [^\n]*web\.mjs/);
    });

    it('and calls that were forgotten, and told, do not end the worker when they fail', async () => {
      const told = `const told = [];
        for (const use of [(call) => JSON.stringify({ call }), (call) => services.model.echo({ value: { call } })]) {
          const call = services.model.fail({ how: 'thrown' });
          try { await use(call) } catch (error) { told.push(error.message) }
        }
        return told`;
      const [json, encoded] = await run(told);
      assert.match(json, /is a call, and no answer yet/);
      assert.match(encoded, /is an await missing\?/);
      // The failures come before this, and an unhandled rejection would end the worker.
      assert.equal(await run('await services.model.echo({}); return "alive"'), 'alive');
    });

    it('are read by who iterates them after they have come, and passed on by functions', async () => {
      const code = `const seen = []; const call = services.model.count({ to: 2 });
        await call.then(() => seen.push('awaited'), (error) => seen.push(error.name));
        for await (const { number } of call) seen.push(number);
        for await (const { number } of services.model.countToTwo()) seen.push(number);
        return seen`;
      assert.deepEqual(await run(code), ['TypeError', 1, 2, 1, 2]);
    });

    it('are no data, and neither is a call that nobody awaited', async () => {
      const code = `const call = services.model.similar({ itemId: 1, k: 0 });
        const stream = services.model.count({ to: 1 });
        const texts = [call, { deep: call }, stream, stream[Symbol.asyncIterator]()].map((one) => { try { return JSON.stringify(one) } catch (error) { return error.message } });
        return [...texts, await call]`;
      const is_call = (name) => `services.model.${name}(…) is a call, and no answer yet: use \`await services.model.${name}(…)\`, or \`for await\` where it is a stream`;
      const items = 'the items of a stream are no data yet: read them with `for await`';
      assert.deepEqual(await run(code), [is_call('similar'), is_call('similar'), is_call('count'), items, []]);
      const stack = await run(`const call = services.model.similar({ itemId: 1 }); try { JSON.stringify(call) } catch (error) { return error.stack } finally { await call }`);
      assert.match(stack, /^TypeError: services\.model\.similar\(…\) is a call[\s\S]+\n {4}of the call that was made\n {4}at [^\n]*web\.mjs/);
      await assert.rejects(run('return { inner: services.model.echo({ value: 1 }) }'), /inner is a promise: is an await missing\?/);
    });

    it('wait for their reader', async () => {
      const before = broker.frames.length;
      await run(`const reader = services.model.count({ to: 1e6 })[Symbol.asyncIterator]();
        await reader.next(); globalThis.reader = reader;`);
      await run('await services.model.echo({})');
      const sent = broker.frames.slice(before).filter(({ from, type }) => from === 'model' && type === 0x13);
      const bytes = sent.reduce((sum, { length }) => sum + length, 0);
      assert.ok(bytes < 3 * 65_536, `${bytes} bytes were sent that nobody has read`);
      await run('await globalThis.reader.return()');
    });
  });

  it('10,000 at a time are all answered', async () => {
    const sum = await run(`const all = [];
      for (let n = 0; n < 10000; n++) all.push(services.model.echo({ value: n }));
      return (await Promise.all(all)).reduce((sum, n) => sum + n, 0)`);
    assert.equal(sum, 49_995_000);
  });

  it('carry 32 MiB of numbers, there and back, as they were', async () => {
    const outcome = await run(`const value = new Float64Array(4 * 1024 * 1024).map((_, index) => index);
      const back = await services.model.echo({ value });
      return [back.constructor.name, back.length, back[4194303], back.byteOffset % 8]`);
    assert.deepEqual(outcome, ['Float64Array', 4_194_304, 4_194_303, 0]);
  });

  it('many large ones share what may be under way', async () => {
    const sum = await run(`const value = new Uint8Array(20 * 1024 * 1024).fill(1);
      const all = await Promise.all(Array.from({ length: 8 }, () => services.model.kind({ value })));
      return all`);
    assert.deepEqual(sum, new Array(8).fill('[object Uint8Array] 20971520'));
  });

  it('that are too large are refused here', async () => {
    assert.equal(await run('try { await services.model.echo({ value: new Uint8Array(70 * 1024 * 1024) }) } catch (error) { return error.name }'), 'TooLarge');
  });

  it('tell the trace they stand in', async () => {
    const told = (context) => broker.call(web, 'run', { code: 'await new Promise(setImmediate); return diglot.context()' }, { context });
    assert.deepEqual(await told('traceparent: 00-1-2-01\r\ntracestate: a=1,b=2\r\nx-request-id: 7: 8\r\n'), { traceparent: '00-1-2-01', tracestate: 'a=1,b=2', 'x-request-id': '7: 8' });
    assert.deepEqual(await told(''), {});
    assert.deepEqual(await told('\r\nx\r\n__proto__: 1\r\ncookie: 1\r\nx-request-id: 7'), { 'x-request-id': '7' }, 'of a worker that sends something else');
    const late = 'const late = new Promise((resolve) => setTimeout(() => resolve(diglot.context()), 50)); globalThis.late = late; return diglot.context()';
    assert.deepEqual(await broker.call(web, 'run', { code: late }, { context: 'x-request-id: 7\r\n' }), { 'x-request-id': '7' });
    assert.deepEqual(await run('return await globalThis.late'), {}, 'of one that has been answered');
  });

  it('carry the trace of the call they are made in', async () => {
    const context = 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\nx-request-id: 7\r\n';
    assert.equal(await broker.call(model, 'trace', {}, { context }), 'traced');
    assert.equal(broker.calls.at(-1).context, context);
  });
});
