// What a page does with the client, told for who compares. What is right passes the compiler, and what is wrong does not.
import { type Card, type Client, createClient, HttpError, isThrown, type Item, type ItemInput, type ProblemDetails } from "./api.js";

/** Why a call was refused. */
async function refused(call: Promise<unknown>): Promise<{ status: number; message: string; problem: ProblemDetails | undefined; body: unknown }> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    return { status: error.status, message: error.message, problem: error.problem, body: error.body };
  }
  throw new Error("it was answered");
}

/** What `isThrown` makes of what a call fails with. */
async function caught(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    if (isThrown(error, "OutOfStock")) return { missing: error.problem.data.missing };
    if (isThrown(error, "Busy")) return { after: error.problem.data?.after ?? "it is over" };
    if (isThrown(error, "SoldOut")) return { left: error.problem.data.left };
    return "nothing that is said to be thrown";
  }
}

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

/** How a call ends that its caller gives up. */
async function ending(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "answered",
    (error: unknown) => (error instanceof Error ? error.name : "nothing that is thrown"),
  );
}

export async function visit(baseUrl: string) {
  const api: Client = createClient({ baseUrl, headers: () => ({ "x-request-id": "page-1" }) });
  const item: Item = await api.goods.item({ itemId: 3 });
  const kind: "book" | "toy" = item.kind;
  const price: string = item.price;
  const cover: string | null = item.cover;
  const bare: ItemInput = { id: 4, kind: "toy", price: "1", added: item.added };
  const card: Card = await api.web.renderCard({ title: item.kind, size: "large" });
  const [id, until] = await api.goods.reserve({ item, until: "2026-05-06T07:08:09Z" });
  const [of_bare] = await api.goods.reserve({ item: bare, until: "2026-05-06T07:08:09Z" });
  const rows = await api.goods.scaled({ rows: [[1, 2.5], [-3, 0]], factor: 2 });
  const page = await api.web.readPage({ slug: "a b/ä", lang: "de" });

  const letters: { letter: string; at: number }[] = await all(api.web.letters({ from: "ab" }));
  const ticks: string[] = await all(api.goods.ticks({ count: 3 }));
  const before: string[] = [];
  const broken = await refused(
    (async () => {
      for await (const tick of api.goods.ticks({ count: 2, fails: true })) before.push(tick);
    })(),
  );

  const controller = new AbortController();
  const { signal } = controller;
  let seen = 0;
  const aborted = await ending(
    (async () => {
      for await (const _ of api.goods.ticks({ count: 1_000_000_000 }, { signal })) {
        seen += 1;
        if (seen === 100) controller.abort();
      }
    })(),
  );
  for await (const _ of api.goods.ticks({ count: 1_000_000_000 })) break;

  return {
    item,
    kind,
    price,
    cover,
    card,
    reserved: { id: id.toFixed(), until: until.slice(0, 19), bare: of_bare.toFixed() },
    rows,
    page,
    letters,
    ticks,
    before,
    broken,
    seen,
    aborted,
    late: await ending(api.goods.item({ itemId: 3 }, { signal })),
    thrown: [await refused(api.goods.reserve({ item, until, count: 5 })), await refused(api.web.sell({ count: 10 }))],
    caught: [
      await caught(api.goods.reserve({ item, until, count: 5 })),
      await caught(api.goods.reserve({ item, until, count: 0 })),
      await caught(api.web.sell({ count: 10 })),
      await caught(api.web.sell({ count: 2 })),
      await caught(api.goods.broken()),
      // @ts-expect-error: another type
      await caught(api.goods.item({ itemId: "three" })),
      await caught(api.web.readPage({ slug: "missing" })),
      await caught(Promise.reject(new Error("OutOfStock"))),
    ],
    // @ts-expect-error: another type
    invalid: await refused(api.goods.item({ itemId: "three" })),
    failed: await refused(api.goods.broken()),
    missing: await refused(api.web.readPage({ slug: "missing" })),
  };
}

export function wrong(api: Client, error: unknown): void {
  if (isThrown(error, "OutOfStock")) {
    error.problem.data.missing.toFixed();
    // @ts-expect-error: no such field
    error.problem.data.left;
  }
  if (isThrown(error, "Busy")) {
    // @ts-expect-error: it may carry nothing
    error.problem.data.after;
  }
  // @ts-expect-error: nobody says that it is thrown
  isThrown(error, "OutOfStocks");
  // @ts-expect-error: a parameter is missing
  api.goods.item({});
  // @ts-expect-error: no such parameter
  api.goods.item({ itemId: 3, item_id: 3 });
  // @ts-expect-error: no such function
  api.goods.items({ itemId: 3 });
  // @ts-expect-error: no such service
  api.shop.item({ itemId: 3 });
  // @ts-expect-error: no such value
  api.web.renderCard({ title: "", size: "medium" });
  // @ts-expect-error: it takes a stream, which nobody can send
  api.goods.total({ numbers: [] });
  // @ts-expect-error: a stream is no value
  api.goods.ticks({ count: 1 }).then;
}
