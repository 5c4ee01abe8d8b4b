// PostgreSQL by `pg` and its pool. Without Debian's postgresql these tests are skipped.

import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import { Postgres, programs } from './support/postgres.mjs';
import { suite } from './support/suite.mjs';

const postgres = programs() === null ? null : await new Postgres().start();
after(() => postgres?.stop());

const app = { entry: 'apps/pg/main.mjs', env: postgres?.environment, at_end: /the pool has ended/, mask: (text) => text.replace(/connect\.sid=[^;"]+/g, 'connect.sid=ID') };
if (postgres === null) it('pg with a pool', { skip: 'PostgreSQL is not installed' });
else {
  suite('pg with a pool', app, (test) => {
    test('queries and transactions', async (client) => {
      const put = (name, pieces) => client.send('PUT', `/stock/${name}`, { body: JSON.stringify({ pieces }), headers: { 'Content-Type': 'application/json' } });
      assert.deepEqual((await put('tea', 10)).json, { name: 'tea', pieces: 10 });
      await put('rice', 0);
      assert.equal((await client.post_json('/moves', { from: 'tea', to: 'rice', pieces: 11 })).status, 409);
      assert.deepEqual((await client.post_json('/moves', { from: 'tea', to: 'rice', pieces: 4 })).json, { moved: 4 });
      assert.equal((await client.get('/stock')).json.find(({ name }) => name === 'tea').pieces, 6);
    });

    test('more requests than connections, all served', async (client) => {
      const answers = await Promise.all(Array.from({ length: 30 }, () => client.get('/sleep', {}, { recorded: false })));
      assert.deepEqual(new Set(answers.map(({ text }) => text)), new Set(['[{"one":1}]']));
      const names = (await postgres.query("select application_name as name, count(*)::int as connections from pg_stat_activity where application_name like 'shop%' group by name")).filter(({ connections }) => connections > 0);
      assert.equal(names.length, Math.max(1, client.server.workers));
      for (const { connections } of names) assert.ok(connections <= 5, `${connections} connections of one pool`);
    });

    test('sessions in a table, whichever worker', async (client) => {
      const first = await client.get('/visits');
      for (const visits of [2, 3, 4]) assert.deepEqual((await client.get('/visits', { Cookie: first.cookies })).json, { visits });
    });
  });
}
