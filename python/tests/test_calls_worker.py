"""Functions and calls in real workers: ASGI, WSGI, and with functions only."""

import json
import socket

import broker
import pytest
from broker import ABORT, DATA, END, GRANT, THROW
from calls_worker import encoded
from front import CANCEL, DRAIN, FAILED, READY

FUNCTIONS = 5
FUNCTIONS_SOURCE = """
    import asyncio
    from diglot import function, services

    @function
    async def double(n: int) -> int:
        return 2 * n

    @function
    def half(n: int) -> float:
        return n / 2

    @function
    async def slow() -> str:
        await asyncio.sleep(1.5)
        return "done"

    @function
    def other(n: int) -> int:
        return services.other.thing.sync(n=n)
"""
ASGI = """
    import asyncio
    from diglot import services

    async def app(scope, receive, send):
        if scope["type"] != "http":
            raise NotImplementedError
        found = await services.model.similar(item_id=3)
        body = str(found).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
"""
WSGI = """
    from diglot import function, services

    @function
    async def ping() -> int:
        return 1

    def app(environ, start_response):
        try:
            found = services.model.similar.sync(item_id=3)
        except Exception as error:
            found = type(error).__name__
        start_response("200 OK", [])
        return [str(found).encode()]
"""


@pytest.mark.parametrize("settings", [{}, {"functions": {"only": True}}], ids=["no app", "functions only"])
def test_functions_only(start, settings):
    calls = start(FUNCTIONS_SOURCE, **settings)
    assert calls.front.first.kind == READY and calls.front.first.payload[0] == FUNCTIONS
    offers = calls.offers("double", "half", "slow", "other")
    assert offers["double"]["file"] == "main.py" and offers["double"]["line"] == 5
    calls.peer.begin("double", encoded(n=4))
    assert calls.answer() == 8
    calls.peer.begin("half", encoded(n=5))
    assert calls.answer() == 2.5
    calls.peer.begin("double", json.dumps({"n": 4}).encode(), flags=1)
    assert calls.peer.frame().payload[4:] == b"8"
    calls.peer.begin("double", encoded(n="x"))
    assert calls.answer(THROW)["code"] == "invalid_arguments"
    # On a thread, of another service.
    calls.peer.begin("other", encoded(n=7), context=b"traceparent: 00-1-2-01\r\n", depth=3, deadline_ms=5000)
    id, made = calls.called()
    assert (made.service, made.function, made.depth) == ("other", "thing", 4)
    assert made.context == b"traceparent: 00-1-2-01\r\n" and 0 < made.deadline_ms <= 5000
    calls.answer_with(id, 70)
    assert calls.answer() == 70
    # What it has in its hands is answered before it ends.
    calls.peer.begin("slow")
    calls.peer.begin("double", encoded(n=1))
    assert calls.answer() == 2
    calls.front.send(DRAIN)
    calls.peer.begin("double", encoded(n=3))
    assert calls.answer() == 6
    calls.peer.send(broker.DRAIN, 0)
    assert calls.answer() == "done"
    assert calls.front.wait() == 0


TRACE = {"traceparent": "00-ab-cd-01", "tracestate": "a=1,b=2", "x-request-id": "r: 1"}
HEADERS = [(b"Host", b"a.test"), (b"TraceParent", b"00-ab-cd-01"), (b"tracestate", b"a=1,b=2")]
HEADERS += [(b"X-Request-Id", b"r: 1"), (b"cookie", b"c")]
GIVEN = """
    from diglot import context, function

    @function
    {kind}def given() -> dict[str, str]:
        return context()
"""


@pytest.mark.parametrize("kind", ["", "async "], ids=["on a thread", "async"])
def test_the_trace_of_a_call(start, kind):
    calls = start(GIVEN.format(kind=kind))
    calls.offers("given")
    calls.peer.begin("given", context="".join(f"{name}: {value}\r\n" for name, value in TRACE.items()).encode())
    assert calls.answer() == TRACE
    calls.peer.begin("given")
    assert calls.answer() == {}
    # Another worker has sent something else.
    calls.peer.begin("given", context=b"\r\nx\r\ncookie: c\r\n\xff: 1\r\ntraceparent\r\nx-request-id: 7")
    assert calls.answer() == {"x-request-id": "7"}


CONTEXT_ASGI = """
    import asyncio, json
    {module}
    kept = []

    async def late(answered):
        from diglot import context
        await answered.wait()
        return context()

    async def app(scope, receive, send):
        if scope["type"] != "http":
            raise NotImplementedError
        from diglot import context
        if scope["path"] == "/leave":
            kept[:] = [answered := asyncio.Event(), asyncio.ensure_future(late(answered))]
        await asyncio.sleep(0)
        found = context()
        if scope["path"] == "/late":
            kept[0].set()
            found = await kept[1]
        await send({{"type": "http.response.start", "status": 200, "headers": []}})
        await send({{"type": "http.response.body", "body": json.dumps(found).encode()}})
"""
CONTEXT_WSGI = """
    import json
    {module}

    def app(environ, start_response):
        from diglot import context
        start_response("200 OK", [])
        return [json.dumps(context()).encode()]
"""
#: At its top, and in its first request.
IMPORTS = ["from diglot import context; assert context() == {}", ""]


