"""Functions in Python, one of which calls Node's."""

import math
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

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


class OutOfStock(Exception):
    missing: int

    def __init__(self, missing):
        super().__init__(f"{missing} are missing")
        self.missing = missing


@function(errors=[OutOfStock])
def similar(item_id: int, k: int = 2) -> list[Item]:
    """Items like this one."""
    return [Item(item_id + n, f"item {item_id + n}", "toy", Decimal("9.90")) for n in range(k)]


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
