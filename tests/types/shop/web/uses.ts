// What is right passes, and what is wrong does not.
import { RemoteError, services } from "diglot";
import type { OutOfStock as Declared, Full, Item, ItemInput, Label, Order } from "./diglot.js";

const items: Item[] = await services.myModel.similar({ itemId: 3 }, { timeout: 50 });
const kind: "book" | "toy" | undefined = items[0]?.kind;
const price: string | undefined = items[0]?.price;
const added: Date | null = (items[0] as Item).added;
const less: ItemInput = { id: 1, name: "one", kind: "book", price: "9.90" };
const renamed: Item[] = await services.myModel.renamed({ items: [...items, less], name: "new" });
const nothing: void = await services.myModel.ping();
for await (const tick of services.myModel.watch({ topic: "prices" })) tick.toFixed(2);
async function* numbers(): AsyncGenerator<number> {}
async function* passed(): AsyncGenerator<number> {
  yield* services.myModel.watch({ topic: "prices" });
}
const relayed = (): AsyncIterable<number> => services.myModel.watch({ topic: "prices" });
const watched: number = await services.myModel.total({ numbers: services.myModel.watch({ topic: "prices" }) });
const total: number = await services.myModel.total({ numbers: numbers() });
const { title } = await services.web.renderCard({ itemId: 3, size: "large" });
for await (const { letter, at } of services.web.letters({ from: title })) letter.padEnd(at);
const big: number | bigint = await services.myModel.factorial({ n: 30 });
const value: number = await services.myModel.Then({ value: 3 });
const rows: Float32Array | undefined = await services.myModel.scaled({ rows: new Float32Array(6), by: 0.5 }).then((scaled) => ("dtype" in scaled ? undefined : scaled));
const halves = await services.myModel.halves({ numbers: new Float32Array([0.5, 1]) });
const half: number | undefined = "data" in halves ? halves.data[0] : halves[0];
const order: Order = { color: "red", lines: new Map([[3, "three"]]), tags: new Set(["new"]) };
const reserved: Map<number, Set<string>> = await services.myModel.reserve({ order, count: 1 });

class OutOfStock extends RemoteError {
  declare data: Declared["data"];
}
const failed = (error: unknown): number => (error instanceof OutOfStock ? error.data.missing : 0);

const labels: Label[] = await services.myModel.labels({ itemId: 3 });
const left: number = await services.web.shelve({ labels: [...labels, { id: 3, text: "old" }], places: 3 });
const shelf = ({ data }: Full): string | undefined => (data.places > left ? undefined : (data.shelf ?? undefined));

// @ts-expect-error: a parameter is missing
services.myModel.similar({});
// @ts-expect-error: another type
services.myModel.similar({ itemId: "3" });
// @ts-expect-error: no such parameter
services.myModel.similar({ itemId: 3, item_id: 3 });
// @ts-expect-error: no such function
services.myModel.simular({ itemId: 3 });
// @ts-expect-error: no such service
services.model.similar({ itemId: 3 });
// @ts-expect-error: no such value
services.web.renderCard({ itemId: 3, size: "medium" });
// @ts-expect-error: a stream is no value
const ticks: number[] = await services.myModel.watch({ topic: "prices" });
// @ts-expect-error: and nothing to wait for
await services.myModel.watch({ topic: "prices" });
// @ts-expect-error: nor to return from what is async
const late = async () => services.myModel.watch({ topic: "prices" });
// @ts-expect-error: a value is no stream
for await (const item of services.myModel.similar({ itemId: 3 })) console.log(item);
// @ts-expect-error: it has none
services.myModel.ping({ loud: true });
// @ts-expect-error: a field is missing
services.myModel.renamed({ items: [{ id: 1, name: "one", kind: "book" }], name: "new" });
// @ts-expect-error: another field
items[0]?.pryce;
// @ts-expect-error: one that a number holds is a number
const only: bigint = await services.myModel.factorial({ n: 3 });
// @ts-expect-error: an object of functions is nothing to wait for
services.myModel.then({ value: 3 });
// @ts-expect-error: another type of numbers
services.myModel.scaled({ rows: new Float64Array(3) });
// @ts-expect-error: an object is no map
services.myModel.reserve({ order: { ...order, lines: { 3: "three" } }, count: 1 });
// @ts-expect-error: no such field
const misses = (error: OutOfStock): number => error.data.misses;
// @ts-expect-error: items are no labels
services.web.shelve({ labels: items, places: 3 });
export { added, big, failed, half, kind, late, misses, nothing, only, passed, price, relayed, renamed, reserved, rows, shelf, ticks, total, value, watched };