@pytest.mark.parametrize("module", IMPORTS, ids=["imported", "imported late"])
@pytest.mark.parametrize("source", [CONTEXT_ASGI, CONTEXT_WSGI], ids=["asgi", "wsgi"])
def test_the_trace_of_a_request(start, source, module):
    calls = start(source.format(module=module))
    first = json.loads(calls.front.request(headers=HEADERS).body)
    # The request that has imported the package is not followed.
    assert first == (TRACE if module else {})
    assert json.loads(calls.front.request(headers=HEADERS).body) == TRACE
    assert json.loads(calls.front.request().body) == {}


def test_what_runs_on_has_no_trace_of_a_request_that_was_answered(start):
    calls = start(CONTEXT_ASGI.format(module="import diglot"))
    assert json.loads(calls.front.request(target="/leave", headers=HEADERS).body) == TRACE
    assert calls.front.request(target="/late", headers=HEADERS).body == b"{}"


def test_a_service_without_functions_or_application(start):
    calls = start("x = 1", functions={"only": True}, await_ready=False)
    calls.front._exactly(16)
    frame = calls.front.frame()
    assert frame.kind == FAILED and b"offers no function" in frame.payload


def test_a_type_without_counterpart_is_named(start):
    source = """
        from diglot import function

        class Odd:
            pass

        @function
        def similar(item: Odd) -> int:
            return 1
    """
    calls = start(source, await_ready=False)
    calls.front._exactly(16)
    frame = calls.front.frame()
    text = frame.payload.decode()
    assert frame.kind == FAILED
    assert 'the parameter "item" of the function similar (main.py:7)' in text and "main.Odd" in text


def test_calls_of_an_asgi_application(start):
    calls = start(ASGI)
    headers = [(b"Host", b"a.test"), (b"traceparent", b"00-ab-cd-01"), (b"X-Request-Id", b"r1"), (b"cookie", b"c")]
    stream = calls.front.begin(headers=headers)
    calls.peer.greeted()
    id, made = calls.called()
    assert (made.service, made.function, made.depth, made.deadline_ms) == ("model", "similar", 1, 0)
    assert made.context == b"traceparent: 00-ab-cd-01\r\nx-request-id: r1\r\n"
    calls.answer_with(id, [1, 2])
    assert calls.front.response(stream).body == b"[1, 2]"
    stream = calls.front.begin(headers=headers)
    id, made = calls.called()
    calls.front.send(CANCEL, stream, b"\x01")
    frame = calls.peer.frame()
    assert (frame.kind, frame.id, frame.payload) == (ABORT, id, b"\x03")
    calls.peer.send(THROW, id, b'{"code":"cancelled","message":"it was aborted"}', END)
    calls.front.drain()
    calls.front.stderr()


def test_calls_of_a_wsgi_application(start):
    calls = start(WSGI)
    assert set(calls.offers("ping")) == {"ping"}
    headers = [(b"Host", b"a.test"), (b"traceparent", b"00-ab-cd-01")]
    stream = calls.front.begin(headers=headers)
    id, made = calls.called()
    assert made.context == b"traceparent: 00-ab-cd-01\r\n"
    calls.peer.begin("ping")
    assert calls.answer() == 1
    calls.answer_with(id, "x")
    assert calls.front.response(stream).body == b"x"
    stream = calls.front.begin(headers=headers)
    id, made = calls.called()
    calls.front.send(CANCEL, stream, b"\x01")
    frame = calls.peer.frame()
    assert (frame.kind, frame.id, frame.payload) == (ABORT, id, b"\x03")
    calls.peer.send(THROW, id, b'{"code":"cancelled","message":"it was aborted"}', END)
    calls.peer.send(broker.DRAIN, 0)
    assert calls.front.drain() == 0


def test_a_program_that_does_not_use_the_package_says_nothing(start):
    calls = start("async def app(scope, receive, send):\n    raise NotImplementedError\n", lifespan="off")
    assert calls.front.drain() == 0
    # Not even what the broker has said was read.
    with pytest.raises(ConnectionResetError):
        calls.peer.reader.read()


def test_what_is_started_does_not_see_the_socket(start):
    source = """
        import os, subprocess, sys
        assert "DIGLOT_CALLS" not in os.environ
        import diglot
        from diglot import services

        async def app(scope, receive, send):
            child = os.fork()
            if child == 0:
                try:
                    services.model.similar.sync()
                except RuntimeError as error:
                    os._exit(3 if "forked" in str(error) else 4)
                os._exit(5)
            _, status = os.waitpid(child, 0)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": str(os.waitstatus_to_exitcode(status)).encode()})
    """
    calls = start(source, lifespan="off", environment={"PYTHONWARNINGS": "ignore"})
    # A forked child has the running loop as well, so it is told what a coroutine is told.
    assert calls.front.request().body in (b"3", b"4")
    assert calls.front.drain() == 0


