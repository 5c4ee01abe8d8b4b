'use strict';
// What an error carries across, whatever it is: looked at within bounds, and lost by field.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { RemoteError } = require('../lib/calls/errors.cjs');
const { THROW_BYTES_MAX } = require('../lib/calls/protocol.cjs');
const { thrown_by_function } = require('../lib/calls/thrown.cjs');

const VALUES = 10_000_000;

/** @param {any} error @returns {any} what its caller is told, and the last line of its stack as `note` */
function told(error) {
  const json = thrown_by_function(error);
  assert.ok(json.length <= THROW_BYTES_MAX);
  const all = JSON.parse(json.toString());
  return { ...all, note: all.stack?.split('\n').at(-1) };
}

describe('an error', () => {
  it('loses the fields that cannot be looked at, and nothing else', () => {
    const error = Object.defineProperty(new TypeError('whole'), 'bad', { enumerable: true, get: () => assert.fail('not looked at') });
    const { message, type, data, note } = told(Object.assign(error, { kept: 1 }));
    assert.deepEqual([message, type, data], ['whole', 'TypeError', { kept: 1 }]);
    assert.equal(note, '(its data did not cross whole; bad: it cannot be looked at)');
  });

  const throwing = () => {
    throw new Error('no');
  };
  const UNSEEN = {
    toJSON: Object.defineProperty({}, 'toJSON', { get: throwing }),
    thenable: Object.defineProperty({ a: 1 }, 'then', { get: throwing }),
    proxy: new Proxy({}, { ownKeys: throwing }),
  };
  for (const [name, data] of Object.entries(UNSEEN)) {
    it(`keeps its message and its stack where its data throws: ${name}`, () => {
      const { message, stack, note } = told(Object.assign(new Error('kept'), { data }));
      assert.equal(message, 'kept');
      assert.match(stack, /calls_thrown\.test\.cjs/);
      assert.equal(note, '(its data did not cross whole; all of it: it cannot be looked at)');
    });
  }

  it('is text throughout', () => {
    const error = Object.assign(new Error(`x${'😀'.repeat(9_000)}`), { data: { 'k\ud800': 'a\ud800 \\ud800 😀' } });
    const json = thrown_by_function(error).toString();
    const { message, data } = JSON.parse(json);
    assert.ok(message.isWellFormed?.() ?? !/\\ud[89a-f]/.test(JSON.stringify(message)));
    assert.ok(message.endsWith('😀…'));
    assert.deepEqual(data, { 'k\ufffd': 'a\ufffd \\ud800 😀' });
  });

  const deep = () => Array.from({ length: 40 }, () => Array.from({ length: 40 }, () => new Array(60).fill(1)));
  for (const how of ['data', 'fields']) {
    it(`is not walked beyond what may cross, nor over and over, and keeps what is behind that, in ${how}`, () => {
      const long = { text: 'x'.repeat(VALUES), numbers: new Float64Array(VALUES), row: new Array(VALUES).fill(1), one: deep(), two: deep() };
      const error = how === 'data' ? Object.assign(new Error('x'), { data: { ...long, kept: 1 } }) : Object.assign(new Error('x'), long, { kept: 1 });
      const { data, note } = told(error);
      assert.deepEqual(data, { kept: 1 });
      for (const name of Object.keys(long)) assert.match(note, new RegExp(`\\b${name}: longer than the 65536 bytes that may cross`));

      let looks = 0;
      const get = (of, key) => {
        looks++;
        return Reflect.get(of, key);
      };
      const shared = deep().map((rows) => new Proxy(rows, { get }));
      const many = Object.fromEntries([...Array.from({ length: 1_000 }, (_, at) => [`f${at}`, shared]), ['code', 'E_DUP']]);
      const all = told(how === 'data' ? Object.assign(new Error('x'), { data: many }) : Object.assign(new Error('x'), many));
      assert.match(all.note, /f\d: there is too much of all of it; .* more\)$/);
      assert.deepEqual(all.data, { code: 'E_DUP' });
      assert.ok(looks < 100_000, `${looks} looks`);
    });
  }

  it('has as many small fields as may cross, and the number of the others', () => {
    const fields = Object.fromEntries(Array.from({ length: 100_000 }, (_, at) => [`f${at}`, at]));
    const { data, note } = told(Object.assign(new Error('x'), { data: fields }));
    const count = Object.keys(data).length;
    assert.ok(count > 4_000 && JSON.stringify(data).length <= 65_536, `${count} of them`);
    assert.ok(note.endsWith(`; ${100_000 - count - 10} more)`), note.slice(-100));
  });

  it('of a class of RemoteError carries its own fields where it has no data', () => {
    class SoldOut extends RemoteError {
      constructor() {
        super('none left');
        this.left = 0;
      }
    }
    const { type, message, data } = told(new SoldOut());
    assert.deepEqual([type, message, data], ['SoldOut', 'none left', { left: 0 }]);
    assert.deepEqual(told(Object.assign(new Error('x'), { data: undefined, left: 3 })).data, { left: 3 });
    assert.equal(told(Object.assign(new SoldOut(), { service: 'shop', function: 'reserve' })).data, undefined, 'of a call, only what came with it');
  });
});
