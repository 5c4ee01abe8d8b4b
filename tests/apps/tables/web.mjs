// Tables of apache-arrow, in and out.
import { createRequire } from 'node:module';
import { func, services } from 'diglot';

const require = createRequire(process.argv[1]);
const nothing = { type: 'object', properties: {}, additionalProperties: false };

const TABLE = { type: 'string', contentEncoding: 'base64', 'x-diglot': 'table' };
const of_table = { ...nothing, properties: { table: TABLE }, required: ['table'] };

/** What a table has, as JSON can have it. */
const rows = (table) => table.toArray().map((row) => ({ ...row.toJSON(), big: String(row.big), score: String(row.score) }));

export const check = func({ input: nothing, output: {} }, async () => {
  const { tableFromArrays } = require('apache-arrow');
  const { model } = services;
  const made = {};
  const table = tableFromArrays({
    id: Int32Array.of(1, 2, 3),
    name: ['a', null, 'ä'],
    score: Float64Array.of(0.5, Number.POSITIVE_INFINITY, -1),
    big: BigInt64Array.of(2n ** 60n, 0n, -(2n ** 60n)),
  });
  for (const name of ['Pandas', 'Polars', 'Pyarrow']) {
    const given = await model[`of${name}`]();
    made[`of${name}`] = rows(given);
    // Its own, and one made here.
    made[`to${name}`] = rows(await model[`to${name}`]({ table: given }));
    made[`made${name}`] = rows(await model[`to${name}`]({ table }));
  }
  // A program that imports the package has another copy of it.
  const { tableFromArrays: imported } = await import(require.resolve('apache-arrow').replace(/\.js$/, '.mjs'));
  made.imported = rows(await model.toPolars({ table: imported({ id: Int32Array.of(1, 2), score: Float64Array.of(1, 2), big: BigInt64Array.of(1n, 2n) }) }));
  // Of no declared type.
  made.same = rows(await model.same({ table }));
  made.columns = await model.columns({ tables: [table, await model.ofPolars()] });
  return made;
});

/** A table of Python's, to the function of Python's that takes it as what it was. */
const of_kind = { ...nothing, properties: { kind: { type: 'string' }, name: { type: 'string' }, table: TABLE }, required: ['kind', 'name', 'table'] };
export const through = func({ input: of_kind, output: TABLE }, ({ kind, name, table }) => services.model[`as_${kind}`]({ name, table }));

/** What a call comes to where there is no apache-arrow. */
export const without = func({ input: nothing, output: {} }, async () => {
  try {
    return rows(await services.model.ofPolars());
  } catch (error) {
    return `${error.name}: ${error.message}`;
  }
});

/** A table to a function that may not be able to read it. */
export const columns = func({ input: nothing, output: {} }, () => {
  const { tableFromArrays } = require('apache-arrow');
  return services.model.columns({ tables: [tableFromArrays({ id: Int32Array.of(1) })] });
});

/** What a caller in JSON gives and gets. */
export const count = func({ input: of_table, output: { type: 'integer' } }, ({ table }) => table.numRows);
export const last = func({ input: of_table, output: TABLE }, ({ table }) => table.slice(-1));
export const anything = func({ input: nothing, output: {} }, () => ({ tables: [require('apache-arrow').tableFromArrays({ id: Int32Array.of(1, 2) })] }));