def test_a_server_that_is_gone(start):
    calls = start(FUNCTIONS_SOURCE)
    calls.offers("double")
    calls.peer.socket.shutdown(socket.SHUT_RDWR)
    assert calls.front.wait() == 1


def test_arguments_that_come_in_parts(start):
    source = """
        from diglot import function

        @function
        async def length(data: bytes) -> int:
            return len(data)
    """
    calls = start(source)
    calls.offers("length")
    peer = calls.peer
    whole = encoded(data=bytes(300_000))
    first = peer.begin("length", whole[:32768], total=len(whole), end=False)
    frame = peer.frame()
    assert (frame.kind, frame.id) == (GRANT, first)
    assert int.from_bytes(frame.payload, "little") == len(whole) - 32768
    for at in range(32768, len(whole), 65536):
        peer.send(DATA, first, whole[at : at + 65536], END if at + 65536 >= len(whole) else 0)
    assert calls.answer() == 300_000
    # The caller leaves before they are there.
    second = peer.begin("length", whole[:32768], total=len(whole), end=False)
    assert peer.frame().kind == GRANT
    peer.send(ABORT, second, b"\x01")
    assert calls.answer(THROW)["code"] == "cancelled"
    # What would be more than may be unfinished at a time waits for its turn.
    size = 60_000_000
    waiting = [peer.begin("length", whole[:32768], total=size, end=False) for _ in range(3)]
    for id in waiting:
        frame = peer.frame()
        assert (frame.kind, frame.id, int.from_bytes(frame.payload, "little")) == (GRANT, id, 16 * 1024 * 1024)
        peer.send(ABORT, id, b"\x01")
        frame = peer.frame()
        assert (frame.kind, frame.id) == (THROW, id)


def test_arguments_that_make_no_sense(start):
    calls = start(FUNCTIONS_SOURCE)
    calls.offers("double", "half", "slow", "other")
    for arguments, flags, code, message in [
        (b"\xff", 0, "invalid_arguments", "of indefinite length"),
        (b"\x01", 0, "invalid_arguments", "no map of names to values"),
        (b"{", 1, "invalid_arguments", "not JSON"),
        (encoded(n=1, m=2), 0, "invalid_arguments", "m: there is no such parameter"),
    ]:
        calls.peer.begin("double", arguments, flags=flags)
        thrown = calls.answer(THROW)
        assert thrown["code"] == code and message in thrown["message"], thrown
    calls.peer.begin("double", encoded(n=1), flags=2, end=False)
    assert calls.peer.frame().kind == GRANT
    assert "no parameter is a stream" in calls.answer(THROW)["message"]
    calls.peer.begin("doubled")
    assert calls.answer(THROW) == {
        "code": "unknown_function",
        "message": "there is no function 'doubled': did you mean 'double'?",
    }


def test_many_calls_at_a_time(start):
    calls = start(FUNCTIONS_SOURCE)
    calls.offers("double", "half", "slow", "other")
    count = 10_000
    for n in range(count):
        calls.peer.begin("slow" if n % 2 else "half", encoded() if n % 2 else encoded(n=n))
    answers = [calls.answer() for _ in range(count)]
    assert answers.count("done") == count // 2
    assert sorted(each for each in answers if each != "done") == [n / 2 for n in range(0, count, 2)]


LAZY = """
    import asyncio
    from diglot import services

    tasks = []
    goes_on = asyncio.Event()

    async def refreshes():
        await goes_on.wait()
        return await services.model.similar()

    async def app(scope, receive, send):
        if scope["path"] == "/first":
            await receive()
            tasks.append(asyncio.create_task(refreshes()))
            await services.model.similar()
        goes_on.set()
        body = str(await tasks[0]).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
"""


def test_what_a_request_leaves_running_calls_on_its_own(start):
    calls = start(LAZY, lifespan="off")
    headers = [(b"Host", b"a.test"), (b"traceparent", b"00-ab-cd-01")]
    stream = calls.front.begin(target="/first", headers=headers)
    calls.peer.greeted()
    id, made = calls.called()
    assert made.context
    # Its client leaves, and so it ends.
    calls.front.send(CANCEL, stream, b"\x01")
    frame = calls.peer.frame()
    assert (frame.kind, frame.id) == (ABORT, id)
    calls.peer.send(THROW, id, b"{}", END)
    stream = calls.front.begin(target="/second", headers=headers)
    id, made = calls.called()
    assert not made.context
    calls.answer_with(id, 5)
    assert calls.front.response(stream).body == b"5"
    calls.front.drain()
    calls.front.stderr()
