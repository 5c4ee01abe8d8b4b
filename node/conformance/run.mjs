// Runs Node's own tests, whose servers are reached through the front, and tells which pass.
//
// node run.mjs --tests DIR --diglot FILE [--node FILE] [--lanes fast,byte,native,alone] [--jobs N] [--limit SECONDS]
//   [--results FILE] [PATTERN...]
//
// DIR holds Node's `test` folder, of the version of `--node`. Each test is the program of a Diglot server of its own; one that exits
// with 0 has passed. It fails where a test fails that `differences.json` has no reason for. A PATTERN is a file name in
// `test/parallel`, where `*` stands for anything.

import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';

const HERE = import.meta.dirname;
/** A test that takes longer hangs: the longest of them takes 10 s by itself. */
const TEST_S_MAX = '30';
/** More than any test has servers. */
const LISTENERS = 12;
/** What is kept of what a test says, for the results. */
const OUTPUT_CHARACTERS_MAX = 3_000;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tests: { type: 'string' },
    diglot: { type: 'string' },
    node: { type: 'string', default: process.execPath },
    lanes: { type: 'string', default: 'fast,byte,native,alone' },
    jobs: { type: 'string', default: '1' },
    limit: { type: 'string', default: TEST_S_MAX },
    results: { type: 'string' },
  },
});

/** @typedef {{ file: string, flags: string[] }} Test */
/** @typedef {{ file: string, lane: string, outcome: 'pass' | 'fail' | 'hang', ms: number, output: string }} Result */

/** The tests whose names fit a pattern. @param {string[]} patterns @returns {Test[]} */
function find_tests(patterns) {
  const folder = path.join(options.tests, 'test/parallel');
  const wanted = patterns.map((pattern) => new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`));
  return fs
    .readdirSync(folder)
    .filter((name) => wanted.some((pattern) => pattern.test(name)))
    .map((file) => {
      const flags = /^\/\/ Flags: (.*)$/m.exec(fs.readFileSync(path.join(folder, file), 'utf8'))?.[1] ?? '';
      return { file, flags: flags.split(' ').filter(Boolean) };
    });
}

/**
 * What stands in the place of `node` in the server's configuration: it runs the test with its flags and this folder's preload, keeps
 * what it says, and leaves its exit code behind. It runs it once, though the server starts a worker that has ended anew.
 */
function write_interpreter(folder, test) {
  const file = path.join(folder, 'node');
  const preload = path.join(HERE, 'preload.cjs');
  const quoted = [options.node, ...test.flags, '--require', preload].map((word) => `'${word}'`).join(' ');
  fs.writeFileSync(
    file,
    `#!/bin/sh
cd '${folder}'
[ -e started ] && exit 1
: >started
shift 2
${quoted} "$@" >output 2>&1 &
echo $! >pid
wait $!
echo $? >code.part && mv code.part code
`,
    { mode: 0o755 },
  );
  return file;
}

/** Starts the test, and resolves with its exit code; null if it took too long. @param {Test} test */
async function run_test(test, lane, slot, folder) {
  const file = path.resolve(options.tests, 'test/parallel', test.file);
  const env = { ...process.env, NODE_TEST_KNOWN_GLOBALS: '0', NODE_TEST_DIR: folder, TEST_THREAD_ID: slot };
  if (lane === 'alone') {
    const output = fs.openSync(path.join(folder, 'output'), 'w');
    const child = spawn(options.node, [...test.flags, file], { env, stdio: ['ignore', output, output], cwd: folder });
    fs.closeSync(output);
    return ended(child, () => child.kill('SIGKILL'));
  }
  const listen = JSON.stringify(new Array(LISTENERS).fill('127.0.0.1:0'));
  const interpreter = JSON.stringify(write_interpreter(folder, test));
  const config = path.join(folder, 'diglot.toml');
  fs.writeFileSync(
    config,
    `[server]\nlisten = ${listen}\n[server.limits]\nheader_count = 1000\n[server.timeouts]\nidle = "10s"\n[services.test]\nroot = ${JSON.stringify(folder)}\nentry = ${JSON.stringify(file)}\nroutes = ["/"]\nnode = ${interpreter}\n`,
  );
  const log = fs.openSync(path.join(folder, 'log'), 'w');
  const server = spawn(options.diglot, ['serve', '--config', config], {
    env: { ...env, DIGLOT_CONFORMANCE_LANE: lane },
    stdio: ['ignore', log, log],
    cwd: folder,
  });
  fs.closeSync(log);
  const watcher = fs.watch(folder, (_event, name) => name === 'code' && server.kill('SIGKILL'));
  const code = await ended(server, () => {
    server.kill('SIGKILL');
    const pid = path.join(folder, 'pid');
    if (fs.existsSync(pid)) kill(Number(fs.readFileSync(pid, 'utf8')));
  });
  watcher.close();
  const left = path.join(folder, 'code');
  return code === null || !fs.existsSync(left) ? code : Number(fs.readFileSync(left, 'utf8'));
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

/** The exit code of a process, `null` if it had to be ended; -1: a signal. */
function ended(child, end) {
  return new Promise((resolve, reject) => {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      end();
    }, 1000 * Number(options.limit));
    child.on('error', reject);
    child.on('exit', (code) => {
      clearTimeout(timer);
      resolve(late ? null : (code ?? -1));
    });
  });
}

function read(file) {
  return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
}

/** @returns {Promise<Result>} */
async function result_of(test, lane, slot) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'diglot-conformance-'));
  const began_ms = performance.now();
  const code = await run_test(test, lane, slot, folder);
  const ms = Math.round(performance.now() - began_ms);
  const outcome = code === 0 ? 'pass' : code === null ? 'hang' : 'fail';
  const said = [read(path.join(folder, 'output')).slice(-OUTPUT_CHARACTERS_MAX), read(path.join(folder, 'log')).slice(-OUTPUT_CHARACTERS_MAX)];
  const output = outcome === 'pass' ? '' : said.join('\n---- the server\n');
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  return { file: test.file, lane, outcome, ms, output };
}

/** @returns {Promise<Result[]>} */
async function run_all(tests, lanes, jobs) {
  const queue = lanes.flatMap((lane) => tests.map((test) => ({ test, lane })));
  const results = [];
  const work = async (_, slot) => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const result = await result_of(next.test, next.lane, String(slot));
      results.push(result);
      if (result.outcome !== 'pass') console.log(`${result.outcome} ${result.lane} ${result.file} (${result.ms} ms)`);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : 0));
}

if (options.tests === undefined || options.diglot === undefined) {
  console.error('which tests, and which server? node run.mjs --tests DIR --diglot FILE');
  process.exit(2);
}
const tests = find_tests(positionals.length > 0 ? positionals : ['test-http-*.js']);
const lanes = options.lanes.split(',');
/** What fails for a reason, by lane. @type {{ [lane: string]: { [file: string]: string } }} */
const differences = JSON.parse(fs.readFileSync(path.join(HERE, 'differences.json'), 'utf8'));
const results = await run_all(tests, lanes, Number(options.jobs));
for (const lane of lanes) {
  const own = results.filter((result) => result.lane === lane);
  const failed = own.filter((result) => result.outcome !== 'pass');
  const unlisted = failed.filter((result) => differences[lane]?.[result.file] === undefined);
  console.log(`${lane}: ${own.length - failed.length} of ${own.length} pass; ${unlisted.length} fail without a reason that is known`);
  for (const { file } of unlisted) console.log(`  ${file}`);
  if (unlisted.length > 0) process.exitCode = 1;
}
if (options.results !== undefined) fs.writeFileSync(options.results, JSON.stringify(results, null, 1));
