'use strict';
// Schemas as functions: what each keyword lets pass and converts, in all four directions.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { json_text, json_value } = require('../lib/calls/json_text.cjs');
const { compile, Invalid } = require('../lib/calls/schema.cjs');
const { NDArray } = require('../lib/calls/values.cjs');

/** @param {() => any} run @returns {string[]} `path: message` of each issue */
function issues_of(run) {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof Invalid, String(error.stack));
    return error.message.split('\n');
  }
  return [];
}

const DATE = { type: 'string', format: 'date-time' };
const BIGINT = { type: 'integer', 'x-diglot': 'bigint' };
const BYTES = { type: 'string', contentEncoding: 'base64', 'x-diglot': 'bytes' };
const NOTHING = { type: 'null', 'x-diglot': 'undefined' };
const set_of = (items) => ({ type: 'array', uniqueItems: true, 'x-diglot': 'set', items });
const map_of = (key, value) => ({ type: 'array', 'x-diglot': 'map', items: { type: 'array', prefixItems: [key, value] } });
const row_of = (dtype, shape = [null]) => ({ type: 'array', 'x-diglot': 'array', dtype, shape });

describe('keywords', () => {
  // Schema, values that pass, values that do not.
  const table = [
    [true, [1, null, {}], []],
    [false, [], [1, null]],
    [{ type: 'string' }, ['', 'é'], [1, null, [], {}, new Date(0)]],
    [{ type: 'number' }, [1, 1.5, -0, Number.NaN, Number.POSITIVE_INFINITY, 5n], ['1', null, true, 2n ** 64n + 1n]],
    [{ type: 'integer' }, [1, -3, 4n, 2 ** 53 - 1], [1.5, '1', Number.NaN, 2n ** 60n, 2 ** 53]],
    [{ type: 'boolean' }, [true], [0, 'true', null]],
    [{ type: 'null' }, [null], [0, '']],
    [{ type: ['string', 'null'] }, ['a', null], [1, {}]],
    [{ type: ['number', 'integer'] }, [1.5], ['a']],
    [{ minLength: 2, maxLength: 3 }, ['ab', '🦊🦊🦊', 7, null], ['🦊', 'abcd']],
    [{ pattern: '^a' }, ['ab', 3], ['ba']],
    [{ pattern: '^[\\w\\-]+$' }, ['a-b'], ['a b']],
    [{ type: 'number', minimum: 1, exclusiveMaximum: 3, multipleOf: 0.1 }, [1, 2.9, 0.3 + 0.8], [0.9, 3, 1.05, Number.NaN]],
    [{ type: 'number', maximum: 3, exclusiveMinimum: 1 }, [3, 1.1], [1, 3.1]],
    [{ enum: ['a', 1, null, { x: [1] }] }, ['a', 1, 1n, null, { x: [1] }], ['b', 2, { x: [2] }]],
    [{ const: { a: 1, b: 2 } }, [{ b: 2, a: 1 }], [{ a: 1 }, 1]],
    [{ type: 'string', enum: ['a'] }, ['a'], ['b', 1]],
    [{ type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 2 }, [['a'], ['a', 'b']], [[], ['a', 'b', 'c'], [1], { 0: 'a', length: 1 }]],
    [{ type: 'array', prefixItems: [{ type: 'string' }, { type: 'number' }], items: false, minItems: 1 }, [['a'], ['a', 1]], [[], [1], ['a', 1, 2]]],
    [{ type: 'array', uniqueItems: true }, [[1, '1', [1]], [{ a: 1 }, { a: 2 }]], [[1, 1], [{ a: 1, b: 2 }, { b: 2, a: 1 }]]],
    [{ contains: { type: 'string' }, maxContains: 1 }, [[1, 'a'], 5], [[1], ['a', 'b']]],
    [{ type: 'array', items: { type: 'number' } }, [[1], new Float32Array(2), new Uint8Array(1)], [new DataView(new ArrayBuffer(1)), 'ab']],
    [{ type: 'object', required: ['a'], properties: { a: {}, b: { type: 'string' } } }, [{ a: null }, { a: 1, b: 'x', c: 3 }, { a: 1, b: undefined }], [{}, { b: 'x' }, { a: undefined }, [], null, new Date(0)]],
    [{ type: 'object', properties: { a: {} }, additionalProperties: false }, [{}, { a: 1 }], [{ b: 1 }]],
    [{ type: 'object', additionalProperties: { type: 'number' } }, [{ x: 1 }], [{ x: 'a' }]],
    [{ type: 'object', patternProperties: { '^x': { type: 'number' } }, additionalProperties: false }, [{ x1: 1 }], [{ x1: 'a' }, { y: 1 }]],
    [{ propertyNames: { maxLength: 2 }, minProperties: 1, maxProperties: 2 }, [{ ab: 1 }, 'text'], [{}, { abc: 1 }, { a: 1, b: 2, c: 3 }]],
    [{ dependentRequired: { a: ['b'] }, dependentSchemas: { c: { required: ['d'] } } }, [{ b: 1 }, { a: 1, b: 2 }, { c: 1, d: 1 }], [{ a: 1 }, { c: 1 }]],
    [{ type: 'object', required: ['constructor'] }, [JSON.parse('{"constructor": 1}')], [{}]],
    [{ allOf: [{ required: ['a'] }, { required: ['b'] }] }, [{ a: 1, b: 1 }], [{ a: 1 }, { b: 1 }]],
    [{ anyOf: [{ type: 'string' }, { type: 'number', minimum: 3 }] }, ['a', 3], [2, null]],
    [{ oneOf: [{ type: 'number', minimum: 3 }, { type: 'number', maximum: 5 }] }, [2, 6], [4, 'a']],
    [{ not: { type: 'string' } }, [1], ['a']],
    [JSON.parse('{"if": {"type": "string"}, "then": {"minLength": 2}, "else": {"type": "number"}}'), ['ab', 1], ['a', null]],
    [{ $defs: { A: { type: 'object', properties: { next: { $ref: '#/$defs/A' } }, additionalProperties: false } }, $ref: '#/$defs/A' }, [{ next: { next: {} } }], [{ next: { other: 1 } }]],
    [{ properties: { a: { $ref: '#' } }, maxProperties: 1 }, [{ a: { a: {} } }], [{ a: { a: 1, b: 2 } }]],
    [{ $defs: { 'a/b~c': { type: 'string' } }, items: { $ref: '#/$defs/a~1b~0c' } }, [['a']], [[1]]],
    [{ ...DATE, 'x-diglot': 'text' }, ['2026-11-20T10:30:00Z', '2026-11-20T10:30:00.123456+05:30'], ['2026-11-20', '2026-02-29T10:30:00Z', '2026-11-20T25:00:00Z', 'now']],
    [{ type: 'string', format: 'date' }, ['2024-02-29', '2000-02-29'], ['2026-02-29', '1900-02-29', '2026-13-01', '2026-1-1']],
    [{ type: 'string', format: 'time' }, ['10:30:00', '10:30:00.5', '23:59'], ['24:00:00', '10:60:00']],
    [{ type: 'string', format: 'duration' }, ['P1DT2.5S', 'PT0S', 'P2W', '-P1D'], ['P', 'PT', '1D', 'P1S']],
    [{ type: 'string', format: 'uuid' }, ['01234567-89ab-cdef-0123-456789ABCDEF'], ['0123', '0123456789abcdef0123456789abcdef']],
    [{ type: 'string', format: 'decimal', 'x-diglot': 'decimal' }, ['1.50', '-3e10', 'NaN', '.5'], ['1,5', '', 'x']],
    [{ type: 'string', format: 'email' }, ['whatever it is'], []],
  ];
  for (const [schema, good, bad] of table) {
    it(JSON.stringify(schema), () => {
      const compiled = compile(schema);
      for (const way of ['decode', 'encode', 'from_json', 'to_json']) {
        for (const value of good) if (way === 'decode' || is_json(value)) assert.deepEqual(issues_of(() => compiled[way](value)), [], `${JSON.stringify(value, big)} passes ${way}`);
        for (const value of bad) if (way === 'decode' || is_json(value)) assert.notDeepEqual(issues_of(() => compiled[way](value)), [], `${JSON.stringify(value, big)} does not pass ${way}`);
      }
    });
  }

  it('that are not supported, and references that lead nowhere, are errors when it is compiled', () => {
    for (const schema of [{ unevaluatedProperties: false }, { $dynamicRef: '#a' }, { type: 'text' }, { $ref: '#/$defs/No' }, { $ref: 'https://example.com/a' }, { 'x-diglot': 'no' }, { 'x-diglot': 'array', dtype: 'float8' }, { items: 3 }, { anyOf: [] }]) {
      assert.throws(() => compile(schema), TypeError, JSON.stringify(schema));
    }
  });
});

