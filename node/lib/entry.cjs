'use strict';
// Watches the program load: finds the `fetch` it exports, and says why it could not be loaded.
//
// A program that listens needs nothing of this. What a module exports is known when it has been evaluated, so Node's own start of the
// main module is waited for and the module is then asked for again: Node answers from its cache and evaluates nothing twice.

const Module = require('node:module');
const { pathToFileURL } = require('node:url');
const { place_of_exit } = require('./crash.cjs');

const LOOKED_FOR =
  'Diglot looked for an http or https server that calls listen(), and for a module whose default export has a fetch() function; a service with `routes = []` offers functions, by func()';

/**
 * @param {any} exported what the main module exports
 * @returns {{ fetch: Function } | null}
 */
function find_fetch(exported) {
  for (const candidate of [exported?.default, exported?.default?.default, exported]) {
    const holds = candidate !== null && (typeof candidate === 'object' || typeof candidate === 'function');
    if (holds && typeof candidate.fetch === 'function') return candidate;
  }
  return null;
}

/** Whether modules are loaded before the main one by the ESM loader, which takes as long as they please. */
function has_loader_flags() {
  const flags = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ');
  return /(?:^|\s)--(?:import|loader|experimental-loader)\b/.test(flags);
}

const EXIT_FAILED = 1;
/** Node's exit code for a top-level await that never settles. */
const EXIT_UNSETTLED = 13;

/** Listeners of 'exit' that set this code, behind those here: Node 20's own, and that of a main module in TypeScript. */
const WAITING = new Set(['handleProcessExit', 'exit_unsettled']);

/** Whether the main module is still being evaluated. */
function waits_for_main() {
  return process.listeners('exit').some(({ name }) => WAITING.has(name));
}

class Entry {
  /**
   * @param {string} file
   * @param {object} events
   * @param {() => boolean} events.loading nothing serves yet
   * @param {(app: { fetch: Function }) => void} events.found
   * @param {(is_done: boolean) => void} events.loaded the program has, and exports nothing that serves; `is_done`: nothing is left to do
   * @param {() => number} events.offered functions of it that others may call
   * @param {(reason: string) => void} events.failed
   */
  constructor(file, { loading, found, loaded, offered, failed }) {
    this.file = file;
    this.loading = loading;
    this.found = found;
    this.loaded = loaded;
    this.offered = offered;
    this.failed = failed;
    this.looked = false;
    /** It has been evaluated, and exports nothing that serves. */
    this.has_loaded = false;
  }

  watch() {
    const run_main = Module.runMain;
    Module.runMain = (...args) => {
      Module.runMain = run_main;
      const result = run_main.apply(Module, args);
      this._started();
      return result;
    };
    process.on('uncaughtExceptionMonitor', (error) => {
      if (!this.loading() || process.listenerCount('uncaughtException') > 0) return;
      this.failed(stack_of(error));
      // Node would show the line of ours that has thrown it.
      if (require('./calls/declaration.cjs').is_of_declaration(error)) process.reallyExit(EXIT_FAILED);
    });
    process.on('beforeExit', () => {
      if (!this.loading()) return;
      if (!this.looked) this._look(true);
      else if (this.has_loaded) this.loaded(true);
    });
    process.on('exit', (code) => {
      if (!this.loading()) return;
      const place = place_of_exit();
      if (place === null && (code === EXIT_UNSETTLED || (code === 0 && waits_for_main()))) {
        return this.failed(`${this.file} ended before it served anything: a top-level await never settled, and nothing else was left to do`);
      }
      const call = place === null ? '' : `: process.exit()${place}`;
      this.failed(`${this.file} ended with exit code ${code} before it served anything${call}. ${LOOKED_FOR}.${this._advice()}`);
      if (code === 0) process.exitCode = 1;
    });
  }

  /** Node has begun with the main module; a CommonJS one has been evaluated. */
  _started() {
    const main = process.mainModule;
    if (main?.loaded) {
      this.looked = true;
      this._offer(find_fetch(main.exports));
    } else if (!has_loader_flags()) {
      setImmediate(() => this._look());
    } else if (Module.registerHooks !== undefined) {
      // The modules of --import come first, in their own time: the main one has begun when it is loaded.
      const url = pathToFileURL(this.file).href;
      const hooks = Module.registerHooks({
        load: (loaded, context, next) => {
          if (loaded === url) {
            hooks.deregister();
            setImmediate(() => this._look());
          }
          return next(loaded, context);
        },
      });
    }
  }

  /** Waits until the main module has been evaluated. @param {boolean} [is_done] nothing else is left to do */
  _look(is_done = false) {
    if (this.looked) return;
    this.looked = true;
    import(pathToFileURL(this.file).href).then(
      (namespace) => this._offer(find_fetch(namespace), is_done),
      // Node itself reports why the main module failed.
      () => {},
    );
  }

  _offer(app, is_done = false) {
    if (!this.loading()) return;
    if (app !== null) return this.found(app);
    this.has_loaded = true;
    this.loaded(is_done);
  }

  /** What else it could be meant for. */
  _advice() {
    return this.offered() === 0 ? '' : ' It offers functions: a service of functions alone has no `routes`.';
  }
}

/** @param {unknown} error @returns {string} */
function stack_of(error) {
  if (error !== null && typeof error === 'object' && typeof error.stack === 'string') return error.stack;
  return `Uncaught ${String(error)}`;
}

module.exports = { Entry, EXIT_UNSETTLED, find_fetch, has_loader_flags };
