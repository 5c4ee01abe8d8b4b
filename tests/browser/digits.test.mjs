/**
 * The digit board in a real browser. DIGITS_URL says where it is served; CHROMIUM names the browser if it is not
 * /usr/bin/chromium. Nothing here sleeps: each step waits for what the page shows or the server sends.
 */
import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { chromium } from "playwright-core";
import { handwritten } from "./handwriting.mjs";

const BASE = process.env.DIGITS_URL;
assert.ok(BASE, "DIGITS_URL must say where the digit board is served, as in http://127.0.0.1:8000");
const at = (path) => new URL(path, BASE).href;

/** Drawings the board keeps. */
const KEPT_MAX = 24;
const WAIT_MS_MAX = 20_000;

/** A 1 as the page sends it: 28 rows of 28 pixels. */
const ONE = Array.from({ length: 28 }, (_, row) => Array.from({ length: 28 }, (_, column) => (row > 3 && row < 24 && column > 12 && column < 16 ? 255 : 0)));

let browser;
let visitors = [];
let pageErrors = [];

before(async () => {
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-background-networking", "--disable-quic"],
  });
});

after(() => browser?.close());

afterEach(async () => {
  const errors = pageErrors;
  await Promise.all(visitors.map((visitor) => visitor.close()));
  [visitors, pageErrors] = [[], []];
  assert.deepEqual(errors, [], "no page may have thrown");
});

/** A page of a visitor of its own: two tabs of one window would hide each other, and hidden tabs draw slowly. */
async function visit(screen = { viewport: { width: 1280, height: 900 } }) {
  const visitor = await browser.newContext(screen);
  visitors.push(visitor);
  visitor.setDefaultTimeout(WAIT_MS_MAX);
  visitor.on("weberror", (error) => pageErrors.push(String(error.error())));
  return visitor.newPage();
}

/** The board, with its feed open. `byItself` leaves the page to post when the pen rests, as visitors find it. */
async function openBoard({ byItself = false, screen } = {}) {
  const page = await visit(screen);
  await page.goto(BASE);
  await page.locator('#link[data-state="live"]').waitFor();
  if (!byItself) {
    await page.getByLabel("Post when my pen rests").uncheck();
  }
  return page;
}

async function draw(page, strokes) {
  const pad = await page.locator("#pad").boundingBox();
  const onPage = ([x, y]) => [pad.x + x * pad.width, pad.y + y * pad.height];
  for (const stroke of strokes) {
    await page.mouse.move(...onPage(stroke[0]));
    await page.mouse.down();
    for (const point of stroke.slice(1)) {
      await page.mouse.move(...onPage(point));
    }
    await page.mouse.up();
  }
}

/** The digit Python answers for what is on the pad, and its confidence as the page words it. */
async function answerOn(page) {
  await page.locator('#answer[data-state="answered"]').waitFor();
  return { digit: Number(await page.locator("#digit").textContent()), sure: await page.locator("#sure").textContent() };
}

/** Does what posts the drawing, and gives the id under which the board shows it. */
async function posting(page, act) {
  const [response] = await Promise.all([
    page.waitForResponse((response) => response.url() === at("drawings") && response.status() === 201),
    act(),
  ]);
  return (await response.json()).id;
}

const post = (page) => posting(page, () => page.getByRole("button", { name: "Put on the board" }).click());

const entryOn = (page, id) => page.locator(`#board li[data-id="${id}"]`);

async function sendJson(path, body) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const headers = { "Content-Type": "application/json" };
  const response = await fetch(at(path), { method: "POST", headers, body: text });
  return { status: response.status, body: await response.json() };
}

