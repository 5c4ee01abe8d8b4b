"""python-socketio, by its own client."""

import json
import queue
import signal
import threading
from contextlib import contextmanager

import httpx
import pytest
import socketio
from servers import App

POLLING = ["polling"]
WEBSOCKET = ["websocket"]
#: Begins with polls, then takes a WebSocket for the rest.
UPGRADE = ["polling", "websocket"]


@pytest.fixture(scope="module")
def server(serve):
    return serve(App("socketio_app", "main:app", "asgi"))


class Client:
    """A client whose events can be waited for."""

    def __init__(self, server, transports, namespaces=("/",), *, reconnection=False, **options):
        self.sio = socketio.Client(reconnection=reconnection, reconnection_delay=0.1, handle_sigint=False)
        self._events = {}
        self.sio.on("*", lambda event, *values: self._queue(event).put(values))
        self.sio.on("answer", lambda question: f"{question}? yes")
        self.sio.on("ordered", lambda number: self._queue("ordered").put((number,)), namespace="/shop")
        self.sio.on("disconnect", lambda reason: self._queue("disconnect").put((reason,)))
        self.sio.connect(server.url, transports=transports, wait_timeout=10, namespaces=list(namespaces), **options)
        self.sio.on("connect", lambda: self._queue("connect").put(()))

    def _queue(self, event):
        return self._events.setdefault(event, queue.Queue())

    def event(self, name):
        """What came with the next event of that name."""
        return self._queue(name).get(timeout=20)

    def call(self, name, *values, **options):
        return self.sio.call(name, values, timeout=20, **options)


@contextmanager
def connected(server, transports, **options):
    client = Client(server, transports, **options)
    try:
        yield client
    finally:
        # It says so at once, and then waits until the poll it has sent comes back without anything.
        threading.Thread(target=client.sio.disconnect, daemon=True).start()


@pytest.mark.parametrize("transports", [POLLING, WEBSOCKET, UPGRADE], ids=["polling", "websocket", "upgrade"])
def test_events_and_acknowledgements(server, transports):
    with connected(server, transports) as client:
        assert client.sio.transport() == transports[-1]
        assert client.call("echo", "a", {"b": [1]}, b"\x00\xff") == 3
        assert client.event("echo") == ("a", {"b": [1]}, b"\x00\xff")
        assert client.call("ask", "sure") == "sure? yes"
        client.call("later")
        assert client.event("later") == ()
        large = "x" * 200_000
        assert client.call("echo", large) == 1
        assert client.event("echo") == (large,)
        session = client.call("session")
        assert session["ip"] == "127.0.0.1"


@pytest.mark.parametrize("transports", [POLLING, WEBSOCKET], ids=["polling", "websocket"])
def test_rooms_and_leaving(server, transports):
    with connected(server, transports) as first, connected(server, transports) as watcher:
        watcher.call("join", "watchers")
        with connected(server, transports) as second:
            first.call("join", "room")
            second.call("join", "room")
            second.call("say", "room", "hello")
            assert first.event("said") == ("hello",)
        # The client does not wait for its word to have left before it ends the connection.
        assert watcher.event("left")[0] in ("client disconnect", "transport close")


def test_a_namespace(server):
    with connected(server, POLLING, namespaces=("/", "/shop")) as client:
        client.sio.emit("order", 21, namespace="/shop")
        assert client.event("ordered") == (42,)


def test_a_refused_connection(server):
    polling = f"{server.url}/socket.io/?EIO=4&transport=polling"
    session = f"{polling}&sid={json.loads(httpx.get(polling).text[1:])['sid']}"
    assert httpx.post(session, content='40{"token":"wrong"}').text == "OK"
    # On a slow machine a ping may come with it.
    assert httpx.get(session).text.split("\x1e")[0] == '44{"message":"no member"}'


def test_what_lies_beside_it(server):
    assert httpx.get(f"{server.url}/").text == "beside Socket.IO"
    assert httpx.get(f"{server.url}/socket.io/?EIO=4&transport=none").status_code == 400
    assert httpx.get(f"{server.url}/socket.io/?EIO=4&transport=polling&sid=none").status_code == 400


@pytest.mark.parametrize("validated", [False, True], ids=["wsgi", "wsgi-validated"])
def test_polling_by_wsgi(serve, validated):
    server = serve(App("socketio_app", "wsgi:app", "wsgi", validated=validated))
    with connected(server, POLLING) as client, connected(server, POLLING) as other:
        assert client.call("echo", "a") == 1
        assert client.event("echo") == ("a",)
        other.call("later")
        assert other.event("later") == ()
    assert httpx.get(f"{server.url}/").text == "beside Socket.IO"


@pytest.mark.diglot_only("uvicorn says that it listens before its workers do")
def test_websockets_over_several_workers(serve):
    server = serve(App("socketio_app", "main:app", "asgi", workers=2))
    with connected(server, WEBSOCKET) as first, connected(server, WEBSOCKET) as second:
        workers = {client.call("session")["worker"] for client in (first, second)}
        assert len(workers) == 2


@pytest.mark.diglot_only("they have no sticky sessions")
@pytest.mark.parametrize("transports", [POLLING, UPGRADE], ids=["polling", "upgrade"])
def test_polling_over_several_workers(serve, transports):
    server = serve(App("socketio_app", "main:app", "asgi", workers=3))
    for _ in range(6):
        with connected(server, transports) as client:
            assert client.call("echo", "a") == 1
            assert client.event("echo") == ("a",)


@pytest.mark.diglot_only("they have no sticky sessions")
@pytest.mark.parametrize("app", ["main:app", "wsgi:app"])
def test_a_session_is_found_from_any_connection(serve, app):
    """As proxies send it, and browsers with several connections: each request on a connection of its own."""
    interface = "asgi" if app == "main:app" else "wsgi"
    server = serve(App("socketio_app", app, interface, workers=3))
    polling = f"{server.url}/socket.io/?EIO=4&transport=polling"
    for _ in range(12):
        session = json.loads(httpx.get(polling).text[1:])["sid"]
        with_session = f"{polling}&sid={session}"
        assert httpx.post(with_session, content="40").text == "OK"
        assert httpx.get(with_session).text.startswith("40")
        assert httpx.post(with_session, content="41").text == "OK"


@pytest.mark.diglot_only("they have no sticky sessions")
@pytest.mark.parametrize("app", ["main:app", "wsgi:app"])
def test_a_polling_client_connects_anew_at_a_reload(serve, app):
    interface = "asgi" if app == "main:app" else "wsgi"
    server = serve(App("socketio_app", app, interface, workers=2))
    with connected(server, POLLING, reconnection=True) as client:
        before = client.call("session")["worker"]
        server.signal(signal.SIGHUP)
        assert client.event("disconnect") == ("transport error",)
        assert client.event("connect") == ()
        assert client.call("session")["worker"] != before
