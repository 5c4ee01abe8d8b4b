const { setTimeout: sleep } = require('node:timers/promises');
const { func, services, signal } = require('diglot');
const object = (properties) => ({ type: 'object', properties, required: Object.keys(properties) });
const say = (text) => process.stdout.write(`${text}\n`);

/** Until its caller waits no more: then there is nothing that it could do about that. */
const abandoned = () =>
  new Promise((resolve) => {
    signal().addEventListener('abort', resolve);
    say('waiting');
  });
exports.late = func({ input: object({ length: { type: 'integer' } }) }, async ({ length }) => {
  await abandoned();
  return new Uint8Array(length);
});
exports.lateStream = func({ stream: true }, async () => {
  await abandoned();
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => new Promise(() => {}),
      return: async () => say('returned'),
    }),
  };
});
exports.silentStream = func({}, async function* () {
  say('waiting');
  yield 1;
  await new Promise(() => {});
});
exports.large = func({ input: object({ length: { type: 'integer' } }) }, ({ length }) => new Uint8Array(length));
exports.length = func({ input: object({ data: {} }) }, ({ data }) => data.length);
exports.slow = func({ input: object({ ms: { type: 'number' } }) }, async ({ ms }) => sleep(ms, ms));
exports.ask = func({ input: object({ name: {} }) }, async ({ name }) => {
  try {
    const answer = services.evil[name]();
    if (name.endsWith('item')) for await (const item of answer) say(item);
    return await answer;
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
});
exports.sum = func({ items: { numbers: { type: 'number' } } }, async ({ numbers }) => {
  let sum = 0;
  for await (const number of numbers) sum += number;
  return sum;
});
const locked = () => {
  const stream = new ReadableStream();
  stream.getReader();
  return stream;
};
const throwing = (name) =>
  Object.defineProperty(new Error('x'), name, {
    enumerable: true,
    get() {
      throw new Error('of a getter');
    },
  });
const untouchable = new Proxy({}, { getPrototypeOf: () => say.nowhere(), get: () => say.nowhere() });
const RESULTS = {
  stream: locked,
  noIterator: () => ({ [Symbol.asyncIterator]: () => undefined }),
  getter: () => ({
    // biome-ignore lint/suspicious/noThenProperty: one that throws
    get then() {
      throw new RangeError('of a getter');
    },
  }),
  twice: () => ({
    // biome-ignore lint/suspicious/noThenProperty: one that keeps no rules
    then(resolve, reject) {
      resolve(new Uint8Array(100_000));
      resolve(2);
      reject(3);
    },
  }),
  untouchable: () => untouchable,
};
exports.odd = func({ input: object({ how: {} }) }, ({ how }) => RESULTS[how]());
exports.oddLater = func({ stream: true, input: object({ how: {} }) }, async ({ how }) => RESULTS[how]());
const nested = {};
nested.a = nested.b = nested;
const unseen = {
  get x() {
    return say.nowhere();
  },
};
/** What a program may give an error, in its `data` or as fields of its own. */
const LADEN = {
  id: 2n ** 60n,
  image: new Uint8Array([1, 2, 3]),
  prices: new Map([[1, 'a']]),
  tags: new Set(['x']),
  ratio: Number.NaN,
  row: new Float32Array([1.5]),
  absent: undefined,
  long: 'x'.repeat(60_000),
  longer: 'x'.repeat(6_000),
  callback: () => 1,
  nested,
  unseen,
  ['__proto__']: 1,
  last: 1,
};
exports.laden = func({ input: object({ how: {} }) }, ({ how }) => {
  if (how === 'fields') throw Object.assign(new Error('m'), LADEN);
  if (how === 'data') throw Object.assign(new Error('m'), { data: LADEN });
  if (how === 'many') throw Object.assign(new Error('m'), Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`field${n}`, say])));
  if (how === 'escaped') throw Object.assign(new Error('\0'.repeat(20_000)), { name: 'E'.repeat(1000), stack: '\0'.repeat(40_000), data: { left: 0, long: '\0'.repeat(10_000) } });
  if (how === 'hidden') throw Object.assign(new Error('m'), { data: unseen });
  throw Object.assign(new Error('m'), { data: how.list ?? [say] });
});
const THROWN = { untouchable, symbol: Symbol('s'), nothing: undefined, bare: Object.create(null), deep: Object.assign(new Error('x'), { data: 10n }) };
exports.throws = func({ input: object({ what: {} }) }, async ({ what }) => {
  throw Object.hasOwn(THROWN, what) ? THROWN[what] : throwing(what);
});
exports.oddArguments = func({}, async () => {
  const failed = (call) => call.then(String, (error) => error.message);
  const signal = { addEventListener: () => say.nowhere(), removeEventListener: () => say.nowhere() };
  return [await failed(services.evil.silent({ data: locked() })), await failed(services.evil.silent({}, { signal }))];
});
exports.plain = func({}, () => ({
  bytes: new Uint8Array([120, 121]),
  map: new Map([[1, new Set(['a'])]]),
  numbers: [Number.NaN, 2n ** 80n, -(2n ** 64n), 3n, 0.5],
  row: new Float32Array([1, 2]),
  text: '"10n"',
}));
exports.plainItems = func({ items: { items: undefined } }, async function* ({ items }) {
  for await (const item of items) yield item;
  yield new Uint8Array([120, 121]);
});
for (const name of ['then', 'catch', 'finally', 'constructor', 'prototype', 'inspect', 'toString', 'valueOf']) func({ name }, () => name);
