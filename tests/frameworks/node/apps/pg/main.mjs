// A shop's stock in PostgreSQL: a pool, transactions, and sessions in a table.

import connectPgSimple from 'connect-pg-simple';
import express from 'express';
import session from 'express-session';
import pg from 'pg';

const pool = new pg.Pool({ max: 5, application_name: `shop ${process.pid}` });
await pool.query('create table if not exists stock (name text primary key, pieces integer not null check (pieces >= 0))');

const app = express();
app.use(express.json());
app.use(session({ store: new (connectPgSimple(session))({ pool, createTableIfMissing: true, pruneSessionInterval: false }), secret: 'a secret', resave: false, saveUninitialized: false }));

app.get('/visits', (request, response) => {
  request.session.visits = (request.session.visits ?? 0) + 1;
  response.json({ visits: request.session.visits });
});
app.get('/stock', async (_request, response) => response.json((await pool.query('select name, pieces from stock order by name')).rows));
app.put('/stock/:name', async (request, response) => {
  const { rows } = await pool.query('insert into stock values ($1, $2) on conflict (name) do update set pieces = $2 returning *', [request.params.name, request.body.pieces]);
  response.json(rows[0]);
});
app.post('/moves', async (request, response, next) => {
  const { from, to, pieces } = request.body;
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query('update stock set pieces = pieces + $1 where name = $2', [pieces, to]);
    await client.query('update stock set pieces = pieces - $1 where name = $2', [pieces, from]);
    await client.query('commit');
    response.json({ moved: pieces });
  } catch (error) {
    await client.query('rollback');
    if (error.code !== '23514') return next(error);
    response.status(409).json({ problem: 'not so many' });
  } finally {
    client.release();
  }
});
app.get('/sleep', async (_request, response) => response.json((await pool.query('select 1 as one from pg_sleep(0.05)')).rows));

const server = app.listen(process.env.PORT ?? 3000, process.env.HOST, () => console.log(`listening on http://localhost:${server.address().port}`));
process.on('SIGTERM', () => {
  server.close(async () => {
    await pool.end();
    console.log('the pool has ended');
  });
});