/** The first `count` drawings the feed sends. */
async function feedOf(count, headers = {}) {
  const end = new AbortController();
  const response = await fetch(at("feed"), { headers, signal: end.signal });
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type"), /^text\/event-stream/);
  const entries = [];
  let text = "";
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (text + chunk).split("\n\n");
    text = events.pop();
    for (const event of events) {
      const data = event.split("\n").find((line) => line.startsWith("data: "));
      if (data) {
        entries.push(JSON.parse(data.slice("data: ".length)));
      }
    }
    if (entries.length >= count) {
      break;
    }
  }
  end.abort();
  return entries.slice(0, count);
}

describe("drawing", () => {
  for (let digit = 0; digit <= 9; digit += 1) {
    test(`a ${digit} is read as ${digit} and reaches the other page at once`, async () => {
      const [mine, other] = [await openBoard(), await openBoard()];
      await other.evaluate(() => (window.notReloaded = true));

      await draw(mine, handwritten(digit));
      const answer = await answerOn(mine);
      assert.equal(answer.digit, digit);
      assert.match(answer.sure, /^\d+% /);
      assert.equal(await mine.locator("#bars .best .number").textContent(), String(digit));

      const id = await post(mine);
      const entry = entryOn(other, id);
      await entry.waitFor();
      assert.equal(await entry.locator(".entry-digit").textContent(), String(digit));
      assert.match(await entry.locator(".entry-sure").textContent(), /^\d+%$/);
      assert.match(await entry.locator("time").textContent(), /^\d\d:\d\d$/);
      const shape = await mine.locator("#ink").getAttribute("d");
      assert.equal(await entry.locator("path").getAttribute("d"), shape, "the other page shows the same strokes");
      assert.equal(await other.locator("#board li").first().getAttribute("data-id"), id, "the newest comes first");
      assert.equal(await other.evaluate(() => window.notReloaded), true);
    });
  }

  test("a small digit is read as well as a large one", async () => {
    const page = await openBoard();
    await draw(page, handwritten(5, { scale: 0.3 }));
    assert.equal((await answerOn(page)).digit, 5);
  });

  test("a drawing posts itself when the pen rests, and the next stroke begins a new one", async () => {
    const [mine, other] = [await openBoard({ byItself: true }), await openBoard()];
    const id = await posting(mine, () => draw(mine, handwritten(7)));
    await entryOn(other, id).waitFor();
    await draw(mine, handwritten(1));
    await mine.locator("#digit", { hasText: "1" }).waitFor();
    assert.equal((await mine.locator("#ink").getAttribute("d")).split("M").length - 1, 1, "only the new stroke is left");
  });

  test("undo and clear take strokes back", async () => {
    const page = await openBoard();
    const [undo, clear] = ["Undo", "Clear"].map((name) => page.getByRole("button", { name }));
    const strokes = async () => (await page.locator("#ink").getAttribute("d")).split("M").length - 1;
    await draw(page, handwritten(4));
    assert.equal(await strokes(), 2);
    await undo.click();
    assert.equal(await strokes(), 1);
    await clear.click();
    assert.equal(await strokes(), 0);
    assert.equal(await page.locator("#sure").textContent(), "Nothing drawn yet");
    assert.ok(await undo.isDisabled());
    assert.ok(await page.locator("#post").isDisabled());
  });

  test("the keyboard draws and posts", async () => {
    const [mine, other] = [await openBoard({ byItself: true }), await openBoard()];
    const press = async (key, times) => {
      for (let i = 0; i < times; i += 1) {
        await mine.keyboard.press(key);
      }
    };
    await mine.locator("#pad").focus();
    await press("ArrowUp", 8);
    await press("Space", 1);
    await press("ArrowDown", 16);
    await press("Space", 1);
    assert.equal((await answerOn(mine)).digit, 1);
    const id = await posting(mine, () => press("Enter", 1));
    await entryOn(other, id).waitFor();
  });

  test("a finger draws, on a telephone's screen", async () => {
    const page = await openBoard({ screen: { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } });
    assert.ok(
      await page.evaluate(() => document.documentElement.scrollWidth <= document.documentElement.clientWidth),
      "nothing sticks out to the right",
    );
    await page.locator("#pad").scrollIntoViewIfNeeded();
    const pad = await page.locator("#pad").boundingBox();
    const devtools = await page.context().newCDPSession(page);
    const touch = (type, touchPoints) => devtools.send("Input.dispatchTouchEvent", { type, touchPoints });
    const [stroke] = handwritten(2);
    const points = stroke.map(([x, y]) => ({ x: pad.x + x * pad.width, y: pad.y + y * pad.height }));
    await touch("touchStart", [points[0]]);
    for (const point of points.slice(1)) {
      await touch("touchMove", [point]);
    }
    await touch("touchEnd", []);
    assert.equal((await answerOn(page)).digit, 2);
  });
});

