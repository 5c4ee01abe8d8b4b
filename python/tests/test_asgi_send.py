"""What `send()` takes, and what becomes of it."""

import os
import struct
import sys

import pytest
from front import BODY, CANCEL, CREDIT, RESPONSE, STREAM_WINDOW


def respond(*events):
    """An application that sends these events."""
    lines = "".join(f"    await send({event})\n" for event in events)
    return f"async def app(scope, receive, send):\n{lines}"


START = "{'type': 'http.response.start', 'status': 200, 'headers': [(b'content-type', b'text/plain')]}"


def body(text, more=False):
    return f"{{'type': 'http.response.body', 'body': {text!r}, 'more_body': {more}}}"


def test_head_and_body_are_one_frame(worker):
    front = worker(respond(START, body(b"hello")), lifespan="off")
    frame = front.frame_of(front.begin())
    assert frame.kind == RESPONSE and frame.end
    assert frame.head() == (200, [(b"content-type", b"text/plain")], b"hello")


def test_headers_are_optional(worker):
    response = worker(respond("{'type': 'http.response.start', 'status': 201}", body(b"x")), lifespan="off").request()
    assert (response.status, response.headers, response.body) == (201, [], b"x")


@pytest.mark.parametrize(
    "headers", ["((b'a', b'1'), (b'a', b'2'))", "[[b'a', b'1'], (b'a', b'2')]", "iter([(b'a', b'1'), (b'a', b'2')])"]
)
def test_headers_are_any_iterable_of_pairs(worker, headers):
    start = f"{{'type': 'http.response.start', 'status': 200, 'headers': {headers}}}"
    assert worker(respond(start, body(b"")), lifespan="off").request().headers == [(b"a", b"1"), (b"a", b"2")]


def test_the_application_s_transfer_encoding_is_ignored(worker):
    start = (
        "{'type': 'http.response.start', 'status': 200, 'headers': [(b'Transfer-Encoding', b'chunked'), (b'x', b'y')]}"
    )
    response = worker(respond(start, body(b"plain")), lifespan="off").request()
    assert (response.headers, response.body) == ([(b"x", b"y")], b"plain")


def test_each_part_of_a_stream_leaves_at_once(worker):
    front = worker(
        """
        import asyncio
        go = asyncio.Event()

        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            if scope["path"] == "/go":
                go.set()
            else:
                await send({"type": "http.response.body", "body": b"data: 1\\n\\n", "more_body": True})
                await go.wait()
                go.clear()
                await send({"type": "http.response.body", "body": b"data: 2\\n\\n", "more_body": True})
                await go.wait()
            await send({"type": "http.response.body"})
        """,
        lifespan="off",
    )
    stream = front.begin()
    first = front.frame_of(stream)
    assert first.kind == RESPONSE and not first.end and first.head()[2] == b"data: 1\n\n"
    assert front.request("GET", "/go").status == 200
    second = front.frame_of(stream)
    assert second.kind == BODY and not second.end and second.payload == b"data: 2\n\n"
    assert front.request("GET", "/go").status == 200
    assert front.frame_of(stream).end


@pytest.mark.parametrize("kind", ["text/event-stream", "Text/Event-Stream ; charset=utf-8"])
def test_the_head_of_an_event_stream_waits_for_no_event(worker, kind):
    front = worker(
        f"""
        import asyncio
        go = asyncio.Event()

        async def app(scope, receive, send):
            kind = b"{kind}" if scope["path"] == "/events" else b"text/plain"
            await send({{"type": "http.response.start", "status": 200, "headers": [(b"Content-Type", kind)]}})
            if scope["path"] == "/events":
                await go.wait()
            else:
                go.set()
            await send({{"type": "http.response.body", "body": b"data: 1\\n\\n"}})
        """,
        lifespan="off",
    )
    stream = front.begin(target="/events")
    head = front.frame_of(stream)
    assert head.kind == RESPONSE and not head.end
    assert head.head() == (200, [(b"Content-Type", kind.encode())], b"")
    assert front.request(target="/go").status == 200
    event = front.frame_of(stream)
    assert event.kind == BODY and event.end and event.payload == b"data: 1\n\n"


