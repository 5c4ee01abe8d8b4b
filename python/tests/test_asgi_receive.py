"""What `receive()` gives, and when."""

import struct

from front import BODY, CANCEL, CLOSED, CREDIT, END, INFORM, RESPONSE, STOP

ECHO = """
    async def app(scope, receive, send):
        parts = []
        while True:
            message = await receive()
            assert set(message) == {"type", "body", "more_body"}, message
            assert message["type"] == "http.request"
            assert type(message["body"]) is bytes
            parts.append(message["body"])
            if not message["more_body"]:
                break
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": b"".join(parts)})
"""


def test_no_body(worker):
    assert worker(ECHO, lifespan="off").request().body == b""


def test_a_body_aboard(worker):
    assert worker(ECHO, lifespan="off").request("POST", body=b"hello").body == b"hello"


def test_a_body_in_parts(worker):
    front = worker(ECHO, lifespan="off")
    stream = front.begin("POST", body=b"one ", end=False)
    front.send(BODY, stream, b"two ")
    front.send(BODY, stream, b"three")
    front.send(BODY, stream, b"", END)
    assert front.response(stream).body == b"one two three"


def test_credit_comes_back_when_the_application_takes_the_body(worker):
    front = worker(
        """
        import asyncio
        go = asyncio.Event()

        async def app(scope, receive, send):
            if scope["path"] == "/go":
                go.set()
            else:
                await go.wait()
                while (await receive())["more_body"]:
                    pass
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})
        """,
        lifespan="off",
    )
    stream = front.begin("POST", end=False)
    for _ in range(2):
        front.send(BODY, stream, b"x" * 64 * 1024)
    assert front.quiet()
    assert front.request("GET", "/go").status == 200
    credit = front.frame_of(stream)
    assert credit.kind == CREDIT and struct.unpack("<I", credit.payload)[0] >= 64 * 1024
    front.send(BODY, stream, b"", END)
    assert front.response(stream).status == 200


def test_continue_is_asked_for_by_the_first_receive(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            if scope["path"] == "/read":
                assert (await receive())["body"] == b"late"
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})
        """,
        lifespan="off",
    )
    stream = front.begin("POST", "/read", end=False, flags=3)
    inform = front.frame_of(stream)
    assert inform.kind == INFORM and inform.head()[0] == 100
    front.send(BODY, stream, b"late", END)
    response = front.response(stream)
    assert response.status == 200 and response.informs == []
    stream = front.begin("POST", "/ignore", end=False, flags=3)
    response = front.response(stream)
    assert response.status == 200 and response.informs == []
    assert front.frame_of(stream).kind == STOP


def test_the_client_leaves(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            if scope["path"] == "/seen":
                body = repr(seen).encode()
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": body})
                return
            seen.append((await receive())["type"])
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b".", "more_body": True})
            seen.append((await receive())["type"])
            seen.append((await receive())["type"])
        seen = []
        """,
        lifespan="off",
    )
    stream = front.begin("GET", "/")
    assert front.frame_of(stream).kind == RESPONSE
    front.send(CANCEL, stream, b"\x01")
    acknowledged = front.frame_of(stream)
    assert (acknowledged.kind, acknowledged.payload) == (CANCEL, b"\x06")
    assert front.request("GET", "/seen").body == b"['http.request', 'http.disconnect', 'http.disconnect']"


def test_only_its_own_request_sees_a_disconnect(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            await receive()
            message = await receive()
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": message["type"].encode()})
        """,
        lifespan="off",
    )
    one, other = front.begin(), front.begin()
    front.send(CANCEL, one, b"\x01")
    assert front.frame_of(one).kind == CANCEL
    front.send(CLOSED, 1)
    assert front.quiet()
    front.send(CANCEL, other, b"\x01")
    assert front.frame_of(other).kind == CANCEL


def test_after_the_response_there_is_a_disconnect(worker):
    front = worker(
        """
        import asyncio
        seen = asyncio.Queue()

        async def app(scope, receive, send):
            if scope["path"] == "/seen":
                body = (await seen.get()).encode()
                await send({"type": "http.response.start", "status": 200})
                await send({"type": "http.response.body", "body": body})
                return
            await receive()
            waiting = asyncio.create_task(receive())
            await asyncio.sleep(0)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body"})
            seen.put_nowait((await waiting)["type"] + " " + (await receive())["type"])
        """,
        lifespan="off",
    )
    assert front.request().status == 200
    assert front.request("GET", "/seen").body == b"http.disconnect http.disconnect"


def test_a_cancelled_receive_loses_nothing(worker):
    front = worker(
        """
        import asyncio

        async def app(scope, receive, send):
            for _ in range(3):
                try:
                    await asyncio.wait_for(receive(), 0.01)
                except asyncio.TimeoutError:
                    pass
                else:
                    raise AssertionError("nothing was sent yet")
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"waiting", "more_body": True})
            body = (await receive())["body"]
            await send({"type": "http.response.body", "body": body})
        """,
        lifespan="off",
    )
    stream = front.begin("POST", end=False)
    assert front.frame_of(stream).kind == RESPONSE
    front.send(BODY, stream, b"late", END)
    assert front.frame_of(stream).payload == b"late"


def test_a_task_that_waits_for_receive_is_cancelled(worker):
    front = worker(
        """
        import asyncio

        async def app(scope, receive, send):
            await receive()
            task = asyncio.create_task(receive())
            await asyncio.sleep(0)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                body = b"cancelled"
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": body})
        """,
        lifespan="off",
    )
    assert front.request().body == b"cancelled"


def test_two_waiting_receives_both_end(worker):
    front = worker(
        """
        import asyncio

        async def app(scope, receive, send):
            await receive()
            both = asyncio.gather(receive(), receive())
            await asyncio.sleep(0)
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "more_body": True, "body": b"."})
            kinds = [message["type"] for message in await both]
            assert kinds == ["http.disconnect"] * 2, kinds
        """,
        lifespan="off",
    )
    stream = front.begin()
    assert front.frame_of(stream).kind == RESPONSE
    front.send(CANCEL, stream, b"\x01")
    assert front.frame_of(stream).kind == CANCEL


def test_an_unread_body_is_stopped(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 413})
            await send({"type": "http.response.body"})
        """,
        lifespan="off",
    )
    stream = front.begin("POST", body=b"x" * 1000, end=False)
    first, second = front.frame_of(stream), front.frame_of(stream)
    assert {first.kind, second.kind} == {RESPONSE, STOP}
    front.send(BODY, stream, b"x" * 1000)
    front.free.insert(0, stream)
    assert front.request().status == 413
