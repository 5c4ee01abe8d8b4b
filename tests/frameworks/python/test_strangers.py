"""Applications of frameworks that have servers of their own."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from servers import App, NeverListened


@pytest.mark.diglot_only("the peers start, and fail each request")
@pytest.mark.parametrize(
    ("entry", "words"),
    [
        (
            "aiohttp_app:app",
            ["aiohttp_app:app is an aiohttp application", "aiohttp.web.run_app(app)", "such as Starlette"],
        ),
        ("tornado_app:app", ["tornado_app:app is a Tornado application", "app.listen(port)", "such as Starlette"]),
        ("factory:sio", ["factory:sio is a Socket.IO server", "socketio.ASGIApp(server)"]),
        ("factory:init_app", ["coroutine function", "if it is a factory, make it `def`"]),
        ("factory", ['neither "app" nor "application"']),
    ],
)
def test_the_message_says_what_to_do(serve, entry, words):
    with pytest.raises(NeverListened) as failed:
        serve(App("strangers", entry, "asgi"))
    reason = str(failed.value).strip().splitlines()[-1]
    assert reason.startswith("error: service ")
    for word in words:
        assert word in reason


@pytest.mark.diglot_only("gunicorn's threads are greenlets then, which take turns")
def test_what_gevent_has_patched(serve):
    with pytest.raises(NeverListened) as failed:
        serve(App("strangers", "gevent_app:app", "wsgi"))
    reason = str(failed.value).strip().splitlines()[-1]
    for words in ("gevent has put greenlets", "`threads = N`", "or set threads = 1"):
        assert words in reason
    server = serve(App("strangers", "gevent_app:app", "wsgi", threads=1))
    with server.client() as client, ThreadPoolExecutor(4) as pool:
        # All but one of them wait, while somebody has to answer for the worker.
        assert {answer.text for answer in pool.map(lambda _: client.get("/slow"), range(8))} == {"MainThread"}
        assert client.get("/thread").text == "answered"
        assert client.post("/upload", content=b"x" * 1_000_000).text == "1000000"
        assert client.get("/stream").text == "0\n1\n2\n"
        assert client.get("/program").text == "said\n"


def test_sanic_is_an_asgi_application_too(serve):
    server = serve(App("strangers", "sanic_app:app", "asgi"))
    with server.client() as client:
        assert client.get("/").json() == {"started": True, "scheme": "http", "ip": "127.0.0.1"}
        assert client.post("/upload", files={"file": b"x" * 1_000_000}).json() == {"bytes": 1_000_000}
        assert client.get("/stream").text == "0\n1\n2\n"
    with server.websocket("/ws") as socket:
        for message in ("text", b"bytes"):
            socket.send(message)
            assert socket.recv(timeout=60) == message
