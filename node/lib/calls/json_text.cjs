'use strict';
// JSON with integers of any length, which stand in it as their digits.

const { randomUUID } = require('node:crypto');

/** What the program's texts do not begin with. */
const MARK = randomUUID();
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g');

/** @param {any} value @returns {string} */
function json_text(value) {
  try {
    return well_formed(JSON.stringify(value) ?? 'null');
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  // One is a bigint, for which JSON.stringify has no way on Node before 21.
  const text = JSON.stringify(value, (_name, part) => (typeof part === 'bigint' ? `${MARK}${part}` : part));
  return well_formed(text.replace(MARKED, '$1'));
}

/** Escapes of half a pair of UTF-16, and of backslashes, behind which is none. */
const HALF = /\\\\|\\ud[89a-f][0-9a-f]{2}/g;

/** Half a pair of UTF-16, which JSON.stringify writes as an escape, is no text elsewhere. @param {string} json its own @returns {string} */
function well_formed(json) {
  return json.includes('\\ud') ? json.replace(HALF, (found) => (found === '\\\\' ? found : '\ufffd')) : json;
}

/** Where digits are, there may be an integer beyond what a number holds. */
const LONG = /\d{16}/;
/** And such may be beyond what any holds. */
const FAR = /\d{309}|[eE]\+?\d{3}/;
const NEXT = /["\d-]/g;
const TEXT_NEXT = /["\\]/g;
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/y;
const INTEGER = /^-?\d+$/;
/** A longer one takes its time to convert. */
const DIGITS_MAX = 10_000;

/**
 * What a JSON text says, integers that are not safe as `bigint`: JSON.parse would change their digits.
 * @param {string} text
 * @returns {any}
 * @throws {SyntaxError}
 */
function json_value(text) {
  const value = JSON.parse(text);
  if (!LONG.test(text) && !FAR.test(text)) return value;
  const marked = marked_integers(text);
  if (marked === null) return value;
  return JSON.parse(marked, (_name, part) => (typeof part === 'string' && part.startsWith(MARK) ? BigInt(part.slice(MARK.length)) : part));
}

/** @param {string} text JSON @returns {string | null} with a text in the place of each such integer; null: there is none */
function marked_integers(text) {
  const parts = [];
  let copied = 0;
  let at = 0;
  for (;;) {
    NEXT.lastIndex = at;
    const found = NEXT.exec(text);
    if (found === null) break;
    if (found[0] === '"') {
      at = end_of_text(text, found.index + 1);
      continue;
    }
    NUMBER.lastIndex = found.index;
    const [digits] = NUMBER.exec(text);
    at = found.index + digits.length;
    if (!Number.isFinite(Number(digits)) && !(INTEGER.test(digits) && digits.length <= DIGITS_MAX)) throw new SyntaxError(`${digits.slice(0, 20)}… is beyond what a number holds`);
    if (!INTEGER.test(digits) || Number.isSafeInteger(Number(digits)) || digits.length > DIGITS_MAX) continue;
    parts.push(text.slice(copied, found.index), `"${MARK}${digits}"`);
    copied = at;
  }
  return parts.length === 0 ? null : parts.join('') + text.slice(copied);
}

/** @param {string} text @param {number} at behind its opening quote @returns {number} behind its closing one */
function end_of_text(text, at) {
  for (let from = at; ; ) {
    TEXT_NEXT.lastIndex = from;
    const { 0: found, index } = TEXT_NEXT.exec(text);
    if (found === '"') return index + 1;
    from = index + 2;
  }
}

module.exports = { json_text, json_value, well_formed };
