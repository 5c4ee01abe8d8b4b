'use strict';
// Declarations of services, as `tsc --strict` takes them.

const assert = require('node:assert/strict');
const { describe, it } = require('node:test');
const { Project } = require('../support/project.cjs');
const { declaration } = require('../lib/calls/typescript/declare.cjs');

const TSCONFIG = JSON.stringify({ compilerOptions: { strict: true, exactOptionalPropertyTypes: true, target: 'esnext', module: 'nodenext', types: [], lib: ['esnext', 'dom'] } });
const params_of = (properties, required = Object.keys(properties)) => ({ type: 'object', properties, required, additionalProperties: false });
const INTEGER = { type: 'integer' };
const item_of = (properties) => ({ title: 'Item', type: 'object', properties, required: Object.keys(properties) });

/** As Python's worker offers them. */
const MODEL = [
  {
    name: 'similar_items',
    doc: 'Finds what is like an item.\n\nOf the */ same kind.',
    params: params_of({ item_id: { ...INTEGER, description: 'Which one.' }, k: { ...INTEGER, default: 10, minimum: 1 }, when: { anyOf: [{ type: 'string', format: 'date' }, { type: 'null' }], default: null } }, ['item_id']),
    result: { type: 'array', items: { $ref: '#/$defs/Item' }, $defs: { Item: { ...item_of({ id: INTEGER, color: { $ref: '#/$defs/Color' } }), description: 'A thing.' }, Color: { title: 'Color', enum: ['red', 'blue'] } } },
  },
  { name: 'watch', params: params_of({ n: INTEGER }), stream: true, result: { $ref: '#/$defs/Item', $defs: { Item: item_of({ other: { type: 'string' } }) } }, input: { name: 'new_items', schema: { type: 'array', 'x-diglot': 'array', dtype: 'float32', shape: [null] } } },
  { name: 'ping', params: params_of({}), result: { type: 'null', 'x-diglot': 'undefined' } },
  { name: 'anything', params: { type: 'object', additionalProperties: true, properties: { 'a-b': {} } } },
];
const WEB = [
  { name: 'render', params: params_of({ item: { $ref: '#/$defs/Item' }, color: { $ref: '#/$defs/Color' } }), result: { type: 'string' } },
  { name: 'table', params: params_of({}), result: { type: 'string', contentEncoding: 'base64', 'x-diglot': 'table' } },
];
WEB[0].params.$defs = { Item: item_of({ html: { type: 'string' } }), Color: { title: 'Color', enum: ['red', 'blue'] } };

describe('a declaration', () => {
  it('has each named type once, and tells apart those that only share a name', () => {
    const text = declaration({ web_site: WEB, model: MODEL });
    assert.equal(
      text,
      `// Written by \`diglot types\`: the functions that the services offer. Do not edit, but commit.
import type { Table } from "apache-arrow";
import type { Call, CallOptions, Stream } from "diglot";

declare module "diglot" {
  interface Services {
    model: {
      /**
       * Finds what is like an item.
       *
       * Of the *\\/ same kind.
       */
      similarItems(args: {
        /** Which one. */
        itemId: number;
        /**
         * @minimum 1
         * @default 10
         */
        k?: number;
        /** @format date */
        when?: string | null;
      }, options?: CallOptions): Call<ModelItem[]>;
      watch(args: { n: number; newItems: AsyncIterable<Float32Array> }, options?: CallOptions): Stream<ModelItem2>;
      ping(args?: {}, options?: CallOptions): Call<void>;
      anything(args?: { "a-b"?: unknown }, options?: CallOptions): Call<unknown>;
    };
    webSite: {
      render(args: { item: WebSiteItem; color: Color }, options?: CallOptions): Call<string>;
      table(args?: {}, options?: CallOptions): Call<Table>;
    };
  }
}

export type Color = "red" | "blue";

/** A thing. */
export interface ModelItem {
  id: number;
  color: Color;
}

export interface ModelItem2 {
  other: string;
}

export interface WebSiteItem {
  html: string;
}
`,
    );
  });

  it('types the calls', () => {
    const check = `import { services } from "diglot";
import type { ModelItem, WebSiteItem } from "./diglot.js";
const items: ModelItem[] = await services.model.similarItems({ itemId: 3 }, { timeout: 50 });
await services.model.ping();
async function* rows(): AsyncGenerator<Float32Array> {}
for await (const { other } of services.model.watch({ n: 1, newItems: rows() })) other.trim();
const page: string = await services.webSite.render({ item: { html: "" }, color: items[0]!.color });
// @ts-expect-error: a parameter is missing
services.model.similarItems({});
// @ts-expect-error: another type
services.model.similarItems({ itemId: "3" });
// @ts-expect-error: no such parameter
services.model.similarItems({ itemId: 3, item_id: 3 });
// @ts-expect-error: no such value
services.webSite.render({ item: { html: page } satisfies WebSiteItem, color: "green" });
`;
    const files = { 'package.json': '{"type": "module"}', 'tsconfig.json': TSCONFIG, 'check.ts': check, 'diglot.d.ts': declaration({ web_site: WEB, model: MODEL }) };
    const project = new Project({ ...files, 'node_modules/apache-arrow/index.d.ts': 'export interface Table { numRows: number }', 'node_modules/apache-arrow/package.json': '{"types": "index.d.ts"}' });
    try {
      project.install_diglot();
      assert.equal(project.check(), '');
    } finally {
      project.remove();
    }
  });
});
