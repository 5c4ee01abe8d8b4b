// An application's server as a process: Diglot, or `node` alone, started on a free port and watched through what it prints.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const HERE = path.dirname(import.meta.dirname);
const ROOT = path.resolve(HERE, '../../..');
/** The node that runs the applications; the tests themselves run on the one they were started with. */
export const NODE = path.resolve(HERE, process.env.DIGLOT_TEST_NODE ?? process.execPath);
/** How long a test waits for anything before it fails: far above what is normal on a busy machine. */
export const PATIENCE_MS = 120_000;
/** What a log line has that reports something nobody expected. */
const TROUBLE = /Error\b|Exception\b|Warning\b|violat|died|crash|was killed/;
/** Of this process's environment: what would change how an application behaves. */
const LEFT_OUT = ['PORT', 'NODE_OPTIONS', 'NODE_ENV', 'NODE_PATH', 'NODE_TEST_CONTEXT', 'WEB_CONCURRENCY'];

/**
 * @typedef {object} App an application and how it is run
 * @property {string} entry its main module, from the folder of the tests
 * @property {string} [alone] another main module for node alone, which listens by itself
 * @property {string} [source] what its main module is compiled from: with one worker, Diglot is given this
 * @property {boolean} [loosely] the two are served by different means: only what has to be alike is compared
 * @property {string} [root] its working directory, from there too; by default the entry's folder
 * @property {Record<string, string>} [env]
 * @property {string[]} [expected] parts of the lines that report the failures its tests provoke; any other report fails them
 * @property {string} [mount] the prefix it is mounted at, without a slash at its end: its tests run under Diglot only
 * @property {boolean} [fixed_port] under node alone it cannot take port 0
 * @property {Record<string, string | number | boolean>} [options] more keys of the service in `diglot.toml`
 * @property {Record<string, string>} [server] keys of `[server]` there
 * @property {Record<string, Record<string, string>>} [beside] other services, by name, with their keys
 * @property {RegExp} [at_end] what each of its processes says when it is asked to end
 * @property {() => void} [reset] puts back what it keeps outside its process: before each server
 * @property {(text: string) => string} [mask] makes equal what differs from run to run, for the comparison with node alone
 */

const running = new Set();
process.on('exit', () => {
  for (const server of running) server.process.kill('SIGKILL');
});
// Who ends the tests ends their servers as well.
for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, () => process.exit(1));

export class Server {
  /**
   * @param {App} app
   * @param {number} workers of Diglot; 0 is node alone
   */
  constructor(app, workers) {
    this.app = app;
    this.workers = workers;
    this.folder = mkdtempSync(path.join(tmpdir(), 'diglot-node-'));
    this.log = '';
    this.ended = false;
    this.waiting = new Set();
    this.origin = '';
  }

  /** Starts it; it has its address afterwards. */
  async start() {
    const { app } = this;
    const entry = path.join(HERE, this._entry());
    const root = app.root === undefined ? path.dirname(entry) : path.join(HERE, app.root);
    const env = { ...process.env, NODE_ENV: 'production', HOST: '127.0.0.1', ...app.env };
    for (const name of LEFT_OUT) if (app.env?.[name] === undefined && name !== 'NODE_ENV') delete env[name];
    app.reset?.();
    let command;
    let ready;
    if (this.workers === 0) {
      env.PORT = app.fixed_port ? String(await free_port()) : '0';
      command = [NODE, entry];
      ready = /\bhttp:\/\/\S+?:(\d+)/;
    } else {
      command = [binary(), 'serve', '--config', this._configuration(root, entry)];
      ready = /^diglot: listening on http:\/\/127\.0\.0\.1:(\d+)$/m;
    }
    this.process = spawn(command[0], command.slice(1), {
      cwd: root,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A signal to the tests is not one to the server: they end it themselves.
      detached: true,
    });
    running.add(this);
    this.exited = once(this.process, 'close').then(([code, signal]) => {
      this.ended = true;
      running.delete(this);
      this._tell();
      return { code, signal };
    });
    for (const pipe of [this.process.stdout, this.process.stderr]) pipe.setEncoding('utf8').on('data', (text) => this._read(text));
    this.origin = `http://127.0.0.1:${(await this.says(ready))[1]}`;
    return this;
  }

