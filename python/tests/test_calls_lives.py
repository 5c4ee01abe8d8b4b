"""Calls, and what they are made in: who outlives whom, on which threads, and under which names."""

import array
import asyncio
import contextlib
import dataclasses
import functools
import gc
import importlib
import json
import math
import pickle
import sys
import threading
import time
import traceback
import types
from collections.abc import AsyncIterator

import pytest

import diglot
from diglot import function, services
from diglot._calls import connection, errors, thrown
from diglot._calls import scope as scopes
from diglot._calls.names import crossing
from diglot._calls.threads import Pool
from diglot.testing import stub


async def until(what):
    while not what():
        await asyncio.sleep(0.001)


def is_idle():
    return not connection.get().link.is_busy()


# Sync functions


def test_sync_functions_that_call_each_other_as_deep_as_may_be(run):
    @function
    def recurse(n: int) -> int:
        return 1 + services.me.recurse.sync(n=n - 1) if n else 0

    async def main():
        assert await services.me.recurse(n=60) == 60

    run(main)


def test_more_sync_functions_than_threads_that_call_back(run):
    all_began = threading.Barrier(32)

    @function
    def outer(n: int) -> int:
        if n < 32:
            all_began.wait(20)
        return services.me.inner.sync(n=n)

    @function
    def inner(n: int) -> int:
        return n

    async def main():
        assert await asyncio.gather(*(services.me.outer(n=n) for n in range(80))) == list(range(80))

    run(main)


def test_a_pool_keeps_no_more_threads_than_one_depth_needs():
    pool = Pool(threads_max=2)
    hold = threading.Event()
    began, done = threading.Semaphore(0), threading.Semaphore(0)

    def job():
        began.release()
        hold.wait()
        done.release()

    for depth in (1, 2, 3):
        for _ in range(3):
            pool.submit(job, depth)
    for _ in range(6):
        assert began.acquire(timeout=20)
    assert not began.acquire(blocking=False), "a third of one depth runs"
    before = threading.active_count()
    hold.set()
    for _ in range(9):
        assert done.acquire(timeout=20)
    while threading.active_count() > before - 4:
        time.sleep(0.001)
    pool.submit(job)
    assert done.acquire(timeout=20)


def test_a_sync_function_around_an_async_one(run):
    events = []

    def logged(inner):
        @functools.wraps(inner)
        def outer(*positional, **named):
            events.append(inner.__name__)
            return inner(*positional, **named)

        return outer

    @function
    @logged
    async def double(n: int) -> int:
        assert threading.current_thread() is threading.main_thread()
        await asyncio.sleep(0)
        return 2 * n

    @function
    @logged
    async def count(to: int) -> AsyncIterator[int]:
        for n in range(to):
            yield n

    @function
    @logged
    async def waits():
        try:
            await asyncio.Event().wait()
        finally:
            events.append("ended")

    @function
    def passes_on(n: int) -> int:
        return services.me.double(n=n)

    async def main():
        assert await services.me.double(n=4) == 8
        assert await services.me.passes_on(n=1) == 2
        assert [n async for n in services.me.count(to=3)] == [0, 1, 2]
        task = asyncio.create_task(services.me.waits())
        await until(lambda: "waits" in events)
        task.cancel()
        await until(is_idle)
        assert events == ["double", "double", "count", "waits", "ended"]

    run(main)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Tasks begin in the loop's next turn")
def test_a_loop_that_may_run_within_itself_begins_no_function_while_it_reads(run):
    @function
    async def begins_at_once() -> bool:
        return "make_task" in [frame.name for frame in traceback.extract_stack()]

    async def main():
        assert await services.me.begins_at_once()
        # As nest_asyncio marks it.
        asyncio.get_running_loop()._nest_patched = True
        assert not await services.me.begins_at_once()

    run(main)


# Who leaves


def test_a_thread_that_leaves_a_stream_ends_the_generator(run):
    events = []

    @function
    async def endless() -> AsyncIterator[int]:
        try:
            while True:
                yield 1
        finally:
            events.append("closed")

    def work():
        for _ in services.me.endless.sync():
            break

    async def main():
        await asyncio.to_thread(work)
        await until(lambda: events)
        await until(is_idle)

    run(main)


def test_a_call_whose_coroutine_is_closed_ends_the_callee(run):
    events = []

    @function
    async def waits():
        events.append("began")
        try:
            await asyncio.Event().wait()
        finally:
            events.append("ended")

    async def main():
        call = services.me.waits()
        call.send(None)
        await until(lambda: events)
        call.close()
        await until(is_idle)
        assert events == ["began", "ended"]

    run(main)


def test_a_call_that_is_forgotten_is_told_with_its_line():
    def forgets():
        return services.me.echo(n=1)

    with pytest.warns(RuntimeWarning, match=r"the call of services\.me\.echo was never awaited") as told:
        forgets()
        gc.collect()
    assert [(one.filename, one.lineno) for one in told] == [(__file__, forgets.__code__.co_firstlineno + 1)]


