"""Published functions in Python, with values of most kinds."""

import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timezone
from decimal import Decimal
from typing import Literal

import numpy
from numpy.typing import NDArray

from diglot import function


@dataclass
class Item:
    """What is sold."""

    id: int
    kind: Literal["book", "toy"]
    price: Decimal
    added: datetime
    cover: bytes | None = None


class OutOfStock(Exception):
    missing: int

    def __init__(self, missing):
        super().__init__(f"{missing} are missing")
        self.missing = missing


class Busy(Exception):
    after: int | None = None


@function
def item(item_id: int) -> Item:
    """The item of that number."""
    added = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
    return Item(item_id, "toy", Decimal("9.90"), added, b"\x00\xff")


@function(errors=[OutOfStock, Busy])
def reserve(item: Item, until: datetime, count: int = 1) -> tuple[int, datetime]:
    if count < 1:
        raise Busy("others are served first")
    if count > 2:
        raise OutOfStock(count - 2)
    return item.id, until


@function
def broken() -> None:
    raise RuntimeError("a secret")


@function
def scaled(rows: NDArray[numpy.float32], factor: float) -> NDArray[numpy.float32]:
    return rows * numpy.float32(factor)


@function
async def ticks(count: int, fails: bool = False) -> AsyncIterator[Decimal]:
    try:
        for n in range(count):
            yield Decimal(n) / 2
        if fails:
            raise OutOfStock(count)
    finally:
        print("ticks are over", file=sys.stderr, flush=True)


@function
async def total(numbers: AsyncIterator[int]) -> int:
    return sum([number async for number in numbers])
