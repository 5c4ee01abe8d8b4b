"""Functions in Python: what their names say."""

import asyncio
import collections
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from diglot import CallError, function, services


@dataclass
class Item:
    id: int
    name: str


class OutOfStock(Exception):
    pass


def say(text):
    print(text, file=sys.stderr, flush=True)


if os.path.exists("model.broken"):
    sys.exit("the model cannot start")
say("the model starts")


@function
def similar(item_id: int, k: int = 2) -> list[Item]:
    return [Item(item_id + n, f"item {item_id + n}") for n in range(k)]


@function
def mean(vector: list[float]) -> float:
    return sum(vector) / len(vector)


@function
async def echo(data: bytes) -> bytes:
    return data


@function
async def count(to: int) -> AsyncIterator[int]:
    try:
        for n in range(to):
            yield n
    finally:
        say("count is over")


@function
async def total(numbers: AsyncIterator[int]) -> int:
    return sum([number async for number in numbers])


@function
async def slow(ms: int) -> str:
    say("slow begins")
    try:
        await asyncio.sleep(ms / 1000)
    except asyncio.CancelledError:
        say("slow is cancelled")
        raise
    return "slow"


@function(concurrency=1)
def late(ms: int, size: int) -> bytes:
    say("late begins")
    time.sleep(ms / 1000)
    return bytes(size)


@function(timeout=600.0)
async def quiet() -> AsyncIterator[str]:
    try:
        yield "first"
        await asyncio.sleep(600)
    finally:
        say("quiet is over")


@function
async def breaks() -> AsyncIterator[int]:
    yield 0
    yield 1
    raise OutOfStock("none left")


@function(concurrency=1, queue=1)
async def single(ms: int) -> str:
    await asyncio.sleep(ms / 1000)
    return "single"


@function
def fail() -> None:
    raise OutOfStock("none left")


@function
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@function
async def die_midway() -> AsyncIterator[int]:
    for n in range(1_000_000):
        if n == 500_000:
            os.kill(os.getpid(), signal.SIGKILL)
        yield n


@function(idempotent=True)
def die_once(mark: str) -> str:
    if not os.path.exists(mark):
        with open(mark, "w"):
            os.kill(os.getpid(), signal.SIGKILL)
    return "alive"


@function(concurrency=1, queue=20_000)
async def one_by_one(n: int) -> int:
    return n


@function
def large(bytes_count: int) -> bytes:
    return bytes(bytes_count)


@function
def weigh(data: bytes) -> int:
    return len(data)


#: Passed once it is open, by one call at a time.
is_open = asyncio.Event()


@function(concurrency=1)
async def gated() -> bool:
    return await is_open.wait()


@function
async def gate(opens: bool) -> None:
    is_open.set() if opens else is_open.clear()


@function
async def many(count: int) -> int:
    answers = await asyncio.gather(*(services.web.one_by_one(n=n) for n in range(count)))
    return sum(answer == n for n, answer in enumerate(answers))


@function
async def crowd(count: int, kept: int) -> dict[str, int]:
    """What so many calls come to at a gate that opens when all have been refused but these."""
    await services.web.gate(opens=False)
    outcomes = collections.Counter()
    are_refused = asyncio.Event()

    async def pass_gate():
        try:
            await services.web.gated()
            outcomes["answered"] += 1
        except CallError as error:
            outcomes[error.code] += 1
            if outcomes.total() == count - kept:
                are_refused.set()

    calls = [asyncio.ensure_future(pass_gate()) for _ in range(count)]
    await are_refused.wait()
    await services.web.gate(opens=True)
    await asyncio.gather(*calls)
    return dict(outcomes)


@function
async def through(
    name: str, arguments: dict[str, Any], timeout: float | None = None, weight: int | None = None
) -> dict[str, Any]:
    """What a call of the web service comes to; with `weight`, one that has so many bytes of data."""
    call = getattr(services.web, name).with_options(timeout=timeout)
    if weight is not None:
        arguments["data"] = b"\1" * weight
    try:
        value = await call(**arguments)
        return {"value": len(value) if isinstance(value, bytes) else value}
    except CallError as error:
        return {"name": type(error).__name__, "code": error.code, "message": error.message}


@function
async def shout(text: str) -> str:
    return await services.web.upper_case(text=text) + "!"


@function
async def deep(n: int) -> int:
    return n if n == 0 else await services.model.deep(n=n - 1) + 1