@pytest.mark.skipif(sys.version_info < (3, 11), reason="errors have no notes")
def test_the_error_of_a_call_that_a_task_runs_has_its_line(run):
    async def main():
        task = asyncio.create_task(services.me.nothing())
        with pytest.raises(diglot.UnknownFunction) as failed:
            await task
        assert failed.value.__notes__ == [f"called at {__file__}:{main.__code__.co_firstlineno + 1}"]

    run(main)


def test_a_call_that_is_returned_and_not_awaited_is_no_data():
    looks = [vars, dict, list, dataclasses.asdict, json.dumps, pickle.dumps]
    encoders = ("fastapi.encoders", "jsonable_encoder"), ("pydantic_core", "to_json"), ("orjson", "dumps")
    for module, encodes in encoders:
        with contextlib.suppress(ImportError):
            looks.append(getattr(importlib.import_module(module), encodes))
    for look in looks:
        with pytest.warns(RuntimeWarning, match="was never awaited"):
            call = services.me.echo(secret=1)
            with pytest.raises((TypeError, ValueError)) as failed:
                look(call)
            assert "secret" not in str(failed.value)
            if look.__name__ in ("dict", "list", "jsonable_encoder"):
                assert "is a call, and no answer yet: use `await services.me.echo(...)`" in str(failed.value)
            del call, failed
            gc.collect()
    with pytest.warns(RuntimeWarning, match="was never awaited"):
        with pytest.raises(TypeError, match=r"is a call, and no answer yet: use `await services\.me\.echo\(\.\.\.\)`"):
            services.me.echo(secret=1)["secret"]
        gc.collect()


def test_what_a_function_leaves_running_is_on_its_own(program):
    goes_on = []

    @function
    async def starts() -> bool:
        goes_on.append(asyncio.Event())
        goes_on.append(asyncio.create_task(later(goes_on[0])))
        return True

    async def later(event):
        await event.wait()
        return await services.me.echo(n=7)

    @function
    async def echo(n: int) -> int:
        return n

    async def main():
        assert await services.me.starts.with_options(timeout=20)()
        event, task = goes_on
        event.set()
        assert await task == 7
        goes_on.clear()

    program.run(main)
    last = program.relay.calls[-1]
    assert (last.function, last.depth, last.deadline_ms) == ("echo", 1, 0)


class Child:
    def __init__(self):
        self.reasons = []

    def abort(self, reason):
        self.reasons.append(reason)


def test_who_joins_what_is_over_is_told():
    scope = scopes.Scope()
    scope.end(3)
    child = Child()
    scope.join(child)
    assert child.reasons == [3]


def test_who_joins_while_it_ends_is_told_once():
    for _ in range(300):
        scope = scopes.Scope()
        children = [Child() for _ in range(20)]
        both = threading.Barrier(2)

        def ends(scope=scope, both=both):
            both.wait()
            scope.end(2)

        thread = threading.Thread(target=ends)
        thread.start()
        both.wait()
        for child in children:
            scope.join(child)
        thread.join()
        assert [child.reasons for child in children] == [[2]] * 20


def test_the_loop_watches_as_the_link_says_last():
    async def main():
        loop = asyncio.get_running_loop()
        events = []
        made = connection.Connection.__new__(connection.Connection)
        made.loop = types.SimpleNamespace(
            add_writer=lambda fd, flush: events.append("adds"),
            remove_writer=lambda fd: events.append("removes"),
            call_soon_threadsafe=loop.call_soon_threadsafe,
        )
        made._fd = 0
        made.link = types.SimpleNamespace(watches_room=True, flush=None)
        # A thread finds the socket full; before the loop hears of it, it has written the rest itself.
        thread = threading.Thread(target=made._watch_room)
        thread.start()
        thread.join()
        made.link.watches_room = False
        made._watch_room()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert events and events[-1] == "removes"

    asyncio.run(main())


# Names, numbers


def test_names_of_services_cross():
    for name, crossed in {
        "renderCard": "render_card",
        "render_card": "render_card",
        "HTTPServer": "http_server",
        "parseHTTP": "parse_http",
        "v2Api": "v2_api",
        "my-api": "my_api",
        "A": "a",
        "straßeÄndern": "straßeÄndern",
        "": "",
    }.items():
        assert crossing(name) == crossed


def test_a_service_by_each_of_its_names():
    with stub("my-web", f=lambda: 1):
        for service in (services["my-web"], services["my_web"], services["myWeb"], services.my_web, services.myWeb):
            assert service.f.sync() == 1


@pytest.mark.parametrize(
    "options",
    [
        {"timeout": 0},
        {"timeout": -1},
        {"timeout": math.inf},
        {"timeout": math.nan},
        {"timeout": 60 * 60 * 24 * 50},
        {"timeout": True},
        {"timeout": "5"},
        {"concurrency": 0},
        {"concurrency": 1.5},
        {"concurrency": 2**32},
        {"queue": -1},
        {"queue": 2**32},
    ],
    ids=str,
)
def test_numbers_of_a_function_that_are_out_of_range(options):
    (name,) = options
    with pytest.raises(ValueError, match=rf"@function\({name}=.*\): it is a (whole )?number"):

        @function(**options)
        def never():
            pass


