'use strict';
// Where a call was made, for the error of one that nobody awaits.
//
// Who awaits a call stands in its error's stack. Where nobody does, only the stack of the moment in which it was made tells whose it is, and to
// take that costs half of what a call does. So it is taken of some: of all in a program that makes no more of them in a second.

const { dirname, sep } = require('node:path');

const OWN_FOLDER = dirname(__dirname) + sep;
/** Calls in a period. */
const TAKEN_MAX = 200;
const PERIOD_MS = 1000;

let left = TAKEN_MAX;
let began_ms = 0;

/**
 * The stack below what the program has called: its text is made when somebody asks for it.
 * @param {Function} called
 * @returns {{ stack?: string } | null} null: too many calls are made
 */
function stack_below(called) {
  if (left === 0) {
    const now_ms = performance.now();
    if (now_ms - began_ms < PERIOD_MS) return null;
    began_ms = now_ms;
    left = TAKEN_MAX;
  }
  left--;
  const made = {};
  Error.captureStackTrace(made, called);
  return made;
}

/** @param {string} line of a stack @returns {boolean} whether it is a frame of Diglot's or of Node's, which nobody looks for */
function is_inner(line) {
  return /^\s+at /.test(line) && (line.includes(OWN_FOLDER) || line.includes('(node:') || line.includes('at node:'));
}

/** @param {unknown} stack @returns {string[]} the frames of the program */
function frames_of(stack) {
  return typeof stack === 'string' ? stack.split('\n').filter((line) => /^\s+at /.test(line) && !is_inner(line)) : [];
}

module.exports = { frames_of, is_inner, stack_below };
