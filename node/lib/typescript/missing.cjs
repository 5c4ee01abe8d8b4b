'use strict';
// What is thrown where a module is not found: as Node alone throws it.

const { dirname } = require('node:path');
const { pathToFileURL } = require('node:url');
const { isNativeError } = require('node:util').types;

/** All that is loaded into workers. */
const LIB = dirname(__dirname);
/** What its frames have in their lines. */
const OWN = [`${LIB}/`, `${pathToFileURL(LIB).href}/`];

/**
 * Makes an error of Node's one that names the program's places and none of Diglot's.
 * @param {unknown} error
 * @param {Function | null} hook the innermost function of these hooks that Node called; `null`: nothing of the program is on the stack
 * @param {string | null} note what is known of the cause
 */
function as_of_node(error, hook, note) {
  if (!isNativeError(error)) return;
  const before = error.message;
  if (note !== null && !before.includes(note)) error.message = noted(before, note);
  // Frames of the hooks have taken the places of the program's: only so many are kept.
  if (hook !== null) Error.captureStackTrace(error, hook);
  const { stack } = error;
  if (typeof stack !== 'string') return;
  const named = stack.includes(error.message) ? stack : stack.replace(before, () => error.message);
  const lines = named.split('\n');
  error.stack = lines.filter((line) => !line.startsWith('    at ') || !OWN.some((own) => line.includes(own))).join('\n');
}

/** At the end of the first line, which is shown by itself in places. @param {string} message @param {string} note */
function noted(message, note) {
  const end = message.indexOf('\n');
  return end < 0 ? `${message}: ${note}` : `${message.slice(0, end)}: ${note}${message.slice(end)}`;
}

/**
 * Throws it from a place of Node's: an error that ends the program is shown with the line that threw it, and a line of these hooks would
 * be taken for the cause.
 * @param {unknown} error
 */
function throw_from_node(error) {
  AbortSignal.abort(error).throwIfAborted();
}

module.exports = { as_of_node, throw_from_node };
