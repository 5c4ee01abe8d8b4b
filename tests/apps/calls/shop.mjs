// Published functions in Node: the same as those of shop.py.
import { setTimeout as sleep } from 'node:timers/promises';
import { func, signal } from 'diglot';

const object = (properties, required = Object.keys(properties)) => ({ type: 'object', properties, required, additionalProperties: false });
const integer = { type: 'integer' };
const text = { type: 'string' };

class SoldOut extends Error {
  constructor(message, left) {
    super(message);
    this.left = left;
  }
}

export const buy = func(
  {
    name: 'buy',
    input: object({ item_id: integer, count: integer }, ['item_id']),
    output: object({ item_id: integer, total: { type: 'number' } }),
    errors: { SoldOut: true },
  },
  ({ itemId, item_id = itemId, count = 1 }) => {
    if (count > 9) throw new SoldOut('not so many left', 9);
    return { item_id, total: 2.5 * count };
  },
);

export const echo = func({ name: 'echo', input: object({ text }), output: text }, ({ text }) => text);

export const broken = func({ name: 'broken' }, () => {
  throw new RangeError('a secret');
});

export const slow = func({ name: 'slow', input: object({ ms: integer }), output: text }, async ({ ms }) => {
  console.error('slow begins');
  try {
    await sleep(ms, undefined, { signal: signal() });
  } catch (error) {
    console.error('slow is cancelled');
    throw error;
  }
  return 'slow';
});

export const late = func({ name: 'late', timeout: 200 }, () => sleep(60_000, undefined, { signal: signal() }));

export const single = func({ name: 'single', concurrency: 1, queue: 1, output: text }, async () => {
  console.error('single begins');
  await sleep(60_000, 'single', { signal: signal() });
});

export const watch = func(
  { name: 'watch', input: object({ to: integer, fails: { type: 'boolean' } }, ['to']), output: text },
  async function* ({ to, fails = false }) {
    try {
      for (let n = 0; n < to; n += 1) yield `item ${n}`;
      if (fails) throw new Error('a secret');
    } finally {
      console.error('watch is over');
    }
  },
);

export const waitFirst = func({ name: 'waitFirst', input: object({ ms: integer }), output: integer }, async function* ({ ms }) {
  await sleep(ms, undefined, { signal: signal() });
  yield 1;
});

export const total = func({ name: 'total', items: { numbers: integer }, output: integer }, async ({ numbers }) => {
  let sum = 0;
  for await (const number of numbers) sum += number;
  return sum;
});

export const die = func({ name: 'die' }, () => process.kill(process.pid, 'SIGKILL'));
