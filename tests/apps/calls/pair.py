"""What each of two services does with the other: the same as pair.mjs."""

import array
import asyncio
import datetime
import math
import os
import signal
import sys
import traceback
from collections.abc import AsyncIterator
from typing import Any

from diglot import CallError, RemoteError, function, services

peer = services.node


def say(text):
    print(f"python: {text}", file=sys.stderr, flush=True)


if os.path.exists("python.held"):
    # A pipe: passed when somebody opens its other end.
    with open("python.held"):
        pass
say("it starts")

# Streams

#: Items that have been made.
made_count = 0


async def numbers_to(to):
    global made_count
    say("numbers begin")
    try:
        for n in range(to):
            made_count = n + 1
            yield n
    finally:
        say("numbers are over")


@function
async def made() -> int:
    return made_count


@function
async def count(to: int) -> AsyncIterator[int]:
    return numbers_to(to)


async def read_until(items, leaves_at):
    seen = 0
    async for item in items:
        if item != seen:
            raise ValueError(f"{item} instead of {seen}")
        seen += 1
        if seen == leaves_at:
            break
    return seen


@function
async def total(numbers: AsyncIterator[int], leaves_at: int) -> int:
    return await read_until(numbers, leaves_at)


@function
async def read(to: int, leaves_at: int) -> int:
    return await read_until(peer.count(to=to), leaves_at)


@function
async def send(to: int, leaves_at: int) -> int:
    return await peer.total(numbers=numbers_to(to), leaves_at=leaves_at)


#: Who holds a stream waits for it behind the first item.
door = asyncio.Event()


@function
async def open_door() -> None:
    door.set()


async def held(items):
    seen = 0
    async for item in items:
        if item != seen:
            raise ValueError(f"{item} instead of {seen}")
        seen += 1
        if seen == 1:
            await door.wait()
    return seen


@function
async def hold(numbers: AsyncIterator[int]) -> int:
    return await held(numbers)


@function
async def read_held(to: int) -> int:
    return await held(peer.count(to=to))


@function
async def send_held(to: int) -> int:
    return await peer.hold(numbers=numbers_to(to))


# Errors


class SoldOut(RemoteError):
    """What the other service throws."""

    left: int


class Other(RemoteError):
    pass


@function
def fail() -> None:
    class SoldOut(Exception):
        pass

    error = SoldOut("none left")
    error.left = 0
    error.id = 2**60
    error.image = b"\1\2\3"
    error.prices = {1: "a"}
    error.tags = {"x"}
    error.at = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    error.ratio = math.nan
    error.row = array.array("f", [1.5])
    error.long = "x" * 40_000
    error.too_long = "x" * 70_000
    error.callback = print
    raise error


@function
async def caught() -> dict[str, Any]:
    """What a program sees of that."""
    try:
        await peer.fail()
    except Other:
        return {}
    except SoldOut as error:
        told = {"left": error.left, "type": error.type, "message": error.message, "data": error.data}
        return told | {"stack": traceback.format_exc()}
    return {}


# Calls that are given up


@function
async def slow(ms: int) -> str:
    say("slow begins")
    try:
        await asyncio.sleep(ms / 1000)
    except asyncio.CancelledError:
        say("slow is cancelled")
        raise
    return "slow"


tasks = []


@function
async def give_up() -> str:
    tasks.append(asyncio.create_task(peer.slow(ms=60_000)))
    try:
        return await tasks[-1]
    except asyncio.CancelledError:
        return "given up"


@function
async def cancel() -> None:
    tasks.pop().cancel()


# Ends


@function
def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@function
async def die_midway(at: int) -> AsyncIterator[int]:
    for n in range(2 * at):
        if n == at:
            die()
        yield n


@function
async def die_reading(numbers: AsyncIterator[int], at: int) -> None:
    async for n in numbers:
        if n == at:
            die()


@function
async def meet(how: str) -> dict[str, Any]:
    """What a call of one that dies comes to, and how many items came before."""
    seen = 0
    try:
        if how == "midway":
            async for _ in peer.die_midway(at=100_000):
                seen += 1
        elif how == "reading":
            await peer.die_reading(numbers=numbers_to(1_000_000_000), at=100_000)
        else:
            await peer.die()
    except CallError as error:
        return {"name": type(error).__name__, "of": f"{error.service}.{error.function}", "seen": seen}
    return {"seen": seen}


@function
async def ask(ms: int) -> dict[str, Any]:
    """What a call of the other comes to within that time."""
    try:
        return {"value": await peer.made.with_options(timeout=ms / 1000)()}
    except CallError as error:
        return {"name": type(error).__name__}
