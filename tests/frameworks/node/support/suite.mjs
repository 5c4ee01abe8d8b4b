// One suite for each application: every test runs under node alone, under Diglot with one worker and with two, and what
// its clients have seen is compared.

import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Client } from './client.mjs';
import { Server } from './servers.mjs';

const SERVERS = [
  { name: 'node alone', workers: 0 },
  { name: 'one worker', workers: 1 },
  { name: 'two workers', workers: 2 },
];

/**
 * @typedef {object} Options of one test
 * @property {string | false} [skip] why it is not run
 * @property {number[]} [workers] with how many it runs, where not with all; 0 is node alone
 */
/** @typedef {(client: Client) => Promise<void>} Run */

/**
 * @param {string} name
 * @param {import('./servers.mjs').App} app
 * @param {(test: (name: string, ...rest: [Options, Run] | [Run]) => void) => void} tests
 */
export function suite(name, app, tests) {
  const all = [];
  tests((title, ...rest) => all.push({ title, run: rest.at(-1), options: rest.length > 1 ? rest[0] : {} }));
  /** By test, what node alone has answered. */
  const alone = new Map();
  const mask = app.mask ?? ((text) => text);
  const servers = SERVERS.filter(({ workers }) => workers > 0 || app.mount === undefined);
  describe(name, () => {
    for (const { name: served_by, workers } of servers) {
      describe(served_by, () => {
        const server = new Server(app, workers);
        before(() => server.start());
        after(() => server.stop());
        for (const { title, run, options } of all) {
          if (options.workers?.includes(workers) === false) continue;
          it(title, { skip: options.skip }, async () => {
            const client = new Client(server);
            try {
              await run(client);
            } finally {
              client.close();
            }
            const transcript = !app.loosely ? client.transcript : client.transcript.map(loosely);
            const seen = JSON.parse(mask(JSON.stringify(transcript).replaceAll(/(127\.0\.0\.1|localhost):\d+/g, 'origin')));
            if (workers === 0) alone.set(title, seen);
            const expected = alone.get(title) ?? [];
            expected.forEach((answer, at) => assert.deepEqual(seen[at], answer, `differs from node alone: ${answer.request}`));
          });
        }
      });
    }
  });
}

/**
 * Of two programs that serve one application by different means, what has to be alike: not the reason, the order and case of
 * fields, how an empty body is framed, and a blank in a type.
 */
function loosely({ status, fields, chunked, ...answer }) {
  const lines = fields.map((field) => field.replace(/^[^:]+/, (name) => name.toLowerCase()).replace('; charset', ';charset')).sort();
  if (answer.body !== '') return { ...answer, status: status.slice(0, 3), chunked, fields: lines };
  return { ...answer, status: status.slice(0, 3), fields: lines.filter((line) => line !== 'content-length: 0') };
}
