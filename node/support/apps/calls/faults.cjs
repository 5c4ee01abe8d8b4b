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
