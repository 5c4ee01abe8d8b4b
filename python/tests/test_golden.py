"""The frames all implementations of the link agree on, read by a real worker."""

import json

import pytest
from front import REPOSITORY

GOLDEN = REPOSITORY / "crates" / "diglot-link" / "golden"

DUMP = """
    import json

    def plain(value):
        if isinstance(value, bytes):
            return value.decode("latin-1")
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return value

    async def app(scope, receive, send):
        keys = ("type", "http_version", "method", "root_path", "raw_path", "query_string", "headers")
        seen = {key: plain(scope[key]) for key in keys if key in scope}
        seen["body"] = plain((await receive()).get("body", ""))
        response = {"http": "http.response", "websocket": "websocket.http.response"}[scope["type"]]
        await send({"type": response + ".start", "status": 200})
        await send({"type": response + ".body", "body": json.dumps(seen).encode()})
"""


def frames(name, key):
    return json.loads((GOLDEN / name).read_text())[key]


REQUESTS = [frame for frame in frames("frames.json", "frames") if frame["type"] == "REQUEST"]


@pytest.mark.parametrize("frame", REQUESTS, ids=[frame["name"] for frame in REQUESTS])
def test_requests(worker, frame):
    front = worker(DUMP, lifespan="off", streams_max=65536)
    meaning = frame["meaning"]
    front.open(meaning["connection"])
    front.socket.sendall(bytes.fromhex(frame["hex"]))
    front.generations[frame["stream"]] = frame["generation"]
    is_handshake = frame["name"] == "a WebSocket handshake"
    if meaning["expects_continue"] and not meaning["body"]:
        front.send(0x05, frame["stream"], b"", 1)
    seen = json.loads(front.response(frame["stream"]).body)
    path = meaning["path"]
    assert seen["http_version"] == {"2.0": "2"}.get(meaning["version"], meaning["version"])
    assert seen["type"] == ("websocket" if is_handshake else "http")
    assert seen.get("method", "GET") == meaning["method"]
    assert seen["raw_path"] == path
    assert seen["root_path"] == meaning["mount"]
    assert seen["query_string"] == meaning["query"]
    assert seen["headers"] == [[field["name"].lower(), field["value"]] for field in meaning["fields"]]
    assert seen["body"].startswith(meaning["body"])


MALFORMED = [frame for frame in frames("malformed.json", "malformed") if frame["from"] == "front"]


@pytest.mark.parametrize("frame", MALFORMED, ids=[frame["name"] for frame in MALFORMED])
def test_malformed(worker, frame):
    before = bytes.fromhex(frame["before"])
    if not before:
        pytest.skip("the preface, which the worker reads before it loads its application")
    source = "async def app(scope, receive, send):\n    await receive()\n    await receive()"
    front = worker(source, lifespan="off", streams_max=8)
    front.socket.sendall(before[16:] + bytes.fromhex(frame["hex"]))
    assert front.wait() == 1
    assert "the link to the server broke: " in front.stderr()
