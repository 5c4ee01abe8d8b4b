"""Requests are real asyncio Tasks, and errors end where a person looks for them."""

import signal
import sys

import pytest
from front import BODY, CANCEL, RESPONSE

OK = """
    import asyncio, contextvars

    async def answer(send, text, status=200):
        await send({"type": "http.response.start", "status": status})
        await send({"type": "http.response.body", "body": str(text).encode()})
"""


def test_each_request_has_its_task_and_context(worker):
    front = worker(
        OK
        + """
    variable = contextvars.ContextVar("variable", default="unset")
    tasks = []

    async def app(scope, receive, send):
        before = variable.get()
        variable.set(scope["path"])
        tasks.append(asyncio.current_task())
        assert isinstance(tasks[-1], asyncio.Task)
        if scope["path"] == "/suspend":
            await asyncio.sleep(0.001)
            assert asyncio.current_task() is tasks[-1]
        assert variable.get() == scope["path"]
        assert len(set(tasks)) == len(tasks)
        await answer(send, before)
        """,
        lifespan="off",
    )
    for path in ("/", "/suspend", "/", "/suspend", "/"):
        assert front.request("GET", path).body == b"unset"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.timeout and TaskGroup came with 3.11")
def test_timeouts_and_groups(worker):
    front = worker(
        OK
        + """
    async def app(scope, receive, send):
        try:
            async with asyncio.timeout(0.01):
                await receive()
                await receive()
        except TimeoutError:
            pass
        async with asyncio.TaskGroup() as group:
            one = group.create_task(asyncio.sleep(0, 1))
            two = group.create_task(asyncio.sleep(0, 2))
        await answer(send, one.result() + two.result())
        """,
        lifespan="off",
    )
    assert front.request().body == b"3"


def test_an_application_goes_on_after_its_response(worker):
    front = worker(
        OK
        + """
    done = asyncio.Event()

    async def app(scope, receive, send):
        if scope["path"] == "/wait":
            await done.wait()
            await answer(send, "waited")
        else:
            await answer(send, "first")
            await asyncio.sleep(0)
            done.set()
        """,
        lifespan="off",
    )
    assert front.request().body == b"first"
    assert front.request("GET", "/wait").body == b"waited"


def test_responses_leave_in_the_order_they_are_ready(worker):
    front = worker(
        OK
        + """
    events = {}

    async def app(scope, receive, send):
        name, _, wakes = scope["path"].strip("/").partition("-")
        event = events.setdefault(name, asyncio.Event())
        if wakes:
            events[wakes].set()
        else:
            await event.wait()
        await answer(send, name)
        """,
        lifespan="off",
    )
    slow = front.begin("GET", "/slow")
    quick = front.begin("GET", "/quick-slow")
    assert front.frame().stream == quick
    assert front.frame().stream == slow


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("async def app(scope, receive, send):\n    raise LookupError('in the app')", "LookupError: in the app"),
        ("async def app(scope, receive, send):\n    pass", "the application returned without a response: sent 500"),
        ("def app(scope, receive, send):\n    raise LookupError('in the app')", "LookupError: in the app"),
        ("def app(scope, receive, send):\n    return None", "TypeError: "),
        ("async def app(scope, receive, send):\n    import asyncio; raise asyncio.CancelledError", "CancelledError"),
        ("async def app(scope, receive, send):\n    import asyncio; asyncio.current_task().cancel()", "sent 500"),
    ],
)
def test_an_application_that_fails_before_its_response(worker, source, said):
    front = worker(source, lifespan="off")
    for _ in range(2):
        response = front.request()
        assert (response.status, response.body) == (500, b"Internal Server Error")
    assert front.drain() == 0
    assert said in front.stderr()
    assert "_worker" not in front.stderr()


