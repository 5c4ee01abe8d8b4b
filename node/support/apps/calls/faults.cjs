const { setTimeout: sleep } = require('node:timers/promises');
const { func, signal } = require('diglot');
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
