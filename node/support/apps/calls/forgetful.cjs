// Forgets to await a call that fails.
const { func, services } = require('diglot');

exports.forgets = func({}, async () => {
  services.nowhere.atAll();
  await new Promise(() => {});
});
exports.busy = func({}, async function* () {
  try {
    // Never waits, and takes its time over each item.
    for (let number = 0; ; number++) {
      for (const until = performance.now() + 2; performance.now() < until; );
      yield number;
    }
  } finally {
    process.stdout.write('busy left\n');
  }
});
