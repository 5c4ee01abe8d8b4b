"""Functions that controllers and handlers of Node's frameworks await."""

import asyncio

import numpy as np
from numpy.typing import NDArray

from diglot import function


@function
def turned(picture: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.rot90(picture)


@function
async def ponder(name: str) -> None:
    """Until nobody waits for it."""
    print(f"{name} is pondered", flush=True)
    try:
        await asyncio.get_running_loop().create_future()
    finally:
        print(f"{name} is given up", flush=True)
