"""FastAPI's WebSockets."""

import uuid

import pytest
from servers import App
from websockets.exceptions import ConnectionClosed, InvalidStatus

EXPECTED = (
    "Traceback",
    "provoked",
    "Exception in ",
    "connection rejected (500",
    "WebSocketRequestValidationError",
    'TypeError: the "reason"',
)


@pytest.fixture(scope="module")
def server(serve):
    return serve(App("fastapi_app", "main:app", "asgi", expected=EXPECTED))


def closed(socket):
    """The code and reason the server closes with; 1006 if it only ends the connection."""
    with pytest.raises(ConnectionClosed) as end:
        socket.recv(timeout=60)
    return (end.value.rcvd.code, end.value.rcvd.reason) if end.value.rcvd else (1006, "")


def refused(server, path, **options):
    """The response a handshake is refused with."""
    with pytest.raises(InvalidStatus) as end:
        server.websocket(path, **options)
    return end.value.response


@pytest.mark.parametrize("compression", ["deflate", None])
def test_messages_come_back_as_they_were_sent(server, compression):
    with server.websocket("/ws/echo", compression=compression, max_size=None) as socket:
        extensions = socket.response.headers.get("sec-websocket-extensions", "")
        assert ("permessage-deflate" in extensions) == (compression is not None)
        for message in ["", "text", "gr\xfc\xdfe \U0001f600", b"", b"\x00\xff" * 10, "x" * 1_000_000, b"y" * 1_000_000]:
            socket.send(message)
            assert socket.recv(timeout=60) == message
        socket.send(part for part in ["in ", "three ", "frames"])
        assert socket.recv(timeout=60) == "in three frames"


def test_many_messages_keep_their_order(server):
    with server.websocket("/ws/echo") as socket:
        for first in range(0, 2000, 100):
            for number in range(first, first + 100):
                socket.send(f"message {number}")
            for number in range(first, first + 100):
                assert socket.recv(timeout=60) == f"message {number}"


def test_pings_are_answered(server):
    with server.websocket("/ws/echo") as socket:
        assert socket.ping().wait(60)


def test_parameters_cookies_and_json(server):
    with server.websocket("/ws/json/7?q=%C3%BC", additional_headers={"cookie": "seen=1"}) as socket:
        socket.send('{"a": [1]}')
        assert socket.recv(timeout=60) == '{"number":7,"q":"\xfc","seen":"1","value":{"a":[1]}}'
    assert refused(server, "/ws/none").status_code == 403


def test_parameters_that_are_not_valid(server):
    assert refused(server, "/ws/json/x").status_code == 403


def test_subprotocols_and_headers(server):
    mine = {"x-mine": "1"}
    with server.websocket("/ws/accept", subprotocols=["one", "two"], additional_headers=mine) as socket:
        assert socket.subprotocol == "two"
        assert socket.response.headers["x-accepted"] == "yes"
        assert socket.response.headers.get_all("set-cookie") == ["a=1", "b=2"]
        url = server.url.replace("http:", "ws:")
        assert socket.recv(timeout=60) == (
            f'{{"offered":["one","two"],"url":"{url}/ws/accept","client":"127.0.0.1","scheme":"ws","started":true,'
            '"header":"1"}'
        )
        assert closed(socket) == (4001, "enough")
    with server.websocket("/ws/accept", compression=None) as socket:
        assert socket.subprotocol is None


def test_behind_a_trusted_proxy(server):
    proxied = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}
    with server.websocket("/ws/accept", additional_headers=proxied) as socket:
        text = socket.recv(timeout=60)
        assert '"client":"203.0.113.9"' in text and '"scheme":"wss"' in text


def test_dependencies_may_refuse(server):
    assert refused(server, "/ws/members?token=wrong").status_code == 403
    with server.websocket("/ws/members?token=right") as socket:
        assert socket.recv(timeout=60) == "member"
        socket.send("go on")
        assert closed(socket) == (1013, "later")


def test_refusals(server):
    assert refused(server, "/ws/refused").status_code == 403
    denied = refused(server, "/ws/denied")
    assert (denied.status_code, denied.headers["x-price"], denied.body) == (402, "1", b"pay first")
    with server.client() as client:
        assert client.get("/ws/echo").status_code == 404, "it is no resource of HTTP"


def test_failures(server):
    # Where no close was asked for, uvicorn ends the connection without a word.
    assert refused(server, "/ws/fails?before=true").status_code in (403, 500)
    with server.websocket("/ws/fails") as socket:
        socket.send("go on")
        assert closed(socket)[0] == (1006 if server.kind == "uvicorn" else 1011)
    server.wait_for("LookupError: provoked in a WebSocket")
    with server.websocket("/ws/returns") as socket:
        assert socket.recv(timeout=60) == "the last"
        assert closed(socket)[0] == (1006 if server.kind == "uvicorn" else 1000)


def test_leaving_is_told_with_code_and_reason(server):
    journal = uuid.uuid4().hex
    with server.client(headers={"x-journal": journal}) as client:
        with server.websocket(f"/ws/noted?journal={journal}") as socket:
            socket.send("hello")
            socket.close(4002, "gr\xfc\xdfe")
        journal = client.get("/journal?until=cleaned up").json()
    assert journal == ["hello", "left with 4002 gr\xfc\xdfe", "cleaned up"]


def test_a_connection_that_falls_is_told(server):
    journal = uuid.uuid4().hex
    with server.client(headers={"x-journal": journal}) as client:
        with server.websocket(f"/ws/noted?journal={journal}") as socket:
            socket.send("hello")
            client.get("/journal?until=hello")
            socket.socket.shutdown(2)
        journal = client.get("/journal?until=cleaned up").json()
    # uvicorn says that there was a close frame without a code.
    assert journal[1].startswith("left with 1005" if server.kind == "uvicorn" else "left with 1006")


def test_a_room(server):
    with server.websocket("/ws/room") as first:
        assert first.recv(timeout=60) == "1 here"
        with server.websocket("/ws/room") as second:
            assert second.recv(timeout=60) == "2 here"
            second.send("to all")
            assert (first.recv(timeout=60), second.recv(timeout=60)) == ("to all", "to all")


def test_a_flood_arrives_whole(server):
    with server.websocket("/ws/flood?count=2000&size=2000") as socket:
        received = list(socket)
    assert [text.partition(":")[0] for text in received] == [str(number) for number in range(2000)]
    assert {len(text) for text in received} == {2000}


def test_mounted_under_a_prefix(serve):
    server = serve(App("fastapi_app", "main:app", "asgi", mount="/api/v1"))
    with server.websocket("/ws/accept") as socket:
        url = server.origin.replace("http:", "ws:")
        assert f'"url":"{url}/api/v1/ws/accept"' in socket.recv(timeout=60)


def test_stopping_the_server_closes_them(serve):
    server = serve(App("fastapi_app", "main:app", "asgi"))
    with server.websocket("/ws/echo") as socket:
        socket.send("x")
        assert socket.recv(timeout=60) == "x"
        server.signal(15)
        assert closed(socket)[0] in (1001, 1012)
    server.stop()