EVENTS = "{'type': 'http.response.start', 'status': 200, 'headers': [(b'content-type', b'text/event-stream')]}"


def test_an_event_stream_that_fails_before_it_waits_is_answered_with_500(worker):
    front = worker(respond(EVENTS) + "    1 / 0\n", lifespan="off")
    assert front.request().status == 500
    assert front.drain() == 0
    assert "ZeroDivisionError" in front.stderr()


def test_an_event_stream_that_is_there_at_once_is_one_frame(worker):
    front = worker(respond(EVENTS, body(b"data: 1\n\n")), lifespan="off")
    frame = front.frame_of(front.begin())
    assert frame.end and frame.head()[2] == b"data: 1\n\n"
    head = front.request("HEAD")
    assert (b"content-length", b"9") in head.headers and head.body == b""


@pytest.mark.parametrize("suspends", ["", "await asyncio.sleep(0)"])
def test_each_part_leaves_though_the_next_takes_long_to_compute(worker, tmp_path, suspends):
    os.mkfifo(tmp_path / "go")
    front = worker(
        f"""
        import asyncio, time

        def wait():
            with open("go") as file:
                file.read()

        async def app(scope, receive, send):
            {suspends}
            await send({{"type": "http.response.start", "status": 200}})
            for number in range(3):
                time.sleep(0.005)  # each part is computed
                await send({{"type": "http.response.body", "body": bytes([number]), "more_body": True}})
                wait()
            await send({{"type": "http.response.body"}})
        """,
        lifespan="off",
    )
    stream = front.begin()
    assert front.frame_of(stream).head()[2] == b"\0"
    for number in (1, 2):
        (tmp_path / "go").write_bytes(b"")
        assert front.frame_of(stream).payload == bytes([number])
    (tmp_path / "go").write_bytes(b"")
    assert front.frame_of(stream).end


def test_a_body_longer_than_announced_is_cut(worker):
    start = "{'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'3')]}"
    front = worker(respond(start, body(b"ab", True), body(b"cdef", True), body(b"g")), lifespan="off")
    assert front.request().body == b"abc"
    assert front.drain() == 0
    assert "3 bytes were cut off" in front.stderr()


@pytest.mark.parametrize("events", [[body(b"ab")], [body(b"a", True), body(b"b")]])
def test_a_body_shorter_than_announced_is_given_up(worker, events):
    start = "{'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'3')]}"
    front = worker(respond(start, *events), lifespan="off")
    assert front.request().cancelled == 4
    assert front.drain() == 0
    assert "1 bytes shorter" in front.stderr()


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ("None", "TypeError: an ASGI event is a dict, not NoneType"),
        ("{}", 'ValueError: an ASGI event needs a "type"'),
        ("{'type': 7}", 'TypeError: the "type" of an ASGI event is a str, not int'),
        ("{'type': 'http.response.boddy'}", 'ValueError: "http.response.boddy" is no ASGI event'),
        ("{'type': 'http.response.body'}", 'RuntimeError: expected the ASGI event "http.response.start"'),
        ("{'type': 'http.response.start'}", 'ValueError: http.response.start needs a "status"'),
        ("{'type': 'http.response.start', 'status': '200'}", 'TypeError: "status" is an int, not str'),
        ("{'type': 'http.response.start', 'status': 99}", "ValueError: status 99 cannot begin a response"),
        ("{'type': 'http.response.start', 'status': 101}", "ValueError: status 101 cannot begin a response"),
        ("{'type': 'http.response.start', 'status': 1000}", "ValueError: status 1000 cannot"),
        ("{'type': 'http.response.start', 'status': -1}", "ValueError: status -1 cannot"),
        ("{'type': 'http.response.start', 'status': 10**30}", "ValueError: status 1000000000000000000000000000000 "),
        ("{'type': 'http.response.start', 'status': 200, 'headers': 7}", "TypeError: "),
        (
            "{'type': 'http.response.start', 'status': 200, 'headers': [('a', 'b')]}",
            "are bytes objects, not str and str",
        ),
        ("{'type': 'http.response.start', 'status': 200, 'headers': [(b'a',)]}", "TypeError: a header is a pair"),
        ("{'type': 'http.response.start', 'status': 200, 'headers': [(b'a b', b'')]}", '"a b" is no name of a header'),
        (
            "{'type': 'http.response.start', 'status': 200, 'headers': [(b'a', b'1\\r\\nb: 2')]}",
            'the value of header "a"',
        ),
        ("{'type': 'http.response.start', 'status': 200, 'headers': [(b'content-length', b'x')]}", "content-length is"),
        (
            "{'type': 'http.response.start', 'status': 200, 'headers': [(b'a', b'x' * 65000)] * 2}",
            "ValueError: the headers",
        ),
    ],
)
def test_a_malformed_event_raises_from_send(worker, event, error):
    front = worker(respond(event), lifespan="off")
    response = front.request()
    assert (response.status, response.body) == (500, b"Internal Server Error")
    assert front.drain() == 0
    assert error in front.stderr()
    assert "diglot: GET /: the application failed: sent 500\n" in front.stderr()


