'use strict';
// What the log says of a program that throws, or ends itself, while it serves.
//
// Node shows the error and decides about the end, as ever: it is only watched. The lines here say what Node cannot know: which request
// the code belonged to, and what its end means to the others.

const { fileURLToPath } = require('node:url');
const { find_origin, FIRST_CARRYING_MAJOR } = require('./origin.cjs');

/** Requests in flight that a line names. */
const NAMES_MAX = 5;
/** Frames of a stack in which a call of `process.exit` is looked for. */
const FRAMES_MAX = 50;
const EXIT_FILE = 'node:internal/process/per_thread';

class Crash {
  /**
   * @param {object} events
   * @param {() => boolean} events.serving requests may be in flight, and the program is not meant to end
   * @param {() => string[]} events.in_flight what is called, one by one
   * @param {(line: string) => void} events.log
   */
  constructor({ serving, in_flight, log }) {
    this.serving = serving;
    this.in_flight = in_flight;
    this.log = log;
    this.told = false;
  }

  watch() {
    process.on('uncaughtExceptionMonitor', (error, kind) => {
      if (this.serving()) this._thrown(error, kind);
    });
    process.on('exit', (code) => {
      if (this.serving() && !this.told) this._exits(code);
    });
  }

  /** @param {unknown} error @param {'uncaughtException' | 'unhandledRejection'} kind */
  _thrown(error, kind) {
    const found = find_origin();
    const what = kind === 'unhandledRejection' ? 'an unhandled rejection' : 'an uncaught error';
    if (process.hasUncaughtExceptionCaptureCallback() || process.listenerCount('uncaughtException') > 0) {
      if (found) this.log(`${what} ${possessor(found)} has gone to the program's own handler; nobody else answers that request`);
      return;
    }
    this.told = true;
    this.log(`this worker ends: ${what} ${this._whose(found)}; ${this._consequence(found)}.${advice(error)} The error:`);
  }

  /** @param {number} code */
  _exits(code) {
    const place = place_of_exit();
    if (place === null) return this.log(`this worker ends: the program has nothing left to do, exit code ${code}; ${this._consequence(null)}`);
    const found = find_origin();
    this.log(`this worker ends: process.exit()${place}, exit code ${code}, ${this._whose(found)}; ${this._consequence(found)}`);
  }

  /** @param {Found} found */
  _whose(found) {
    if (found) return possessor(found);
    if (found === null) return 'outside of any request';
    const names = this.in_flight();
    if (names.length === 0) return 'while no request was in flight';
    if (names.length === 1) return `while ${names[0]} was in flight`;
    return `in one of the requests in flight or in none (Node.js ${FIRST_CARRYING_MAJOR} and later tell in which)`;
  }

  /** What the end of the worker means to the requests it has. @param {Found} found whose code has brought it about */
  _consequence(found) {
    const names = this.in_flight();
    const cause = found?.origin.name ?? '';
    const own = names.findIndex((name) => cause === name || cause.startsWith(`${name} (`));
    if (own >= 0) names.splice(own, 1);
    const other = own >= 0 ? 'other ' : '';
    if (names.length === 0) return `no ${other}request is in flight`;
    const shown = names.slice(0, NAMES_MAX).join(', ');
    const more = names.length > NAMES_MAX ? ` and ${names.length - NAMES_MAX} more` : '';
    const are = names.length === 1 ? 'request in flight is' : 'requests in flight are';
    return `${names.length} ${other}${are} cut, with 502 where nothing was sent yet: ${shown}${more}`;
  }
}

/** @typedef {ReturnType<typeof find_origin>} Found */

/** @param {{ origin: import('./origin.cjs').Origin, certain: boolean }} found */
function possessor({ origin, certain }) {
  return certain ? `in ${origin.name}` : `in ${origin.name} or in a request before it on the same connection`;
}

/** What to do about errors that programs meet when they come from another process manager. @param {unknown} error */
function advice(error) {
  const message = String(error?.message ?? '');
  if (/process\.send is not a function/.test(message)) {
    return ' There is no process manager to send to: write `process.send?.(…)`; a worker is ready as soon as it listens.';
  }
  return '';
}

/**
 * Where the program has called `process.exit`, from within its 'exit' event.
 * @returns {string | null} ` at file:line:column`, empty where that is not known; null if it was not called
 */
function place_of_exit() {
  const frames = stack_frames();
  const exit = frames.findIndex((site) => site.getFileName() === EXIT_FILE && site.getFunctionName() === 'exit');
  if (exit < 0) return null;
  const caller = frames.slice(exit + 1).find((site) => site.getFileName()?.startsWith('node:') === false);
  if (caller === undefined) return '';
  const file = caller.getFileName();
  return ` at ${file.startsWith('file:') ? fileURLToPath(file) : file}:${caller.getLineNumber()}:${caller.getColumnNumber()}`;
}

/** @returns {NodeJS.CallSite[]} who has called this; nobody where the program does not let that be asked */
function stack_frames() {
  const before = Object.getOwnPropertyDescriptors(Error);
  try {
    Error.stackTraceLimit = FRAMES_MAX;
    Error.prepareStackTrace = (_error, sites) => sites;
    const frames = new Error().stack;
    return Array.isArray(frames) ? frames : [];
  } catch {
    return [];
  } finally {
    for (const name of ['stackTraceLimit', 'prepareStackTrace']) {
      if (before[name] === undefined) delete Error[name];
      else Object.defineProperty(Error, name, before[name]);
    }
  }
}

module.exports = { Crash, place_of_exit, stack_frames };