/** @param {any} value whether it is the same in JSON */
function is_json(value) {
  try {
    assert.deepEqual(JSON.parse(JSON.stringify(value)), value);
    return true;
  } catch {
    return false;
  }
}

const big = (_, value) => (typeof value === 'bigint' ? `${value}n` : value);

describe('issues', () => {
  const item = { type: 'object', title: 'Item', required: ['id', 'price'], properties: { id: { type: 'integer' }, price: { type: 'number', minimum: 0 }, tags: { type: 'array', items: { type: 'string' } } } };
  const schema = { type: 'object', required: ['item'], properties: { item: { $ref: '#/$defs/Item' }, more: { type: 'array', items: { $ref: '#/$defs/Item' } } }, additionalProperties: false, $defs: { Item: item } };

  it('are all there, each with its path', () => {
    const compiled = compile(schema);
    const value = { item: { id: 1.5, tags: ['a', 3] }, more: [{ id: 1, price: -1 }, 7], k: 1 };
    assert.deepEqual(issues_of(() => compiled.decode(value)), [
      'item.id: expected an integer, not 1.5',
      'item.price: is required',
      'item.tags[1]: expected a string, not a number',
      'more[0].price: -1 is less than 0',
      'more[1]: expected an object, not a number',
      'k: is not known: there are item, more',
    ]);
    assert.throws(() => compiled.decode({ item: 3 }, ['args', 0]), (error) => {
      assert.deepEqual(error.issues, [{ path: ['args', 0, 'item'], message: 'expected an object, not a number' }]);
      return true;
    });
  });

  it('of a union are those of the branch that was meant', () => {
    const shape = (kind, name) => ({ type: 'object', required: ['kind', name], properties: { kind: { const: kind }, [name]: { type: 'number' } } });
    const shapes = compile({ anyOf: [shape('circle', 'radius'), { $ref: '#/$defs/Square' }, { type: 'null' }], $defs: { Square: shape('square', 'side') } });
    assert.equal(shapes.decode(null), null);
    assert.deepEqual(issues_of(() => shapes.decode({ kind: 'square', radius: 1 })), ['side: is required']);
    assert.deepEqual(issues_of(() => shapes.decode({ kind: 'line' })), ['kind: expected one of "circle", "square", not "line"']);
    const mixed = compile({ anyOf: [{ type: 'string' }, item, { type: 'array', items: { type: 'number' } }] });
    assert.deepEqual(issues_of(() => mixed.decode({ id: 1 })), ['price: is required']);
    assert.deepEqual(issues_of(() => mixed.decode([1, 'a'])), ['[1]: expected a number, not a string']);
    assert.deepEqual(issues_of(() => mixed.decode(true)), ['expected a string or Item or an array, not true']);
  });

  it('of types within themselves do not take longer than their depth', { timeout: 20_000 }, () => {
    for (const keyword of ['anyOf', 'oneOf']) {
      const branch = (name) => ({ type: 'object', properties: { next: { $ref: '#' } }, required: [name] });
      const compiled = compile({ [keyword]: [branch('a'), branch('b')] });
      const nested = (leaf) => {
        let value = leaf;
        for (let depth = 0; depth < 100; depth++) value = { b: 1, next: value };
        return value;
      };
      assert.deepEqual(issues_of(() => compiled.decode(nested({ b: 1 }))), []);
      assert.equal(issues_of(() => compiled.decode(nested({ c: 1 }))).length, 1);
    }
  });

  it('are not more than fifty', () => {
    const compiled = compile({ type: 'array', items: { type: 'string' } });
    assert.equal(issues_of(() => compiled.decode(new Array(1e5).fill(1))).length, 50);
  });

  it('tell of values that nest deeper than a message may, also of circles', () => {
    const compiled = compile({ type: 'object', properties: { next: { $ref: '#' }, last: { $ref: '#' } } });
    const circle = {};
    // Of two ways on at each step there are two to the power of 128: they are not all gone.
    circle.next = circle.last = circle;
    for (const way of ['encode', 'to_json']) assert.match(issues_of(() => compiled[way](circle))[0], /values nest at most 128 deep: is it one that contains itself\?$/);
    assert.match(issues_of(() => compile(true).to_json(circle))[0], /values nest at most 128 deep: is it one that contains itself\?$/);
  });
});

