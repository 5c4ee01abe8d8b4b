// What calls cost: CPU time of whoever calls, and of all the processes that answer.

import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** The first of those that answer; of a service of Diglot's, the server, whose process this one is as well. */
const ROOT = Number(process.env.CALLEE_PID ?? process.ppid);
const TICKS_PER_SECOND = Number(execFileSync('getconf', ['CLK_TCK']));

/** @returns {number} of this process, and of the tree of those that answer, since they began */
export function cpu_seconds() {
  const parents = new Map();
  const ticks = new Map();
  for (const name of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    let stat;
    try {
      stat = readFileSync(`/proc/${name}/stat`, 'utf8');
    } catch {
      // It has ended meanwhile.
      continue;
    }
    // proc_pid_stat(5), from the third field: its parent, utime and stime.
    const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
    parents.set(Number(name), Number(fields[1]));
    ticks.set(Number(name), Number(fields[11]) + Number(fields[12]));
  }
  const counted = new Set([ROOT, process.pid]);
  for (let before = 0; before !== counted.size; ) {
    before = counted.size;
    for (const [pid, parent] of parents) if (counted.has(parent)) counted.add(pid);
  }
  let sum = 0;
  for (const pid of counted) sum += ticks.get(pid) ?? 0;
  return sum / TICKS_PER_SECOND;
}
