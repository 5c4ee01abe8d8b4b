// What the tests of faults ask of a Node application; `asgi.py` says what each path is for.
const http = require("node:http");
const { existsSync } = require("node:fs");

const BLOCK = Buffer.from(Array.from({ length: 65_521 }, (_, i) => (i * 167 + (i >> 8) * 59) & 255));
const BLOCKS = Buffer.concat(Array(20).fill(BLOCK));
const CHUNK = 65_536;

const state = { open: 0, left: 0, left_at: 0, sent: 0 };

if (existsSync("broken")) throw new Error("the file is there");

function answer(response, text) {
  response.writeHead(200, { "Content-Length": Buffer.byteLength(text), "X-Pid": process.pid });
  response.end(text);
}

function leave() {
  state.left += 1;
  state.left_at = Date.now() / 1000;
}

const routes = {
  hello: (_query, _request, response) => answer(response, "hello"),
  echo: (query, _request, response) => answer(response, query.get("id")),
  slow(query, _request, response) {
    console.error("begun", process.pid, query.get("id"));
    setTimeout(() => answer(response, query.get("id") ?? ""), Number(query.get("ms")));
  },
  block(query, _request, response) {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Number(query.get("ms")));
    answer(response, "blocked");
  },
  async up(query, request, response) {
    if (query.has("id")) console.error("begun", process.pid, query.get("id"));
    let count = 0;
    let exact = true;
    try {
      for await (const body of request) {
        const at = count % BLOCK.length;
        exact &&= body.equals(BLOCKS.subarray(at, at + body.length));
        count += body.length;
      }
    } catch {
      return leave();
    }
    answer(response, `${count} ${exact ? "True" : "False"}`);
  },
  async late(query, request, response) {
    await new Promise((resolve) => setTimeout(resolve, Number(query.get("ms"))));
    let count = 0;
    for await (const body of request) count += body.length;
    console.error(`took ${count} until http.request`);
    answer(response, "");
  },
  down(query, _request, response) {
    let left = Number(query.get("bytes"));
    let at = 0;
    state.sent = 0;
    response.writeHead(200, query.has("chunked") ? {} : { "Content-Length": left });
    const more = () => {
      while (left > 0) {
        const size = Math.min(left, CHUNK);
        const flows = response.write(BLOCKS.subarray(at, at + size));
        state.sent += size;
        left -= size;
        at = (at + size) % BLOCK.length;
        if (!flows) return response.once("drain", more);
      }
      response.end();
    };
    more();
  },
  sse(query, _request, response) {
    state.open += 1;
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    let count = Number(query.get("events") ?? Number.MAX_SAFE_INTEGER);
    const timer = setInterval(() => {
      if (count-- > 0) response.write(`data: ${BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6))}\n\n`);
      else response.end();
    }, Number(query.get("ms") ?? 20));
    response.on("close", () => {
      clearInterval(timer);
      state.open -= 1;
      if (!response.writableFinished) leave();
    });
  },
  wait(_query, _request, response) {
    state.open += 1;
    response.on("close", () => {
      state.open -= 1;
      leave();
    });
  },
  state: (_query, _request, response) =>
    answer(response, JSON.stringify({ ...state, tasks: 0, pid: process.pid })),
  print(query, _request, response) {
    const line = `${"x".repeat(99)}\n`;
    for (let left = Number(query.get("bytes")); left > 0; left -= 100_000) process.stdout.write(line.repeat(1000));
    answer(response, "printed");
  },
  say(_query, _request, response) {
    console.log("to stdout");
    console.error("to stderr");
    answer(response, "said");
  },
  exit: () => process.exit(7),
};

http
  .createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url, "http://test");
    routes[pathname.split("/").pop() || "hello"](searchParams, request, response);
  })
  .listen(process.env.PORT);
