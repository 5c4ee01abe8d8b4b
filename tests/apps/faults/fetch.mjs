// What the tests of faults ask of a module that exports `fetch`; `asgi.py` says what each path is for.
const BLOCK = Buffer.from(Array.from({ length: 65_521 }, (_, i) => (i * 167 + (i >> 8) * 59) & 255));
const BLOCKS = Buffer.concat(Array(20).fill(BLOCK));
const CHUNK = 65_536;

const state = { open: 0, left: 0, left_at: 0, sent: 0 };

function leave() {
  state.open -= 1;
  state.left += 1;
  state.left_at = Date.now() / 1000;
}

const answer = (text) => new Response(text, { headers: { "X-Pid": String(process.pid) } });

const routes = {
  hello: () => answer("hello"),
  echo: (query) => answer(query.get("id")),
  async up(_query, request) {
    let count = 0;
    let exact = true;
    for await (const chunk of request.body) {
      const body = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
      const at = count % BLOCK.length;
      exact &&= body.equals(BLOCKS.subarray(at, at + body.length));
      count += body.length;
    }
    return answer(`${count} ${exact ? "True" : "False"}`);
  },
  async late(query, request) {
    await new Promise((resolve) => setTimeout(resolve, Number(query.get("ms"))));
    console.error(`took ${(await request.arrayBuffer()).byteLength} until http.request`);
    return answer("");
  },
  down(query) {
    let left = Number(query.get("bytes"));
    let at = 0;
    state.sent = 0;
    const headers = query.has("chunked") ? {} : { "Content-Length": String(left) };
    const body = new ReadableStream({
      pull(controller) {
        if (left === 0) return controller.close();
        const size = Math.min(left, CHUNK);
        controller.enqueue(new Uint8Array(BLOCKS.subarray(at, at + size)));
        state.sent += size;
        left -= size;
        at = (at + size) % BLOCK.length;
      },
    });
    return new Response(body, { headers });
  },
  sse(query) {
    state.open += 1;
    let count = Number(query.get("events") ?? Number.MAX_SAFE_INTEGER);
    let timer;
    const body = new ReadableStream({
      start(controller) {
        timer = setInterval(() => {
          if (count-- > 0) {
            const now = BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6));
            controller.enqueue(Buffer.from(`data: ${now}\n\n`));
          } else {
            clearInterval(timer);
            state.open -= 1;
            controller.close();
          }
        }, Number(query.get("ms") ?? 20));
      },
      cancel() {
        clearInterval(timer);
        leave();
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  },
  wait(_query, request) {
    state.open += 1;
    return new Promise((_, reject) => {
      request.signal.addEventListener("abort", () => {
        leave();
        reject(request.signal.reason);
      });
    });
  },
  state: () => answer(JSON.stringify({ ...state, tasks: 0, pid: process.pid })),
};

export default {
  fetch(request) {
    const { pathname, searchParams } = new URL(request.url);
    return routes[pathname.split("/").pop() || "hello"](searchParams, request);
  },
};