describe("the feed", () => {
  const drawing = { strokes: [[[0.5, 0.1], [0.5, 0.9]]], pixels: ONE };
  const publish = async () => (await sendJson("drawings", drawing)).body.id;

  test("a page that opens later is shown the last drawings, newest first", async () => {
    const [first, second] = [await publish(), await publish()];
    const page = await openBoard();
    await entryOn(page, first).waitFor();
    const ids = await page.locator("#board li").evaluateAll((entries) => entries.map((entry) => entry.dataset.id));
    assert.deepEqual(ids.slice(0, 2), [second, first]);
  });

  test("a page that returns is sent only what it has missed", async () => {
    const [seen, missed, alsoMissed] = [await publish(), await publish(), await publish()];
    const entries = await feedOf(2, { "Last-Event-ID": seen });
    assert.deepEqual(entries.map(({ id }) => id), [missed, alsoMissed]);
  });

  test("an id the server does not know gets everything that is kept", async () => {
    await publish();
    const known = await feedOf(1);
    const entries = await feedOf(1, { "Last-Event-ID": "of-another-run" });
    assert.deepEqual(entries, known);
  });

  test("the board and the page keep a bounded number", async () => {
    const page = await openBoard();
    const published = [];
    while (published.length < KEPT_MAX + 3) {
      published.push(await publish());
    }
    await entryOn(page, published.at(-1)).waitFor();
    assert.equal(await page.locator("#board li").count(), KEPT_MAX);
    assert.deepEqual((await feedOf(KEPT_MAX)).map(({ id }) => id), published.slice(-KEPT_MAX));
  });
});

describe("the halves ask each other", () => {
  const drawing = { strokes: [[[0.5, 0.1], [0.5, 0.9]]], pixels: ONE };

  test("the board shows what Python says of the pixels, whatever the page says", async () => {
    const before = (await sendJson("drawings", drawing)).body.id;
    const sent = await sendJson("drawings", { ...drawing, digit: 8, confidence: 1 });
    assert.equal(sent.status, 201);
    const { digit, confidence } = (await sendJson("api/recognise", { pixels: ONE })).body;
    assert.deepEqual([sent.body.digit, sent.body.confidence], [digit, confidence]);
    const [entry] = await feedOf(1, { "Last-Event-ID": before });
    assert.deepEqual([entry.id, entry.digit, entry.confidence], [sent.body.id, digit, confidence]);
  });

  test("Python counts what Node.js has on the board", async () => {
    for (let sent = 0; sent < KEPT_MAX; sent += 1) {
      await sendJson("drawings", drawing);
    }
    const board = await (await fetch(at("api/board"))).json();
    assert.deepEqual(Object.keys(board), ["1"]);
    assert.equal(board[1].count, KEPT_MAX);
    assert.ok(board[1].confidence > 0.5 && board[1].confidence <= 1);
  });
});

