"""WebSockets as their applications see them, and as the front does."""

import os
import struct

import pytest
from front import BINARY, CANCEL, CLOSE, CREDIT, DRAIN, FAREWELL, LAST, RESPONSE, STOP, STREAM_WINDOW

LOOPS = pytest.mark.parametrize("loop", ["asyncio", "uvloop"])

#: Echoes until the client leaves. `/seen` gives what an application has put into `seen`, which waits for that.
ECHO = """
    import asyncio
    seen = asyncio.Queue()

    async def report(send):
        body = repr(await seen.get()).encode()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body})

    async def echo(receive, send):
        while (message := await receive())["type"] == "websocket.receive":
            assert len(message) == 2, message
            await send({**message, "type": "websocket.send"})
        return message

    async def app(scope, receive, send):
        if scope["type"] == "http":
            return await report(send)
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept"})
        seen.put_nowait(await echo(receive, send))
"""

#: What comes before a test's own handling of a WebSocket.
BEFORE = ECHO.partition("async def app")[0]


def app(body):
    """An application whose WebSockets do `body`, indented by eight."""
    return (
        BEFORE
        + """
    async def app(scope, receive, send):
        if scope["type"] == "http":
            return await report(send)
        await websocket(scope, receive, send)

    async def accept(receive, send):
        assert await receive() == {"type": "websocket.connect"}
        await send({"type": "websocket.accept"})

    async def websocket(scope, receive, send):
"""
        + body
    )


def seen(front):
    return eval(front.request("GET", "/seen").body)


