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
    this._classes = Object.entries(classes).filter(([, said]) => is_class_of_errors(said));
    this._schemas = new Map(errors.filter(({ data }) => data !== undefined).map(({ type, data }) => [type, data]));
    /** By type, made at its first error. @type {Map<string, import('./schema.cjs').Compiled>} */
    this._compiled = new Map();
    this._name = name;
  }

  /** @param {any} error @returns {string | undefined} what it is declared as, whatever it calls itself */
  type_of(error) {
    const found = this._classes.find(([, own]) => error.constructor === own) ?? this._classes.find(([, own]) => error instanceof own);
    return found?.[0];
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
