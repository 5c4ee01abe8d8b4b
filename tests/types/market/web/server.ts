// An application with a description of its own, and functions beside it.
import { func } from "diglot";

export interface Card {
  title: string;
  printed: Date;
  stamp: Uint8Array;
}

class SoldOut extends Error {
  left: number;

  constructor(left: number) {
    super("not so many left");
    this.left = left;
  }
}

const left = { type: "object", properties: { left: { type: "integer" } }, required: ["left"] };

/** A card of an item. */
export const renderCard = func(async (title: string, size?: "small" | "large"): Promise<Card> => {
  return { title: `${title} ${size ?? "small"}`, printed: new Date(0), stamp: new Uint8Array([1, 2, 3]) };
});

export const sell = func({ errors: { SoldOut: left } }, async (count: number): Promise<number> => {
  if (count > 9) throw new SoldOut(9);
  return 10 - count;
});

/** The letters of a text, one by one. */
export const letters = func(async function* (from: string): AsyncGenerator<{ letter: string; at: number }> {
  let at = 0;
  for (const letter of from) yield { letter, at: at++ };
});

const json = (schema: object) => ({ description: "It is there.", content: { "application/json": { schema } } });

const DOCUMENT = {
  openapi: "3.1.0",
  info: { title: "Market", version: "1" },
  paths: {
    "/pages/{slug}": {
      get: {
        operationId: "readPage",
        parameters: [
          { name: "slug", in: "path", required: true, schema: { type: "string" } },
          { name: "lang", in: "query", description: "Of the text.", schema: { type: "string" } },
        ],
        responses: {
          200: json({ type: "object", properties: { slug: { type: "string" }, lang: { type: "string" } }, required: ["slug", "lang"] }),
          404: { description: "There is none." },
        },
      },
    },
  },
};

export default {
  fetch(request: Request): Response {
    const url = new URL(request.url);
    const slug = /^\/pages\/(.+)$/.exec(url.pathname)?.[1];
    if (url.pathname === "/openapi.json") return Response.json(DOCUMENT);
    if (slug === undefined || slug === "missing") return new Response("no such page", { status: 404 });
    return Response.json({ slug: decodeURIComponent(slug), lang: url.searchParams.get("lang") ?? "en" });
  },
};
