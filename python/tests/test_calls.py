"""Calls of a program that calls itself through a broker: what both ends do, over a real socket."""

import asyncio
import contextlib
import dataclasses
import gc
import json
import socket
import sys
import threading
import time
import traceback
from collections.abc import AsyncIterator, Iterator

import pytest
from broker import DRAIN
from front import REPOSITORY

import diglot
from diglot import function, services
from diglot._calls import connection
from diglot._calls import scope as scopes
from diglot._calls.incoming import Incoming
from diglot._calls.names import crossing
from diglot._calls.outgoing import Reply, StreamReply

#: Of the event loop, in which what is over has to be gone.
TURNS = 10


@dataclasses.dataclass
class Item:
    name: str
    price: float = 1.0


class OutOfStock(Exception):
    def __init__(self, item_id):
        super().__init__(f"item {item_id} is out of stock")
        self.item_id = item_id


def test_one_call_of_each_kind(run):
    @function
    async def similar(item_id: int, k: int = 10) -> list[Item]:
        return [Item(str(item_id), k)]

    @function
    def price(item: Item) -> float:
        assert threading.current_thread() is not threading.main_thread()
        return item.price * 2

    assert asyncio.run(similar(1)) == [Item("1", 10)]

    async def main():
        assert await services.me.similar(item_id=3) == [{"name": "3", "price": 10.0}]
        assert await services.me.similar(item_id=3, k=2) == [{"name": "3", "price": 2.0}]
        assert await services.me.price(item=Item("a", 1.5)) == 3.0
        assert await asyncio.gather(*(services.me.price(item={"name": "a", "price": n}) for n in range(100))) == [
            2.0 * n for n in range(100)
        ]
        assert await asyncio.create_task(services.me.similar(item_id=1)) == [{"name": "1", "price": 10.0}]
        assert await asyncio.wait_for(services.me.similar(item_id=1, k=0), 5) == [{"name": "1", "price": 0.0}]

    run(main)


def test_a_function_of_another_language_by_either_spelling(run):
    @function
    async def a_b_c() -> str:
        return "a_b_c"

    @function
    async def a_bc() -> str:
        return "a_bc"

    async def main():
        found = [await call() for call in (services.me.a_b_c, services.me.aB_c, services.me.a_bc, services.me.aBC)]
        assert found == ["a_b_c", "a_b_c", "a_bc", "a_bc"]

    run(main)


def test_what_a_call_within_the_function_fails_with_names_that_and_its_line(run):
    @function
    def inner(item: int) -> int:
        return {}[item]

    @function
    async def outer(how: dict) -> int:
        return await services.me.inner(**how)

    async def main():
        for how, cls in (({"entry": 1}, diglot.InvalidArguments), ({"item": 1}, diglot.RemoteError)):
            with pytest.raises(cls) as failed:
                await services.me.outer(how=how)
            error = failed.value
            assert (error.service, error.function) == ("me", "inner")
            shown = "".join(traceback.format_exception(error))
            line = f'{__file__}", line {outer.__code__.co_firstlineno + 2}, in outer'
            assert "me.inner: " in str(error)
            if sys.version_info >= (3, 11) or cls is diglot.RemoteError:
                outermost = shown[shown.index("in me.outer:" if sys.version_info >= (3, 11) else "in me.inner:") :]
                assert line in outermost
                assert "_calls/outgoing.py" not in outermost
                assert ("return {}[item]" in outermost) == (cls is diglot.RemoteError)

    run(main)


def test_names_cross_as_in_every_language():
    golden = json.loads((REPOSITORY / "crates/diglot-calls/golden/names.json").read_text())
    assert {name: crossing(name) for name in golden["crossing"]} == golden["crossing"]


def test_thousands_at_a_time(run):
    @function
    async def echo(n: int, wait: bool = False) -> int:
        await asyncio.sleep(0.01 if wait else 0)
        return n

    async def main():
        count = 5000
        assert await asyncio.gather(*(services.me.echo(n=n, wait=True) for n in range(count))) == list(range(count))

    run(main)


