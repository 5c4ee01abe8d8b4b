"""A caller by aiohttp and JSON: python call_http.py URL CASE SECONDS."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import numpy as np
from measure import measure
from numpy.typing import NDArray


class Http:
    def __init__(self, session: aiohttp.ClientSession) -> None:
        self.session = session

    async def post(self, path: str, body: object) -> Any:
        async with self.session.post(path, json=body) as response:
            response.raise_for_status()
            return await response.json()

    async def similar(self, item_id: int, k: int) -> list[Any]:
        return await self.post("/similar", {"item_id": item_id, "k": k})

    async def scale(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(await self.post("/scale", x.tolist()), dtype=np.float32)

    async def count(self, n: int) -> AsyncIterator[Any]:
        async with self.session.get("/count", params={"n": n}) as response:
            async for line in response.content:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])


async def main() -> None:
    url, name, seconds = sys.argv[1:]
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(url, connector=connector, timeout=timeout) as session:
        print(await measure(Http(session), name, float(seconds)))


asyncio.run(main())
