"""Functions in Python, one of which calls Node's."""

import enum
import math
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Literal

import numpy as np
import pyarrow
from numpy.typing import NDArray

from diglot import BigInt, function
from diglot_services import services


@dataclass
class Item:
    """What is sold."""

    id: int
    name: str
    kind: Literal["book", "toy"]
    price: Decimal
    added: datetime | None = None


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Order:
    """What somebody wants."""

    color: Color
    lines: dict[int, str]
    tags: set[str]
    note: str | None = None


class OutOfStock(Exception):
    missing: int
    since: datetime | None = None

    def __init__(self, missing):
        super().__init__(f"{missing} are missing")
        self.missing = missing


@function(errors=[OutOfStock])
def similar(item_id: int, k: int = 2) -> list[Item]:
    """Items like this one."""
    return [Item(item_id + n, f"item {item_id + n}", "toy", Decimal("9.90")) for n in range(k)]


@function
def renamed(items: list[Item], name: str) -> list[Item]:
    return [replace(item, name=name) for item in items]


@function
async def title(item_id: int) -> str:
    card = await services.web.render_card(item_id=item_id)
    return card["title"]


@function
async def watch(topic: str) -> AsyncIterator[float]:
    yield float(len(topic))


@function
async def total(numbers: AsyncIterator[int]) -> int:
    return sum([number async for number in numbers])


@function
def ping() -> None:
    pass


@function
def factorial(n: int) -> BigInt:
    return math.factorial(n)


@function
def then(value: int) -> int:
    return value


@function(errors=[OutOfStock])
def reserve(order: Order, count: int) -> dict[int, set[str]]:
    if count > 2:
        raise OutOfStock("many" if count > 9 else count - 2)
    return dict.fromkeys(order.lines, order.tags)


@function
def scaled(rows: NDArray[np.float32], by: float = 2.0) -> NDArray[np.float32]:
    return rows * np.float32(by)


@function
def halves(numbers: NDArray[np.float16]) -> NDArray[np.float16]:
    return numbers / np.float16(2)


@function
def first_rows(table: pyarrow.Table, count: int = 1) -> pyarrow.Table:
    return table.slice(0, count)


@dataclass
class Label:
    id: int
    text: str
    place: str | None = None


@function
def labels(item_id: int) -> list[Label]:
    return [Label(item_id, "new")]
