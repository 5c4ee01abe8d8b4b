import { writeSync } from 'node:fs';
import { func, services } from 'diglot';
import * as diglot from 'diglot';

const object = (properties) => ({ type: 'object', properties });
export const broken = func({}, () => {
  throw new RangeError('broken here');
});
export const remaining = func({}, () => 1);
export const traced = func({}, () => 'traced');
export const run = func({ input: object({ code: { type: 'string' } }) }, async function run({ code }) {
  const AsyncFunction = run.constructor;
  return await new AsyncFunction('services', 'diglot', 'writeSync', code)(services, diglot, writeSync);
});