  _entry() {
    const { entry, alone, source } = this.app;
    if (this.workers === 0) return alone ?? entry;
    return this.workers === 1 ? (source ?? entry) : entry;
  }

  _configuration(root, entry) {
    const { mount, options, server, beside = {} } = this.app;
    const app = { root, entry, node: NODE, workers: this.workers, ...(mount && { routes: mount, strip: true }), ...options };
    const tables = { server: { listen: '127.0.0.1:0', ...server }, 'services.app': app };
    for (const [name, keys] of Object.entries(beside)) tables[`services.${name}`] = { node: NODE, ...keys };
    const lines = [];
    for (const [table, keys] of Object.entries(tables)) {
      lines.push(`[${table}]`);
      for (const [key, value] of Object.entries(keys)) lines.push(`${key} = ${JSON.stringify(value)}`);
    }
    const file = path.join(this.folder, 'diglot.toml');
    writeFileSync(file, `${lines.join('\n')}\n`);
    return file;
  }

  _read(text) {
    this.log += text;
    this._tell();
  }

  _tell() {
    for (const look of this.waiting) look();
  }

  /**
   * Waits until the log matches.
   * @param {RegExp} pattern
   * @param {number} from where in the log to begin
   * @returns {Promise<RegExpExecArray>}
   */
  async says(pattern, from = 0) {
    let late;
    try {
      return await new Promise((resolve, reject) => {
        const gone = (why) => reject(new Error(`nothing that matches ${pattern} came${why}. The log:\n${this.log}`));
        const look = () => {
          const found = pattern.exec(this.log.slice(from));
          if (found !== null) resolve(found);
          else if (this.ended) gone(', and the server has ended');
        };
        late = { look, timer: setTimeout(gone, PATIENCE_MS, ` in ${PATIENCE_MS} ms`) };
        this.waiting.add(look);
        look();
      });
    } finally {
      this.waiting.delete(late.look);
      clearTimeout(late.timer);
    }
  }

  /** Asks it to end and judges how it did and what it has logged. */
  async stop() {
    if (this.process === undefined) return;
    const timer = setTimeout(() => this.process.kill('SIGKILL'), PATIENCE_MS);
    if (!this.ended) this.process.kill('SIGTERM');
    const { code, signal } = await this.exited;
    clearTimeout(timer);
    rmSync(this.folder, { recursive: true, force: true });
    const asked = code === 0 || (this.workers === 0 && (signal === 'SIGTERM' || code === 143));
    if (!asked) throw new Error(`it ended with ${code ?? signal}. The log:\n${this.log}`);
    const { at_end, expected = [] } = this.app;
    const ended = at_end === undefined ? 0 : this.log.split('\n').filter((line) => at_end.test(line)).length;
    if (at_end !== undefined && ended !== Math.max(1, this.workers)) throw new Error(`${ended} processes said ${at_end} at the end. The log:\n${this.log}`);
    const unexpected = this.log
      .split('\n')
      .filter((line) => TROUBLE.test(line) && !/^\S* +at /.test(line) && !expected.some((part) => line.includes(part)));
    if (unexpected.length > 0) throw new Error(`the log has lines that no test provoked:\n${unexpected.map((line) => line.slice(0, 500)).join('\n')}`);
  }
}

/** The command under test: named by DIGLOT_BIN, else the newest that cargo has built. */
function binary() {
  if (process.env.DIGLOT_BIN) return path.resolve(process.env.DIGLOT_BIN);
  const built = ['release', 'debug'].map((profile) => path.join(ROOT, 'target', profile, 'diglot')).filter((file) => existsSync(file));
  if (built.length === 0) throw new Error('`cargo build --release` makes the server, or DIGLOT_BIN names it');
  return built.sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
}

/** A port that nobody listens on at this moment. */
async function free_port() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
