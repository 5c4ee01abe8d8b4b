"""What the tests of faults ask of an ASGI application; `wsgi.py` and `node.js` answer the same paths."""

import asyncio
import json
import os
import sys
import time
from urllib.parse import parse_qsl

# Long enough, and of such a length, that no buffer's size divides it: a byte that is lost, doubled or moved shows.
BLOCK = bytes((i * 167 + (i >> 8) * 59) & 255 for i in range(65_521))
BLOCKS = BLOCK * 20
CHUNK = 65_536

# Told by /state: exchanges that are open, that a disconnect has ended, when the last of these was noticed, and how many
# bytes `send` has taken.
state = {"open": 0, "left": 0, "left_at": 0.0, "sent": 0}

if os.path.exists("broken"):
    raise RuntimeError("the file is there")


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    query = dict(parse_qsl(scope["query_string"].decode()))
    await getattr(Routes, scope["path"].rsplit("/", 1)[-1] or "hello")(query, receive, send)


async def answer(send, text, status=200):
    body = text.encode()
    headers = [(b"content-length", b"%d" % len(body)), (b"x-pid", b"%d" % os.getpid())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def disconnected(receive):
    while (await receive())["type"] != "http.disconnect":
        pass


def leave():
    state["left"] += 1
    state["left_at"] = time.time()


class Routes:
    async def hello(query, receive, send):
        await answer(send, "hello")

    async def echo(query, receive, send):
        await answer(send, query["id"])

    async def slow(query, receive, send):
        print("begun", os.getpid(), query.get("id"), file=sys.stderr, flush=True)
        await asyncio.sleep(int(query["ms"]) / 1000)
        await answer(send, query.get("id", ""))

    async def block(query, receive, send):
        """What stops the event loop: nothing else is served meanwhile."""
        time.sleep(int(query["ms"]) / 1000)  # noqa: ASYNC251 - blocking is what it is for
        await answer(send, "blocked")

    async def up(query, receive, send):
        if "id" in query:
            print("begun", os.getpid(), query["id"], file=sys.stderr, flush=True)
        count, exact = 0, True
        while True:
            message = await receive()
            body = message.get("body", b"")
            at = count % len(BLOCK)
            exact = exact and message["type"] == "http.request" and BLOCKS[at : at + len(body)] == body
            count += len(body)
            if not message.get("more_body"):
                break
        await answer(send, f"{count} {exact}")

    async def late(query, receive, send):
        """Reads its body only after a while, and says on stderr how much of it there was."""
        await asyncio.sleep(int(query["ms"]) / 1000)
        count, message = 0, {"more_body": True}
        while message.get("more_body"):
            message = await receive()
            count += len(message.get("body", b""))
        print(f"took {count} until {message['type']}", file=sys.stderr, flush=True)
        await answer(send, "")

    async def down(query, receive, send):
        left, at, state["sent"] = int(query["bytes"]), 0, 0
        headers = [] if "chunked" in query else [(b"content-length", b"%d" % left)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        while left:
            size = min(left, CHUNK)
            await send({"type": "http.response.body", "body": BLOCKS[at : at + size], "more_body": True})
            state["sent"] += size
            left -= size
            at = (at + size) % len(BLOCK)
        await send({"type": "http.response.body", "body": b""})

    async def sse(query, receive, send):
        """Events that say when they were written, in nanoseconds; without a count until the client leaves."""
        state["open"] += 1
        left = asyncio.create_task(disconnected(receive))
        try:
            headers = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            count = int(query.get("events", sys.maxsize))
            while count and not left.done():
                body = b"data: %d\n\n" % time.time_ns()
                await send({"type": "http.response.body", "body": body, "more_body": True})
                await asyncio.wait([left], timeout=int(query.get("ms", "20")) / 1000)
                count -= 1
            if left.done():
                leave()
            else:
                await send({"type": "http.response.body", "body": b""})
        finally:
            left.cancel()
            state["open"] -= 1

    async def wait(query, receive, send):
        """Never answers: ends when the client has left."""
        state["open"] += 1
        try:
            await disconnected(receive)
            leave()
        finally:
            state["open"] -= 1

    async def state(query, receive, send):
        tasks = len(asyncio.all_tasks())
        await answer(send, json.dumps({**state, "tasks": tasks, "pid": os.getpid()}))

    async def print(query, receive, send):
        line = "x" * 99 + "\n"
        for _ in range(int(query["bytes"]) // 100):
            sys.stdout.write(line)
        sys.stdout.flush()
        await answer(send, "printed")

    async def say(query, receive, send):
        print("to stdout", flush=True)
        print("to stderr", file=sys.stderr, flush=True)
        await answer(send, "said")

    async def exit(query, receive, send):
        os._exit(7)
