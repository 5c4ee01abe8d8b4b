// What tests in TypeScript do with whole servers and stubs, and what they cannot.
import { type Server, type Stub, serve, stub, useServer, useStub } from "diglot/testing";
import type { Item } from "./diglot.js";

const found: Server = useServer();
const named: Server = useServer({ folder: "shop", targets: ["main:app"], listen: ["127.0.0.1:0"], command: "diglot", env: { LANG: "C" }, startTimeout: 5000 });
const items: Item[] = await found.call("my-model.similar", { itemId: 3 });
const where: string = [named.url, ...named.urls, named.log].join();

await using alone = await serve({ folder: "shop" });
await alone.call("my-model.ping");
const code: number | null = await alone.stop();

const stubbed: Stub = useStub("my-model", { similar: ({ itemId }): Item[] => items.filter(({ id }) => id === itemId), ping: () => undefined });
stubbed.restore();
using until_here = stub("my-model", { ping: async () => undefined });

// @ts-expect-error: a folder is one
useServer({ folder: ["shop", "other"] });
// @ts-expect-error: targets are several
useServer({ targets: "main:app" });
// @ts-expect-error: no such option
await serve({ timeout: 5000 });
// @ts-expect-error: it has yet to start
serve().url;
// @ts-expect-error: who listens where, is not for tests to say
found.url = "http://127.0.0.1:8000";
// @ts-expect-error: parameters have names
await found.call("my-model.similar", 3);
// @ts-expect-error: what stands in for a function is one
useStub("my-model", { ping: 3 });
// @ts-expect-error: its end is waited for
using borrowed = await serve();
export { borrowed, code, until_here, where };