def test_an_application_that_fails_in_its_response(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": b"x", "more_body": True})
            if scope["path"] == "/raise":
                raise LookupError("in the app")
        """,
        lifespan="off",
    )
    for path in ("/raise", "/return"):
        stream = front.begin("GET", path)
        assert front.frame_of(stream).kind == RESPONSE
        assert front.frame_of(stream).kind == CANCEL
    assert front.drain() == 0
    assert "LookupError: in the app" in front.stderr()
    assert "diglot: GET /raise: the application failed in the middle of its response\n" in front.stderr()
    assert "diglot: GET /return: the application returned in the middle of its response\n" in front.stderr()


def test_an_application_that_fails_after_its_response(worker):
    front = worker(
        OK
        + """
    async def app(scope, receive, send):
        await answer(send, "fine")
        raise LookupError("in the app")
        """,
        lifespan="off",
    )
    assert front.request("POST", "/a%0Ab?key=secret").body == b"fine"
    assert front.drain() == 0
    assert "diglot: POST /a%0Ab: the application failed after its response\n" in front.stderr()


def test_an_application_that_answers_for_its_failure(worker):
    front = worker(
        OK
        + """
    async def app(scope, receive, send):
        await answer(send, "sorry", status=503)
        raise LookupError("in the app")
        """,
        lifespan="off",
    )
    assert front.request("GET", "/").status == 503
    assert front.drain() == 0
    assert "diglot: GET /: the application failed: it answered 503\n" in front.stderr()


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_the_loop_is_a_setting(worker, loop):
    pytest.importorskip("uvloop")
    front = worker(
        OK
        + """
    async def app(scope, receive, send):
        await answer(send, type(asyncio.get_running_loop()).__module__.partition(".")[0])
        """,
        lifespan="off",
        loop=loop,
    )
    assert front.request().body == loop.encode()
    assert loop in front.first.payload.decode()


def test_much_goes_both_ways_at_once(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            more = True
            while more:
                message = await receive()
                more = message["more_body"]
                await send({"type": "http.response.body", "body": message["body"], "more_body": more})
        """,
        lifespan="off",
    )
    stream = front.begin("POST", body=b"a" * 100, end=False)
    data = front.frame_of(stream).head()[2]
    sent = 0
    for number in range(200):
        front.send(BODY, stream, bytes([number]) * 50000, flags=number == 199)
        sent += 50000
        while len(data) < 100 + sent:
            frame = front.frame_of(stream)
            if frame.kind == BODY:
                data += frame.payload
                if not frame.end:
                    front.send(0x07, stream, len(frame.payload).to_bytes(4, "little"))
    assert data == b"a" * 100 + b"".join(bytes([number]) * 50000 for number in range(200))


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
@pytest.mark.parametrize("factory", ["", "asyncio.get_running_loop().set_task_factory(make)"])
def test_sys_exit_fails_one_request(worker, loop, factory):
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        OK
        + f"""
    import sys
    go = asyncio.Event()

    def make(loop, coroutine, **options):
        return asyncio.Task(coroutine, loop=loop, **options)

    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await receive()
            {factory}
            await send({{"type": "lifespan.startup.complete"}})
            await receive()
            return await send({{"type": "lifespan.shutdown.complete"}})
        if scope["path"] == "/neighbour":
            await go.wait()
        elif scope["path"] == "/go":
            go.set()
        elif scope["path"] != "/":
            await asyncio.sleep(0.001)
        if "exit" in scope["query_string"].decode():
            sys.exit("gone")
        await answer(send, "here")
        """,
        loop=loop,
    )
    neighbour = front.begin("GET", "/neighbour")
    for target in ("/?exit", "/later?exit", "/?exit", "/later?exit"):
        assert front.request("GET", target).status == 500
    several = [front.begin("GET", "/later?exit") for _ in range(4)]
    assert [front.response(stream).status for stream in several] == [500] * 4
    assert front.request("GET", "/go").body == b"here"
    assert front.response(neighbour).body == b"here"
    assert front.drain() == 0
    assert front.stderr().count("SystemExit: gone") >= 8
    assert front.stderr().count("the application failed: sent 500") == 8


def test_sys_exit_elsewhere_ends_the_process(worker):
    front = worker(
        OK
        + """
    import signal, sys
    signal.signal(signal.SIGUSR1, lambda *_: sys.exit(7))

    async def app(scope, receive, send):
        await answer(send, "here")
        """,
        lifespan="off",
        loop="asyncio",
    )
    assert front.request().body == b"here"
    front.process.send_signal(signal.SIGUSR1)
    assert front.wait() == 7
