'use strict';
// Which of the names that there are may have been meant by one that is not among them.

/** Longer names, and more of them, are not looked at. */
const CHARS_MAX = 64;
const NAMES_MAX = 64;

/**
 * @param {string} name
 * @param {string[]} names
 * @returns {string | null}
 */
function nearest(name, names) {
  const wanted = plain(name);
  if (wanted.length > CHARS_MAX) return null;
  let found = null;
  let fewest = Math.floor(wanted.length / 3);
  for (const other of names.slice(0, NAMES_MAX)) {
    if (other.length > CHARS_MAX) continue;
    const count = distance(wanted, plain(other));
    if (count > fewest || (count === fewest && found !== null)) continue;
    found = other;
    fewest = count;
  }
  return found;
}

/** `unitPrice` and `unit_price` are the same. @param {string} name */
function plain(name) {
  return name.replaceAll('_', '').toLowerCase();
}

/** Letters to be added, taken out or exchanged. @param {string} one @param {string} other */
function distance(one, other) {
  let above = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let row = 1; row <= one.length; row++) {
    const counts = [row];
    for (let at = 1; at <= other.length; at++) {
      const exchanged = above[at - 1] + (one[row - 1] === other[at - 1] ? 0 : 1);
      counts.push(Math.min(exchanged, above[at] + 1, counts[at - 1] + 1));
    }
    above = counts;
  }
  return above[other.length];
}

module.exports = { nearest };
