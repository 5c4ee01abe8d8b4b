"""The functions, in Python."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from typing_extensions import TypedDict


class Item(TypedDict):
    item_id: int
    score: float


def similar(item_id: int, k: int) -> list[Item]:
    return [{"item_id": item_id + index, "score": 1 / (1 + index)} for index in range(k)]


def scale(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return x * np.float32(2)


def count(n: int) -> Iterator[Item]:
    for item_id in range(n):
        yield {"item_id": item_id, "score": 0.5}
