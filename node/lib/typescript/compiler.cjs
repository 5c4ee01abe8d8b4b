'use strict';
// The way to the compiler: a cache on disk first, then a process on a blocking socket, and where there is none a process for the question.
//
// docs/internals/typescript.md has the formats. Nothing here is asynchronous, because loading a CommonJS module is not.

const crypto = require('node:crypto');
const fs = require('node:fs');
const { join } = require('node:path');

/** What a product begins with: the name and revision of its format. */
const MAGIC = 'diglot-typescript 1 ';
/** Its first line is not longer. */
const LINE_BYTES_MAX = 128;
/** Longest answer that is taken: what the longest source becomes, and to spare. */
const ANSWER_BYTES_MAX = 512 * 1024 * 1024;
/** A cached file that is used is touched when it was last touched so long ago; the server removes what nobody uses. */
const TOUCH_AFTER_MS = 24 * 60 * 60 * 1000;

/** @param {Buffer[]} parts @returns {string} 40 hexadecimal digits */
function sha1(parts) {
  const hash = crypto.createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/**
 * @typedef {object} Product
 * @property {'module' | 'commonjs' | 'error'} kind
 * @property {string} code for an error, its text
 */

/** @param {Buffer} bytes @returns {Product | null} `null`: damaged, or of another revision */
function decode(bytes) {
  const end = bytes.subarray(0, LINE_BYTES_MAX).indexOf(0x0a);
  const line = bytes.latin1Slice(0, Math.max(end, 0));
  if (!line.startsWith(MAGIC)) return null;
  const [kind, length, sum] = line.slice(MAGIC.length).split(' ');
  const code = bytes.subarray(end + 1);
  if (code.length !== Number(length) || sha1([code]) !== sum) return null;
  return { kind: /** @type {Product['kind']} */ (kind), code: code.utf8Slice() };
}

class Compiler {
  /**
   * @param {object} way
   * @param {string} [way.version] of the compiler, where it is known
   * @param {string} way.cache the folder of compiled files
   * @param {string} way.binary the compiler's program
   * @param {number} [way.fd] the socket to a process of it, which only one thread uses, or two that take turns
   * @param {Int32Array} [way.turn] 1 while a thread uses the socket
   */
  constructor({ version, cache, binary, fd, turn }) {
    this.version = version;
    this.cache = cache;
    this.binary = binary;
    this.fd = fd;
    this.turn = turn;
  }

  /**
   * @param {string} file
   * @param {{ config: string | null, package: 'module' | 'commonjs' | null, options: string }} project
   * @returns {{ format: 'module' | 'commonjs', source: string }}
   * @throws {SyntaxError} whose message shows the place in the source
   */
  compile(file, project) {
    const source = fs.readFileSync(file);
    const head = `${this.version}\0${project.options}\0${project.package ?? ''}\0${file}\0`;
    const product = this._cached(sha1([Buffer.from(head), source])) ?? this._compiled(file, project);
    if (product.kind === 'error') throw problem(product.code);
    return { format: product.kind, source: product.code };
  }

  /** @returns {{ version: string, options: string }} */
  about() {
    return JSON.parse(this._ask({ about: true }).toString());
  }

  /** @param {string} config a tsconfig.json @returns {any} what it says */
  project(config) {
    const project = JSON.parse(this._ask({ project: config }).toString());
    if (project.error !== undefined) throw problem(project.error);
    return project;
  }

  /** @param {string} key @returns {Product | null} */
  _cached(key) {
    const path = join(this.cache, key);
    let bytes;
    try {
      bytes = fs.readFileSync(path);
    } catch {
      return null;
    }
    const product = decode(bytes);
    if (product !== null) touch(path);
    return product;
  }

  _compiled(file, project) {
    const product = decode(this._ask({ file, config: project.config, package: project.package }));
    if (product === null) throw problem(`${file}: the compiler's answer cannot be read`);
    return product;
  }

  /** @param {object} request @returns {Buffer} */
  _ask(request) {
    const text = JSON.stringify(request);
    if (this.fd === undefined) return this._run(text);
    const answer = this.turn === undefined ? this._exchange(text) : this._exchange_in_turn(text);
    if (answer !== null) return answer;
    // The process is gone: most often because it had not been asked for long.
    this.fd = undefined;
    return this._run(text);
  }

  /** @param {string} text */
  _exchange_in_turn(text) {
    while (Atomics.compareExchange(this.turn, 0, 0, 1) !== 0) Atomics.wait(this.turn, 0, 1);
    try {
      return this._exchange(text);
    } finally {
      Atomics.store(this.turn, 0, 0);
      Atomics.notify(this.turn, 0, 1);
    }
  }

  /** @param {string} text @returns {Buffer | null} `null`: nobody answers */
  _exchange(text) {
    const request = Buffer.from(`\0\0\0\0${text}`);
    request.writeUInt32LE(request.length - 4);
    try {
      for (let at = 0; at < request.length; ) at += fs.writeSync(this.fd, request, at);
      const length = this._read(4)?.readUInt32LE() ?? 0;
      if (length > ANSWER_BYTES_MAX) throw problem(`an answer of the compiler of ${length} bytes`);
      return length === 0 ? null : this._read(length);
    } catch (error) {
      if (error.code === 'EPIPE' || error.code === 'ECONNRESET') return null;
      throw error;
    }
  }

  /** @param {number} length @returns {Buffer | null} */
  _read(length) {
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length; ) {
      const read = fs.readSync(this.fd, bytes, at, length - at, null);
      if (read === 0) return null;
      at += read;
    }
    return bytes;
  }

  /** @param {string} text */
  _run(text) {
    // Hardly ever needed, and long to load.
    const { spawnSync } = require('node:child_process');
    const { status, signal, stdout, stderr, error } = spawnSync(this.binary, ['answer', this.cache], {
      input: text,
      maxBuffer: ANSWER_BYTES_MAX,
    });
    if (status === 0) return stdout;
    const why = error?.message ?? (signal === null ? String(stderr).trim() : `killed by ${signal}`);
    throw problem(`the TypeScript compiler (${this.binary}) failed on ${text}: ${why}`);
  }
}

/** @param {string} path */
function touch(path) {
  try {
    if (Date.now() - fs.statSync(path).mtimeMs > TOUCH_AFTER_MS) fs.utimesSync(path, new Date(), new Date());
  } catch {
    // It is only removed sooner.
  }
}

/** An error that shows where the source is wrong and none of the files that noticed. @param {string} text */
function problem(text) {
  const message = text.replace(/^error: /, '');
  const error = new SyntaxError(message);
  error.stack = `SyntaxError: ${message}`;
  return error;
}

module.exports = { Compiler, decode };
