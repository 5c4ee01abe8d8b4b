// A short look at each of the frameworks that fewer use: their own features on the whole server.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createTRPCClient, httpBatchLink, httpBatchStreamLink, httpSubscriptionLink, splitLink } from '@trpc/client';
import { EventSource } from 'eventsource';
import { events } from './support/client.mjs';
import { HERE, NODE } from './support/servers.mjs';
import { suite } from './support/suite.mjs';

const NUMBERS = readFileSync(path.join(HERE, 'apps/small/public/numbers.txt'), 'utf8');
const NODE_MAJOR = Number(execFileSync(NODE, ['--version'], { encoding: 'utf8' }).match(/\d+/)[0]);

suite('Koa', { entry: 'apps/small/koa.mjs', expected: ['thrown in Koa', 'SyntaxError', 'ERR_STREAM_PREMATURE_CLOSE'] }, (test) => {
  test('answers and reads', async (client) => {
    const hello = await client.get('/');
    assert.deepEqual([hello.text, hello.headers['x-served-by']], ['Hello Koa!', 'the shop']);
    const { json } = await client.get('/request/a%2Fb?x=1&x=2');
    assert.deepEqual([json.id, json.query, json.ip], ['a/b', { x: ['1', '2'] }, '127.0.0.1']);
    assert.deepEqual((await client.post_json('/body', { a: 'ü' })).json, { body: { a: 'ü' } });
    assert.deepEqual((await client.post('/body', new URLSearchParams('a=1&b=ü'))).json, { body: { a: '1', b: 'ü' } });
    assert.equal((await client.post_json('/body', { a: 'x'.repeat(11_000) })).status, 413);
    assert.equal((await client.post('/body', '{bad', { 'Content-Type': 'application/json' })).status, 400);
    assert.deepEqual([(await client.get('/empty')).status, (await client.get('/redirect')).status], [204, 302]);
    assert.equal((await client.get('/fresh', { 'If-None-Match': '"one"' })).status, 304);
    assert.deepEqual([(await client.send('DELETE', '/body')).status, (await client.send('OPTIONS', '/body')).headers.allow], [405, 'POST']);
    assert.equal((await client.send('HEAD', '/')).headers['content-length'], '10');
  });

  test('signed cookies', async (client) => {
    const first = await client.get('/cookies');
    assert.deepEqual((await client.get('/cookies', { Cookie: first.cookies })).json, { visits: 2 });
    assert.deepEqual((await client.get('/cookies', { Cookie: first.cookies.replace('visits=1', 'visits=9') })).json, { visits: 1 });
  });

  test('streams and errors', async (client) => {
    assert.equal((await client.get('/file')).text, NUMBERS);
    const from = client.server.log.length;
    const response = await client.open('GET', '/events');
    assert.deepEqual(await events(response, 2), ['data: 1', 'data: 2']);
    response.destroy();
    await client.server.says(/the reader of events has left/, from);
    assert.deepEqual([(await client.get('/throws')).json, (await client.get('/refuses')).status], [{ caught: 'thrown in Koa' }, 418]);
    assert.equal((await client.get('/none')).status, 404);
  });
});

