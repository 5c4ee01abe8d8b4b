'use strict';
// A whole server that runs for tests.

const { spawn } = require('node:child_process');
const { existsSync, mkdtempSync, rmSync } = require('node:fs');
const http = require('node:http');
const { tmpdir } = require('node:os');
const { join, resolve: absolute } = require('node:path');
const { createInterface } = require('node:readline');
const { from_thrown } = require('../calls/errors.cjs');
const { to_snake } = require('../calls/names.cjs');

const START_MS = 30_000;
/** What the server has to end in. */
const END_MS = 30_000;

/** A server that runs. */
class Server {
  constructor(process, place) {
    this.process = process;
    this.place = place;
    /** Of each listener. @type {string[]} */
    this.urls = [];
    this.lines = [];
    this.ended = new Promise((resolve) => process.once('close', (code) => resolve(code)));
  }

  get url() {
    return this.urls[0];
  }

  /** What it has written so far. */
  get log() {
    return this.lines.join('\n');
  }

  /**
   * Calls a function as the shell does.
   * @param {string} name `model.similar` @param {object} [args] @returns {Promise<any>} what JSON has of its answer; of a stream, an array
   */
  async call(name, args = {}) {
    // What follows is of this process's sockets, and no line of the test's.
    const made = {};
    Error.captureStackTrace(made, this.call);
    const [service, of] = name.split('.').map(to_snake);
    const named = Object.fromEntries(Object.entries(args).map(([key, value]) => [to_snake(key), value]));
    const { status, type, text } = await this._ask(`/call/${service}/${of}`, JSON.stringify(named));
    if (status >= 300) throw from_thrown(JSON.parse(text), service, of, made);
    if (type !== 'application/jsonl') return JSON.parse(text);
    return text.split('\n').filter(Boolean).map((line) => item(JSON.parse(line), service, of, made));
  }

  _ask(path, body) {
    return new Promise((resolve, reject) => {
      const request = http.request({ socketPath: join(this.place, 'control.sock'), path, method: 'POST', agent: false }, (response) => {
        const parts = [];
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => resolve({ status: response.statusCode, type: response.headers['content-type'], text: Buffer.concat(parts).toString() }));
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  /** Ends it. @returns {Promise<number | null>} its exit code */
  async stop() {
    if (this.process.exitCode === null && this.process.signalCode === null) this.process.kill('SIGTERM');
    const late = setTimeout(() => this.process.kill('SIGKILL'), END_MS);
    const code = await this.ended;
    clearTimeout(late);
    rmSync(this.place, { recursive: true, force: true });
    return code;
  }
}

function item(told, service, of, made) {
  if (told.error !== undefined) throw from_thrown(told.error, service, of, made);
  return told.item;
}

/**
 * Runs a whole server.
 * @param {{ folder?: string, targets?: string[], listen?: string[], command?: string, env?: Record<string, string>, startTimeout?: number }} [options]
 * @returns {Promise<Server>} when all its listeners listen
 */
async function serve({ folder = '.', targets = [], listen = ['127.0.0.1:0'], command = process.env.DIGLOT_BIN ?? 'diglot', env = {}, startTimeout = START_MS } = {}) {
  // Of a folder that is missing, starting says the same as of a command that is.
  if (!existsSync(folder)) throw new Error(`there is no folder ${absolute(folder)} to run diglot in: a relative \`folder\` is one of the working directory`);
  const place = mkdtempSync(join(tmpdir(), 'diglot-'));
  const listeners = listen.flatMap((address) => ['--listen', address]);
  const child = spawn(command, ['serve', ...targets, ...listeners, '--control', join(place, 'control.sock')], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const server = new Server(child, place);
  const problem = await listening(server, listen.length, startTimeout);
  if (problem === null) {
    if (Symbol.asyncDispose !== undefined) server[Symbol.asyncDispose] = async () => void (await server.stop());
    return server;
  }
  await server.stop();
  throw new Error(server.log === '' ? problem : `${problem}. It wrote:\n\n${server.log}`);
}

/** @param {Server} server @param {number} listeners @param {number} wait_ms @returns {Promise<string | null>} what is wrong */
function listening(server, listeners, wait_ms) {
  const { process: child } = server;
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve(`the server does not listen after ${wait_ms} ms`), wait_ms);
    const settle = (problem) => {
      clearTimeout(late);
      resolve(problem);
    };
    child.once('error', (error) => settle(error.code === 'ENOENT' ? `there is no ${child.spawnfile} on the PATH: install it, or name it with DIGLOT_BIN` : error.message));
    createInterface({ input: child.stderr }).on('line', (line) => {
      server.lines.push(line);
      const found = /^diglot: listening on (\S+)/.exec(line);
      if (found !== null && server.urls.push(found[1]) === listeners) settle(null);
    });
    server.ended.then((code) => settle(`the server ended with ${code} before it listened`));
  });
}

module.exports = { Server, serve };
