'use strict';
// JSON of what schemas have made of a value: integers of any length stand as their digits.

const { randomUUID } = require('node:crypto');

/** What the program's texts do not begin with. */
const MARK = randomUUID();
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g');

/** @param {any} value @returns {string} */
function json_text(value) {
  try {
    return JSON.stringify(value) ?? 'null';
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  // One is a bigint, for which JSON.stringify has no way on Node before 21.
  return JSON.stringify(value, (_name, part) => (typeof part === 'bigint' ? `${MARK}${part}` : part)).replace(MARKED, '$1');
}

module.exports = { json_text };
