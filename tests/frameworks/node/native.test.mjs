// Native packages in a worker: sharp and bcrypt.

import assert from 'node:assert/strict';
import { suite } from './support/suite.mjs';

suite('sharp and bcrypt', { entry: 'apps/native/main.mjs' }, (test) => {
  test('pictures, many at once', async (client) => {
    const { body, headers } = await client.get('/made?width=300');
    assert.equal(headers['content-type'], 'image/png');
    const picture = { 'Content-Type': 'image/png' };
    assert.deepEqual((await client.post('/picture/facts', body, picture)).json, { format: 'png', width: 300, height: 100, channels: 3 });
    const turned = await client.post('/piped', body, picture);
    assert.equal((await client.post('/picture/facts', turned.body, picture)).json.height, 300);
    const small = await Promise.all(Array.from({ length: 20 }, () => client.post('/picture/small', body, picture, { recorded: false })));
    for (const { body: bytes } of small) assert.equal(bytes.subarray(8, 12).toString(), 'WEBP');
    assert.equal((await client.post('/picture/facts', 'no picture', picture)).status, 422);
  });

  test('hashes', async (client) => {
    const hash = (await client.post('/hash', 'a password', { 'Content-Type': 'text/plain' }, { recorded: false })).text;
    assert.equal((await client.post_json('/check', { hash, password: 'a password' })).json, true);
    assert.equal((await client.post_json('/check', { hash, password: 'another' })).json, false);
  });
});
