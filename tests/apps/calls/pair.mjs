// What each of two services does with the other: the same as pair.py.
import { EventEmitter, once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { CallError, func, RemoteError, services, signal } from 'diglot';

const peer = services.python;
const say = (text) => console.error(`node: ${text}`);
const object = (properties) => ({ type: 'object', properties, required: Object.keys(properties), additionalProperties: false });
const integer = { type: 'integer' };

// A pipe: passed when somebody opens its other end.
if (existsSync('node.held')) closeSync(openSync('node.held'));
say('it starts');

// Streams

/** Items that have been made. */
let made_count = 0;

async function* numbers_to(to) {
  say('numbers begin');
  try {
    for (let n = 0; n < to; n += 1) {
      made_count = n + 1;
      yield n;
    }
  } finally {
    say('numbers are over');
  }
}

export const made = func({ output: integer }, () => made_count);

export const count = func({ input: object({ to: integer }), output: integer, stream: true }, ({ to }) => numbers_to(to));

async function read_until(items, leaves_at) {
  let seen = 0;
  for await (const item of items) {
    if (item !== seen) throw new Error(`${item} instead of ${seen}`);
    seen += 1;
    if (seen === leaves_at) break;
  }
  return seen;
}

export const total = func({ items: { numbers: integer }, input: object({ leavesAt: integer }), output: integer }, ({ numbers, leavesAt }) => read_until(numbers, leavesAt));

const ways = object({ to: integer, leavesAt: integer });

export const read = func({ input: ways, output: integer }, ({ to, leavesAt }) => read_until(peer.count({ to }), leavesAt));

export const send = func({ input: ways, output: integer }, ({ to, leavesAt }) => peer.total({ numbers: numbers_to(to), leavesAt }));

/** Who holds a stream waits for it behind the first item. */
let is_open = false;
const doorkeeper = new EventEmitter();

export const openDoor = func({}, () => {
  is_open = true;
  doorkeeper.emit('opens');
});

async function held(items) {
  let seen = 0;
  for await (const item of items) {
    if (item !== seen) throw new Error(`${item} instead of ${seen}`);
    seen += 1;
    if (seen === 1 && !is_open) await once(doorkeeper, 'opens');
  }
  return seen;
}

export const hold = func({ items: { numbers: integer }, output: integer }, ({ numbers }) => held(numbers));

export const readHeld = func({ input: object({ to: integer }), output: integer }, ({ to }) => held(peer.count({ to })));

export const sendHeld = func({ input: object({ to: integer }), output: integer }, ({ to }) => peer.hold({ numbers: numbers_to(to) }));

// Errors

/** What the other service throws. */
class SoldOut extends RemoteError {}

class Other extends RemoteError {}

export const fail = func({ errors: { SoldOut: true } }, () => {
  const data = {
    left: 0,
    id: 2n ** 60n,
    image: new Uint8Array([1, 2, 3]),
    prices: new Map([[1, 'a']]),
    tags: new Set(['x']),
    at: new Date(0),
    ratio: Number.NaN,
    row: new Float32Array([1.5]),
    long: 'x'.repeat(40_000),
    too_long: 'x'.repeat(70_000),
    callback: () => data,
  };
  throw Object.assign(new Error('none left'), { name: 'SoldOut', data });
});

/** What a program sees of that. */
export const caught = func({}, async () => {
  try {
    await peer.fail();
  } catch (error) {
    if (error instanceof Other || !(error instanceof SoldOut)) return {};
    const { type, said, data, stack } = error;
    return { left: data.left, type, message: said, data, stack };
  }
  return {};
});

// Calls that are given up

export const slow = func({ input: object({ ms: integer }) }, async ({ ms }) => {
  say('slow begins');
  try {
    await sleep(ms, undefined, { signal: signal() });
  } catch (error) {
    say('slow is cancelled');
    throw error;
  }
  return 'slow';
});

const controllers = [];

export const giveUp = func({}, async () => {
  const controller = new AbortController();
  controllers.push(controller);
  try {
    return await peer.slow({ ms: 60_000 }, { signal: controller.signal });
  } catch (error) {
    return error;
  }
});

export const cancel = func({}, () => controllers.pop().abort('given up'));

// Ends

export const die = func({}, () => process.kill(process.pid, 'SIGKILL'));

export const dieMidway = func({ input: object({ at: integer }), output: integer }, async function* ({ at }) {
  for (let n = 0; n < 2 * at; n += 1) {
    if (n === at) process.kill(process.pid, 'SIGKILL');
    yield n;
  }
});

export const dieReading = func({ items: { numbers: integer }, input: object({ at: integer }) }, async ({ numbers, at }) => {
  for await (const n of numbers) if (n === at) process.kill(process.pid, 'SIGKILL');
});

/** What a call of one that dies comes to, and how many items came before. */
export const meet = func({ input: object({ how: { type: 'string' } }) }, async ({ how }) => {
  let seen = 0;
  try {
    if (how === 'midway') for await (const _ of peer.dieMidway({ at: 100_000 })) seen += 1;
    else if (how === 'reading') await peer.dieReading({ numbers: numbers_to(1_000_000_000), at: 100_000 });
    else await peer.die();
  } catch (error) {
    if (error instanceof CallError) return { name: error.name, of: `${error.service}.${error.function}`, seen };
    throw error;
  }
  return { seen };
});

/** What a call of the other comes to within that time. */
export const ask = func({ input: object({ ms: integer }) }, async ({ ms }) => {
  try {
    return { value: await peer.made({}, { timeout: ms }) };
  } catch (error) {
    if (error instanceof CallError) return { name: error.name };
    throw error;
  }
});
