"""Published functions in Python: the same as those of shop.mjs."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass

from diglot import function


@dataclass
class Receipt:
    item_id: int
    total: float


class SoldOut(Exception):
    left: int

    def __init__(self, message, left):
        super().__init__(message)
        self.left = left


def say(text):
    print(text, file=sys.stderr, flush=True)


@function(errors=[SoldOut])
def buy(item_id: int, count: int = 1) -> Receipt:
    if count > 9:
        raise SoldOut("not so many left", 9)
    return Receipt(item_id, 2.5 * count)


@function
async def echo(text: str) -> str:
    return text


@function
def broken() -> None:
    raise RuntimeError("a secret")


@function
async def slow(ms: int) -> str:
    say("slow begins")
    try:
        await asyncio.sleep(ms / 1000)
    except asyncio.CancelledError:
        say("slow is cancelled")
        raise
    return "slow"


@function(timeout=0.2)
async def late() -> None:
    await asyncio.sleep(60)


@function(concurrency=1, queue=1)
async def single() -> str:
    say("single begins")
    await asyncio.sleep(60)
    return "single"


@function
async def watch(to: int, fails: bool = False) -> AsyncIterator[str]:
    try:
        for n in range(to):
            yield f"item {n}"
        if fails:
            raise RuntimeError("a secret")
    finally:
        say("watch is over")


@function
async def wait_first(ms: int) -> AsyncIterator[int]:
    await asyncio.sleep(ms / 1000)
    yield 1


@function
async def total(numbers: AsyncIterator[int]) -> int:
    return sum([number async for number in numbers])


@function
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


gate = asyncio.Event()
at_gate = 0


@function
async def gated(calls: int) -> bool:
    global at_gate
    at_gate += 1
    if at_gate == calls:
        say("all are here")
    return await gate.wait()


@function
async def open_gate() -> None:
    gate.set()