describe('names that are near', () => {
  it('are told where one is missing or not known', () => {
    const item = { type: 'object', required: ['unit_price', 'id'], properties: { unit_price: {}, id: {} }, additionalProperties: false };
    const issues = (value) => issues_of(() => compile(item).decode(value));
    assert.deepEqual(issues({ id: 1, unitPrice: 2 }), ['unit_price: is required: did you mean it by "unitPrice"?', 'unitPrice: is not known: did you mean "unit_price"?']);
    assert.deepEqual(issues({ unit_pric: 2, ix: 1 }), [
      'unit_price: is required: did you mean it by "unit_pric"?',
      'id: is required',
      'unit_pric: is not known: did you mean "unit_price"?',
      'ix: is not known: there are unit_price, id',
    ]);
  });
});

describe('JSON', () => {
  it('keeps the digits of integers', () => {
    const text = '{"a":[9007199254740993,-12345678901234567890,1e20,1.00000000000000005,"9007199254740993 \\" 9007199254740993"],"__proto__":9007199254740994}';
    const value = json_value(text);
    assert.deepEqual(value.a, [9007199254740993n, -12345678901234567890n, 1e20, 1, '9007199254740993 " 9007199254740993']);
    assert.equal(Object.getOwnPropertyDescriptor(value, '__proto__').value, 9007199254740994n);
    assert.deepEqual(json_value('{"n":9007199254740991,"s":"1234567890123456"}'), { n: 9007199254740991, s: '1234567890123456' });
    for (const text of ['7'.repeat(20_000), '[1e400]', '{"a":-1E+999}', `-${'9'.repeat(400)}.5`]) assert.throws(() => json_value(text), /^SyntaxError: .* is beyond what a number holds$/);
    assert.deepEqual(json_value('["1e400", 1e308, 1e-400]'), ['1e400', 1e308, 0]);
    assert.equal(json_text({ 'k\ud800': 'a\ud800 \\ud800 😀', n: 1n }), '{"k\ufffd":"a\ufffd \\\\ud800 😀","n":1}');
    assert.throws(() => json_value('{"a":9007199254740993'), SyntaxError);
    assert.equal(json_value(JSON.stringify(`"\\${'x'.repeat(1 << 22)}9007199254740993`)).length, (1 << 22) + 18);
  });

  it('has no number for a function that would not be the one that was sent', () => {
    const of = (schema, text) => compile(schema).from_json(json_value(text));
    assert.equal(of(BIGINT, '9007199254740993'), 9007199254740993n);
    assert.deepEqual(of(row_of('float64'), '[9007199254740994, 1]'), Float64Array.of(9007199254740994, 1));
    assert.equal(of({ type: 'number' }, '9007199254740994'), 9007199254740994);
    // As JavaScript writes it, whose digits are not all of the number's own.
    assert.equal(of({ type: 'number' }, JSON.stringify(-(2 ** 67))), -(2 ** 67));
    for (const text of ['9007199254740993', '9'.repeat(400)]) {
      for (const type of ['integer', 'number']) assert.match(issues_of(() => of({ type }, text))[0], /is beyond what a number holds: declare a bigint$/);
    }
  });
});

