'use strict';
// Errors of calls that were given up because nobody waits for them any more, not because the program wanted it.
//
// A handler that awaits such a call fails for nobody: its client has left. Where it has no `catch` that would be an unhandled rejection, and
// whoever opens a connection and leaves could end the worker. So these, and what a program has thrown because of them, count as handled.

/** @type {WeakSet<object>} */
const left = new WeakSet();
/** Errors between one that was thrown and its cause. */
const CAUSES_MAX = 10;
let is_watching = false;

/** @template {Error} E @param {E} error @returns {E} */
function for_nobody(error) {
  left.add(error);
  if (!is_watching) watch();
  return error;
}

function watch() {
  is_watching = true;
  const { emit } = process;
  // Node asks by this whether anybody handles it. A listener would be asked about all others, too.
  Object.defineProperty(process, 'emit', {
    configurable: true,
    writable: true,
    value: function emit_unless_left(name, ...args) {
      if (name === 'unhandledRejection' && is_left(args[0])) return true;
      return emit.call(this, name, ...args);
    },
  });
}

/** @param {any} reason */
function is_left(reason) {
  let error = reason;
  for (let count = 0; count < CAUSES_MAX && error !== null && typeof error === 'object'; count++) {
    if (left.has(error)) return true;
    error = error.cause;
  }
  return false;
}

module.exports = { for_nobody };
