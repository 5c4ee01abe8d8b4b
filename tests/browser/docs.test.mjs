/** The page of the API's description, over the digit board: what it shows, what can be tried on it, what it loads. */
import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { chromium } from "playwright-core";

const BASE = process.env.DIGITS_URL;
assert.ok(BASE, "DIGITS_URL must say where the digit board is served, as in http://127.0.0.1:8000");
const WAIT_MS_MAX = 20_000;
/** What Swagger UI says of addresses that have a `_`, as those it makes of FastAPI's operations do. */
const OF_SWAGGER_UI = "Deprecated: escaping deep link whitespace with `_`";

let browser;
let page;
/** What must not happen: errors on the console, exceptions, violations of the policy, requests to anybody else. */
let trouble;

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-quic"],
  });
});

after(() => browser?.close());

beforeEach(async () => {
  trouble = [];
  const visitor = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  visitor.setDefaultTimeout(WAIT_MS_MAX);
  await visitor.exposeFunction("tellOfViolation", (what) => trouble.push(`against the policy: ${what}`));
  await visitor.addInitScript(() =>
    document.addEventListener("securitypolicyviolation", (event) =>
      window.tellOfViolation(`${event.violatedDirective} ${event.blockedURI}`),
    ),
  );
  visitor.on("weberror", (error) => trouble.push(String(error.error())));
  visitor.on("console", (message) => {
    if (message.type() === "error" && !message.text().startsWith(OF_SWAGGER_UI)) {
      trouble.push(message.text());
    }
  });
  visitor.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.origin !== new URL(BASE).origin) {
      trouble.push(`a request to ${url}`);
    }
  });
  visitor.on("requestfailed", (request) => trouble.push(`${request.url()}: ${request.failure()?.errorText}`));
  page = await visitor.newPage();
  await page.goto(new URL("docs", BASE).href);
  await page.locator(".opblock").first().waitFor();
});

afterEach(async () => {
  await page.context().close();
  assert.deepEqual(trouble, []);
});

const operation = (method, path) =>
  page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });

/** Opens an operation, sends it and gives its answer, as the page shows both. */
async function tryOut(it, { body } = {}) {
  await it.locator(".opblock-summary-control").first().click();
  await it.getByRole("button", { name: "Try it out" }).click();
  if (body !== undefined) {
    await it.locator("textarea.body-param__text").fill(JSON.stringify(body));
  }
  await it.getByRole("button", { name: "Execute" }).click();
  const answer = it.locator(".live-responses-table");
  const status = await answer.locator(".response-col_status").nth(1).textContent();
  const text = await answer.locator(".response-col_description .highlight-code code, .response-col_description pre code").first().textContent();
  return { status: Number.parseInt(status, 10), body: JSON.parse(text) };
}

describe("the page of the description", () => {
  test("groups what both services answer by service", async () => {
    const groups = await page.locator(".opblock-tag-section").evaluateAll((sections) =>
      sections.map((section) => ({
        name: section.querySelector(".opblock-tag").dataset.tag,
        paths: [...section.querySelectorAll(".opblock-summary-path")].map((path) => path.dataset.path),
      })),
    );
    const of = (service) => groups.find(({ name }) => name === service)?.paths ?? [];
    assert.deepEqual(of("web"), ["/drawings", "/feed"]);
    assert.deepEqual(of("model").sort(), ["/api/board", "/api/health", "/api/recognise"]);
  });

  test("tries an operation of Python out", async () => {
    const pixels = Array.from({ length: 28 }, (_, row) =>
      Array.from({ length: 28 }, (_, column) => (row > 3 && row < 24 && column > 12 && column < 16 ? 255 : 0)),
    );
    const { status, body } = await tryOut(operation("post", "/api/recognise"), { body: { pixels } });
    assert.deepEqual([status, body.digit], [200, 1]);
  });

  test("tries one of Node.js out", async () => {
    const strokes = [[[0.5, 0.1], [0.5, 0.9]]];
    const row = Array(28).fill(0).with(14, 255);
    const { status, body } = await tryOut(operation("post", "/drawings"), { body: { strokes, pixels: Array(28).fill(row) } });
    assert.deepEqual([status, body.digit], [201, 1]);
  });

  test("a path of it is opened by its address", async () => {
    const it = operation("get", "/api/health");
    await it.locator(".opblock-summary-control").first().click();
    const address = page.url();
    assert.match(address, /#\/model\/.*health/);
    await page.goto("about:blank");
    await page.goto(address);
    await it.locator(".opblock-body").waitFor();
  });
});
