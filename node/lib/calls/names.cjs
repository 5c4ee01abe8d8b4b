'use strict';
// Names of services, functions and parameters: snake_case where they cross, camelCase in JavaScript.

const { NAME_BYTES_MAX } = require('./protocol.cjs');

const CROSSES = /^[a-z][a-z0-9_]*$/;

/** @param {string} name as JavaScript has it @returns {string} as it crosses */
function to_snake(name) {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/**
 * In a form that crosses as the same name again: of `a_b_c` that is `aB_c`, for `aBC` is `a_bc`.
 *
 * @param {string} name as it crosses @returns {string} as JavaScript writes it
 */
function to_camel(name) {
  // A letter that has become a capital is behind: no word of one letter joins the next.
  return name.replace(/([a-z0-9])_([a-z])/g, (_, before, letter) => before + letter.toUpperCase());
}

/** Whether it may cross as it is. @param {string} name in snake_case */
function may_cross(name) {
  return name.length <= NAME_BYTES_MAX && CROSSES.test(name);
}

/**
 * Pairs the names with what they cross as.
 * @param {Iterable<string>} names as JavaScript has them
 * @param {(problem: string) => never} failed
 * @returns {Map<string, string>} by what crosses
 */
function crossing(names, failed) {
  const found = new Map();
  for (const name of names) {
    const crosses = to_snake(name);
    if (!may_cross(crosses)) failed(`the name ${JSON.stringify(name)} cannot cross: use letters, digits and _, a letter first, at most ${NAME_BYTES_MAX}`);
    const other = found.get(crosses);
    if (other !== undefined && other !== name) failed(`the names ${other} and ${name} are both ${crosses} to other languages: rename one`);
    found.set(crosses, name);
  }
  return found;
}

module.exports = { to_snake, to_camel, may_cross, crossing };
