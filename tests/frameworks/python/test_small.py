"""A turn through each framework that has fewer users: routes, media, sessions, uploads, streams, files, errors."""

import json

import pytest
from servers import APPS, App
from websockets.exceptions import ConnectionClosed

# Pyramid's use of setuptools is warned of; Falcon reports what it refuses.
EXPECTED = ("provoked in ", "Traceback", "ERROR", "pkg_resources is deprecated", "HTTPForbidden")
NUMBERS = (APPS / "small/static/numbers.txt").read_bytes()
STREAM = "".join(f"{number}\n" for number in range(1000))
LARGE = b"0123456789abcdef" * (2 * 1024 * 1024 // 16)
VALIDATED = pytest.mark.parametrize("validated", [False, True], ids=["wsgi", "wsgi-validated"])


@pytest.fixture
def open_app(serve):
    """Serves one of the small applications; returns the server and a client that keeps cookies."""
    clients = []

    def start(entry, interface, **options):
        server = serve(App("small", entry, interface, expected=EXPECTED, **options))
        clients.append(server.client(follow_redirects=True))
        return server, clients[-1]

    yield start
    for client in clients:
        client.close()


def files(client, path="/static/numbers.txt"):
    """Static files: whole, unchanged, a part, its head."""
    whole = client.get(path)
    assert whole.content == NUMBERS
    assert whole.headers["content-length"] == str(len(NUMBERS))
    assert client.head(path).content == b""
    part = client.get(path, headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"001\n")
    since = client.get(path, headers={"if-modified-since": whole.headers["last-modified"]})
    assert (since.status_code, since.content) == (304, b"")


def test_litestar(open_app):
    server, client = open_app("litestar_app:app", "asgi")
    answer = client.get("/items/7", headers={"x-limit": "3"}).json()
    assert answer == {"number": 7, "limit": 3, "started": True}
    created = client.post("/items", json={"name": "Pen", "price": 1.5})
    assert (created.status_code, created.json()) == (201, {"name": "Pen", "price": 1.5})
    assert client.post("/items", json={"name": "Pen"}).status_code == 400
    assert client.post("/upload", files={"data": ("n.bin", LARGE)}).json() == {"name": "n.bin", "bytes": len(LARGE)}
    assert client.get("/stream").text == STREAM
    events = client.get("/events")
    assert events.headers["content-type"].startswith("text/event-stream")
    assert events.text == "".join(f"id: {number}\r\ndata: {number}\r\n\r\n" for number in range(3))
    assert [client.get("/count").json() for _ in range(2)] == [1, 2]
    assert client.get("/sync").text == "from a thread"
    assert client.get("/static/numbers.txt").content == NUMBERS
    assert "openapi" in client.get("/schema/openapi.json").json()
    stock = client.get("/stock")
    assert (stock.status_code, stock.json()) == (409, {"missing": "pen"})
    failed = client.get("/fails")
    assert (failed.status_code, failed.json()["detail"]) == (500, "Internal Server Error")
    with server.websocket("/ws/listener") as socket:
        socket.send('{"name": "Pen", "price": 1}')
        assert json.loads(socket.recv(timeout=60)) == {"name": "Pen", "limit": 10}
    with server.websocket("/ws/raw/3", subprotocols=["one", "two"]) as socket:
        assert (socket.subprotocol, socket.response.headers["x-accepted"]) == ("two", "1")
        socket.send(b"ab")
        assert socket.recv(timeout=60) == b"ababab"
    assert server.handshake("/ws/raw/0").status_code == 403


def test_quart(open_app):
    server, client = open_app("quart_app:app", "asgi")
    item = client.get("/items/7?mine=x")
    assert item.json() == {"number": 7, "mine": "x", "started": True, "lifespan": "open"}
    assert item.headers["x-after"] == "1"
    assert client.post("/login", data={"name": "J\xf6rg"}).json() == {"name": "J\xf6rg", "flashed": ["welcome"]}
    assert client.get("/home").json() == {"name": "J\xf6rg", "flashed": []}
    assert client.post("/upload", files={"file": ("n.bin", LARGE)}).json() == {"name": "n.bin", "bytes": len(LARGE)}
    assert client.post("/raw", content=LARGE).json() == {"bytes": len(LARGE)}
    assert client.get("/stream?name=n").text.splitlines()[-1] == "n 999"
    assert client.get("/page").text == "<b>&lt;i&gt;</b>"
    assert client.get("/background").json() == {"queued": True}
    assert client.get("/done").json() == {"done": True}
    assert client.get("/none").text == "nothing at /none"
    assert client.get("/fails").status_code == 500
    server.wait_for("LookupError: provoked in Quart")
    mine = {"additional_headers": {"cookie": f"session={client.cookies['session']}"}, "subprotocols": ["one", "two"]}
    with server.websocket("/ws/n", **mine) as socket:
        assert (socket.subprotocol, socket.response.headers["x-accepted"]) == ("two", "1")
        assert json.loads(socket.recv(timeout=60)) == {"name": "n", "session": "J\xf6rg", "asked": ["one", "two"]}
        for message in ("text", b"bytes"):
            socket.send(message)
            assert socket.recv(timeout=60) == message
        socket.send("close")
        with pytest.raises(ConnectionClosed) as end:
            socket.recv(timeout=60)
        assert (end.value.rcvd.code, end.value.rcvd.reason) == (4004, "as asked")
    assert server.handshake("/ws/refused").status_code == 401
    server.stop()
    assert "Quart has stopped serving" in server.log


@VALIDATED
def test_cherrypy(open_app, validated):
    server, client = open_app("cherrypy_app:application", "wsgi", validated=validated)
    assert client.get("/?name=Anna").text == "hello Anna"
    assert client.post("/json", json=[1]).json() == {"got": [1], "remote": "127.0.0.1"}
    assert [client.get("/count").json() for _ in range(2)] == [1, 2]
    assert client.post("/upload", files={"file": ("n.bin", LARGE)}).json() == {"name": "n.bin", "bytes": len(LARGE)}
    assert client.get("/stream").text == STREAM
    assert client.get("/elsewhere").text == "hello again"
    assert client.get("/none").text.startswith("nothing here: 404")
    files(client)
    assert client.get("/fails").status_code == 500
    server.wait_for("LookupError: provoked in CherryPy")


@VALIDATED
def test_pyramid(open_app, validated):
    server, client = open_app("pyramid_app:app", "wsgi", validated=validated)
    assert client.get("/items/7").json() == {"number": 7, "url": f"{server.url}/items/7"}
    assert [client.get("/count").json() for _ in range(2)] == [1, 2]
    assert client.get("/elsewhere").json() == 3
    assert client.post("/upload", files={"file": ("n.bin", LARGE)}).json() == {"name": "n.bin", "bytes": len(LARGE)}
    assert client.get("/stream").text == STREAM
    assert client.get("/none").text == "nothing at /none"
    assert client.get("/missing").json() == {"missing": "pen"}
    files(client)
    files(client, "/download")
    failed = client.get("/fails")
    assert failed.status_code == 500
    server.wait_for("LookupError: provoked in Pyramid")


@VALIDATED
def test_bottle(open_app, validated):
    server, client = open_app("bottle_app:app", "wsgi", validated=validated)
    item = client.get("/items/7", params={"q": "\xfc"})
    assert item.json() == {"number": 7, "q": "\xfc", "remote": "127.0.0.1"}
    assert item.headers["x-plugin"] == "1"
    assert [client.get("/count").text for _ in range(2)] == ["1", "2"]
    answer = client.post("/upload", data={"title": "T\xfc"}, files={"file": ("n.bin", LARGE)}).json()
    assert answer == {"name": "n.bin", "bytes": len(LARGE), "title": "T\xfc"}
    assert client.get("/stream").text == STREAM
    assert client.get("/elsewhere").json()["number"] == 7
    assert client.get("/none").text == "nothing at /none"
    files(client)
    assert client.get("/fails").status_code == 500
    server.wait_for("LookupError: provoked in Bottle")


@pytest.mark.parametrize(
    ("entry", "interface", "validated"),
    [("falcon_app:wsgi", "wsgi", False), ("falcon_app:wsgi", "wsgi", True), ("falcon_app:asgi", "asgi", False)],
    ids=["wsgi", "wsgi-validated", "asgi"],
)
def test_falcon(open_app, entry, interface, validated):
    server, client = open_app(entry, interface, validated=validated)
    item = client.get("/items/7", params={"q": "\xfc"})
    assert item.json() == {"number": 7, "q": "\xfc", "remote": "127.0.0.1"}
    assert item.headers["x-middleware"] == "True"
    created = client.post("/items/7", json=[1])
    assert (created.status_code, created.json(), client.cookies["seen"]) == (201, {"got": [1]}, "1")
    assert client.post("/items/7", content=b"{", headers={"content-type": "application/json"}).status_code == 400
    assert client.post("/upload", files={"file": ("n.bin", LARGE[:100_000])}).json() == [["n.bin", 100_000]]
    assert client.put("/upload", content=LARGE).json() == {"bytes": len(LARGE)}
    assert client.get("/stream").text == STREAM
    assert client.get("/none").status_code == 404
    assert client.get("/static/numbers.txt").content == NUMBERS
    part = client.get("/static/numbers.txt", headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"001\n")
    assert client.get("/fails").status_code == 500
    server.wait_for("LookupError: provoked in Falcon")
    if interface == "asgi":
        assert "Falcon has started" in server.log
        with server.websocket("/ws", subprotocols=["two"]) as socket:
            assert (socket.subprotocol, socket.response.headers["x-accepted"]) == ("two", "1")
            socket.send('{"a": "\xfc"}')
            assert json.loads(socket.recv(timeout=60)) == {"got": {"a": "\xfc"}}
            socket.close(4005)
        server.wait_for("Falcon's client left with 4005")
        assert server.handshake("/ws?refused=1").status_code == 403
