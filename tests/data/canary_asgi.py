"""Tells what it saw: every request in order, at /canary/seen, once."""

import json

seen = []


def pairs(headers):
    return [[name.decode("latin-1"), value.decode("latin-1")] for name, value in headers]


async def answer(send, body):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    if scope["path"] == "/canary/seen":
        told = json.dumps(seen).encode()
        seen.clear()
        await answer(send, told)
        return
    query = scope["query_string"].decode("latin-1")
    record = {
        "method": scope["method"],
        "target": scope["raw_path"].decode("latin-1") + (f"?{query}" if query else ""),
        "headers": pairs(scope["headers"]),
        "facts": {"client": scope["client"], "scheme": scope["scheme"], "path": scope["path"]},
        "body": "",
        "complete": False,
    }
    seen.append(record)
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        record["body"] += message.get("body", b"").decode("latin-1")
        if not message.get("more_body"):
            break
    record["complete"] = True
    await answer(send, b"seen")
