'use strict';
// What a call takes from the code it is made in: the request or the call that is served, its deadline, depth and trace.

const { at_work } = require('../origin.cjs');
const { CONTEXT_BYTES_MAX } = require('./protocol.cjs');

/** Header fields that cross. */
const CROSS = ['traceparent', 'tracestate', 'x-request-id'];
/** What else a value holds is none. */
const PLAIN = /^[\t -~]+$/;

/**
 * @typedef {object} Scope
 * @property {Set<{ leave: () => void }> | null} calls that were made in it and are not answered
 * @property {boolean} is_open it is not answered itself
 * @property {string | null} context
 * @property {string[] | null} [fields] of an HTTP request
 * @property {number} [deadline_ms] of `performance.now()`; of a call only
 * @property {number} [depth] likewise
 */

/** @returns {Scope | null} */
function scope_at_hand() {
  const scope = at_work();
  return scope === undefined || scope === null || !scope.is_open ? null : scope;
}

/** @param {Scope} scope @returns {string} lines `name: value\r\n` */
function context_of(scope) {
  scope.context ??= lines_of(scope.fields ?? []);
  return scope.context;
}

/** @param {string[]} fields name, value, name, value … */
function lines_of(fields) {
  let lines = '';
  for (const name of CROSS) {
    for (let at = 0; at < fields.length; at += 2) {
      if (fields[at].length !== name.length || fields[at].toLowerCase() !== name) continue;
      const line = `${name}: ${fields[at + 1]}\r\n`;
      if (PLAIN.test(fields[at + 1]) && lines.length + line.length <= CONTEXT_BYTES_MAX) lines += line;
      break;
    }
  }
  return lines;
}

/** @returns {Record<string, string>} the fields that a call made here takes along, by their names */
function fields_at_hand() {
  const scope = scope_at_hand();
  /** @type {Record<string, string>} */
  const found = {};
  if (scope === null) return found;
  for (const line of context_of(scope).split('\r\n')) {
    const colon = line.indexOf(': ');
    const name = line.slice(0, Math.max(colon, 0));
    // Another worker may have sent something else.
    if (CROSS.includes(name)) found[name] = line.slice(colon + 2);
  }
  return found;
}

module.exports = { scope_at_hand, context_of, fields_at_hand };
