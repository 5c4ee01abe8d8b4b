"""What is measured of a way to call: the same loops for every contender, as in `measure.mjs`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from statistics import median
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from cost import cpu_seconds
from numpy.typing import NDArray

WARM_UP_SECONDS = 1.0
AT_A_TIME = 64
ITEMS = 1_000_000
LOOK_EVERY = 1_000
STREAM_SECONDS = 10.0
NUMBERS = 262_144


class Target(Protocol):
    """A way to call the three functions."""

    async def similar(self, item_id: int, k: int) -> list[Any]: ...
    async def scale(self, x: NDArray[np.float32]) -> NDArray[np.float32]: ...
    def count(self, n: int) -> AsyncIterator[Any]: ...


async def _one(target: Target, until: float) -> list[float]:
    times_us = []
    while perf_counter() < until:
        begun = perf_counter()
        items = await target.similar(3, 3)
        times_us.append((perf_counter() - begun) * 1e6)
        assert len(items) == 3
    return times_us


async def _many(target: Target, until: float) -> int:
    async def caller() -> int:
        calls = 0
        while perf_counter() < until:
            assert len(await target.similar(3, 3)) == 3
            calls += 1
        return calls

    return sum(await asyncio.gather(*(caller() for _ in range(AT_A_TIME))))


async def _arrays(target: Target, until: float) -> list[float]:
    numbers = np.arange(NUMBERS, dtype=np.float32) / 3
    times_us = []
    while perf_counter() < until:
        begun = perf_counter()
        doubled = await target.scale(numbers)
        times_us.append((perf_counter() - begun) * 1e6)
        assert doubled.shape == (NUMBERS,)
        assert doubled[3] == 2
    return times_us


async def _stream(target: Target, until: float) -> int:
    items = 0
    async for _ in target.count(ITEMS):
        items += 1
        if items % LOOK_EVERY == 0 and perf_counter() > until:
            break
    return items


async def measure(target: Target, name: str, seconds: float) -> str:
    """The figure of a case, and the CPU time in µs of a call, or of an item: two numbers.

    One, array: the median of a call in µs; many: calls a second; stream: items a second. A stream is of a million, or
    of as many as come in time.
    """
    run = {"one": _one, "many": _many, "array": _arrays, "stream": _stream}[name]
    if name == "stream":
        seconds = STREAM_SECONDS
    else:
        await run(target, perf_counter() + WARM_UP_SECONDS)
    begun, before = perf_counter(), cpu_seconds()
    found = await run(target, begun + seconds)
    took, cost = perf_counter() - begun, cpu_seconds() - before
    count = len(found) if isinstance(found, list) else found
    figure = median(found) if isinstance(found, list) else count / took
    return f"{figure} {cost / count * 1e6}"