def test_numbers_of_a_function_at_the_edge(program):
    @function(timeout=60 * 60 * 24 * 49, concurrency=1, queue=0)
    async def kept() -> int:
        return 1

    async def main():
        offer = await asyncio.to_thread(program.relay.wait_for_offer, "kept")
        assert (offer["timeout_ms"], offer["concurrency"], offer["queue"]) == (4_233_600_000, 1, 0)

    program.run(main)


def test_timeouts_of_a_caller(program):
    @function
    async def echo(n: int) -> int:
        return n

    async def main():
        for timeout in (0, -1, math.nan, "5", True):
            with pytest.raises(ValueError, match="above 0"):
                services.me.echo.with_options(timeout=timeout)
        for timeout in (math.inf, 10**9, 3):
            assert await services.me.echo.with_options(timeout=timeout)(n=1) == 1

    program.run(main)
    none, most, some = (call.deadline_ms for call in program.relay.calls)
    assert (none, most) == (0, 0xFFFFFFFF) and 0 < some <= 3000


# Errors


@dataclasses.dataclass
class Odd(Exception):
    n: float


def test_errors_that_fit_into_a_frame():
    long = "\0" * 300_000
    for error in (
        ValueError(long),
        errors.RemoteError(long, type=long, data={"x": long}, stack=long, service=long, function=long),
        errors.RemoteError("m", data={"x": math.nan}, service="s"),
        errors.RemoteError("m", data=object(), service="s"),
        errors.RemoteError("\ud800", service="s"),
        errors.InvalidArguments(long, issues=[{"path": [long], "message": long}] * 99, service="s", function="f"),
        Odd(math.inf),
    ):
        text = thrown.thrown(error, lambda _: long)
        assert len(text) <= 262_144
        told = json.loads(text, parse_constant=lambda name: pytest.fail(name))
        assert told["code"] == getattr(error, "code", "error")
        assert isinstance(errors.from_throw(text, "s", "f"), diglot.CallError)


class Laden(Exception):
    """Carries what it is made with."""

    def __init__(self, **carried):
        super().__init__("m")
        self.__dict__.update(carried)


class Unseen:
    __attrs_attrs__ = (dataclasses.make_dataclass("Field", ["name"])("x"),)

    @property
    def x(self):
        raise LookupError("x")


def test_what_an_error_carries_crosses_as_json_has_it():
    nested = []
    nested.append(nested)
    error = Laden(
        id=2**60,
        image=b"\1\2\3",
        prices={1: "a"},
        tags={"x"},
        ratio=math.nan,
        row=array.array("f", [1.5]),
        long="x" * 60_000,
        longer="x" * 6_000,
        callback=print,
        nested=[nested],
        unseen=Unseen(),
        last=1,
        _own=2,
    )
    told = json.loads(thrown.thrown(error, lambda _: "at x\n"))
    assert told["data"] == {
        "id": str(2**60),
        "image": "AQID",
        "prices": [[1, "a"]],
        "tags": ["x"],
        "ratio": "NaN",
        "row": [1.5],
        "long": "x" * 60_000,
        "last": 1,
    }
    first, note = told["stack"].splitlines()
    assert first == "at x" and note.startswith("(its data did not cross whole; ")
    names = [part.partition(":")[0] for part in note.removeprefix("(its data did not cross whole; ").split("; ")]
    assert names == ["longer", "callback", "nested", "unseen"], note
    assert "longer: longer than the 65536 bytes that may cross" in note
    assert "has no counterpart" in note and "unseen: it cannot be looked at: LookupError" in note

    told = json.loads(thrown.thrown(Laden(**{f"field_{n}": print for n in range(12)}), lambda _: "at x\n"))
    assert "data" not in told and told["stack"].endswith("; 2 more)\n")


@pytest.mark.parametrize("data", [[1, 2], "text", {1: "a"}, 0])
def test_data_of_an_error_may_be_anything(data):
    class Odd(errors.RemoteError):
        pass

    expected = [[1, "a"]] if data == {1: "a"} else data
    for error in (Odd("m", data=data), errors.RemoteError("m", data=data, service="s", function="f")):
        assert json.loads(thrown.thrown(error, lambda _: ""))["data"] == expected, error
    told = json.loads(thrown.thrown(Odd("m", data=[print]), lambda _: ""))
    assert "data" not in told and "(its data did not cross whole; all of it: at [0]: " in told["stack"]


def test_data_of_an_error_stays_where_it_fits():
    error = errors.RemoteError("m", type="T", data={"x": [1, "ü"]}, stack="at x", service="s", function="f")
    told = json.loads(thrown.thrown(error, lambda _: "at x"))
    assert told == {
        "code": "error",
        "message": "m",
        "service": "s",
        "function": "f",
        "type": "T",
        "data": {"x": [1, "ü"]},
        "stack": "at x",
    }
