const { setTimeout: sleep } = require('node:timers/promises');
const { func, services, signal, NDArray } = require('diglot');
const any = {};
const object = (properties, required = Object.keys(properties)) => ({ type: 'object', properties, required });

exports.similar = func({ input: object({ itemId: { type: 'integer' }, k: { type: 'integer', default: 10 } }, ['itemId']), output: { type: 'array' } }, async ({ itemId, k = 10 }) =>
  Array.from({ length: k }, (_, index) => ({ id: itemId + index, name: `item ${itemId + index}` })),
);
exports.echo = func({ input: object({ value: any }, []) }, ({ value }) => value);
exports.kind = func({ input: object({ value: any }) }, ({ value }) => `${Object.prototype.toString.call(value)} ${value?.length ?? value?.size ?? ''}`);
exports.wait = func({ input: object({ ms: { type: 'number' } }) }, async ({ ms }) => {
  await sleep(ms, undefined, { signal: signal() });
  return ms;
});
exports.watchAborts = func({}, async () => {
  const aborted = new Promise((resolve) => {
    signal().addEventListener('abort', () => resolve(signal().reason));
  });
  process.stdout.write('waiting\n');
  const reason = await aborted;
  process.stdout.write(`aborted: ${reason.name}: ${reason.message}\n`);
  return 'late';
});
exports.count = func({ input: object({ to: { type: 'integer' } }) }, async function* ({ to }) {
  try {
    for (let number = 1; number <= to; number++) yield { number };
  } finally {
    process.stdout.write('count left\n');
  }
});
exports.countToTwo = func({ stream: true }, () => services.model.count({ to: 2 }));
exports.sum = func({ items: { numbers: { type: 'number' } }, input: object({ from: { type: 'number' } }) }, async ({ numbers, from }) => {
  let sum = from;
  for await (const number of numbers) {
    sum += number;
    if (sum < 0) return 'negative';
  }
  return sum;
});
exports.double = func({ items: { numbers: any } }, async function* ({ numbers }) {
  for await (const number of numbers) yield Array.isArray(number) || ArrayBuffer.isView(number) ? number : number * 2;
});
class OutOfStock extends Error {
  name = 'OutOfStock';
  data = { item: 3 };
}
exports.fail = func({ input: object({ how: any }) }, async ({ how }) => {
  if (how === 'thrown') throw new OutOfStock('none left');
  if (how === 'text') throw 'just text';
  if (how === 'unsupported') return { deep: [() => 1] };
  if (how === 'nested') return await services.web.broken();
  if (how === 'invalid') return await services.model.similar({ item: 3 });
  throw new Error(how);
});
exports.wrong = func({ output: { type: 'integer' } }, () => 'no integer');
exports.failing = func({}, async function* () {
  yield 1;
  throw new OutOfStock('no more');
});
exports.nested = func({ input: object({ depth: any }) }, ({ depth }) => services.model.nested({ depth: depth + 1 }));
exports.trace = func({}, () => services.web.traced());
exports.left = func({}, () => services.web.remaining({}, { timeout: 5000 }));
exports.grid = func({}, () => new NDArray([2, 2], new Float32Array([1, 2, 3, 4])));
exports.aB_c = func({ input: object({ xY_z: any }, []) }, ({ xY_z }) => xY_z ?? 'a_b_c');
exports.aBc = func({}, () => 'a_bc');
