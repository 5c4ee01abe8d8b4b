// One function by the schemas of each library, as its users write it.
import { Type as OldType } from '@sinclair/typebox';
import { func } from 'diglot';
import { Type } from 'typebox';
import * as v from 'valibot';
import { z } from 'zod';

const DAY_MS = 86_400_000;

/** What each of them does: it fails where an argument is not of its own type of JavaScript. */
function order({ itemId, count, name, due, total, tags }) {
  return { line: `${count} of ${itemId}: ${name}`, due: new Date(due.getTime() + DAY_MS), total: total * 2n, tags: new Set([...tags.keys(), 'sold']) };
}

const trimmed = (text) => text.trim();
const is_known = (id) => Promise.resolve(id !== 404);

export const byZod = func(
  {
    input: z.object({
      itemId: z.int().min(1),
      count: z.int().default(1),
      name: z.string().transform(trimmed),
      due: z.date(),
      total: z.bigint(),
      tags: z.set(z.string().max(8)),
    }),
    output: z.object({ line: z.string(), due: z.date(), total: z.bigint(), tags: z.set(z.string()) }).meta({ id: 'OfZod' }),
  },
  (given) => order(given),
);

export const byZodAwaited = func(
  { input: z.object({ itemId: z.int().refine(is_known, 'is not known') }), output: z.array(z.object({ itemId: z.int() })) },
  ({ itemId }) => [{ itemId }],
);

export const byValibot = func(
  {
    input: v.object({
      itemId: v.pipe(v.number(), v.integer(), v.minValue(1)),
      count: v.optional(v.pipe(v.number(), v.integer()), 1),
      name: v.pipe(v.string(), v.transform(trimmed)),
      due: v.date(),
      total: v.bigint(),
      tags: v.set(v.pipe(v.string(), v.maxLength(8))),
    }),
    output: v.object({ line: v.string(), due: v.date(), total: v.bigint(), tags: v.set(v.string()) }),
  },
  (given) => order(given),
);

// TypeBox has no sets, and puts no defaults in.
const listed = (result) => ({ ...result, tags: [...result.tags] });

export const byTypebox = func(
  {
    input: Type.Object({
      itemId: Type.Integer({ minimum: 1 }),
      count: Type.Optional(Type.Integer({ default: 1 })),
      name: Type.String({ pattern: '^\\S+$' }),
      due: Type.String({ format: 'date-time' }),
      total: Type.BigInt(),
      tags: Type.Array(Type.String({ maxLength: 8 })),
    }),
    output: Type.Object({ line: Type.String(), due: Type.String({ format: 'date-time' }), total: Type.BigInt(), tags: Type.Array(Type.String()) }),
  },
  ({ due, tags, count = 1, ...others }) => {
    const result = listed(order({ ...others, count, due: new Date(due), tags: new Set(tags) }));
    return { ...result, due: result.due.toISOString() };
  },
);

export const byOldTypebox = func(
  {
    input: OldType.Object({
      itemId: OldType.Integer({ minimum: 1 }),
      count: OldType.Optional(OldType.Integer({ default: 1 })),
      name: OldType.String({ pattern: '^\\S+$' }),
      due: OldType.Date(),
      total: OldType.BigInt(),
      tags: OldType.Array(OldType.String({ maxLength: 8 })),
    }),
    output: OldType.Object({ line: OldType.String(), due: OldType.Date(), total: OldType.BigInt(), tags: OldType.Array(OldType.String()) }),
  },
  ({ tags, count = 1, ...others }) => listed(order({ ...others, count, tags: new Set(tags) })),
);