describe('types that JSON has no word for', () => {
  const bytes = new Uint8Array([1, 2, 255]);
  const moment = new Date('2026-11-20T10:30:00.123Z');
  // Schema, the function's value, the wire's, JSON's.
  const table = [
    ['a point in time', DATE, moment, moment, '2026-11-20T10:30:00.123Z'],
    ['an integer', BIGINT, 2n ** 70n, 2n ** 70n, '1180591620717411303424'],
    ['a small integer', BIGINT, 5n, 5n, 5],
    ['bytes', BYTES, bytes, bytes, 'AQL/'],
    ['a set', set_of(DATE), new Set([moment]), new Set([moment]), [moment.toISOString()]],
    ['a map', map_of({ type: 'integer' }, BYTES), new Map([[1, bytes]]), new Map([[1, bytes]]), [[1, 'AQL/']]],
    ['numbers', row_of('float32'), Float32Array.of(1, Number.NaN), Float32Array.of(1, Number.NaN), [1, 'NaN']],
    ['big numbers', row_of('int64'), BigInt64Array.of(1n, 2n ** 60n), BigInt64Array.of(1n, 2n ** 60n), [1, 2n ** 60n]],
    ['a float', { type: 'number' }, Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, '-Infinity'],
    ['nothing', NOTHING, undefined, undefined, undefined],
    ['them in an object', { type: 'object', properties: { at: DATE, in: { type: 'array', items: DATE } } }, { at: moment, in: [moment], more: 1 }, { at: moment, in: [moment], more: 1 }, { at: moment.toISOString(), in: [moment.toISOString()], more: 1 }],
    ['them in a union', { anyOf: [{ type: 'number' }, DATE, BYTES] }, moment, moment, moment.toISOString()],
    ['them among anything', true, { a: [moment, bytes, new Set([1])] }, { a: [moment, bytes, new Set([1])] }, undefined],
  ];
  for (const [name, schema, value, wire, json] of table) {
    it(name, () => {
      const compiled = compile(schema);
      assert.deepEqual(compiled.encode(value), wire);
      assert.deepEqual(compiled.decode(wire), value);
      if (json === undefined) return;
      assert.deepEqual(compiled.to_json(value), json);
      assert.deepEqual(compiled.from_json(json), value);
    });
  }

  it('that are integers a number holds, by their bounds, are no text', () => {
    const bounds = [
      [{ minimum: 0, maximum: 9 }, false],
      [{ exclusiveMinimum: -(2 ** 53), exclusiveMaximum: 2 ** 53 }, false],
      [{ minimum: 0, maximum: 2 ** 53 }, true],
      [{ minimum: -(2 ** 53), maximum: 9 }, true],
      [{ minimum: 0 }, true],
      [{ maximum: 9 }, true],
    ];
    for (const [within, takes_text] of bounds) {
      const of = compile({ ...BIGINT, ...within });
      assert.equal(of.from_json(5), 5n);
      if (takes_text) assert.equal(of.from_json('5'), 5n);
      else assert.deepEqual(issues_of(() => of.from_json('5')), ['expected an integer, not a string']);
    }
  });

  it('come as what is near them too', () => {
    assert.deepEqual(compile(DATE).decode('2026-11-20T12:00:00+02:00'), new Date('2026-11-20T10:00:00Z'));
    assert.equal(compile({ ...DATE, 'x-diglot': 'text' }).decode(moment), moment.toISOString());
    assert.equal(compile(BIGINT).decode(5), 5n);
    assert.deepEqual(compile(row_of('uint8_clamped')).decode(Uint8Array.of(1, 2)), Uint8ClampedArray.of(1, 2));
    assert.deepEqual(compile(row_of('uint8_clamped', [1, 2])).decode(new NDArray([1, 2], Uint8Array.of(1, 2))), new NDArray([1, 2], Uint8ClampedArray.of(1, 2)));
    // By itself it would be bytes.
    assert.deepEqual(compile(row_of('uint8')).encode(Uint8Array.of(1, 2)), new NDArray([2], Uint8Array.of(1, 2)));
    const counts = compile({ type: 'array', items: { type: 'object', properties: { count: { type: 'integer' } } } });
    assert.deepEqual(counts.encode([{ count: -0 }]), [{ count: 0 }]);
    assert.equal(compile(BIGINT).from_json('123456789012345678901234567890'), 123456789012345678901234567890n);
    assert.deepEqual(compile(set_of({ type: 'number' })).decode([1, 1]), new Set([1]));
    assert.deepEqual(compile(map_of({ type: 'string' }, { type: 'number' })).decode({ a: 1 }), new Map([['a', 1]]));
    assert.deepEqual(compile({ type: 'object', additionalProperties: { type: 'number' } }).decode(new Map([['a', 1], ['__proto__', 2]])), JSON.parse('{"a": 1, "__proto__": 2}'));
    assert.deepEqual(compile(row_of('int16')).decode([1, -2]), Int16Array.of(1, -2));
    assert.deepEqual(compile({ type: 'array', items: { type: 'number' } }).decode(Float64Array.of(1.5)), [1.5]);
    assert.equal(compile({ type: 'string', format: 'decimal', 'x-diglot': 'decimal' }).decode(1.5), '1.5');
    assert.equal(compile(NOTHING).decode(null), undefined);
    const either = compile({ anyOf: [DATE, BIGINT, { type: 'string' }, { type: 'number' }] });
    for (const value of [moment, moment.toISOString(), 'text', 5, 5n]) assert.deepEqual([either.decode(value), either.encode(value)], [value, value]);
    assert.deepEqual(either.from_json(moment.toISOString()), moment);
    assert.equal(compile(NOTHING).encode('whatever a callback gave'), undefined);
  });

  it('are rows in one dimension, and NDArray in others or an unknown number of them', () => {
    const matrix = new NDArray([2, 2], Float32Array.of(1, 2, 3, 4));
    const two = compile(row_of('float32', [null, 2]));
    assert.deepEqual(two.from_json([[1, 2], [3, 4]]), matrix);
    assert.deepEqual(two.to_json(matrix), [[1, 2], [3, 4]]);
    assert.deepEqual(issues_of(() => two.from_json([[1, 2], [3]])), ['expected an array of float32 of the shape (?, 2), not an array']);
    const any = compile({ type: 'array', 'x-diglot': 'array', dtype: 'float32' });
    assert.equal(any.decode(matrix), matrix);
    assert.deepEqual(any.decode(Float32Array.of(1)), new NDArray([1], Float32Array.of(1)));
    assert.deepEqual(compile(row_of('float32')).decode(new NDArray([1], Float32Array.of(1))), Float32Array.of(1));
    const flags = new NDArray([2], Uint8Array.of(1, 0), 'bool');
    assert.deepEqual(compile(row_of('bool')).decode(flags), flags);
    assert.deepEqual(compile(row_of('bool')).from_json([true, false]), flags);
    assert.deepEqual(compile(true).to_json(flags), [true, false]);
  });

  it('are refused where they do not fit', () => {
    const table_of_wrong = [
      [DATE, new Date(Number.NaN), 'is no valid Date'],
      [DATE, 5, 'expected a point in time, not a number'],
      [BIGINT, 1.5, '1.5 is no exact integer'],
      [BIGINT, 2 ** 60, '1152921504606847000 is no exact integer'],
      [BYTES, 'AQL/', 'expected bytes, not a string'],
      [set_of({}), {}, 'expected a set, not an object'],
      [map_of({}, {}), new Set(), 'expected a map, not a Set'],
      [row_of('int8'), [1, 300], 'expected an array of int8 of the shape (?), not an array'],
      [row_of('int8'), Float32Array.of(1), 'expected an array of int8 of the shape (?), not of float32'],
      [row_of('int8', [3]), Int8Array.of(1), 'expected an array of int8 of the shape (3), not (1)'],
      [{ type: 'integer' }, 2n ** 60n, '1152921504606846976n is beyond what a number holds: declare a bigint'],
      [{ type: 'integer' }, 2 ** 53, '9007199254740992 is no exact integer: declare a bigint'],
    ];
    for (const [schema, value, message] of table_of_wrong) assert.deepEqual(issues_of(() => compile(schema).decode(value)), [message]);
    assert.deepEqual(issues_of(() => compile(BYTES).from_json('AQL')), ['"AQL" is not base64']);
    assert.deepEqual(issues_of(() => compile(true).to_json({ a: [() => 1] })), ['a[0]: a function has no counterpart']);
  });
});

