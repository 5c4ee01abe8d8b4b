"""Timers keep to the time they were set for, on either loop, and are in all else the loop's own."""

import asyncio
import contextvars
import gc
import math
import sys
import time
import weakref

import pytest
from front import native_library

from diglot._worker import loops, settings


@pytest.fixture(scope="module")
def native():
    return settings.load_native(native_library())


@pytest.fixture(params=["asyncio", "uvloop"])
def loop(request, native):
    if request.param == "uvloop":
        pytest.importorskip("uvloop")
    loop = loops.new(request.param, native)
    yield loop
    loops.close(loop)


@pytest.mark.parametrize("delay", [0.0002, 0.0013, 0.0049])
def test_a_wait_is_never_shorter_than_asked_for(loop, delay):
    async def main():
        waits = []
        for _ in range(50):
            start = time.monotonic()
            await asyncio.sleep(delay)
            waits.append(time.monotonic() - start)
        return waits

    # What asyncio calls the clock's resolution, and allows itself.
    assert min(loop.run_until_complete(main())) >= delay - time.get_clock_info("monotonic").resolution


def test_uvloops_waits_are_not_those_of_a_clock_of_milliseconds(native):
    pytest.importorskip("uvloop")
    loop = loops.new("uvloop", native)

    async def main():
        waits = []
        for _ in range(50):
            start = time.monotonic()
            await asyncio.sleep(0.0002)
            waits.append(time.monotonic() - start)
        return waits

    try:
        # The shortest: a busy machine may put off any.
        assert 0.0002 <= min(loop.run_until_complete(main())) < 0.001
    finally:
        loops.close(loop)


def test_callbacks_come_in_the_order_of_their_deadlines(loop):
    called = []
    done = loop.create_future()

    def set_them():
        now = loop.time()
        loop.call_at(now + 0.004, called.append, "later")
        loop.call_at(now + 0.002, called.append, "sooner")
        loop.call_at(now - 1, called.append, "past")
        loop.call_later(0, called.append, "now")
        loop.call_later(-1, called.append, "negative")
        loop.call_at(now + 0.006, done.set_result, None)

    loop.call_soon(set_them)
    loop.run_until_complete(done)
    assert set(called[:3]) == {"past", "now", "negative"}
    assert called[3:] == ["sooner", "later"]


def test_a_cancelled_one_is_not_called_and_holds_nothing(loop):
    class Callback:
        def __call__(self):
            called.append(self)

    called = []
    callback = Callback()
    watch = weakref.ref(callback)
    handle = loop.call_later(0.002, callback)
    assert not handle.cancelled()
    handle.cancel()
    handle.cancel()
    assert handle.cancelled() and "cancelled" in repr(handle)
    del callback
    gc.collect()
    assert watch() is None
    loop.run_until_complete(asyncio.sleep(0.005))
    assert called == []


def test_one_may_cancel_another_that_is_due(loop):
    called = []

    def first():
        called.append("first")
        other.cancel()
        time.sleep(0.001)

    deadline = loop.time() + 0.002
    loop.call_at(deadline, first)
    other = loop.call_at(deadline + 1e-5, called.append, "second")
    # Both are due when the loop looks.
    time.sleep(0.003)
    loop.run_until_complete(asyncio.sleep(0.005))
    assert called == ["first"]


def test_a_handle_says_when(loop):
    async def main():
        before = loop.time()
        handles = [loop.call_later(0.25, print), loop.call_at(before + 0.25, print)]
        after = loop.time()
        for handle in handles:
            assert before + 0.2499 <= handle.when() <= after + 0.2502
            handle.cancel()

    loop.run_until_complete(main())


def test_a_callback_has_its_arguments_and_context(loop):
    variable = contextvars.ContextVar("variable", default="unset")
    seen = []

    def callback(*args):
        seen.append((*args, variable.get()))

    async def main():
        variable.set("current")
        other = contextvars.copy_context()
        other.run(variable.set, "other")
        loop.call_later(0.001, callback, 1, 2)
        loop.call_later(0.002, callback, context=other)
        variable.set("changed since")
        await asyncio.sleep(0.005)

    loop.run_until_complete(main())
    assert seen == [(1, 2, "current"), ("other",)]


