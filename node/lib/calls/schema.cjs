'use strict';
// JSON Schema 2020-12, with the members of Diglot's own (docs/internals/calls.md, "Schemas"), made into functions: once when a schema is
// known, so that a call walks closures and no schema.

const { Context } = require('./schema/build.cjs');
const { DECODE, ENCODE, FROM_JSON, TO_JSON } = require('./schema/modes.cjs');
const { Issues } = require('./schema/issues.cjs');

/**
 * @typedef {object} Issue
 * @property {(string | number)[]} path to what is wrong
 * @property {string} message what was expected there
 */

/** A value that is not what its schema says. */
class Invalid extends Error {
  /** @param {Issue[]} issues all that is wrong, at most as many as `ISSUES_MAX` */
  constructor(issues) {
    super(issues.map(({ path, message }) => `${path_text(path)}${message}`).join('\n'));
    this.issues = issues;
  }
}
Invalid.prototype.name = 'Invalid';

/** @param {(string | number)[]} path @returns {string} `items[3].price: ` */
function path_text(path) {
  const parts = path.map((part) => (typeof part === 'number' ? `[${part}]` : /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(part) ? `.${part}` : `[${JSON.stringify(part)}]`));
  return path.length === 0 ? '' : `${parts.join('').replace(/^\./, '')}: `;
}

/** One schema, compiled for each direction when that is first needed. */
class Compiled {
  /** @param {any} schema @param {any} root what its references are into */
  constructor(schema, root) {
    this.schema = schema;
    this.root = root;
    // At once in one direction, so that a schema which cannot be had is an error where it stands and not at the first call.
    this._decode = this._build(DECODE);
    this._encode = null;
    this._from_json = null;
    this._to_json = null;
    /** `undefined` alone: whatever the function returns, nothing goes over. */
    this.is_nothing = schema?.['x-diglot'] === 'undefined';
  }

  /** What came over the wire → what the function gets. @param {any} value @param {(string | number)[]} [path] @throws {Invalid} */
  decode(value, path) {
    return this._run(this._decode, value, path);
  }

  /** What the function returned → what goes over the wire. @param {any} value @param {(string | number)[]} [path] @throws {Invalid} */
  encode(value, path) {
    return this._run((this._encode ??= this._build(ENCODE)), this.is_nothing ? undefined : value, path);
  }

  /** What `JSON.parse` gave → what the function gets. @param {any} value @param {(string | number)[]} [path] @throws {Invalid} */
  from_json(value, path) {
    return this._run((this._from_json ??= this._build(FROM_JSON)), value, path);
  }

  /**
   * What the function returned → what JSON has a word for, and integers beyond 2⁵³ that are not declared as such as `bigint`.
   *
   * @param {any} value @param {(string | number)[]} [path] @throws {Invalid}
   */
  to_json(value, path) {
    return this._run((this._to_json ??= this._build(TO_JSON)), this.is_nothing ? undefined : value, path);
  }

  /**
   * The types a value of the wire should have, whether or not it is valid: for schemas that validate by themselves.
   *
   * @param {any} value @param {boolean} json
   */
  coerce(value, json) {
    const check = json ? (this._from_json ??= this._build(FROM_JSON)) : this._decode;
    return check === null ? value : check(value, new Issues());
  }

  /** @param {import('./schema/modes.cjs').Mode} mode */
  _build(mode) {
    return new Context(this.root, mode).build(this.schema);
  }

  _run(check, value, path) {
    if (check === null) return value;
    const issues = new Issues();
    const converted = check(value, issues);
    if (issues.count === 0) return converted;
    throw new Invalid(issues.told(path));
  }
}

/**
 * @param {any} schema
 * @param {any} [root] the document that `$ref` points into, if it is not the schema itself
 * @returns {Compiled}
 * @throws {TypeError} that says which part of the schema cannot be had
 */
function compile(schema, root = schema) {
  return new Compiled(schema === undefined ? true : schema, root);
}

module.exports = { compile, Invalid };