@LOOPS
def test_messages_go_both_ways(worker, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(ECHO, lifespan="off", loop=loop)
    one, two = front.websocket(), front.websocket()
    assert one.accepted() == two.accepted() == []
    for message in ("", "text", "ü€😀", b"", b"\x00\xff", "x" * 60_000):
        assert one.echoed(message) == message
        assert two.echoed(message) == message
    for message in ("one", "two", b"three"):
        one.send(message)
    assert [one.receive() for _ in range(3)] == ["one", "two", b"three"]
    assert one.close(1001, "going") == (1000, "")
    assert seen(front) == {"type": "websocket.disconnect", "code": 1001, "reason": "going"}
    assert two.close() == (1000, "")
    assert seen(front)["code"] == 1005
    assert front.drain() == 0


def test_the_scope(worker):
    front = worker(
        app(
            """
        await accept(receive, send)
        await send({"type": "websocket.send", "text": repr(scope)})
        scope["state"]["x"] = scope["asgi"]["x"] = scope["extensions"]["x"] = 1
        """
        ),
        lifespan="off",
    )
    headers = (
        (b"Host", b"example.test"),
        (b"Sec-WebSocket-Protocol", b"chat, super.chat ,"),
        (b"X-A", b"b"),
        (b"sec-websocket-protocol", b"third"),
    )
    for number in range(2):
        front.open(7 + number, tls=bool(number))
        socket = front.websocket("/a%20b/c?d=%20", headers, mount=6, connection=7 + number)
        assert socket.accepted() == []
        assert eval(socket.receive()) == {
            "type": "websocket",
            "asgi": {"version": "3.0", "spec_version": "2.5"},
            "http_version": "1.1",
            "scheme": "wss" if number else "ws",
            "path": "/a b/c",
            "raw_path": b"/a%20b/c",
            "root_path": "/a b",
            "query_string": b"d=%20",
            "headers": [(name.lower(), value) for name, value in headers],
            "client": ("127.0.0.1", 50123),
            "server": ("127.0.0.1", 8000),
            "subprotocols": ["chat", "super.chat", "third"],
            "state": {},
            "extensions": {"websocket.http.response": {}},
        }
        assert socket.closed() == (1000, "")


def test_accepting_with_a_subprotocol_and_headers(worker):
    front = worker(
        app(
            """
        await send({"type": "websocket.accept", "subprotocol": "chat", "headers": [(b"X-A", b"b"), [b"x-a", b"c"]]})
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    assert socket.accepted() == [(b"sec-websocket-protocol", b"chat"), (b"X-A", b"b"), (b"x-a", b"c")]
    assert socket.closed() == (1000, "")


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("{'headers': [(b'Sec-WebSocket-Protocol', b'x')]}", "ValueError: sec-websocket-protocol is no header"),
        ("{'headers': [(b'sec-websocket-accept', b'x')]}", 'ValueError: header "sec-websocket-accept"'),
        ("{'headers': [(b'Connection', b'x')]}", 'ValueError: header "Connection" of websocket.accept is the server'),
        ("{'headers': [(b'transfer-encoding', b'x')]}", 'ValueError: header "transfer-encoding"'),
        ("{'headers': [(b'x', b'a\\r\\nb: c')]}", 'ValueError: the value of header "x" holds a line break'),
        ("{'headers': [('x', 'y')]}", "TypeError: the name and the value of a header are bytes objects"),
        ("{'headers': 1}", "TypeError: 'int' object is not iterable"),
        ("{'headers': [(b'x', b'y' * 99000)]}", "ValueError: the headers of a response may have"),
        ("{'subprotocol': b'chat'}", 'TypeError: the "subprotocol" of websocket.accept is a str, not bytes'),
        ("{'subprotocol': 'a b'}", 'ValueError: "a b" is no name of a subprotocol'),
        ("{'type': 'websocket.send', 'text': 'x'}", "RuntimeError: Expected ASGI message 'websocket.accept'"),
        ("{'type': 'websocket.http.response.body'}", "RuntimeError: Expected ASGI message 'websocket.accept'"),
        ("{'type': 'http.response.start', 'status': 200}", 'ValueError: "http.response.start" is no ASGI event'),
        ("{'type': 'websocket.http.response.start'}", 'ValueError: http.response.start needs a "status"'),
        ("{'type': 'websocket.http.response.start', 'status': 101}", "ValueError: status 101 cannot begin a response"),
    ],
)
def test_what_cannot_be_sent_before_accepting(worker, event, said):
    front = worker(app(f"        await send({{'type': 'websocket.accept', **{event}}})"), lifespan="off")
    response = front.response(front.websocket("/x?secret").stream)
    assert (response.status, response.body) == (500, b"Internal Server Error")
    assert front.drain() == 0
    assert said in front.stderr()
    assert "diglot: WebSocket /x: the application failed: sent 500" in front.stderr()


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("{}", 'ValueError: websocket.send needs "text" or "bytes"'),
        ("{'text': None, 'bytes': None}", 'ValueError: websocket.send needs "text" or "bytes"'),
        ("{'text': '', 'bytes': b''}", 'ValueError: websocket.send has both "text" and "bytes"'),
        ("{'text': b''}", 'TypeError: the "text" of websocket.send is a str, not bytes'),
        ("{'bytes': ''}", 'TypeError: the "bytes" of websocket.send is a bytes object, not str'),
        ("{'text': '\\ud800'}", "UnicodeEncodeError"),
        ("{'type': 'websocket.close', 'code': 1005}", "ValueError: a WebSocket cannot be closed with code 1005"),
        ("{'type': 'websocket.close', 'code': 70000}", "ValueError: a WebSocket cannot be closed with code 70000"),
        ("{'type': 'websocket.close', 'code': '1000'}", 'TypeError: the "code" of websocket.close is an int'),
        ("{'type': 'websocket.close', 'reason': 'ä' * 62}", '"reason" of websocket.close has 124 bytes'),
        ("{'type': 'websocket.close', 'reason': b''}", '"reason" of websocket.close is a str, not bytes'),
        ("{'type': 'websocket.accept'}", "RuntimeError: Expected ASGI message 'websocket.send' or 'websocket.close'"),
        ("{'type': 'websocket.boo'}", 'ValueError: "websocket.boo" is no ASGI event a WebSocket has'),
    ],
)
def test_what_cannot_be_sent(worker, event, said):
    body = f"""
        await accept(receive, send)
        await send({{"type": "websocket.send", **{event}}})
    """
    front = worker(app(body), lifespan="off")
    socket = front.websocket("/x")
    socket.accepted()
    assert socket.closed() == (1011, "")
    assert front.drain() == 0
    assert said in front.stderr()
    assert "diglot: WebSocket /x: the application failed: the WebSocket was closed with 1011" in front.stderr()


def test_the_other_key_may_be_none(worker):
    front = worker(
        app(
            """
        await accept(receive, send)
        await send({"type": "websocket.send", "text": "a", "bytes": None})
        await send({"type": "websocket.send", "text": None, "bytes": b"b"})
        await send({"type": "websocket.send", "bytes": bytearray(b"c")})
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    socket.accepted()
    assert [socket.receive() for _ in range(3)] == ["a", b"b", b"c"]


@pytest.mark.parametrize(
    ("event", "code", "reason"),
    [
        ("{}", 1000, ""),
        ("{'reason': None}", 1000, ""),
        ("{'code': 3000, 'reason': 'ünd'}", 3000, "ünd"),
        ("{'code': 1012, 'reason': 'x' * 123}", 1012, "x" * 123),
    ],
)
def test_the_application_closes(worker, event, code, reason):
    body = f"""
        await accept(receive, send)
        await send({{"type": "websocket.close", **{event}}})
        said = [await receive(), await receive()]
        for kind in ("close", "send"):
            try:
                await send({{"type": f"websocket.{{kind}}", "text": "late"}})
            except RuntimeError as error:
                said.append(str(error))
        seen.put_nowait(said)
    """
    front = worker(app(body), lifespan="off")
    socket = front.websocket()
    socket.accepted()
    assert socket.closed() == (code, reason)
    disconnect = {"type": "websocket.disconnect", "code": code, "reason": reason}
    assert seen(front) == [
        disconnect,
        disconnect,
        "Unexpected ASGI message 'websocket.close', after sending 'websocket.close' or response already completed.",
        "Unexpected ASGI message 'websocket.send', after sending 'websocket.close' or response already completed.",
    ]
    assert front.quiet()


def test_messages_before_the_close_come_before_the_disconnect(worker):
    front = worker(
        app(
            """
        await accept(receive, send)
        go = asyncio.get_running_loop().create_future()
        waiters.append(go)
        await go
        events = [await receive() for _ in range(4)]
        seen.put_nowait([event.get("text", event["type"]) for event in events])

    waiters = []
    async def app(scope, receive, send, websockets=app):
        if scope["path"] == "/go":
            waiters.pop().set_result(None)
            scope = {**scope, "path": "/seen"}
        await websockets(scope, receive, send)
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    socket.accepted()
    socket.send("one")
    socket.send("two")
    socket.send_close(1001)
    body = front.request("GET", "/go").body
    assert eval(body) == ["one", "two", "websocket.disconnect", "websocket.disconnect"]
    assert socket.closed() == (1000, "")


@pytest.mark.parametrize("raises", [False, True])
def test_the_client_leaves_before_accept(worker, raises):
    front = worker(
        app(
            f"""
        await receive()
        gone = await receive()
        said = [gone]
        await send({{"type": "websocket.close"}})
        for event in ({{"type": "websocket.accept"}}, {{"type": "websocket.http.response.start", "status": 200}}):
            try:
                await send(event)
            except OSError as error:
                said.append(type(error).__name__)
        seen.put_nowait(said)
        if {raises}:
            await send(event)
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    assert front.quiet()
    front.send(CANCEL, socket.stream, b"\x01")
    acknowledged = socket.frame()
    assert (acknowledged.kind, acknowledged.payload) == (CANCEL, b"\x06")
    disconnect = {"type": "websocket.disconnect", "code": 1006, "reason": ""}
    assert seen(front) == [disconnect, "ClientDisconnected", "ClientDisconnected"]
    assert front.drain() == 0


@LOOPS
@pytest.mark.parametrize("left", ["OSError", "WebSocketDisconnect", "LookupError"])
def test_sending_after_the_client_has_left(worker, loop, left):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        app(
            f"""
        class WebSocketDisconnect(Exception):
            pass

        await accept(receive, send)
        gone = await echo(receive, send)
        await send({{"type": "websocket.close", "code": 4000}})
        try:
            await send({{"type": "websocket.send", "text": "late"}})
        except OSError as error:
            seen.put_nowait((gone, type(error).__name__, error.__class__.__bases__[0].__name__))
            if {left} is OSError:
                raise
            raise {left} from error
        """
        ),
        lifespan="off",
        loop=loop,
    )
    socket = front.websocket()
    socket.accepted()
    assert socket.close(1006) == (1000, "")
    gone = {"type": "websocket.disconnect", "code": 1006, "reason": ""}
    assert seen(front) == (gone, "ClientDisconnected", "OSError")
    assert front.drain() == 0
    if left == "LookupError":
        assert "the application failed after the WebSocket had been closed" in front.stderr()


@LOOPS
def test_refusing(worker, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        app(
            """
        await receive()
        waiting = asyncio.create_task(receive())
        await asyncio.sleep(0)
        await send({"type": "websocket.close", "code": 1008})
        said = [await waiting, await receive()]
        try:
            await send({"type": "websocket.accept"})
        except RuntimeError as error:
            said.append(str(error))
        seen.put_nowait(said)
        """
        ),
        lifespan="off",
        loop=loop,
    )
    response = front.response(front.websocket().stream)
    assert (response.status, response.headers, response.body, response.stopped) == (403, [], b"", True)
    disconnect = {"type": "websocket.disconnect", "code": 1006, "reason": ""}
    assert seen(front)[:2] == [disconnect, disconnect]
    assert front.drain() == 0


def test_denying_with_a_response(worker):
    front = worker(
        app(
            """
        await receive()
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"200004")]
        await send({"type": "websocket.http.response.start", "status": 401, "headers": headers})
        try:
            await send({"type": "websocket.accept"})
        except RuntimeError as error:
            seen.put_nowait(str(error))
        waiting = asyncio.create_task(receive())
        await send({"type": "websocket.http.response.body", "body": b"one ", "more_body": True})
        await send({"type": "websocket.http.response.body", "body": b"x" * 200000})
        seen.put_nowait(await waiting)
        try:
            await send({"type": "websocket.http.response.body", "body": b"more"})
        except RuntimeError as error:
            seen.put_nowait(str(error))
        """
        ),
        lifespan="off",
    )
    response = front.response(front.websocket().stream)
    assert (response.status, response.body) == (401, b"one " + b"x" * 200000)
    assert response.header(b"content-type") == b"text/plain"
    assert response.stopped or front.frame().kind == STOP
    assert seen(front) == "Expected ASGI message 'websocket.http.response.body', but got 'websocket.accept'."
    assert seen(front) == {"type": "websocket.disconnect", "code": 1006, "reason": ""}
    assert seen(front).startswith("Unexpected ASGI message 'websocket.http.response.body', after sending")
    assert front.drain() == 0


def test_a_denial_whose_client_leaves(worker):
    front = worker(
        app(
            """
        await receive()
        await send({"type": "websocket.http.response.start", "status": 401})
        await send({"type": "websocket.http.response.body", "body": b"x", "more_body": True})
        seen.put_nowait(await receive())
        await send({"type": "websocket.http.response.body"})
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    assert socket.frame().kind == RESPONSE
    front.send(CANCEL, socket.stream, b"\x01")
    acknowledged = socket.frame()
    assert (acknowledged.kind, acknowledged.payload) == (CANCEL, b"\x06")
    assert seen(front)["code"] == 1006
    assert front.drain() == 0


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("await receive()", "the application returned without accepting the WebSocket or refusing it: sent 500"),
        ("raise LookupError('in the app')", "LookupError: in the app"),
        ("await asyncio.sleep(0); raise LookupError('in the app')", "LookupError: in the app"),
        ("await send({'type': 'websocket.http.response.start', 'status': 401})", "returned without accepting"),
    ],
)
def test_an_application_that_ends_before_accepting(worker, body, said):
    front = worker(app(f"        {body}"), lifespan="off")
    response = front.response(front.websocket("/ws").stream)
    assert (response.status, response.body) == (500, b"Internal Server Error")
    assert front.drain() == 0
    assert said in front.stderr()
    assert "diglot: WebSocket /ws: " in front.stderr()


def test_an_application_that_fails_after_accepting(worker):
    front = worker(
        app(
            """
        await accept(receive, send)
        await receive()
        raise LookupError("in the app")
        """
        ),
        lifespan="off",
    )
    socket = front.websocket("/ws")
    socket.accepted()
    socket.send("x")
    assert socket.closed() == (1011, "")
    assert front.drain() == 0
    assert "LookupError: in the app" in front.stderr()
    assert "_worker" not in front.stderr()


def test_long_messages(worker):
    front = worker(ECHO, lifespan="off")
    socket = front.websocket()
    socket.accepted()
    data = bytes(range(256)) * 4096 * 16
    credit = STREAM_WINDOW
    sent = got = 0
    whole = b""
    while got < len(data):
        size = min(65536, len(data) - sent, credit - 12)
        if size > 0:
            last = sent + size == len(data)
            front.send(BINARY, socket.stream, data[sent : sent + size], LAST if last else 0)
            sent, credit = sent + size, credit - size - 12
            continue
        frame = front.frame_of(socket.stream)
        if frame.kind == CREDIT:
            credit += struct.unpack("<I", frame.payload)[0]
        else:
            assert sent == len(data)
            whole += frame.payload
            got += len(frame.payload)
            front.send(CREDIT, socket.stream, struct.pack("<I", len(frame.payload) + 12))
    assert whole == data
    assert socket.close() == (1000, "")


def test_a_text_whose_parts_end_within_a_character(worker):
    front = worker(ECHO, lifespan="off")
    socket = front.websocket()
    socket.accepted()
    socket.send("aü€😀" * 3, part=1)
    assert socket.receive() == "aü€😀" * 3


def credit_of(socket):
    """Credit that has come back by the time that the worker answers a request."""
    socket.front.request("GET", "/ping")
    frames = socket.front.kept.pop(socket.stream, [])
    assert all(frame.kind == CREDIT for frame in frames), frames
    credit, socket.credit = socket.credit, 0
    return credit + sum(struct.unpack("<I", frame.payload)[0] for frame in frames)


def test_credit_of_messages_that_nobody_takes(worker):
    front = worker(
        app(
            """
        await accept(receive, send)
        go = asyncio.get_running_loop().create_future()
        waiters.append(go)
        await go
        await echo(receive, send)

    waiters = []
    async def app(scope, receive, send, websockets=app):
        if scope["path"] == "/go":
            waiters.pop().set_result(None)
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200})
            return await send({"type": "http.response.body"})
        await websockets(scope, receive, send)
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    socket.accepted()
    part = 65536 - 12
    # A message that is the next to be taken may be long.
    for _ in range(8):
        front.send(BINARY, socket.stream, b"x" * part)
        assert credit_of(socket) == 65536
    front.send(BINARY, socket.stream, b"", LAST)
    # Another behind it waits for its turn.
    front.send(BINARY, socket.stream, b"y" * part)
    front.send(BINARY, socket.stream, b"y" * (part - 12))
    assert credit_of(socket) == 0
    front.request("GET", "/go")
    assert socket.receive() == b"x" * part * 8
    assert credit_of(socket) >= 65536
    front.send(BINARY, socket.stream, b"", LAST)
    assert socket.receive() == b"y" * (2 * part - 12)


@LOOPS
def test_a_client_that_does_not_read_stops_the_application(worker, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        app(
            """
        await accept(receive, send)
        for number in range(100):
            seen.put_nowait(number)
            await send({"type": "websocket.send", "text": "ü" * 10_000 + str(number)})
        await send({"type": "websocket.close", "code": 4000})
        """
        ),
        lifespan="off",
        loop=loop,
    )
    socket = front.websocket()
    socket.accepted()
    frames = []
    while sum(len(frame.payload) + 12 for frame in frames) < STREAM_WINDOW:
        frames.append(socket.frame())
    assert front.quiet()
    for expected in range(7):
        assert seen(front) == expected
    data = b"".join(frame.payload for frame in frames)
    front.send(CREDIT, socket.stream, struct.pack("<I", STREAM_WINDOW))
    while True:
        frame = socket.frame()
        if frame.kind == CLOSE:
            break
        data += frame.payload
        front.send(CREDIT, socket.stream, struct.pack("<I", len(frame.payload) + 12))
    assert data.decode() == "".join("ü" * 10_000 + str(number) for number in range(100))
    assert struct.unpack("<H", frame.payload)[0] == 4000


def test_an_application_that_returns_while_a_message_waits(worker):
    front = worker(
        app(
            """
        await accept(receive, send)
        task = asyncio.create_task(send({"type": "websocket.send", "bytes": b"x" * 300_000}))
        await asyncio.sleep(0)
        task.cancel()
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    socket.accepted()
    assert socket.receive() == b"x" * 300_000
    assert socket.closed() == (1000, "")
    assert front.drain() == 0


@LOOPS
def test_a_client_that_leaves_without_reading(worker, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        app(
            """
        await accept(receive, send)
        task = asyncio.create_task(send({"type": "websocket.send", "bytes": b"x" * 300_000}))
        gone = await receive()
        try:
            await task
        except OSError as error:
            seen.put_nowait((gone["code"], type(error).__name__))
        """
        ),
        lifespan="off",
        loop=loop,
    )
    socket = front.websocket()
    socket.accepted()
    assert sum(len(socket.frame().payload) + 12 for _ in range(2)) == STREAM_WINDOW
    assert socket.close(1006) == (1000, "")
    assert seen(front) == (1006, "ClientDisconnected")
    assert front.drain() == 0


@LOOPS
def test_receive_can_be_waited_for_in_every_way(worker, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        app(
            """
        await accept(receive, send)

        async def say(text):
            await send({"type": "websocket.send", "text": text})

        for _ in range(3):
            try:
                await asyncio.wait_for(receive(), 0.005)
            except asyncio.TimeoutError:
                pass
        await say("timed out")
        await say((await asyncio.wait_for(receive(), 5))["text"])

        task = asyncio.ensure_future(receive())
        assert isinstance(task, asyncio.Task)
        done, pending = await asyncio.wait({task}, timeout=0.005)
        assert pending == {task}
        task.cancel("no more")
        try:
            await task
        except asyncio.CancelledError:
            await say("cancelled")
        await say((await receive())["text"])

        task = asyncio.create_task(receive())
        sleeper = asyncio.create_task(asyncio.sleep(20))
        await say("both")
        done, pending = await asyncio.wait({task, sleeper}, return_when=asyncio.FIRST_COMPLETED)
        assert done == {task}
        sleeper.cancel()
        await say(task.result()["text"])

        results = await asyncio.gather(receive(), receive(), receive(), say("three"))
        await say(" ".join(result["text"] for result in results[:3]))

        abandoned = receive()
        try:
            abandoned.send(None)
        except StopIteration:
            raise AssertionError("there is no message")
        abandoned.close()
        await say((await receive())["text"])
        """
        ),
        lifespan="off",
        loop=loop,
    )
    socket = front.websocket()
    socket.accepted()
    assert socket.receive() == "timed out"
    assert socket.echoed("one") == "one"
    assert socket.receive() == "cancelled"
    assert socket.echoed("two") == "two"
    assert socket.receive() == "both"
    assert socket.echoed("three") == "three"
    assert socket.receive() == "three"
    socket.send("a")
    socket.send("b")
    assert socket.echoed("c") == "a b c"
    assert socket.echoed("four") == "four"
    assert socket.closed() == (1000, "")
    assert front.drain() == 0


def test_two_receivers_take_turns(worker):
    front = worker(
        app(
            """
        await accept(receive, send)

        async def take(name):
            while (message := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": f"{name} {message['text']}"})
            return message["code"]

        seen.put_nowait(await asyncio.gather(take("a"), take("b")))
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    socket.accepted()
    assert [socket.echoed(str(number)) for number in range(4)] == ["a 0", "b 1", "a 2", "b 3"]
    assert socket.close(1001) == (1000, "")
    assert seen(front) == [1001, 1001]


@LOOPS
def test_tasks_are_tasks(worker, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        app(
            """
        import contextvars
        variable = contextvars.ContextVar("variable")
        variable.set(scope["path"])
        await accept(receive, send)
        task = asyncio.current_task()
        while (message := await receive())["type"] == "websocket.receive":
            assert asyncio.current_task() is task and variable.get() == scope["path"]
            await send({"type": "websocket.send", "text": message["text"]})
            try:
                await asyncio.wait_for(receive(), 0.001)
            except asyncio.TimeoutError:
                assert asyncio.current_task() is task and variable.get() == scope["path"]
                await send({"type": "websocket.send", "text": "waited"})
        """
        ),
        lifespan="off",
        loop=loop,
    )
    sockets = [front.websocket(f"/{number}") for number in range(5)]
    for socket in sockets:
        socket.accepted()
    for _ in range(3):
        for number, socket in enumerate(sockets):
            socket.send(str(number))
        for number, socket in enumerate(sockets):
            assert (socket.receive(), socket.receive()) == (str(number), "waited")


def test_what_computes_between_messages_does_not_keep_them(worker, tmp_path):
    os.mkfifo(tmp_path / "go")
    front = worker(
        app(
            """
        import time
        await accept(receive, send)
        for number in range(3):
            time.sleep(0.001)  # computes for longer than messages are gathered
            await send({"type": "websocket.send", "text": str(number)})
            with open("go") as go:
                go.read()
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    socket.accepted()
    for number in range(3):
        assert socket.receive() == str(number)
        (tmp_path / "go").write_text("")
    assert socket.closed() == (1000, "")


@LOOPS
def test_sys_exit_fails_one_websocket(worker, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        app(
            """
        await accept(receive, send)
        import sys
        while True:
            message = await receive()
            if message.get("text") == "exit":
                sys.exit("gone")
            if message["type"] == "websocket.disconnect":
                return
            await send({"type": "websocket.send", "text": message["text"]})
        """
        ),
        lifespan="off",
        loop=loop,
    )
    sockets = [front.websocket() for _ in range(4)]
    for socket in sockets:
        socket.accepted()
    for socket in sockets[:3]:
        socket.send("exit")
    assert sockets[3].echoed("still") == "still"
    assert [socket.closed()[0] for socket in sockets[:3]] == [1011] * 3
    assert sockets[3].echoed("here") == "here"
    sockets[3].close()
    assert front.drain() == 0
    assert front.stderr().count("SystemExit: gone") >= 3


def test_draining_waits_for_the_front_to_close(worker):
    front = worker(ECHO, lifespan="off")
    socket = front.websocket()
    socket.accepted()
    front.send(0x22)
    assert socket.echoed("still here") == "still here"
    assert front.process.poll() is None
    assert socket.close(1012) == (1000, "")
    assert front.wait() == 0


def test_the_end_of_the_servers_patience(worker):
    front = worker(
        app(
            """
        await accept(receive, send)
        await asyncio.sleep(0.05)
        assert (await receive())["code"] == 1012
        assert (await receive())["code"] == 1012
        """
        ),
        lifespan="off",
    )
    socket = front.websocket()
    socket.accepted()
    front.send(0x22)
    socket.send_close(1012)
    front.send(CANCEL, socket.stream, b"\x03")
    frame = socket.frame()
    assert (frame.kind, frame.payload) == (CANCEL, b"\x06")
    assert front.wait() == 0


@LOOPS
def test_many_leave_nothing_behind(worker, loop):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        """
        import asyncio, gc, resource

        async def app(scope, receive, send):
            if scope["type"] == "http":
                gc.collect()
                tasks = len(asyncio.all_tasks())
                with open("/proc/self/statm") as file:
                    pages = int(file.read().split()[1])
                objects = sum(type(thing).__name__ in ("coroutine", "Task", "Future") for thing in gc.get_objects())
                await send({"type": "http.response.start", "status": 200})
                return await send({"type": "http.response.body", "body": repr((tasks, objects, pages)).encode()})
            await receive()
            await send({"type": "websocket.accept"})
            side = asyncio.create_task(receive())
            if scope["path"] == "/leave":
                assert (await side)["type"] == "websocket.receive"
                await asyncio.wait({asyncio.create_task(receive())})
                await send({"type": "websocket.send", "text": "late"})
            if scope["path"] == "/close":
                await side
                await send({"type": "websocket.close"})
        """,
        lifespan="off",
        loop=loop,
    )

    def churn(count):
        for start in range(0, count, 100):
            sockets = [front.websocket(("/leave", "/close", "/return")[n % 3]) for n in range(start, start + 100)]
            for socket in sockets:
                socket.accepted()
            for n, socket in enumerate(sockets, start):
                if n % 3 != 2:
                    socket.send("x" * 100)
                if n % 3 == 0:
                    socket.send_close(1006)
            for socket in sockets:
                assert socket.closed() == (1000, "")
        return eval(front.request("GET", "/").body)

    churn(1000)
    before = churn(1000)
    after = churn(10_000)
    assert after[:2] == before[:2]
    assert after[2] - before[2] < 500, "pages of 4 KiB"
    assert front.drain() == 0


def test_event_streams_end_when_the_server_stops(worker):
    front = worker(
        """
        import asyncio

        async def app(scope, receive, send):
            kind = b"text/event-stream" if scope["path"] == "/events" else b"text/plain"
            await receive()
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", kind)]})
            await send({"type": "http.response.body", "body": b"first ", "more_body": True})
            try:
                message = await asyncio.wait_for(receive(), 0.5)
            except asyncio.TimeoutError:
                message = {"type": "nothing"}
            await send({"type": "http.response.body", "body": message["type"].encode(), "more_body": True})
            if scope["query_string"] == b"cancelled":
                raise asyncio.CancelledError
            if scope["query_string"] == b"unended":
                return
            await send({"type": "http.response.body"})
        """,
        lifespan="off",
    )
    # What an application does not end itself is cut (reason 4 of CANCEL), and no fault of its either.
    expected = {
        "/events": (b"http.disconnect", None),
        "/events?unended": (b"http.disconnect", 4),
        "/events?cancelled": (b"http.disconnect", 4),
        "/other": (b"nothing", None),
    }
    streams = {front.begin("GET", target): expected[target] for target in expected}
    for stream in streams:
        frame = front.frame_of(stream)
        assert frame.head()[2] == b"first "
    front.send(FAREWELL)
    for stream, response in streams.items():
        told = front.response(stream)
        assert (told.body, told.cancelled) == response
    assert front.drain() == 0


def test_event_streams_go_on_while_a_worker_drains(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            await receive()
            headers = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": b"first ", "more_body": True})
            await receive()
            await send({"type": "http.response.body", "body": b"last"})
        """,
        lifespan="off",
    )
    stream = front.begin("GET", "/")
    assert front.frame_of(stream).head()[2] == b"first "
    front.send(DRAIN)
    front.quiet()
    front.send(FAREWELL)
    assert (front.response(stream).body, front.wait()) == (b"last", 0)


def test_what_still_runs_at_the_end_of_the_grace_period_is_cancelled(worker):
    """It waits for what does not come, though its client has been told: it ends in order, and the lifespan too."""
    front = worker(
        """
        import asyncio, sys

        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                while (message := await receive())["type"] == "lifespan.startup":
                    await send({"type": "lifespan.startup.complete"})
                print("lifespan over", file=sys.stderr)
                return await send({"type": "lifespan.shutdown.complete"})
            if scope["type"] == "websocket":
                await receive()
                await send({"type": "websocket.accept"})
            else:
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": b"whole"})
            try:
                await asyncio.Queue().get()
            finally:
                print("finally", file=sys.stderr)
        """,
    )
    assert front.request().body == b"whole"
    socket = front.websocket()
    socket.accepted()
    front.send(DRAIN)
    socket.send_close(1012)
    front.quiet()
    front.send(DRAIN)
    assert front.wait() == 0
    assert front.stderr() == "finally\nfinally\nlifespan over\n"


def test_an_event_stream_that_begins_while_the_server_stops(worker):
    front = worker(
        """
        import asyncio

        async def app(scope, receive, send):
            await asyncio.sleep(0.05)
            headers = [(b"content-type", b"text/event-stream")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            assert (await receive())["type"] == "http.request"
            assert (await receive())["type"] == "http.disconnect"
            await send({"type": "http.response.body", "body": b"bye"})
        """,
        lifespan="off",
    )
    stream = front.begin("GET", "/")
    front.send(FAREWELL)
    told = front.response(stream)
    assert (told.body, told.cancelled) == (b"bye", None)
    assert front.drain() == 0