describe('objects', () => {
  const schema = { type: 'object', required: ['a'], properties: { a: { type: 'number' }, at: DATE, maybe: { type: ['string', 'null'] } } };

  it('that need no conversion are the same object', () => {
    const compiled = compile({ type: 'object', properties: { list: { type: 'array', items: schema } } });
    const value = { list: [{ a: 1, at: new Date() }, { a: 2 }] };
    for (const way of ['decode', 'encode']) assert.equal(compiled[way](value), value);
  });

  it('that do are copied, and what was given stays as it is', () => {
    const value = Object.freeze({ a: 1, at: '2026-11-20T10:30:00Z', other: 2 });
    assert.deepEqual(compile(schema).decode(value), { a: 1, at: new Date('2026-11-20T10:30:00Z'), other: 2 });
  });

  it("take another language's null for a property that may be left out", () => {
    assert.deepEqual(compile(schema).decode({ a: 1, at: null, maybe: null }), { a: 1, maybe: null });
    assert.deepEqual(issues_of(() => compile(schema).encode({ a: 1, at: null })), ['at: expected a point in time, not null']);
    assert.deepEqual(issues_of(() => compile(schema).decode({ a: null })), ['a: expected a number, not null']);
  });

  it('of classes go over with what they declare, and as their toJSON() says', () => {
    class Item {
      #a = 5;
      other = 1;
      get a() {
        return this.#a;
      }
    }
    assert.deepEqual(compile(schema).encode(new Item()), { a: 5, other: 1 });
    assert.deepEqual(compile(schema).encode({ toJSON: () => ({ a: 6 }) }), { a: 6 });
  });

  it('have no promise in them, nor what is no data', () => {
    const partial = { type: 'object', properties: { inner: { type: 'object', properties: { a: { type: 'number' } } }, count: { type: 'number' } } };
    const cases = [
      [partial, { inner: Promise.resolve({ a: 1 }) }, 'inner: expected an object, not a promise: is an await missing?'],
      [partial, { count: Promise.resolve(1) }, 'count: expected a number, not a promise: is an await missing?'],
      [true, { inner: [Promise.resolve({ a: 1 })] }, 'inner[0]: is a promise: is an await missing?'],
      [true, { inner: { fails: new Error('x') } }, 'inner.fails: is an Error, which cannot cross: give it toJSON(), or send what it holds'],
      [true, { inner: () => 1 }, 'inner: a function has no counterpart'],
    ];
    for (const [of, value, problem] of cases) assert.deepEqual(issues_of(() => compile(of).to_json(value)), [problem]);
    for (const [of, value, problem] of cases.slice(0, 2)) assert.deepEqual(issues_of(() => compile(of).encode(value)), [problem]);
  });

  it('may have a property __proto__', () => {
    const value = JSON.parse('{"__proto__": "2026-11-20T10:30:00Z"}');
    const decoded = compile({ type: 'object', additionalProperties: DATE }).decode(value);
    assert.deepEqual(Object.keys(decoded), ['__proto__']);
    assert.equal(Object.getPrototypeOf(decoded), Object.prototype);
  });
});