describe("functions for clients", () => {
  test("a grid is read as by the page's own way", async () => {
    const answer = await sendJson("rpc/model/read", { pixels: ONE });
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, (await sendJson("api/recognise", { pixels: ONE })).body);
  });

  test("the drawings are those that the feed shows", async () => {
    const strokes = [[[0.5, 0.1], [0.5, 0.9]]];
    const { id } = (await sendJson("drawings", { strokes, pixels: ONE })).body;
    const answer = await sendJson("rpc/web/drawings", {});
    assert.equal(answer.status, 200);
    assert.equal(answer.body.at(-1).id, id);
    assert.deepEqual(answer.body, await feedOf(answer.body.length));
  });

  const rows = (count, row) => Array.from({ length: count }, () => row);
  const invalid = { status: 422, code: "invalid_arguments" };
  const refused = {
    "no ink": [{ pixels: rows(8, Array(8).fill(0)) }, { status: 422, code: "error", error: "NoInk", detail: "the drawing has no ink in it" }],
    "not square": [
      { pixels: rows(8, Array(9).fill(9)) },
      { status: 422, code: "error", error: "NotSquare", detail: "the grid is not square: 8 rows of 9 pixels" },
    ],
    "no columns": [{ pixels: rows(8, []) }, { status: 422, code: "error", error: "NotSquare", detail: "the grid is not square: 8 rows of 0 pixels" }],
    "one dimension": [{ pixels: Array(8).fill(9) }, { ...invalid, issues: [{ path: ["pixels"], message: "expected 2 dimensions, not 1" }] }],
    "too small": [{ pixels: [] }, { ...invalid, issues: [{ path: ["pixels"], message: "must have at least 8 items or characters, has 0" }] }],
    "too large": [
      { pixels: rows(65, Array(65).fill(9)) },
      { ...invalid, issues: [{ path: ["pixels"], message: "must have at most 64 items or characters, has 65" }] },
    ],
    "out of range": [
      { pixels: rows(8, [...Array(7).fill(9), 256]) },
      { ...invalid, issues: [{ path: ["pixels", 0, 7], message: "expected a number of uint8, not 256" }] },
    ],
    "half a number": [
      { pixels: rows(8, [...Array(7).fill(9), 0.5]) },
      { ...invalid, issues: [{ path: ["pixels", 0, 7], message: "expected a number of uint8, not 0.5" }] },
    ],
    "another parameter": [{ pixels: ONE, pixel: 1 }, invalid],
    "nothing": [{}, invalid],
    "a list": [[], { status: 400, code: "invalid_json" }],
  };
  for (const [name, [body, expected]] of Object.entries(refused)) {
    test(`a grid is refused: ${name}`, async () => {
      const answer = await sendJson("rpc/model/read", body);
      assert.equal(answer.status, expected.status);
      const told = Object.fromEntries(Object.keys(expected).map((member) => [member, answer.body[member]]));
      assert.deepEqual(told, expected);
    });
  }
});