def test_a_handle_can_be_kept_weakly(loop):
    handles = weakref.WeakSet()
    handle = loop.call_later(10, print)
    handles.add(handle)
    assert len(handles) == 1
    handle.cancel()
    del handle
    loop.run_until_complete(asyncio.sleep(0))
    gc.collect()
    assert not handles


def test_what_a_callback_raises_is_the_loops_to_handle_and_no_one_elses_loss(loop):
    told, called = [], []
    loop.set_exception_handler(lambda _, context: told.append(context))

    def fail():
        raise RuntimeError("on purpose")

    deadline = loop.time() + 0.002
    failing = loop.call_at(deadline, fail)
    loop.call_at(deadline + 1e-5, called.append, "behind it")
    time.sleep(0.003)
    loop.run_until_complete(asyncio.sleep(0.005))
    assert told[0]["handle"] is failing
    assert [str(context["exception"]) for context in told] == ["on purpose"]
    assert "fail" in told[0]["message"]
    assert called == ["behind it"]


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt])
def test_what_ends_a_program_ends_the_run_and_the_rest_follows_in_the_next(loop, error):
    called = []

    def leave():
        raise error

    deadline = loop.time() + 0.002
    loop.call_at(deadline, leave)
    loop.call_at(deadline + 1e-5, called.append, "behind it")
    time.sleep(0.003)
    with pytest.raises(error):
        loop.run_until_complete(asyncio.sleep(1))
    loop.run_until_complete(asyncio.sleep(0.001))
    assert called == ["behind it"]


def test_waits_without_end(loop):
    async def main():
        handles = [loop.call_later(delay, print) for delay in (1e9, 1e18)]
        await asyncio.sleep(0.001)
        for handle in handles:
            handle.cancel()

    loop.run_until_complete(main())


@pytest.mark.parametrize("delay", ["1", None])
def test_a_delay_is_a_number(loop, delay):
    with pytest.raises(TypeError):
        loop.call_later(delay, print)


def test_uvloops_bounds_of_a_delay(native):
    pytest.importorskip("uvloop")
    loop = loops.new("uvloop", native)
    try:
        loop.call_later(math.inf, print).cancel()
        with pytest.raises(ValueError, match="nan"):
            loop.call_later(math.nan, print)
    finally:
        loops.close(loop)


def test_a_loop_in_debug_mode_remembers_where_a_timer_was_set(loop):
    loop.set_debug(True)
    handle = loop.call_later(0.001, print)
    assert __file__ in repr(handle)
    handle.cancel()
    loop.run_until_complete(asyncio.wait_for(asyncio.sleep(0.002), 5))


def test_a_closed_loop_takes_none_and_keeps_none(native):
    pytest.importorskip("uvloop")
    loop = loops.new("uvloop", native)

    class Callback:
        def __call__(self):
            raise AssertionError("never")

    callback = Callback()
    watch = weakref.ref(callback)
    handle = loop.call_later(60, callback)
    del callback
    loops.close(loop)
    gc.collect()
    assert watch() is None
    handle.cancel()
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_later(1, print)
    with pytest.raises(RuntimeError, match="closed"):
        loop.call_at(loop.time() + 1, print)


def test_many_timeouts_that_are_not_needed(loop):
    """As in a server, where almost every timeout is cancelled."""

    async def one():
        return await asyncio.wait_for(asyncio.sleep(0.0005, "in time"), 30)

    async def main():
        for _ in range(20):
            assert set(await asyncio.gather(*(one() for _ in range(100)))) == {"in time"}
        with pytest.raises(asyncio.TimeoutError if sys.version_info < (3, 11) else TimeoutError):
            await asyncio.wait_for(asyncio.sleep(30), 0.002)

    loop.run_until_complete(main())
