"""Django's Channels: consumers of both kinds, groups, sessions."""

import json
import re

import pytest
from sites import ADMINISTRATOR, Sites
from websockets.exceptions import ConnectionClosed

EXPECTED = ("provoked in Channels", "Traceback", "Exception in ")


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    return Sites(tmp_path_factory.mktemp("channels"))


@pytest.fixture(scope="module")
def server(serve, sites):
    return serve(sites.app("channels", expected=EXPECTED))


def opened(server, path, **options):
    """A WebSocket as a page of the site opens it: the validator of origins asks for one."""
    return server.websocket(path, origin=server.origin, **options)


def received(socket):
    return json.loads(socket.recv(timeout=60))


def logged_in(server):
    """The cookies of an administrator, as a header."""
    with server.client(follow_redirects=True) as browser:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', browser.get("/admin/login/").text)[1]
        browser.post("/admin/login/", data={**ADMINISTRATOR, "csrfmiddlewaretoken": token, "next": "/board/"})
        return {"cookie": f"sessionid={browser.cookies['sessionid']}"}


def test_pages_go_on_beside_the_consumers(client):
    assert client.get("/board/").status_code == 200
    assert client.get("/ws/bytes/").status_code == 404


def test_a_group_over_two_clients(server):
    with opened(server, "/ws/room/a/") as first, opened(server, "/ws/room/a/") as second:
        with opened(server, "/ws/room/b/") as elsewhere:
            for socket in (first, second, elsewhere):
                assert received(socket)["user"] == ""
            first.send('{"text": "gr\xfc\xdfe"}')
            assert received(first)["said"] == received(second)["said"] == "gr\xfc\xdfe"
            elsewhere.send('{"text": "b"}')
            assert received(elsewhere)["said"] == "b", "the first that it hears of"
        second.close(4007)
        assert received(first) == {"left": 4007}


def test_the_session_says_who_it_is(server):
    headers = logged_in(server)
    with opened(server, "/ws/room/c/", additional_headers=headers) as socket:
        assert received(socket) == {"user": "anna", "path": "/ws/room/c/"}
    assert server.handshake("/ws/entries/", origin=server.origin).status_code == 403
    options = {"additional_headers": headers, "subprotocols": ["one", "two"]}
    with opened(server, "/ws/entries/", **options) as socket, opened(server, "/ws/entries/", **options) as other:
        assert socket.subprotocol == "two"
        socket.send('{"title": "from a consumer"}')
        assert received(socket) == received(other) == {"made": "from a consumer"}
    with server.client() as client:
        assert "from a consumer" in client.get("/board/").text


def test_refusals(server):
    assert server.handshake("/ws/room/a/", origin="http://127.0.0.1").status_code == 101
    assert server.handshake("/ws/room/a/").status_code == 403
    assert server.handshake("/ws/room/a/", origin="http://evil.example").status_code == 403


def test_messages_of_both_kinds_and_closing(server):
    with opened(server, "/ws/bytes/") as socket:
        for message in ["text", b"\x00\xff", "x" * 200_000, b"y" * 200_000]:
            socket.send(message)
            assert socket.recv(timeout=60) == message
        socket.send("close")
        with pytest.raises(ConnectionClosed) as end:
            socket.recv(timeout=60)
        assert (end.value.rcvd.code, end.value.rcvd.reason) == (4003, "as asked")


def test_a_consumer_that_fails(server):
    with opened(server, "/ws/bytes/") as socket:
        socket.send("fail")
        with pytest.raises(ConnectionClosed) as end:
            socket.recv(timeout=60)
        # uvicorn ends the connection without a word.
        assert end.value.rcvd is None if server.kind == "uvicorn" else end.value.rcvd.code == 1011
    server.wait_for("LookupError: provoked in Channels")


def test_mounted_under_a_prefix(serve, sites):
    server = serve(sites.app("channels", mount="/shop"))
    with opened(server, "/ws/room/a/") as socket:
        assert received(socket)["path"] == "/shop/ws/room/a/"
