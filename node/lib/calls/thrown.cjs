'use strict';
// What a function threw as the JSON of a THROW frame.

const { THROW_BYTES_MAX } = require('./protocol.cjs');
const { carried } = require('./carried.cjs');
const { CallError, TooLarge, UnsupportedValue } = require('./errors.cjs');
const { well_formed } = require('./json_text.cjs');
const { is_inner } = require('./made.cjs');

const MESSAGE_CHARS_MAX = 16 * 1024;
const STACK_CHARS_MAX = 32 * 1024;
/** Of the names in it: class, service, function. */
const NAME_CHARS_MAX = 256;
const NAMES = ['code', 'type', 'service', 'function'];
const ISSUES_MAX = 100;
/** What makes room, in this order, where escapes make it too long: the message and what the error carries have it without these. */
const SPARED = ['issues', 'stack'];
/** Fields of errors that are told beside their data, or not at all. */
const OF_ERRORS = new Set(['cause', 'data', 'message', 'name', 'stack']);
const OF_CALLS = new Set([...OF_ERRORS, 'code', 'function', 'issues', 'service', 'type']);
/** In the message. */
const ISSUES_SHOWN = 3;
/** Of the path of an issue, which of a value that contains itself is as long as may be. */
const PATH_PARTS_MAX = 16;

/**
 * @param {string} code
 * @param {string} message
 * @param {object} [more]
 * @returns {Buffer}
 */
function thrown(code, message, more = {}) {
  const told = { code, message: cut(message, MESSAGE_CHARS_MAX), ...more };
  for (const name of NAMES) if (typeof told[name] === 'string') told[name] = cut(told[name], NAME_CHARS_MAX);
  let json = Buffer.from(well_formed(JSON.stringify(told)));
  for (const member of SPARED) {
    if (json.length <= THROW_BYTES_MAX) break;
    delete told[member];
    json = Buffer.from(well_formed(JSON.stringify(told)));
  }
  return json;
}

/** A program may throw anything: what it throws may throw in its turn when it is looked at. @param {() => Buffer} look */
function guarded(look) {
  try {
    return look();
  } catch {
    return thrown('error', 'it threw something that cannot be looked at', { type: 'Error' });
  }
}

/** @param {any} error what the function threw @param {import('./declared.cjs').Declared} [declared] what it says it throws @returns {Buffer} */
function thrown_by_function(error, declared) {
  return guarded(() => by_function(error, declared));
}

/** @param {any} error what its arguments' schema threw @returns {Buffer} */
function thrown_by_arguments(error) {
  return guarded(() => {
    const issues = issues_of(error);
    return issues === null ? by_function(error) : thrown_invalid('invalid_arguments', issues);
  });
}

/** @param {any} error what its iterable threw, or what its result's schema did @param {import('./functions.cjs').Offered} offered the function @returns {Buffer} */
function thrown_by_result(error, { stack, declared }) {
  return guarded(() => {
    const issues = issues_of(error);
    if (issues !== null) return thrown_invalid_result(issues, stack);
    if (error instanceof UnsupportedValue || error instanceof TooLarge) return thrown(error.code, `the answer: ${error.said}`, { stack });
    return by_function(error, declared);
  });
}

/** @param {any} error @param {import('./declared.cjs').Declared} [declared] */
function by_function(error, declared) {
  if (error instanceof CallError) return by_call(error, declared);
  if (error === null || typeof error !== 'object') return thrown('error', String(error), { type: typeof error });
  const type = declared?.type_of(error) ?? [error.name, error.constructor?.name].find((name) => typeof name === 'string' && name !== 'Error') ?? 'Error';
  const { data, note } = carried(error, OF_ERRORS);
  return thrown('error', String(error.message ?? ''), { type, data, stack: stack_of(error, note) });
}

/** A call that the function made has failed, and it let that pass: whose that was goes along, and where it was made. @param {CallError} error @param {import('./declared.cjs').Declared} [declared] */
function by_call(error, declared) {
  const { code, service, function: name } = error;
  // One without a service is the program's own.
  const type = (service === undefined ? declared?.type_of(error) : undefined) ?? error.type;
  const issues = error.issues?.slice(0, ISSUES_MAX);
  const { data, note } = carried(error, service === undefined ? OF_CALLS : null);
  return thrown(code, error.said, { service, function: name, type, data, issues, stack: stack_of(error, note) });
}

/** @param {any} error @returns {{ path: (string | number)[], message: string }[] | null} null: it is none of a schema's */
function issues_of(error) {
  const { Invalid } = require('./schema.cjs');
  return error instanceof Invalid ? error.issues : null;
}

/** @param {{ path: (string | number)[], message: string }[]} issues */
function thrown_invalid(code, issues) {
  return thrown(code, issues_text(issues), { issues: within_bounds(issues) });
}

/** @param {{ path: (string | number)[], message: string }[]} issues @param {string} stack where the function stands */
function thrown_invalid_result(issues, stack) {
  return thrown('invalid_result', `it returned something else than it says: ${issues_text(issues)}`, { issues: within_bounds(issues), stack });
}

/** @param {{ path: (string | number)[], message: string }[]} issues */
function within_bounds(issues) {
  return issues.slice(0, ISSUES_MAX).map(({ path, message }) => ({ path, message }));
}

/** @param {(string | number)[]} path */
function short_path(path) {
  return path.length > PATH_PARTS_MAX ? [...path.slice(0, PATH_PARTS_MAX), '…'] : path;
}

/** @param {{ path: (string | number)[], message: string }[]} issues @returns {string} the first of them */
function issues_text(issues) {
  const shown = issues.slice(0, ISSUES_SHOWN).map(({ path, message }) => (path.length === 0 ? message : `${short_path(path).join('.')}: ${message}`));
  return shown.join('; ');
}

/**
 * The stack without the frames of Diglot and Node, which nobody looks for; below it what of the error's data stays behind.
 * @param {any} error @param {string} note @returns {string | undefined}
 */
function stack_of(error, note) {
  const text = typeof error.stack === 'string' ? error.stack : '';
  const lines = text.split('\n').filter((line) => !is_inner(line));
  const told = [cut(lines.join('\n'), STACK_CHARS_MAX), note].filter((part) => part !== '');
  return told.length === 0 ? undefined : told.join('\n');
}

function cut(text, chars_max) {
  if (text.length <= chars_max) return text;
  // Not within a pair of UTF-16.
  return `${text.slice(0, text.codePointAt(chars_max - 1) > 0xffff ? chars_max - 1 : chars_max)}…`;
}

module.exports = { issues_of, issues_text, thrown, thrown_by_arguments, thrown_by_function, thrown_by_result, thrown_invalid, thrown_invalid_result };
