// Express 4 and 5 with their usual middleware.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Readable } from 'node:stream';
import { after } from 'node:test';
import { brotliDecompressSync, gunzipSync, gzipSync } from 'node:zlib';
import supertest from 'supertest';
import { Pool } from 'undici';
import { events } from './support/client.mjs';
import { HERE } from './support/servers.mjs';
import { suite } from './support/suite.mjs';

const KEPT = mkdtempSync(path.join(tmpdir(), 'diglot-express-'));
after(() => rmSync(KEPT, { recursive: true, force: true }));

const PUBLIC = path.join(HERE, 'apps/express/public');
const NUMBERS = readFileSync(path.join(PUBLIC, 'numbers.txt'), 'utf8');
const STREAMS = readFileSync(path.join(HERE, 'apps/express/routes/streams.cjs'), 'utf8');

/** What of a session differs from run to run. */
const mask_sessions = (text) => text.replace(/connect\.sid=s%3A[^;"]+/g, 'connect.sid=ID').replace(/Expires=[^;"]+ GMT/g, 'Expires=LATER');

for (const [version, name] of [[4, 'express4'], [5, 'express']]) {
  const folders = { SESSIONS: path.join(KEPT, `${name}-sessions`), UPLOADS: path.join(KEPT, `${name}-uploads`) };
  const app = {
    entry: 'apps/express/main.cjs',
    env: { EXPRESS: name, ...folders },
    reset: () => {
      rmSync(KEPT, { recursive: true, force: true });
      for (const folder of Object.values(folders)) mkdirSync(folder, { recursive: true });
    },
    mask: mask_sessions,
    expected: ['thrown in a route', 'nothing to see', 'rejected in a route', 'after the head had left', 'Error: Not Found', 'Error: Not Acceptable', 'Error: Precondition Failed', 'Error: Range Not Satisfiable', 'Failed to decode'],
  };

  suite(`Express ${version}`, app, (test) => {
    test('a page from a template, HEAD, OPTIONS and what is not there', async (client) => {
      const page = await client.get('/');
      assert.match(page.text, /<title>Shop<\/title>\n<ul><li>tea<\/li><li>rice &amp; &lt;beans&gt;<\/li><\/ul>/);
      assert.equal((await client.get('/', { 'If-None-Match': page.headers.etag })).status, 304);
      const head = await client.send('HEAD', '/');
      assert.deepEqual([head.status, head.text, head.headers['content-length']], [200, '', String(page.body.length)]);
      assert.equal((await client.send('OPTIONS', '/responses/methods')).headers.allow.split(/, ?/).sort().join(), 'GET,HEAD,PUT,SEARCH');
      assert.equal((await client.send('SEARCH', '/responses/methods')).text, 'searched');
      assert.match((await client.get('/nothing/<b>')).text, /Cannot GET \/nothing\/%3Cb%3E/);
      assert.equal((await client.send('DELETE', '/responses/methods')).status, 404);
    });

    test('error pages', async (client) => {
      assert.equal((await client.get('/throws')).status, 500);
      assert.equal((await client.get('/rejects')).status, 500);
      assert.equal((await client.get('/next')).status, 410);
      assert.match((await client.get('/pages/x?y')).text, /Nothing at \/pages\/x\?y/);
      assert.equal((await client.get('/static/%E0%A4%A')).status, 404);
      await assert.rejects(client.get('/late'), { code: 'ECONNRESET' });
    });

    test('bodies', async (client) => {
      const json = async (route, body, headers) => (await client.post(`/bodies/${route}`, body, { 'Content-Type': 'application/json', ...headers })).json;
      assert.deepEqual((await json('json', '{"a":[1,"ü"]}')).body, { a: [1, 'ü'] });
      assert.deepEqual((await json('json', '{"a":1}', { 'Content-Type': 'application/vnd.x+json; charset=utf-8' })).body, { a: 1 });
      assert.equal((await json('json', '{bad')).type, 'entity.parse.failed');
      assert.equal((await json('json', '3')).type, 'entity.parse.failed');
      assert.equal((await json('strict', '3')).body, 3);
      assert.equal((await json('verified', '{"a":1}', { 'X-Length': '7' })).body.a, 1);
      assert.match((await json('verified', '{"a":1}', { 'X-Length': '8' })).error, /not what was signed/);
      const form = await client.post('/bodies/form', new URLSearchParams('a[b]=1&a[c][]=2&d=%C3%BC'));
      assert.deepEqual(form.json.body, { a: { b: '1', c: ['2'] }, d: 'ü' });
      assert.equal((await client.post('/bodies/form', new URLSearchParams('a=1&b=2&c=3&d=4&e=5&f=6'))).json.type, 'parameters.too.many');
      assert.deepEqual((await client.post('/bodies/flat', new URLSearchParams('a[b]=1&c=2&c=3'))).json.body, { 'a[b]': '1', c: ['2', '3'] });
      assert.equal((await client.post('/bodies/text', 'grüße', { 'Content-Type': 'text/plain; charset=latin1' })).status, 200);
      assert.equal((await client.post('/bodies/json', '')).status, 200);
    });

    test('limits of bodies', async (client) => {
      const large = JSON.stringify({ text: 'x'.repeat(120_000) });
      const answer = await client.post('/bodies/json', large, { 'Content-Type': 'application/json' });
      assert.deepEqual([answer.status, answer.json.type], [413, 'entity.too.large']);
      assert.equal((await client.post('/bodies/form', new URLSearchParams({ a: 'x'.repeat(11_000) }))).status, 413);
      assert.equal((await client.post('/bodies/json', '{}', { 'Content-Type': 'application/json; charset=x-none' })).status, 415);
      assert.equal((await client.post('/bodies/json', 'x', { 'Content-Type': 'application/json', 'Content-Encoding': 'strange' })).status, 415);
      // The connection is good for more after that.
      assert.equal((await client.post_json('/bodies/json', { a: 1 })).status, 200);
    });

    test('raw bodies, by length and in chunks, packed, and unread', async (client) => {
      const bytes = Buffer.alloc(3_000_000, 'any bytes at all ');
      const sum = createHash('sha256').update(bytes).digest('hex');
      const chunks = async function* () {
        for (let at = 0; at < bytes.length; at += 100_000) yield bytes.subarray(at, at + 100_000);
      };
      assert.deepEqual((await client.post('/bodies/raw', bytes, { 'Content-Type': 'application/octet-stream' })).json, { bytes: bytes.length, sum });
      assert.deepEqual((await client.post('/bodies/raw', chunks(), { 'Content-Type': 'application/octet-stream' })).json, { bytes: bytes.length, sum });
      assert.deepEqual((await client.post('/bodies/none', chunks())).json, { bytes: bytes.length, body: null, trailers: {} });
      const packed = gzipSync('{"a":1}');
      assert.equal((await client.post('/bodies/json', packed, { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' })).json.body.a, 1);
      assert.equal((await client.post('/bodies/unread', 'x'.repeat(5000))).status, 202);
    });

    test('uploads', async (client) => {
      const form = new FormData();
      form.append('title', 'ein Tütel');
      form.append('file', new Blob(['contents of the file'], { type: 'text/x-notes' }), 'nötes.txt');
      const one = await client.post('/uploads/one', form, {}, { recorded: false });
      assert.deepEqual(one.json.fields, { title: 'ein Tütel' });
      assert.deepEqual([one.json.file.mimetype, one.json.file.size, one.json.file.start], ['text/x-notes', 20, 'contents of the file']);

      const many = new FormData();
      for (const name of ['a', 'b']) many.append('files', new Blob([name.repeat(50_000)]), `${name}.txt`);
      assert.deepEqual((await client.post('/uploads/many', many, {}, { recorded: false })).json.map(({ size }) => size), [50_000, 50_000]);
      many.append('files', new Blob(['c']), 'c.txt');
      assert.equal((await client.post('/uploads/many', many, {}, { recorded: false })).json.type, 'LIMIT_UNEXPECTED_FILE');

      const fields = new FormData();
      for (const [field, name] of [['cover', 'c.png'], ['pages', '1.txt'], ['pages', '2.txt']]) fields.append(field, new Blob([name]), name);
      assert.deepEqual(Object.entries((await client.post('/uploads/fields', fields)).json).map(([name, files]) => [name, files.length]), [['cover', 1], ['pages', 2]]);
      const plain = new FormData();
      plain.append('only', 'a field');
      assert.deepEqual((await client.post('/uploads/none', plain)).json, { only: 'a field' });
    });

    test('uploads on disk', async (client) => {
      const form = new FormData();
      form.append('large', new Blob([Buffer.alloc(2_000_000, 'x')]), 'large.bin');
      form.append('other', new Blob(['no']), 'virus.exe');
      const answer = await client.post('/uploads/kept', form);
      assert.deepEqual(answer.json.map(({ originalname, bytes }) => [originalname, bytes]), [['large.bin', 2_000_000]]);
      assert.ok((await client.get('/uploads/kept')).json.includes('kept-large.bin'));
    });

    test('uploads that are too large, broken off, or no form', async (client) => {
      const form = new FormData();
      form.append('file', new Blob([Buffer.alloc(150_000)]), 'large.bin');
      const answer = await client.post('/uploads/one', form);
      assert.deepEqual([answer.status, answer.json.type], [413, 'LIMIT_FILE_SIZE']);
      assert.equal((await client.post('/uploads/one', 'no form', { 'Content-Type': 'multipart/form-data' })).status, 500);

      const from = client.server.log.length;
      const socket = await client.connect('POST /uploads/watched HTTP/1.1\nContent-Type: multipart/form-data; boundary=b\nContent-Length: 50000', {
        body: '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nthe beginning',
      });
      socket.on('error', () => {});
      setImmediate(() => socket.destroy());
      await client.server.says(/an upload was broken off/, from);
      await client.server.says(/multer says: /, from);
    });

    test('sessions', async (client) => {
      const first = await client.post('/accounts/basket/tea', '');
      assert.deepEqual([first.status, first.headers.location], [303, '/accounts/basket']);
      const headers = { Cookie: first.cookies };
      assert.deepEqual((await client.get('/accounts/basket', headers)).json, ['tea']);
      for (const what of ['rice', 'beans']) await client.post(`/accounts/basket/${what}`, '', headers);
      assert.deepEqual((await client.get('/accounts/basket', headers)).json, ['tea', 'rice', 'beans']);
      assert.deepEqual((await client.get('/accounts/basket')).json, []);
      assert.deepEqual((await client.get('/accounts/basket', { Cookie: first.cookies.replace(/.$/, '!') })).json, []);
      assert.equal((await client.send('DELETE', '/accounts/basket', { headers })).status, 204);
      assert.deepEqual((await client.get('/accounts/basket', headers)).json, []);
    });

    test('cookies, signed and in place of a store', async (client) => {
      const set = await client.get('/accounts/cookies', { Cookie: 'a=1; b=%C3%BC; j=j:{"x":2}' });
      assert.deepEqual(set.json.cookies, { a: '1', b: 'ü', j: { x: 2 } });
      assert.equal(set.headers['set-cookie'].length, 3);
      assert.deepEqual((await client.get('/accounts/cookies', { Cookie: set.cookies })).json.signed, { signed: 'mine' });
      let headers = {};
      for (const visits of [1, 2, 3]) {
        const answer = await client.get('/accounts/light', headers);
        assert.deepEqual(answer.json, { visits });
        headers = { Cookie: answer.cookies };
      }
    });

    test('signing in by passport', async (client) => {
      const login = (password) => client.post('/accounts/login', new URLSearchParams({ username: 'ada', password }));
      assert.equal((await client.get('/accounts/me')).status, 401);
      assert.deepEqual([(await login('wrong')).status, (await login('wrong')).json.message], [401, 'wrong password']);
      const welcome = await login('lovelace');
      assert.deepEqual(welcome.json, { welcome: 'ada' });
      const headers = { Cookie: welcome.cookies };
      assert.deepEqual((await client.get('/accounts/me', headers)).json, { name: 'ada' });
      assert.equal((await client.post('/accounts/logout', '', headers)).status, 302);
      assert.equal((await client.get('/accounts/me', headers)).status, 401);
      const form = await client.post('/accounts/login/form', new URLSearchParams({ username: 'ada', password: 'lovelace' }));
      assert.deepEqual([form.status, form.headers.location], [302, '/accounts/me']);
      assert.equal((await client.post('/accounts/login/form', new URLSearchParams({ username: 'bob', password: 'x' }))).headers.location, '/accounts/failed');
    });

    test('static files, in part and if they have changed', async (client) => {
      const whole = await client.get('/static/numbers.txt');
      assert.deepEqual([whole.text, whole.headers['cache-control'], whole.headers['accept-ranges']], [NUMBERS, 'public, max-age=3600', 'bytes']);
      const part = await client.get('/static/numbers.txt', { Range: 'bytes=10-19' });
      assert.deepEqual([part.status, part.text, part.headers['content-range']], [206, NUMBERS.slice(10, 20), `bytes 10-19/${NUMBERS.length}`]);
      assert.equal((await client.get('/static/numbers.txt', { Range: 'bytes=-5' })).text, NUMBERS.slice(-5));
      assert.equal((await client.get('/static/numbers.txt', { Range: 'bytes=1-2,5-6' })).status, 200);
      assert.equal((await client.get('/static/numbers.txt', { Range: 'bytes=99999-' })).status, 416);
      assert.equal((await client.get('/static/numbers.txt', { Range: 'bytes=0-1', 'If-Range': '"other"' })).status, 200);
      assert.equal((await client.get('/static/numbers.txt', { 'If-None-Match': whole.headers.etag })).status, 304);
      assert.equal((await client.get('/static/numbers.txt', { 'If-Modified-Since': whole.headers['last-modified'] })).status, 304);
      assert.equal((await client.get('/static/numbers.txt', { 'If-Match': '"other"' })).status, 412);
      assert.equal((await client.send('HEAD', '/static/numbers.txt')).headers['content-length'], String(NUMBERS.length));
      assert.equal((await client.get('/static/about')).text, '<p>about</p>\n');
      assert.deepEqual([(await client.get('/static/folder')).status, (await client.get('/static/folder')).headers.location], [301, '/static/folder/']);
      assert.equal((await client.get('/static/folder/')).text, '<p>index of a folder</p>\n');
      assert.equal((await client.get('/static/.hidden')).status, 404);
      assert.equal((await client.post('/static/numbers.txt', '')).status, 404);
    });

    test('files that a route sends', async (client) => {
      assert.deepEqual([(await client.get('/responses/file')).text, (await client.get('/responses/file')).headers['x-sent']], [NUMBERS, 'yes']);
      assert.equal((await client.get('/responses/file', { Range: 'bytes=2-3' })).text, NUMBERS.slice(2, 4));
      assert.equal((await client.get('/responses/download')).headers['content-disposition'], 'attachment; filename="more numbers.txt"');
      assert.equal((await client.get('/responses/hidden')).status, 404);
    });

    test('compression', async (client) => {
      const plain = 'compress me '.repeat(5000);
      assert.equal((await client.get('/responses/large')).text, plain);
      const gzip = await client.get('/responses/large', { 'Accept-Encoding': 'gzip' });
      assert.deepEqual([gzip.headers['content-encoding'], gunzipSync(gzip.body).toString()], ['gzip', plain]);
      const brotli = await client.get('/responses/large', { 'Accept-Encoding': 'br, gzip;q=0.5' });
      assert.deepEqual([brotli.headers['content-encoding'], brotliDecompressSync(brotli.body).toString()], ['br', plain]);
      assert.equal((await client.get('/responses/text', { 'Accept-Encoding': 'gzip' })).headers['content-encoding'], undefined);
      assert.equal((await client.send('HEAD', '/responses/large', { headers: { 'Accept-Encoding': 'gzip' } })).text, '');
    });

    test('every kind of answer', async (client) => {
      assert.equal((await client.get('/responses/text')).headers['content-type'], 'text/html; charset=utf-8');
      assert.deepEqual([...(await client.get('/responses/buffer')).body], [0, 1, 254, 255]);
      assert.deepEqual((await client.get('/responses/json')).json, { ü: [1, null] });
      assert.equal((await client.get('/responses/json', { 'If-None-Match': 'W/"mine"' })).status, 304);
      assert.match((await client.get('/responses/jsonp?callback=f')).text, /f\(\{"a":1\}\)/);
      assert.equal((await client.get('/responses/status/418')).text, "I'm a Teapot");
      assert.equal((await client.get('/responses/reason')).message, 'Quite Fine');
      for (const code of [200, 204, 205, 304, 404, 599]) assert.equal((await client.get(`/responses/empty/${code}`)).status, code);
      for (const accept of ['text/html', 'application/json', '*/*', 'image/png']) await client.get('/responses/format', { Accept: accept });
      assert.equal((await client.get('/responses/format', { Accept: 'image/png' })).status, 406);
      assert.equal((await client.get('/responses/redirect', { Accept: 'text/html' })).headers.location, '/responses/text?a=%C3%BC');
      const { fields } = await client.get('/responses/headers');
      assert.deepEqual(fields.filter(([name]) => name === 'X-Many').map(([, value]) => value), ['one', 'two']);
      assert.ok(fields.some(([name]) => name === 'x-lower'));
    });

    test('interim responses and trailers', async (client) => {
      const early = await client.get('/responses/early');
      assert.deepEqual([early.text, early.interim[0]?.status, early.interim[0]?.link], ['after hints', 103, '</style.css>; rel=preload; as=style']);
      assert.equal((await client.get('/responses/trailers')).trailers['x-sum'], '42');
      const waited = await client.post('/bodies/text', 'after 100', { Expect: '100-continue', 'Content-Type': 'text/plain' });
      assert.deepEqual([waited.json.body, waited.interim.map(({ status }) => status)], ['after 100', [100]]);
      assert.equal((await client.post('/bodies/text', 'x', { Expect: 'wonders' })).status, 417);
    });

    test('what a request says of itself', async (client) => {
      const { json } = await client.get('/responses/request/a%2Fb?x=1&y[]=2&y[]=3', { 'X-Requested-With': 'XMLHttpRequest', 'X-Forwarded-For': '203.0.113.9', 'X-Forwarded-Proto': 'https' });
      // No proxy is trusted: what it says is not believed.
      assert.deepEqual([json.params.id, json.protocol, json.xhr], ['a/b', 'http', true]);
      assert.match(json.ip, /^(::ffff:)?127\.0\.0\.1$/);
      const names = (await client.get('/responses/raw-headers', { 'X-MiXed': 'Kept', 'x-many': ['1', '2'] })).json;
      assert.ok(names.includes('X-MiXed'));
      assert.equal((await client.get('/responses/request/x', { Host: 'a.b.example.com:81' })).json.hostname, 'a.b.example.com');
      assert.equal((await client.get('/responses/request/%E0%A4%A')).status, 400);
    });

    test('streams', async (client) => {
      assert.equal((await client.get('/streams/file')).text, STREAMS);
      const large = await client.get('/streams/generated/16', {}, { recorded: false });
      assert.equal(large.body.length, 16 * 1_048_576);
      assert.equal((await client.post('/streams/upper', (async function* () { yield Buffer.from('a stream '); yield Buffer.from('of parts'); })())).text, 'A STREAM OF PARTS');
      await assert.rejects(client.get('/streams/broken'), { code: 'ECONNRESET' });
    });

    test('event streams, as they are sent, until the reader leaves', async (client) => {
      for (const headers of [{ 'Last-Event-ID': '7' }, { 'Last-Event-ID': '8', 'Accept-Encoding': 'gzip' }]) {
        const from = client.server.log.length;
        const response = await client.open('GET', '/streams/events', { headers });
        assert.equal(response.headers['content-type'], 'text/event-stream');
        if (headers['Accept-Encoding'] === undefined) {
          assert.deepEqual(await events(response, 2), ['id: 1\ndata: 7 before 1', 'id: 2\ndata: 7 before 2']);
        } else {
          assert.equal(response.headers['content-encoding'], 'gzip');
          for await (const chunk of response) if (chunk.length > 0) break;
        }
        response.destroy();
        await client.server.says(/the reader of events has left, early/, from);
      }
    });

    test('supertest', async (client) => {
      const request = supertest.agent(client.url);
      await request.get('/').expect(200).expect('Content-Type', /html/).expect('X-Served-By', 'the shop');
      await request.post('/accounts/basket/tea').expect(303).expect('Location', '/accounts/basket');
      await request.get('/accounts/basket').expect(200, ['tea']);
      await request.post('/uploads/kept').attach('file', Buffer.from('attached'), 'a.txt').expect(200);
    });

    test('undici: requests that follow one another without waiting, and streams', async (client) => {
      const pool = new Pool(client.url, { connections: 2, pipelining: 10 });
      try {
        const answers = await Promise.all(Array.from({ length: 100 }, async (_, at) => (await pool.request({ method: 'GET', path: `/responses/request/${at}` })).body.json()));
        assert.deepEqual(answers.map(({ params }) => Number(params.id)), Array.from({ length: 100 }, (_, at) => at));
        const { statusCode, body } = await pool.request({ method: 'POST', path: '/streams/upper', body: Readable.from(['a stream ', 'of undici']) });
        assert.deepEqual([statusCode, await body.text()], [200, 'A STREAM OF UNDICI']);
      } finally {
        await pool.close();
      }
    });

    test('fetch, with a body that is written while the answer is read', async (client) => {
      let write;
      const sent = new ReadableStream({ start: (to) => { write = to; } }).pipeThrough(new TextEncoderStream());
      const response = fetch(`${client.url}/streams/upper`, { method: 'POST', body: sent, duplex: 'half' });
      write.enqueue('first ');
      write.enqueue('then');
      write.close();
      assert.equal(await (await response).text(), 'FIRST THEN');
    });

    test('each worker serves', { workers: [1, 2] }, async (client) => {
      const pids = new Set();
      // Of workers that have nothing to do, each gets its turn.
      for (let at = 0; at < 8; at++) pids.add((await client.get('/pid', {}, { recorded: false })).json);
      assert.equal(pids.size, client.server.workers);
    });
  });
}

suite('Express behind a proxy that it trusts', { entry: 'apps/express/main.cjs', env: { EXPRESS: 'express', TRUST_PROXY: 'loopback', SESSIONS: KEPT, UPLOADS: KEPT } }, (test) => {
  test('believes it', async (client) => {
    const { json } = await client.get('/responses/request/1', { 'X-Forwarded-For': '203.0.113.9, 127.0.0.2', 'X-Forwarded-Proto': 'https', 'X-Forwarded-Host': 'shop.example' });
    assert.deepEqual([json.ip, json.ips, json.protocol, json.secure, json.hostname], ['203.0.113.9', ['203.0.113.9', '127.0.0.2'], 'https', true, 'shop.example']);
  });
});

suite('Express, mounted', { entry: 'apps/express/main.cjs', mount: '/shop', env: { EXPRESS: 'express', SESSIONS: KEPT, UPLOADS: KEPT } }, (test) => {
  test('sees its own paths, and keeps what was asked', async (client) => {
    const { json } = await client.get('/responses/request/1?a=b');
    assert.deepEqual([json.url, json.baseUrl, json.originalUrl], ['/request/1?a=b', '/responses', '/shop/responses/request/1?a=b']);
    assert.equal((await client.get('/static/numbers.txt')).text, NUMBERS);
    assert.equal((await client.get('/static/folder')).headers.location, '/shop/static/folder/');
  });
});
