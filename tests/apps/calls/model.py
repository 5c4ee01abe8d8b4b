"""Functions in Python: what their names say."""

import asyncio
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


@function
def similar(item_id: int, k: int = 2) -> list[Item]:
    return [Item(item_id + n, f"item {item_id + n}") for n in range(k)]


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
async def through(name: str, arguments: dict[str, Any], timeout: float | None = None) -> dict[str, Any]:
    """What a call of the web service comes to."""
    call = getattr(services.web, name).with_options(timeout=timeout)
    try:
        return {"value": await call(**arguments)}
    except CallError as error:
        return {"name": type(error).__name__, "code": error.code, "message": error.message}


@function
async def shout(text: str) -> str:
    return await services.web.upper_case(text=text) + "!"


@function
async def deep(n: int) -> int:
    return n if n == 0 else await services.model.deep(n=n - 1) + 1