def test_large_messages_both_ways(run):
    numpy = pytest.importorskip("numpy")

    @function
    async def double(x: numpy.ndarray) -> numpy.ndarray:
        assert x.flags.writeable
        return x * 2

    async def main():
        x = numpy.arange(3_000_000, dtype="float32")
        many = await asyncio.gather(*(services.me.double(x=x + n) for n in range(4)))
        for n, each in enumerate(many):
            assert (each == (x + n) * 2).all()

    run(main)


def test_many_large_messages_at_a_time_wait_for_their_turn(run):
    @function
    async def length(data: bytes) -> bytes:
        return data[: len(data) // 2]

    async def main():
        data = bytes(4_000_000)
        lengths = await asyncio.gather(*(services.me.length(data=data) for _ in range(60)))
        assert {len(each) for each in lengths} == {2_000_000}

    run(main)


def test_errors(run):
    @function(errors=[OutOfStock])
    async def fails(item_id: int):
        raise OutOfStock(item_id)

    @function
    def fails_in_a_thread():
        raise KeyError("x")

    @function
    async def outer():
        return await services.me.fails(item_id=5)

    async def main():
        with pytest.raises(diglot.RemoteError) as caught:
            await services.me.fails(item_id=3)
        error = caught.value
        assert (error.type, error.data, error.code) == ("OutOfStock", {"item_id": 3}, "error")
        assert (error.service, error.function) == ("me", "fails")
        assert "item 3 is out of stock" in str(error)
        assert "raise OutOfStock(item_id)" in error.stack and "diglot/_calls" not in error.stack
        if sys.version_info >= (3, 11):
            assert "raise OutOfStock(item_id)" in error.__notes__[0]
        with pytest.raises(diglot.RemoteError, match=r"KeyError: me\.fails_in_a_thread: 'x'"):
            await services.me.fails_in_a_thread()
        with pytest.raises(diglot.RemoteError) as caught:
            await services.me.outer()
        assert (caught.value.type, caught.value.function) == ("OutOfStock", "fails")

    run(main)


def test_wrong_arguments_and_results(run):
    @function
    async def typed(item: Item, k: int = 1) -> int:
        return "no number" if k == 2 else object() if k == 3 else k

    @function
    async def untyped(k: int):
        return [object()]

    async def main():
        with pytest.raises(diglot.InvalidArguments) as caught:
            await services.me.typed(item={"name": 3}, q=1)
        assert caught.value.issues == [
            {"path": ["item", "name"], "message": "expected a str, not 3"},
            {"path": ["q"], "message": "there is no such parameter"},
        ]
        with pytest.raises(diglot.InvalidArguments, match="item: is missing"):
            await services.me.typed()
        with pytest.raises(diglot.InvalidResult, match="expected an int, not 'no number'") as caught:
            await services.me.typed(item=Item("a"), k=2)
        if sys.version_info >= (3, 11):
            [where] = caught.value.__notes__
            assert where.endswith(f'{__file__}", line {typed.__code__.co_firstlineno}, in typed')
        with pytest.raises(diglot.UnsupportedValue, match=r"the result at \[0\]: object has no counterpart"):
            await services.me.untyped(k=1)
        with pytest.raises(diglot.UnsupportedValue, match=r"the argument at k\[1\]: object"):
            await services.me.untyped(k=[1, object()])
        with pytest.raises(diglot.UnknownFunction, match="did you mean 'typed'"):
            await services.me.type()
        with pytest.raises(diglot.UnknownService):
            await services.you.typed()
        with pytest.raises(TypeError, match="by name"):
            services.me.typed(1)
        with pytest.raises(diglot.TooLarge, match="message_bytes_max"):
            await services.me.untyped(k=bytes(65 * 1024 * 1024))

    run(main)


def test_a_result_that_is_too_large(run):
    @function
    async def huge() -> bytes:
        return bytes(65 * 1024 * 1024)

    async def main():
        with pytest.raises(diglot.TooLarge, match="message_bytes_max"):
            await services.me.huge()

    run(main)


def test_cancelling_the_caller_cancels_the_callee(run):
    events = []

    @function
    async def waits():
        events.append("began")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            events.append("cancelled")
            raise

    async def main():
        task = asyncio.create_task(services.me.waits())
        while not events:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        while len(events) < 2:
            await asyncio.sleep(0.001)
        assert events == ["began", "cancelled"]
        link = connection.get().link
        while link.is_busy():
            await asyncio.sleep(0.001)

    run(main)


def test_nested_calls_end_with_the_one_they_are_made_in(run):
    events = []

    @function
    async def inner():
        try:
            events.append("inner")
            await asyncio.Event().wait()
        finally:
            events.append("inner cancelled")

    @function
    def outer_in_thread():
        try:
            services.me.inner.sync()
        except diglot.CallCancelled:
            events.append("outer cancelled")
            raise

    async def main():
        task = asyncio.create_task(services.me.outer_in_thread())
        while events != ["inner"]:
            await asyncio.sleep(0.001)
        task.cancel()
        while len(events) < 3:
            await asyncio.sleep(0.001)
        assert set(events[1:]) == {"inner cancelled", "outer cancelled"}

    run(main)


def test_deadlines_shrink_on_their_way(program):
    @function
    async def outer() -> list[float]:
        left = scopes.now().deadline - time.monotonic()
        return [left, *(await services.me.inner())]

    @function
    async def inner() -> list[float]:
        scope = scopes.now()
        return [scope.deadline - time.monotonic(), scope.depth]

    @function
    async def late():
        scopes.now().deadline = time.monotonic() - 1
        await services.me.inner()

    async def main():
        first, second, depth = await services.me.outer.with_options(timeout=5)()
        assert 0 < second < first <= 5 and depth == 2
        with pytest.raises(diglot.DeadlineExceeded) as caught:
            await services.me.late()
        assert isinstance(caught.value, TimeoutError)

    program.run(main)
    assert [call.depth for call in program.relay.calls] == [1, 2, 1]


def test_the_65th_call_is_too_deep(run):
    @function
    async def dig(n: int) -> int:
        return await services.me.dig(n=n + 1)

    async def main():
        with pytest.raises(diglot.TooDeep, match="65th"):
            await services.me.dig(n=1)

    run(main)


def test_streams_of_answers(run):
    @function
    async def count(to: int) -> AsyncIterator[int]:
        for n in range(to):
            yield n

    @function
    def count_in_a_thread(to: int) -> Iterator[int]:
        yield from range(to)

    @function
    async def fails_late() -> AsyncIterator[int]:
        yield 1
        raise OutOfStock(2)

    @function
    async def wrong() -> AsyncIterator[int]:
        yield "a"

    async def main():
        for source in (services.me.count, services.me.count_in_a_thread):
            assert [n async for n in source(to=20_000)] == list(range(20_000))
            assert [n async for n in source(to=0)] == []
        seen = []
        with pytest.raises(diglot.RemoteError, match="out of stock"):
            async for n in services.me.fails_late():
                seen.append(n)
        assert seen == [1]
        with pytest.raises(diglot.InvalidResult, match="expected an int"):
            async for _ in services.me.wrong():
                pass
        with pytest.raises(TypeError, match="async for"):
            await services.me.count(to=1)
        with pytest.raises(TypeError, match="await"):
            async for _ in services.me.fails_late.with_options(timeout=3)():
                async for _ in services.me.one():
                    pass

    @function
    async def one() -> int:
        return 1

    run(main)


def test_a_reader_that_stops_ends_the_stream(run):
    events = []

    @function
    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(1000)
        finally:
            events.append("closed")

    async def main():
        async with contextlib.aclosing(aiter(services.me.endless())) as items:
            async for _ in items:
                break
        while not events:
            await asyncio.sleep(0.001)
        assert not connection.get().link.is_busy()

    run(main)


def test_a_generator_that_never_waits_gives_its_items_as_they_are_made(run):
    made = []

    @function
    async def busy() -> AsyncIterator[int]:
        while True:
            made.append(time.sleep(0.002))
            yield len(made)

    async def main():
        async for number in services.me.busy():
            if number == 2:
                break
        assert len(made) < 1000, "before the window is full"

    run(main)


@pytest.mark.parametrize("kind", ["async", "sync"])
def test_a_slow_reader_slows_the_sender(run, kind):
    sent = []

    async def endless() -> AsyncIterator[bytes]:
        for n in range(2000):
            sent.append(n)
            yield bytes(10_000)

    def endless_in_a_thread() -> Iterator[bytes]:
        for n in range(2000):
            sent.append(n)
            yield bytes(10_000)

    function(endless if kind == "async" else endless_in_a_thread, name="endless")

    async def main():
        items = aiter(services.me.endless())
        await anext(items)
        before = -1
        while before != len(sent):
            before = len(sent)
            await asyncio.sleep(0.05)
        assert len(sent) < 400
        assert len([item async for item in items]) == 1999
        assert len(sent) == 2000

    run(main)


def test_items_longer_than_the_window(run):
    @function
    async def large() -> AsyncIterator[bytes]:
        for n in range(3):
            yield bytes([n]) * 3_000_000

    async def main():
        assert [(len(item), item[0]) async for item in services.me.large()] == [(3_000_000, n) for n in range(3)]

    run(main)


def test_streams_of_arguments(run):
    @function
    async def total(numbers: AsyncIterator[int], start: int = 0) -> int:
        async for n in numbers:
            start += n
        return start

    @function
    def total_in_a_thread(numbers: Iterator[int]) -> int:
        return sum(numbers)

    @function
    async def first(numbers: AsyncIterator[int]) -> int:
        async for n in numbers:
            return n
        return -1

    @function
    async def doubled(numbers: AsyncIterator[int]) -> AsyncIterator[int]:
        async for n in numbers:
            yield 2 * n

    async def numbers(to):
        for n in range(to):
            yield n

    async def main():
        assert await services.me.total(numbers=numbers(20_000), start=1) == sum(range(20_000)) + 1
        assert await services.me.total_in_a_thread(numbers=numbers(20_000)) == sum(range(20_000))
        assert await services.me.first(numbers=numbers(1_000_000)) == 0
        assert [n async for n in services.me.doubled(numbers=numbers(5000))] == list(range(0, 10_000, 2))
        with pytest.raises(diglot.InvalidArguments, match="numbers: is a stream of items: give an"):
            await services.me.total()

        async def wrong():
            yield 1
            yield "a"

        with pytest.raises(diglot.CallError, match=r"numbers: expected an int, not 'a'"):
            await services.me.total(numbers=wrong())

        async def fails():
            yield 1
            raise OutOfStock(1)

        with pytest.raises(OutOfStock):
            await services.me.total(numbers=fails())

    run(main)


def test_sync_from_threads(run):
    @function
    async def echo(n: int) -> int:
        return n

    @function
    async def count(to: int) -> AsyncIterator[int]:
        for n in range(to):
            yield n

    @function
    async def total(numbers: AsyncIterator[int]) -> int:
        return sum([n async for n in numbers])

    def work(n):
        assert services.me.echo.sync(n=n) == n
        assert list(services.me.count.sync(to=1000)) == list(range(1000))
        assert services.me.total.sync(numbers=iter(range(100))) == 4950
        with pytest.raises(diglot.InvalidArguments):
            services.me.echo.sync(n="a")
        stream = services.me.count.sync(to=10**9)
        assert next(stream) == 0
        stream.close()
        return n

    async def main():
        found = await asyncio.gather(*(asyncio.to_thread(work, n) for n in range(16)))
        assert found == list(range(16))
        with pytest.raises(RuntimeError, match="await"):
            services.me.echo.sync(n=1)
        while connection.get().link.is_busy():
            await asyncio.sleep(0.001)

    run(main)


def test_calls_from_another_loop(run):
    @function
    async def echo(n: int) -> int:
        return n

    @function
    async def count(to: int) -> AsyncIterator[int]:
        for n in range(to):
            yield n

    async def elsewhere():
        assert await asyncio.gather(*(services.me.echo(n=n) for n in range(50))) == list(range(50))
        assert [n async for n in services.me.count(to=1000)] == list(range(1000))

    async def main():
        await asyncio.to_thread(asyncio.run, elsewhere())

    run(main)


def test_the_end_of_the_socket(program):
    @function
    async def waits():
        await asyncio.Event().wait()

    async def main():
        task = asyncio.create_task(services.me.waits())
        while not connection.get().link.is_busy():
            await asyncio.sleep(0.001)
        program.relay.peers["me"].socket.shutdown(socket.SHUT_RDWR)
        with pytest.raises(diglot.Unavailable):
            await task

    program.run(main)
    assert program.ended == [None]


def test_a_worker_waits_for_the_calls_in_its_hands(program):
    @function
    async def slow() -> int:
        await asyncio.sleep(0.5)
        return 1

    async def main():
        task = asyncio.create_task(services.me.slow())
        while not connection.get().link.is_busy():
            await asyncio.sleep(0.001)
        ends = asyncio.create_task(connection.get().finished())
        assert await asyncio.wait({ends}, timeout=0.2) == (set(), {ends}), "another call may be on its way"
        program.relay.peers["me"].send(DRAIN, 0)
        await ends
        assert not connection.get().link.is_busy()
        assert await task == 1

    program.run(main)


def test_nothing_is_left(run):
    @function
    async def echo(n: int) -> int:
        return n

    async def calls():
        for _ in range(3):
            await asyncio.gather(*(services.me.echo(n=n) for n in range(100)))

    def found():
        gc.collect()
        return [each for each in gc.get_objects() if isinstance(each, (Incoming, Reply, StreamReply))]

    async def main():
        # What other tests have left is theirs, and stays what it is as long as it is held here.
        before = found()
        # In a Task of its own, so that no frame of this one has had a call.
        await asyncio.create_task(calls())
        for _ in range(TURNS):
            kept = [each for each in found() if not any(each is other for other in before)]
            if not kept:
                return
            # What the loop was just doing with the last of them is over with its turn.
            await asyncio.sleep(0)
        raise AssertionError([(each, gc.get_referrers(each)) for each in kept])

    run(main)


def test_functions_are_offered(program):
    @function(name="sim", timeout=2.5, concurrency=4, queue=10, idempotent=True, errors=[OutOfStock])
    async def similar(item: Item, k: int = 10) -> list[Item]:
        """Finds items that are similar."""

    async def main():
        program.relay.wait_for_offer("sim")

        @function
        async def late():
            pass

        await asyncio.to_thread(program.relay.wait_for_offer, "late")

    program.run(main)
    offer = program.relay.offers["sim"]
    assert (offer["timeout_ms"], offer["concurrency"], offer["queue"], offer["idempotent"]) == (2500, 4, 10, True)
    assert offer["doc"] == "Finds items that are similar."
    assert offer["params"]["properties"]["k"] == {"type": "integer", "default": 10}
    assert offer["result"]["items"] == {"$ref": "#/$defs/Item"}
    assert offer["file"].endswith("test_calls.py") and offer["line"] > 0


def test_calls_of_a_program_that_is_not_served():
    async def main():
        with pytest.raises(RuntimeError, match="diglot serve"):
            await services.me.echo()

    asyncio.run(main())


def test_a_class_that_raises_when_it_is_made(run):
    @dataclasses.dataclass
    class Careful:
        n: int

        def __post_init__(self):
            if self.n == 1:
                raise ValueError("one is not taken")
            if self.n == 2:
                raise LookupError("two is not found")

    def take(careful) -> int:
        return careful.n

    take.__annotations__["careful"] = Careful
    function(take)

    async def main():
        assert await services.me.take(careful={"n": 3}) == 3
        with pytest.raises(diglot.InvalidArguments, match="one is not taken"):
            await services.me.take(careful={"n": 1})
        with pytest.raises(diglot.RemoteError, match="two is not found"):
            await services.me.take(careful={"n": 2})

    run(main)


def test_a_stream_that_waits_for_its_next_item_ends_with_the_call(run):
    events = []

    @function
    async def first(numbers: AsyncIterator[int]) -> int:
        return await anext(numbers)

    async def numbers():
        try:
            yield 1
            await asyncio.Event().wait()
        finally:
            events.append("closed")

    async def main():
        assert await services.me.first(numbers=numbers()) == 1
        while not events:
            await asyncio.sleep(0.001)

    run(main)
