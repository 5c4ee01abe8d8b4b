/**
 * What `diglot types --client` writes, in a real browser: a page calls functions of both languages at its own origin. DIGLOT_BIN names
 * the server, CHROMIUM the browser if it is not /usr/bin/chromium. Nothing here sleeps.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";

const DIGLOT = process.env.DIGLOT_BIN;
assert.ok(DIGLOT, "DIGLOT_BIN must say which diglot is meant");
const typescript = createRequire(new URL("../types/package.json", import.meta.url))("typescript");

const FILES = {
  "diglot.toml": `
[server]
listen = "127.0.0.1:0"
[functions]
http = "/rpc"
[services.model]
entry = "model.py"
routes = []
[services.web]
entry = "web.mjs"
`,
  "model.py": `
import sys
from collections.abc import AsyncIterator
from diglot import function

class OutOfStock(Exception):
    left: int

@function(errors=[OutOfStock])
def reserve(item_id: int, count: int = 1) -> list[int]:
    if count > 2:
        error = OutOfStock("not so many left")
        error.left = 2
        raise error
    return [item_id] * count

@function
async def ticks(count: int) -> AsyncIterator[int]:
    try:
        for n in range(count):
            yield n
    finally:
        print("ticks are over", file=sys.stderr, flush=True)
`,
  "web.mjs": `
import { func } from "diglot";
const text = { type: "string" };
const input = { type: "object", properties: { title: text }, required: ["title"] };
export const renderCard = func({ name: "renderCard", input, output: text }, ({ title }) => \`<b>\${title}</b>\`);
export default { fetch: () => new Response("<!doctype html><title>a page</title>", { headers: { "content-type": "text/html" } }) };
`,
};

const folder = mkdtempSync(join(tmpdir(), "diglot-client-"));
const options = { cwd: folder, env: { ...process.env, XDG_RUNTIME_DIR: folder, NO_COLOR: "1" } };
let server;
let address;
let browser;
/** What the server has said, and who waits for a line of it. */
const log = [];
let look = () => {};

function line(is_it) {
  return new Promise((resolve) => {
    look = () => {
      const found = log.find(is_it);
      if (found !== undefined) resolve(found);
    };
    look();
  });
}

before(async () => {
  for (const [path, text] of Object.entries(FILES)) writeFileSync(join(folder, path), text);
  server = spawn(DIGLOT, ["serve"], { ...options, stdio: ["ignore", "ignore", "pipe"] });
  createInterface({ input: server.stderr }).on("line", (text) => {
    log.push(text);
    look();
  });
  const ended = new Promise((_, reject) => server.once("exit", () => reject(new Error(`the server ended:\n${log.join("\n")}`))));
  ended.catch(() => undefined);
  const start = "diglot: listening on ";
  address = (await Promise.race([line((text) => text.startsWith(start)), ended])).slice(start.length);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-quic"],
  });
});

after(async () => {
  await browser?.close();
  server?.kill();
  rmSync(folder, { recursive: true, force: true });
});

test("a page calls functions by the client that was written for it", async () => {
  const written = spawnSync(DIGLOT, ["types", "--client", "api.ts"], { ...options, encoding: "utf8" });
  assert.equal(written.status, 0, written.stderr);
  const { outputText } = typescript.transpileModule(readFileSync(join(folder, "api.ts"), "utf8"), {
    compilerOptions: { target: "es2022", module: "esnext" },
  });
  const page = await browser.newPage();
  await page.goto(address);
  const told = await page.evaluate(async (source) => {
    const { createClient, HttpError } = await import(URL.createObjectURL(new Blob([source], { type: "text/javascript" })));
    const api = createClient();
    const ticks = [];
    for await (const tick of api.model.ticks({ count: 3 })) ticks.push(tick);
    const controller = new AbortController();
    let aborted;
    try {
      for await (const tick of api.model.ticks({ count: 1_000_000_000 }, { signal: controller.signal })) if (tick === 100) controller.abort();
    } catch (error) {
      aborted = error.name;
    }
    const refused = await api.model.reserve({ itemId: 3, count: 3 }).catch((error) => error);
    return {
      card: await api.web.renderCard({ title: "a" }),
      reserved: await api.model.reserve({ itemId: 3, count: 2 }),
      ticks,
      aborted,
      refused: [refused instanceof HttpError, refused.status, refused.problem.error, refused.problem.data],
    };
  }, outputText);
  assert.deepEqual(told, {
    card: "<b>a</b>",
    reserved: [3, 3],
    ticks: [0, 1, 2],
    aborted: "AbortError",
    refused: [true, 422, "OutOfStock", { left: 2 }],
  });
  await line(() => log.filter((text) => text.endsWith("ticks are over")).length === 2);
});