suite('hapi', { entry: 'apps/small/hapi.mjs', expected: ['thrown in hapi'], at_end: /hapi stopped/ }, (test) => {
  test('answers and reads', async (client) => {
    const hello = await client.get('/');
    assert.deepEqual([hello.text, hello.headers['x-served-by']], ['Hello hapi!', 'the shop']);
    const { json } = await client.get('/request/7/a/b?x=1');
    assert.deepEqual(json, { params: { id: '7', rest: 'a/b' }, query: { x: '1' }, path: '/request/7/a/b', method: 'get', host: '127.0.0.1', address: '127.0.0.1' });
    assert.deepEqual((await client.post_json('/body', { a: 'ü' })).json, { payload: { a: 'ü' } });
    assert.equal((await client.post_json('/body', { a: 'x'.repeat(11_000) })).status, 413);
    assert.equal((await client.post('/body', '{bad', { 'Content-Type': 'application/json' })).status, 400);
    const form = new FormData();
    form.append('title', 'Tüte');
    form.append('file', new Blob(['x'.repeat(60_000)]), 'a.txt');
    assert.deepEqual((await client.post('/upload', form)).json, { name: 'a.txt', bytes: 60_000, title: 'Tüte' });
    assert.equal((await client.post('/stream', 'there and back', { 'Content-Type': 'text/plain' })).text, 'there and back');
  });

  test('authentication, cookies, files, compression, errors', async (client) => {
    assert.deepEqual([(await client.get('/private')).status, (await client.get('/private', { 'X-Key': 'right' })).json], [401, { user: 'ada' }]);
    const first = await client.get('/cookies');
    assert.deepEqual((await client.get('/cookies', { Cookie: first.cookies.split('; ')[0] })).json, { visits: 2 });
    const file = await client.get('/file');
    assert.equal(file.text, NUMBERS);
    assert.equal((await client.get('/file', { 'If-None-Match': file.headers.etag })).status, 304);
    assert.equal((await client.get('/file', { Range: 'bytes=0-4' })).text, NUMBERS.slice(0, file.headers['accept-ranges'] ? 5 : undefined));
    const packed = await client.get('/large', { 'Accept-Encoding': 'gzip' });
    assert.equal(gunzipSync(packed.body).length, 60_000);
    assert.equal((await client.get('/redirect')).status, 301);
    assert.deepEqual((await client.get('/throws')).json, { statusCode: 500, error: 'Internal Server Error', message: 'An internal server error occurred' });
    assert.equal((await client.get('/none')).status, 404);
  });
});

// What Restify has below it (spdy) does not load on Node 24, whoever serves it.
if (NODE_MAJOR < 24) {
  suite('Restify', { entry: 'apps/small/restify.cjs', expected: ['DeprecationWarning'] }, (test) => {
    test('answers, reads and refuses', async (client) => {
      assert.equal((await client.get('/')).json, 'Hello Restify!');
      assert.deepEqual((await client.get('/request/7?a=1')).json, { params: { id: '7' }, query: { a: '1' }, path: '/request/7', secure: false });
      assert.deepEqual([(await client.post_json('/body', { a: 1 })).status, (await client.post_json('/body', { a: 1 })).json], [201, { a: 1 }]);
      assert.equal((await client.post_json('/body', { a: 'x'.repeat(11_000) })).status, 413);
      assert.equal((await client.get('/static/numbers.txt')).text, NUMBERS);
      assert.deepEqual((await client.get('/async')).json, { by: 'a promise' });
      assert.equal(gunzipSync((await client.get('/', { 'Accept-Encoding': 'gzip' })).body).toString(), '"Hello Restify!"');
      assert.deepEqual([(await client.get('/refuses')).status, (await client.send('PUT', '/body')).status, (await client.get('/none')).json.code], [418, 405, 'ResourceNotFound']);
    });
  });
}

suite('Polka with sirv', { entry: 'apps/small/polka.mjs' }, (test) => {
  test('answers, reads and serves files', async (client) => {
    assert.equal((await client.get('/')).text, 'Hello Polka!');
    const below = await client.get('/below/7?a=1');
    assert.deepEqual([below.json.params, below.json.query, below.headers['x-below']], [{ id: '7' }, { a: '1' }, '/7?a=1']);
    assert.equal((await client.post('/body', 'there and back')).text, 'there and back');
    const file = await client.get('/numbers.txt');
    assert.equal(file.text, NUMBERS);
    assert.equal((await client.get('/numbers.txt', { 'If-None-Match': file.headers.etag })).status, 304);
    assert.equal((await client.get('/numbers.txt', { Range: 'bytes=5-9' })).text, NUMBERS.slice(5, 10));
    assert.equal((await client.get('/none')).status, 404);
  });
});