@pytest.mark.parametrize("value", ["'text'", "7", "[1]"])
def test_a_body_that_is_no_bytes(worker, value):
    front = worker(respond(START, f"{{'type': 'http.response.body', 'body': {value}}}"), lifespan="off")
    assert front.request().status == 500
    assert front.drain() == 0
    assert "TypeError: a body is a bytes object, not" in front.stderr()


@pytest.mark.parametrize("value", ["bytearray(b'ab')", "memoryview(b'ab')"])
def test_other_buffers_do(worker, value):
    front = worker(respond(START, f"{{'type': 'http.response.body', 'body': {value}}}"), lifespan="off")
    assert front.request().body == b"ab"


def test_an_application_may_go_on_after_an_error(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            try:
                await send({"type": "http.response.start", "status": 9})
            except ValueError:
                await send({"type": "http.response.start", "status": 400})
            try:
                await send({"type": "http.response.start", "status": 200})
            except RuntimeError:
                await send({"type": "http.response.body", "body": b"ok"})
        """,
        lifespan="off",
    )
    response = front.request()
    assert (response.status, response.body) == (400, b"ok")


def test_what_follows_the_last_body_is_ignored(worker):
    front = worker(respond(START, body(b"x"), body(b"y"), START, "None"), lifespan="off")
    assert front.request().body == b"x"
    assert front.request().body == b"x"


@pytest.mark.parametrize("events", [[body(b"hello")], [body(b"he", True), body(b"llo")]])
def test_head_has_no_body(worker, events):
    front = worker(respond(START, *events), lifespan="off")
    response = front.request("HEAD")
    assert (response.status, response.body, response.cancelled) == (200, b"", None)
    assert response.header(b"content-length") == (b"5" if len(events) == 1 else None)


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body(worker, status):
    start = f"{{'type': 'http.response.start', 'status': {status}, 'headers': [(b'content-length', b'5')]}}"
    response = worker(respond(start, body(b"hello")), lifespan="off").request()
    assert (response.status, response.body) == (status, b"")


def test_early_hints(worker):
    hint = "{'type': 'http.response.early_hint', 'links': [b'</a.css>; rel=preload', b'</b.js>; rel=preload']}"
    response = worker(respond(hint, START, body(b"x")), lifespan="off").request()
    assert response.informs == [(103, [(b"link", b"</a.css>; rel=preload"), (b"link", b"</b.js>; rel=preload")])]
    assert response.body == b"x"


def test_trailers(worker):
    start = "{'type': 'http.response.start', 'status': 200, 'trailers': True}"
    more = "{'type': 'http.response.trailers', 'headers': [(b'a', b'1')], 'more_trailers': True}"
    last = "{'type': 'http.response.trailers', 'headers': [(b'b', b'2')]}"
    front = worker(respond(start, body(b"x"), more, last), lifespan="off")
    response = front.request()
    assert (response.body, response.trailers) == (b"x", [(b"a", b"1"), (b"b", b"2")])


def test_trailers_that_do_not_come(worker):
    start = "{'type': 'http.response.start', 'status': 200, 'trailers': True}"
    response = worker(respond(start, body(b"x")), lifespan="off").request()
    assert (response.body, response.trailers, response.cancelled) == (b"x", None, None)


STREAM = """
    import asyncio
    sent = 0
    ended = asyncio.Event()

    async def app(scope, receive, send):
        global sent, outcome
        if scope["path"] == "/sent":
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": str(sent).encode()})
            return
        if scope["path"] == "/ended":
            await ended.wait()
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": outcome.encode()})
            return
        try:
            await send({"type": "http.response.start", "status": 200})
            for number in range(160):
                await send({"type": "http.response.body", "body": bytes([number]) * 65536, "more_body": True})
                sent += 1
            await send({"type": "http.response.body"})
            outcome = "complete"
        except OSError as error:
            outcome = type(error).__name__
        finally:
            ended.set()
"""


def test_a_reader_that_does_not_read_stops_the_application(worker):
    front = worker(STREAM, lifespan="off")
    stream = front.begin()
    aboard = front.frame_of(stream).head()[2]
    received = b""
    while len(received) < STREAM_WINDOW:
        received += front.frame_of(stream).payload
    sent = int(front.request("GET", "/sent").body)
    assert sent * 65536 <= len(aboard) + STREAM_WINDOW
    owed, ended = len(received), False
    while not ended:
        front.send(CREDIT, stream, struct.pack("<I", owed))
        frame = front.frame_of(stream)
        owed, ended = len(frame.payload), frame.end
        received += frame.payload
    received = aboard + received
    assert received == b"".join(bytes([number]) * 65536 for number in range(160))
    assert front.request("GET", "/ended").body == b"complete"


@pytest.mark.parametrize(("spec", "outcome"), [("2.3", b"complete"), ("2.4", b"ClientDisconnected")])
def test_sending_after_the_client_left(worker, spec, outcome):
    front = worker(STREAM, lifespan="off", asgi_spec=spec)
    stream = front.begin()
    assert front.frame_of(stream).kind == RESPONSE
    front.send(CANCEL, stream, b"\x01")
    assert front.request("GET", "/ended").body == outcome
    frames = [front.frame_of(stream)]
    while frames[-1].kind != CANCEL:
        frames.append(front.frame_of(stream))
    assert frames[-1].payload == b"\x06"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.TaskGroup came with 3.11")
@pytest.mark.parametrize(("fault", "is_logged"), [("None", False), ("1 / 0", True)])
def test_tasks_that_end_because_the_client_left_are_no_failure(worker, fault, is_logged):
    front = worker(
        f"""
        import asyncio

        async def talk(send):
            try:
                while True:
                    await send({{"type": "http.response.body", "body": b"x", "more_body": True}})
                    await asyncio.sleep(0.001)
            except OSError:
                {fault}
                raise

        async def app(scope, receive, send):
            await send({{"type": "http.response.start", "status": 200}})
            async with asyncio.TaskGroup() as group:
                group.create_task(talk(send))
        """,
        lifespan="off",
        asgi_spec="2.4",
    )
    stream = front.begin()
    assert front.frame_of(stream).kind == RESPONSE
    front.send(CANCEL, stream, b"\x01")
    while front.frame_of(stream).kind != CANCEL:
        pass
    assert front.drain() == 0
    assert ("the application failed" in front.stderr()) == is_logged


def test_a_response_in_frames(worker):
    big = "b'x' * 200000"
    front = worker(respond(START, f"{{'type': 'http.response.body', 'body': {big}}}"), lifespan="off")
    response = front.request()
    assert response.body == b"x" * 200000
    assert front.kept == {}


def test_a_client_that_leaves_after_the_application_ended(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            # Not awaited: what there is no credit for stays behind.
            send({"type": "http.response.body", "body": b"x" * 400_000})
        """,
        lifespan="off",
    )
    stream = front.begin()
    received = len(front.frame_of(stream).head()[2])
    while received < STREAM_WINDOW + 32 * 1024:
        received += len(front.frame_of(stream).payload)
    front.send(CANCEL, stream, b"\x01")
    frame = front.frame_of(stream)
    assert (frame.kind, frame.payload) == (CANCEL, b"\x06")
    assert front.drain() == 0
