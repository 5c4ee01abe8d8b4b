"""`diglot.testing`: stubs, with and without the native module."""

import asyncio
import subprocess
import sys
import textwrap

import pytest
from front import PYTHON

import diglot
from diglot import services
from diglot.testing import stub


def test_values_pass_through_the_codec():
    with stub("model", similar=lambda item_id, k=10: ({"ids": (item_id, k)},)):
        assert services.model.similar.sync(item_id=3) == [{"ids": [3, 10]}]
        assert asyncio.run(awaited(services.model.similar(item_id=3, k=1))) == [{"ids": [3, 1]}]
        with pytest.raises(diglot.UnsupportedValue, match="the argument at item_id"):
            services.model.similar.sync(item_id=object())
    with pytest.raises(RuntimeError, match="diglot serve"):
        services.model.similar.sync(item_id=3)


def test_a_stub_of_another_name_is_told():
    with stub("model", similar=lambda: 1), pytest.raises(RuntimeError) as failed:
        services.modle.similar.sync()
    assert str(failed.value).startswith('there is no stub of "modle": there is one of "model"; this process is not run')


async def awaited(call):
    return await call


def test_async_functions_and_streams():
    async def similar(item_id):
        return item_id

    async def watch(to):
        for n in range(to):
            yield (n,)

    def count(to):
        yield from range(to)

    async def total(numbers):
        return sum([n async for n in numbers])

    async def main():
        assert await services.model.similar(item_id=3) == 3
        assert [n async for n in services.model.watch(to=2)] == [[0], [1]]
        assert [n async for n in services.model.count(to=2)] == [0, 1]

        async def numbers():
            yield 1
            yield 2

        assert await services.model.total(numbers=numbers()) == 3

    with stub("model", similar=similar, watch=watch, count=count, total=total):
        asyncio.run(main())
        assert list(services.model.watch.sync(to=2)) == [[0], [1]]
        assert list(services.model.count.sync(to=2)) == [0, 1]


def test_errors_are_those_of_callers():
    def similar(item_id):
        if item_id == 1:
            raise diglot.Overloaded("too many wait")
        raise KeyError("x")

    with stub("model", similar=similar):
        with pytest.raises(diglot.RemoteError, match="KeyError") as caught:
            services.model.similar.sync(item_id=3)
        assert caught.value.service == "model" and "raise KeyError" in caught.value.stack
        with pytest.raises(diglot.Overloaded):
            services.model.similar.sync(item_id=1)
        with pytest.raises(diglot.UnknownFunction, match="it has similar"):
            services.model.other.sync()
        with stub("model", other=lambda: 1):
            assert services.model.other.sync() == 1
        with pytest.raises(diglot.UnknownFunction):
            services.model.other.sync()


def test_without_the_native_module():
    source = """
        import sys
        import diglot
        from diglot import function, services
        from diglot.testing import stub

        @function
        async def similar(item_id: int) -> list[int]:
            return [item_id]

        assert "diglot._native" not in sys.modules
        with stub("model", similar=lambda item_id: (item_id, {1: "a"}, {2})):
            assert services.model.similar.sync(item_id=2**70) == [2**70, {1: "a"}, {2}]
            try:
                services.model.similar.sync(item_id=object())
            except diglot.UnsupportedValue:
                print("well")
    """
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(source)]
    done = subprocess.run(command, cwd=PYTHON, capture_output=True, text=True, timeout=30, check=False)
    assert (done.stdout, done.stderr) == ("well\n", "")