suite('tRPC', { entry: 'apps/small/trpc.mjs' }, (test) => {
  test('its client: calls, batches, errors, streams', async (client) => {
    const trpc = createTRPCClient({ links: [httpBatchLink({ url: client.url, headers: { 'x-visitor': 'ada' } })] });
    assert.deepEqual(await Promise.all([trpc.all.query(), trpc.hello.query({ name: 'ü' }), trpc.hello.query({ name: 'b' })]), [['Emma'], 'Hello ü, ada!', 'Hello b, ada!']);
    assert.deepEqual(await trpc.add.mutate('Persuasion'), { added: 'Persuasion' });
    await assert.rejects(trpc.fails.query(), { message: 'taken' });
    await assert.rejects(trpc.add.mutate(''), { data: { code: 'BAD_REQUEST', httpStatus: 400, path: 'add' } });
    const streaming = createTRPCClient({ links: [httpBatchStreamLink({ url: client.url })] });
    const words = [];
    for await (const word of await streaming.words.query()) words.push(word);
    assert.deepEqual(words, ['one', 'two', 'three']);
  });

  test('subscriptions', async (client) => {
    const from = client.server.log.length;
    const trpc = createTRPCClient({ links: [splitLink({ condition: ({ type }) => type === 'subscription', true: httpSubscriptionLink({ url: client.url, EventSource }), false: httpBatchLink({ url: client.url }) })] });
    const ticks = await new Promise((resolve, reject) => {
      const got = [];
      const subscription = trpc.ticks.subscribe(undefined, {
        onError: reject,
        onData: (tick) => {
          if (got.push(tick) < 3) return;
          subscription.unsubscribe();
          resolve(got);
        },
      });
    });
    assert.deepEqual(ticks, [1, 2, 3]);
    await client.server.says(/the subscriber has left/, from);
  });

  test('by hand', async (client) => {
    assert.deepEqual((await client.get('/all')).json, { result: { data: ['Emma'] } });
    assert.deepEqual([(await client.get('/fails')).status, (await client.get('/none')).status, (await client.post('/add', '{bad', { 'Content-Type': 'application/json' })).status], [409, 404, 400]);
  });
});

suite('GraphQL Yoga', { entry: 'apps/small/yoga.mjs', expected: ['thrown in a resolver', 'ERR Error'] }, (test) => {
  const ask = (client, query, variables, headers = {}) => client.post_json('/graphql', { query, variables }, headers);
  test('queries, by both methods, and errors', async (client) => {
    assert.deepEqual((await ask(client, 'query($name: String) { hello(name: $name) agent }', { name: 'ü' }, { 'User-Agent': 'tests' })).json, { data: { hello: 'Hello ü!', agent: 'tests' } });
    assert.deepEqual((await client.get(`/graphql?query=${encodeURIComponent('{ hello }')}`)).json, { data: { hello: 'Hello world!' } });
    assert.equal((await ask(client, '{ fails }')).json.errors[0].message, 'Unexpected error.');
    assert.equal((await ask(client, '{ none }', undefined, { Accept: 'application/graphql-response+json' })).status, 400);
    assert.match((await client.get('/graphql', { Accept: 'text/html' }, { recorded: false })).text, /<title>Yoga GraphiQL/);
    assert.equal((await client.get('/none')).status, 404);
    assert.equal((await client.send('OPTIONS', '/graphql', { headers: { Origin: 'https://shop.example', 'Access-Control-Request-Method': 'POST' } })).status, 204);
  });

  test('uploads and subscriptions', async (client) => {
    const form = new FormData();
    form.append('operations', JSON.stringify({ query: 'mutation($file: File!) { upload(file: $file) }', variables: { file: null } }));
    form.append('map', '{"0":["variables.file"]}');
    form.append('0', new Blob(['x'.repeat(40_000)]), 'a.txt');
    assert.deepEqual((await client.post('/graphql', form)).json, { data: { upload: 40_000 } });
    const stream = await client.open('POST', '/graphql', { body: JSON.stringify({ query: 'subscription { ticks(to: 3) }' }), headers: { 'Content-Type': 'application/json', Accept: 'text/event-stream' } });
    const got = (await events(stream, 10)).filter((event) => event.includes('data: {'));
    assert.deepEqual(got.map((event) => JSON.parse(event.match(/data: (.*)/)[1]).data.ticks), [1, 2, 3]);
  });
});
