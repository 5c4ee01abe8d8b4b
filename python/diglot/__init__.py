"""Diglot's package for Python services: offer functions to other services, and call theirs.

from diglot import function, services


@function
async def similar(item_id: int, k: int = 10) -> list[int]:
    card = await services.web.render_card(item_id=item_id)
    ...
"""

from ._calls.errors import (
    CallCancelled,
    CallError,
    DeadlineExceeded,
    InvalidArguments,
    InvalidResult,
    Overloaded,
    RemoteError,
    TooDeep,
    TooLarge,
    Unavailable,
    UnknownFunction,
    UnknownService,
    UnsupportedValue,
    WorkerLost,
)
from ._calls.registry import function
from ._calls.services import services
from ._calls.types import BigInt

__all__ = [
    "BigInt",
    "CallCancelled",
    "CallError",
    "DeadlineExceeded",
    "InvalidArguments",
    "InvalidResult",
    "Overloaded",
    "RemoteError",
    "TooDeep",
    "TooLarge",
    "Unavailable",
    "UnknownFunction",
    "UnknownService",
    "UnsupportedValue",
    "WorkerLost",
    "function",
    "services",
]
