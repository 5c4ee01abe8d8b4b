// What is measured of a way to call: the same loops for every contender. A target has
//   similar(itemId, k) → Promise of k items, scale(Float32Array) → Promise of a Float32Array, count(n) → async iterable of n items.

import { cpu_seconds } from './cost.mjs';

const WARM_UP_MS = 1_000;
const AT_A_TIME = 64;
const ITEMS = 1_000_000;
const LOOK_EVERY = 1_000;
const STREAM_MS = 10_000;
const NUMBERS = 262_144;

async function one(target, until) {
  const times_us = [];
  while (performance.now() < until) {
    const begun = performance.now();
    const items = await target.similar(3, 3);
    times_us.push((performance.now() - begun) * 1e3);
    if (items.length !== 3) throw new Error(`${items.length} items instead of 3`);
  }
  return times_us;
}

async function many(target, until) {
  let calls = 0;
  const caller = async () => {
    while (performance.now() < until) {
      const items = await target.similar(3, 3);
      if (items.length !== 3) throw new Error(`${items.length} items instead of 3`);
      calls++;
    }
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, caller));
  return calls;
}

async function arrays(target, until) {
  const numbers = Float32Array.from({ length: NUMBERS }, (_, index) => index / 3);
  const times_us = [];
  while (performance.now() < until) {
    const begun = performance.now();
    const doubled = await target.scale(numbers);
    times_us.push((performance.now() - begun) * 1e3);
    if (doubled.length !== NUMBERS || doubled[3] !== 2) throw new Error('not what was asked for');
  }
  return times_us;
}

async function stream(target, until) {
  let items = 0;
  for await (const item of target.count(ITEMS)) {
    if (item.item_id !== items) throw new Error(`item ${item.item_id} instead of ${items}`);
    if (++items % LOOK_EVERY === 0 && performance.now() > until) break;
  }
  return items;
}

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];

/**
 * @param {object} target
 * @param {'one' | 'many' | 'array' | 'stream'} name
 * @param {number} seconds of the measurement
 * @returns {Promise<string>} two numbers. The figure: one, array: the median of a call in µs; many: calls a second; stream: items a second,
 *   of a million or as many as come in time. And the CPU time in µs of a call, or of an item
 */
export async function measure(target, name, seconds) {
  const run = { one, many, array: arrays, stream }[name];
  if (run === undefined) throw new Error(`there is no case ${name}`);
  if (run !== stream) await run(target, performance.now() + WARM_UP_MS);
  const [begun, before] = [performance.now(), cpu_seconds()];
  const found = await run(target, begun + (run === stream ? STREAM_MS : seconds * 1e3));
  const [took_ms, cost] = [performance.now() - begun, cpu_seconds() - before];
  const count = Array.isArray(found) ? found.length : found;
  const figure = Array.isArray(found) ? median(found) : (count * 1e3) / took_ms;
  return `${figure} ${(cost / count) * 1e6}`;
}
