'use strict';
// Errors that a function says it throws: whether their data is what it says.

const { compile, Invalid } = require('./schema.cjs');

class Declared {
  /**
   * @param {{ type: string, data?: any }[]} errors with the schema of their data, where it has one
   * @param {Record<string, any>} classes of those that are declared by them
   * @param {string} name the function, and where it is
   */
  constructor(errors, classes, name) {
    const entries = Object.entries(classes);
    /** What errors of a class are declared as, by its prototype. */
    this._types = new Map(entries.filter(([, said]) => is_class_of_errors(said)).map(([type, own]) => [own.prototype, type]));
    /** Those that are declared by their name alone. */
    this._names = new Set(entries.filter(([, said]) => !is_class_of_errors(said)).map(([type]) => type));
    this._schemas = new Map(errors.filter(({ data }) => data !== undefined).map(({ type, data }) => [type, data]));
    /** By type, made at its first error. @type {Map<string, import('./schema.cjs').Compiled>} */
    this._compiled = new Map();
    this._name = name;
  }

  /**
   * By its class, by a name it has, or else by the nearest class that it derives from.
   *
   * @param {any} error
   * @returns {string | undefined} what it is declared as, whatever it calls itself
   */
  type_of(error) {
    const own = this._types.get(Object.getPrototypeOf(error));
    if (own !== undefined) return own;
    const name = [error.name, error.constructor?.name].find((name) => this._names.has(name));
    if (name !== undefined) return name;
    for (let at = Object.getPrototypeOf(error); at !== null; at = Object.getPrototypeOf(at)) {
      if (this._types.has(at)) return this._types.get(at);
    }
  }

  /**
   * Tells the log, once, that the data of an error is not what is said of it: callers count on that.
   *
   * @param {Buffer} json the THROW of what the function threw
   * @returns {Buffer} the same
   */
  checked(json) {
    if (this._schemas.size === 0) return json;
    const { code, type, data, service } = JSON.parse(json.toString());
    // With a service, it is one of another function.
    if (code !== 'error' || service !== undefined || !this._schemas.has(type)) return json;
    const wrong = this._problem_of(type, data);
    if (wrong !== null) {
      this._schemas.delete(type);
      process.stderr.write(`diglot: ${this._name} threw ${type} with other data than its errors declare to callers: ${wrong}\n`);
    }
    return json;
  }

  /** @param {string} type @param {any} data @returns {string | null} what is wrong with it */
  _problem_of(type, data) {
    try {
      const schema = this._schemas.get(type);
      let compiled = this._compiled.get(type);
      if (compiled === undefined) {
        compiled = compile(schema);
        this._compiled.set(type, compiled);
      }
      // One without fields carries nothing.
      compiled.from_json(data === undefined && schema.type === 'object' ? {} : data, ['data']);
      return null;
    } catch (error) {
      return error instanceof Invalid ? error.message.replaceAll('\n', '; ') : String(error);
    }
  }
}

/** @param {any} said */
function is_class_of_errors(said) {
  return typeof said === 'function' && said.prototype instanceof Error;
}

module.exports = { Declared, is_class_of_errors };
