'use strict';
// What is known of a file's functions, on disk, with what all the files were like that it depends on.
//
// They lie with the compiled files and go with them, when nobody has read them for long (crates/diglot-typescript/src/cache.rs).

const crypto = require('node:crypto');
const fs = require('node:fs');
const os = require('node:os');
const { join } = require('node:path');

/** Told from every other state of what makes them: raise it with any change of what comes out. */
const REVISION = 'diglot-functions 2';
/** A record that is used is touched when it was last touched so long ago. */
const TOUCH_AFTER_MS = 24 * 60 * 60 * 1000;

/** @param {any} way to the compiler of TypeScript, where this program has one @returns {string | null} `null`: nothing is kept */
function folder_of_cache(way) {
  if (typeof way?.cache === 'string') return way.cache;
  const { XDG_CACHE_HOME: cache, HOME: home } = process.env;
  const around = cache?.startsWith('/') ? cache : home === undefined ? null : join(home, '.cache');
  const folder = around === null ? join(os.tmpdir(), `diglot-${process.getuid?.() ?? 'user'}`, 'typescript') : join(around, 'diglot', 'typescript');
  try {
    fs.mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = fs.lstatSync(folder);
    // What others can write is not believed.
    return uid === (process.getuid?.() ?? uid) && (mode & 0o022) === 0 ? folder : null;
  } catch {
    return null;
  }
}

/** @param {crypto.BinaryLike[]} parts */
function sha1(parts) {
  const hash = crypto.createHash('sha1');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/**
 * A file as it was: its length, time of change in ms, and SHA-1.
 *
 * @typedef {[path: string, bytes: number, mtime_ms: number, sha1: string]} Seen
 */

/** @param {string} path @returns {Seen | null} */
function see(path) {
  try {
    // First: what changes meanwhile is noticed the next time.
    const { size, mtimeMs } = fs.statSync(path);
    return [path, size, mtimeMs, sha1([fs.readFileSync(path)])];
  } catch {
    return null;
  }
}

/** @param {Seen} seen @returns {'same' | 'touched' | 'changed'} */
function compare([path, size, mtime, sum]) {
  const now = fs.statSync(path, { throwIfNoEntry: false });
  if (now === undefined || now.size !== size) return 'changed';
  if (now.mtimeMs === mtime) return 'same';
  return see(path)?.[3] === sum ? 'touched' : 'changed';
}

class Records {
  /** @param {string | null} folder @param {string[]} about what else the functions depend on */
  constructor(folder, about) {
    this._folder = folder;
    this._about = about;
  }

  /** @param {string} file @returns {string} */
  _path(file) {
    return join(/** @type {string} */ (this._folder), `functions-${sha1([[REVISION, ...this._about, file].join('\0')])}`);
  }

  /**
   * @param {string} file
   * @returns {{ functions: any[] | null, is_known: boolean }} `functions`: `null` where they are not known; `is_known`: they were, before something changed
   */
  find(file) {
    if (this._folder === null) return { functions: null, is_known: false };
    const path = this._path(file);
    const record = decode(path);
    if (record === null) return { functions: null, is_known: false };
    let is_touched = false;
    for (const seen of record.seen) {
      const state = compare(seen);
      if (state === 'changed') return { functions: null, is_known: true };
      is_touched ||= state === 'touched';
    }
    // Next time their times suffice.
    if (is_touched) this._write(path, { functions: record.functions, seen: record.seen.map(([name]) => see(name)).filter((seen) => seen !== null) });
    else touch(path);
    return { functions: record.functions, is_known: true };
  }

  /** @param {string} file @param {import('./extract.cjs').OfFile} of_file @param {import('./extract.cjs').Answer} answer */
  store(file, of_file, answer) {
    const seen = [...of_file.sources, ...answer.shared].map((name) => answer.seen[name]);
    // One that was being written while it was read.
    if (this._folder === null || seen.some((one) => one === undefined)) return;
    this._write(this._path(file), { functions: of_file.functions, seen });
  }

  /** @param {string} path @param {{ functions: any[], seen: Seen[] }} record */
  _write(path, record) {
    const text = JSON.stringify(record);
    const partial = `${path}.${process.pid}.part`;
    try {
      fs.writeFileSync(partial, `${REVISION} ${sha1([text])}\n${text}`);
      fs.renameSync(partial, path);
    } catch {
      // It is found out again, then.
    }
  }
}

/** @param {string} path @returns {{ functions: any[], seen: Seen[] } | null} `null`: there is none, or a crash of the machine has damaged it */
function decode(path) {
  let text;
  try {
    text = fs.readFileSync(path, 'utf8');
  } catch {
    return null;
  }
  const end = text.indexOf('\n');
  const body = text.slice(end + 1);
  return text.slice(0, end) === `${REVISION} ${sha1([body])}` ? JSON.parse(body) : null;
}

/** @param {string} path */
function touch(path) {
  try {
    if (Date.now() - fs.statSync(path).mtimeMs > TOUCH_AFTER_MS) fs.utimesSync(path, new Date(), new Date());
  } catch {
    // It is only removed sooner.
  }
}

module.exports = { Records, folder_of_cache, see };
