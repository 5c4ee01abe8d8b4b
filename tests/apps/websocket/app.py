"""WebSockets for the tests of the whole server: a path for each thing an application can do with one."""

import asyncio
import json
import os
import sys
import time
from urllib.parse import parse_qs

state = {"open": 0, "left": 0, "left_at": 0.0, "sent": 0, "codes": []}
members = set()


def plain(value):
    if isinstance(value, bytes):
        return value.decode("latin-1")
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    handlers = http if scope["type"] == "http" else websocket
    await handlers[scope["path"]](scope, query, receive, send)


async def answer(send, body):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-pid", str(os.getpid()).encode())]})
    await send({"type": "http.response.body", "body": body})


async def hello(scope, query, receive, send):
    await answer(send, b"hello")


async def told(scope, query, receive, send):
    await answer(send, json.dumps({**state, "tasks": len(asyncio.all_tasks())}).encode())


async def to_all(scope, query, receive, send):
    """A message to every member, one after the other."""
    for member in list(members):
        await member({"type": "websocket.send", "text": query["text"]})
    await answer(send, str(len(members)).encode())


async def slow(scope, query, receive, send):
    print("begun", os.getpid(), query["id"], file=sys.stderr, flush=True)
    await asyncio.sleep(float(query["ms"]) / 1000)
    await answer(send, query["id"].encode())


async def messages(receive):
    """Those of the client, to its end."""
    state["open"] += 1
    try:
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                state["codes"].append([message["code"], message.get("reason")])
                return
            yield message
    finally:
        state["open"] -= 1
        state["left"] += 1
        state["left_at"] = time.time()


async def accepted(receive, send, **accept):
    assert (await receive()) == {"type": "websocket.connect"}
    await send({"type": "websocket.accept", **accept})


async def echo(scope, query, receive, send):
    await accepted(receive, send)
    async for message in messages(receive):
        await send({**message, "type": "websocket.send"})


async def member(scope, query, receive, send):
    await accepted(receive, send)
    members.add(send)
    try:
        async for _message in messages(receive):
            pass
    finally:
        members.discard(send)


async def silent(scope, query, receive, send):
    """Never receives."""
    await accepted(receive, send)
    await asyncio.Event().wait()


async def flood(scope, query, receive, send):
    """Sends for as long as it may."""
    await accepted(receive, send)
    message = {"type": "websocket.send", "bytes": b"x" * int(query["bytes"])}
    while True:
        await send(message)
        state["sent"] += 1


async def show_scope(scope, query, receive, send):
    await accepted(receive, send)
    shown = {key: plain(scope[key]) for key in scope if key != "state"}
    await send({"type": "websocket.send", "text": json.dumps(shown)})
    await send({"type": "websocket.close"})


async def choose(scope, query, receive, send):
    headers = [(b"x-a", b"b"), (b"set-cookie", b"c=d")]
    await accepted(receive, send, subprotocol=scope["subprotocols"][-1], headers=headers)
    async for _message in messages(receive):
        pass


async def close(scope, query, receive, send):
    await accepted(receive, send)
    await send({"type": "websocket.send", "text": "last words"})
    await send({"type": "websocket.close", "code": int(query["code"]), "reason": query.get("reason", "")})
    state["codes"].append((await receive())["code"])


async def reject(scope, query, receive, send):
    await receive()
    await send({"type": "websocket.close"})


async def deny(scope, query, receive, send):
    await receive()
    headers = [(b"content-type", b"text/plain"), (b"x-why", b"tea")]
    await send({"type": "websocket.http.response.start", "status": 418, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": b"short ", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"and stout"})


async def raises(scope, query, receive, send):
    if "accepted" in query:
        await accepted(receive, send)
    raise LookupError("in the application")


async def returns(scope, query, receive, send):
    if "accepted" in query:
        await accepted(receive, send)


async def wait(scope, query, receive, send):
    """Does not answer the handshake."""
    async for _message in messages(receive):
        pass


http = {"/hello": hello, "/state": told, "/all": to_all, "/slow": slow}
websocket = {
    "/echo": echo,
    "/member": member,
    "/silent": silent,
    "/flood": flood,
    "/scope": show_scope,
    "/choose": choose,
    "/close": close,
    "/reject": reject,
    "/deny": deny,
    "/raise": raises,
    "/return": returns,
    "/wait": wait,
}
