"""Diglot's Python service: offers the functions, and measures those of the Node service.

It does so when asked by GET /python/CASE?seconds=N.
"""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs

import functions
import numpy as np
from measure import measure
from numpy.typing import NDArray

from diglot import function, services


@function
async def similar(item_id: int, k: int) -> list[functions.Item]:
    return functions.similar(item_id, k)


@function
async def scale(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return functions.scale(x)


@function
async def count(n: int) -> AsyncIterator[functions.Item]:
    for item in functions.count(n):
        yield item


class Diglot:
    async def similar(self, item_id: int, k: int) -> list[Any]:
        return await services.node.similar(item_id=item_id, k=k)

    async def scale(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        return await services.node.scale(x=x)

    def count(self, n: int) -> AsyncIterator[Any]:
        return aiter(services.node.count(n=n))


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    seconds = float(parse_qs(scope["query_string"])[b"seconds"][0])
    try:
        status, said = 200, await measure(Diglot(), scope["path"].rpartition("/")[2], seconds)
    except Exception:
        status, said = 500, traceback.format_exc()
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": said.encode()})
