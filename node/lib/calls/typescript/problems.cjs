'use strict';
// What is wrong with sources, as text.

/** So many problems are told, of one file. */
const PROBLEMS_MAX = 20;

/** @param {{ file: string, line: number, column: number, message: string }[]} problems @returns {string} */
function problems_text(problems) {
  const lines = problems.slice(0, PROBLEMS_MAX).map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
  if (problems.length > PROBLEMS_MAX) lines.push(`and ${problems.length - PROBLEMS_MAX} more`);
  return lines.join('\n');
}

module.exports = { problems_text };