describe("what goes wrong is said", () => {
  test("a dot is not taken for a digit", async () => {
    const page = await openBoard();
    await draw(page, [[[0.5, 0.5], [0.51, 0.51]]]);
    await page.locator("#sure", { hasText: "Only a dot so far" }).waitFor();
    assert.ok(await page.locator("#post").isDisabled());
  });

  test("Python away: the page says so, the board goes on, and asking again works", async () => {
    const page = await openBoard();
    await page.route("**/api/recognise", (route) => route.fulfill({ status: 502, body: "Bad Gateway" }));
    await draw(page, handwritten(3));
    await page.getByRole("alert").filter({ hasText: "Python does not answer (status 502)" }).waitFor();
    assert.equal(await page.locator("#link").textContent(), "live");
    assert.ok(await page.locator("#post").isDisabled());
    await page.unroute("**/api/recognise");
    await page.getByRole("button", { name: "Try again" }).click();
    assert.equal((await answerOn(page)).digit, 3);
    assert.ok(await page.getByRole("alert").isHidden());
  });

  test("no server at all: the page says so", async () => {
    const page = await openBoard();
    await page.route("**/api/recognise", (route) => route.abort());
    await draw(page, handwritten(3));
    await page.getByRole("alert").filter({ hasText: "Python cannot be reached" }).waitFor();
  });

  test("Node.js away: the drawing is kept and posted when it is back", async () => {
    const page = await openBoard();
    await page.route("**/drawings", (route) => route.fulfill({ status: 503, body: "" }));
    await draw(page, handwritten(6));
    await answerOn(page);
    await page.locator("#post").click();
    await page.getByRole("alert").filter({ hasText: "Node.js does not answer (status 503)" }).waitFor();
    await page.unroute("**/drawings");
    const id = await posting(page, () => page.getByRole("button", { name: "Try again" }).click());
    await entryOn(page, id).waitFor();
  });

  test("the feed refused: the page asks again until it is let in", async () => {
    const page = await visit();
    await page.route("**/feed", (route) => route.fulfill({ status: 503, body: "" }), { times: 1 });
    await page.goto(BASE);
    await page.locator('#link[data-state="reconnecting"]').waitFor();
    await page.locator('#link[data-state="live"]').waitFor();
  });

  const side = (length, row) => ({ pixels: Array.from({ length }, () => row) });
  const grids = {
    "no ink": [side(8, Array(8).fill(0)), /no ink/],
    "too small": [side(4, Array(4).fill(9)), /at least 8/],
    "too large": [side(65, Array(65).fill(9)), /at most 64/],
    "not square": [side(9, Array(8).fill(9)), /not square/],
    "out of range": [side(8, Array(8).fill(256)), /less than or equal to 255/],
    "not numbers": [side(8, Array(8).fill("ink")), /valid integer/],
    "nothing": [{}, /Field required/],
    "broken JSON": ['{"pixels":', /JSON decode error/],
  };
  for (const [name, [body, reason]] of Object.entries(grids)) {
    test(`Python refuses a grid: ${name}`, async () => {
      const answer = await sendJson("api/recognise", body);
      assert.equal(answer.status, 422);
      assert.match(JSON.stringify(answer.body.detail), reason);
    });
  }

  const line = [[0, 0], [1, 1]];
  const drawings = {
    "no pixels": [{ strokes: [line] }, 422, /pixels must be 28 rows of 28/],
    "too few pixels": [{ strokes: [line], pixels: ONE.slice(1) }, 422, /pixels must be 28 rows of 28/],
    "a narrow row": [{ strokes: [line], pixels: ONE.with(3, [0]) }, 422, /pixels must be 28 rows of 28/],
    "ink out of range": [{ strokes: [line], pixels: ONE.with(3, Array(28).fill(256)) }, 422, /each pixel must be/],
    "no ink": [{ strokes: [line], pixels: Array(28).fill(Array(28).fill(0)) }, 422, /no ink/],
    "no strokes": [{ strokes: [], pixels: ONE }, 422, /at least one stroke/],
    "an empty stroke": [{ strokes: [[]], pixels: ONE }, 422, /at least one point/],
    "a point off the pad": [{ strokes: [[[0, 2]]], pixels: ONE }, 422, /each point must be/],
    "too many strokes": [{ strokes: Array(41).fill(line), pixels: ONE }, 422, /at most 40 strokes/],
    "too many points": [{ strokes: [Array(2001).fill([0, 0])], pixels: ONE }, 422, /at most 2000 points/],
    "a string": ['"drawing"', 400, /JSON/],
    "broken JSON": ['{"strokes":', 400, /JSON/],
    "too much of it": [{ strokes: [line], more: "x".repeat(70_000) }, 413, /too large/],
  };
  for (const [name, [body, status, reason]] of Object.entries(drawings)) {
    test(`Node.js refuses a drawing: ${name}`, async () => {
      const answer = await sendJson("drawings", body);
      assert.equal(answer.status, status);
      assert.match(answer.body.error, reason);
    });
  }

  test("Node.js answers for paths that do not exist", async () => {
    const response = await fetch(at("nothing-here"));
    assert.equal(response.status, 404);
    assert.match((await response.json()).error, /nothing at GET/);
  });
});
