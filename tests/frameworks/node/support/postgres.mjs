// A PostgreSQL of the tests' own: a private cluster in a temporary folder, reached by a Unix socket.

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';

const USER = 'tests';
const PORT = 5432;
/** Where Debian keeps a folder of programs for each version. */
const VERSIONS = '/usr/lib/postgresql';

/** The newest installed PostgreSQL's folder of programs, or null. */
export function programs() {
  const versions = existsSync(VERSIONS) ? readdirSync(VERSIONS).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = versions.map((version) => path.join(VERSIONS, version, 'bin'));
  return folders.find((folder) => existsSync(path.join(folder, 'initdb'))) ?? null;
}

/** A running cluster. It refuses to run as root, so it is then the packages' own user's. */
export class Postgres {
  async start() {
    // Sockets have short names, so the folder does too.
    this.folder = mkdtempSync('/tmp/diglot-pg-');
    const id = (option) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }));
    const owner = process.getuid() === 0 ? { uid: id('-u'), gid: id('-g') } : {};
    if (owner.uid !== undefined) chownSync(this.folder, owner.uid, owner.gid);
    const data = path.join(this.folder, 'data');
    const common = { cwd: this.folder, env: { PATH: process.env.PATH, LC_ALL: 'C', TZ: 'UTC' }, ...owner };
    execFileSync(path.join(programs(), 'initdb'), ['-D', data, '-U', USER, '--auth=trust', '--encoding=UTF8', '--no-sync'], { ...common, stdio: 'pipe' });
    const settings = { listen_addresses: '', unix_socket_directories: this.folder, port: PORT, fsync: 'off', max_connections: 60 };
    const options = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    this.process = spawn(path.join(programs(), 'postgres'), ['-D', data, ...options], { ...common, stdio: ['ignore', 'ignore', 'pipe'], detached: true });
    this.kill = () => this.process.kill('SIGKILL');
    process.on('exit', this.kill);
    this.ended = once(this.process, 'close');
    let log = '';
    for await (const text of this.process.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
      log += text;
      if (log.includes('ready to accept connections')) break;
    }
    if (!log.includes('ready to accept connections')) throw new Error(`PostgreSQL has ended:\n${log}`);
    this.process.stderr.resume();
    return this;
  }

  /** What the clients of the standard library of PostgreSQL take from their environment. */
  get environment() {
    return { PGHOST: this.folder, PGPORT: String(PORT), PGUSER: USER, PGDATABASE: 'postgres' };
  }

  /** The rows of a query, by a connection of its own. */
  async query(text) {
    const client = new pg.Client({ host: this.folder, port: PORT, user: USER, database: 'postgres' });
    await client.connect();
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }

  async stop() {
    this.process.kill('SIGINT');
    await this.ended;
    process.off('exit', this.kill);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
