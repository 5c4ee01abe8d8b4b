import assert, { deepEqual } from 'node:assert';
import * as http from 'node:http';
import { fork } from 'node:child_process';
import { Worker } from 'node:worker_threads';
import events = require('node:events');
import { circular, First } from './circular/first';
import data from '../data.json';
import { absolute } from 'lib/absolute';
import * as folder from './lib';
import { page } from './page';
export * from './lib';
export { default as renamed } from './lib/absolute';

const seen: Record<string, unknown> = {};

class Setter {
  set watched(value: string) {
    this.told.push(value);
  }
  told: string[] = [];
}
class Assigned extends Setter {
  // Assigned, not defined: the setter of the base class hears of it.
  watched = 'assigned';
  never?: string;
}
function replaced(target: any): any {
  return class Replacement extends target {
    extra = true;
  };
}
@replaced
class Self {
  static made() {
    return new Self();
  }
}
seen.imports = [typeof assert, typeof deepEqual, typeof events.once, data.answer, absolute, folder.name, page];
seen.fields = [Object.keys(new Assigned()), new Assigned().told];
seen.circular = [circular(), new First().other().name];
seen.replaced = (Self.made() as any).extra;
seen.main = [require.main === module, __filename.endsWith('/src/main.ts'), typeof require.resolve('./lib')];
seen.stack = new Error('here').stack!.split('\n')[1]!.replace(/^.*\//, '').replace(/\)$/, '');

export async function elsewhere() {
  const thread = new Promise((told) => new Worker(require.resolve('./thread')).once('message', told));
  const child = new Promise((told) => fork(require.resolve('./child.ts')).once('message', told));
  const late = await import('./lib/absolute');
  return [await thread, await child, late.absolute];
}

http
  .createServer(async (request, response) => {
    if (request.url === '/elsewhere') seen.elsewhere = await elsewhere();
    response.end(JSON.stringify(seen));
  })
  .listen(process.env.PORT);
