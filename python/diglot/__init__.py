"""Diglot's package for Python services: offer functions to other services, and call theirs.

from diglot import function, services


@function
async def similar(item_id: int, k: int = 10) -> list[int]:
    card = await services.web.render_card(item_id=item_id)
    ...
"""

import os
import sys

_worker = sys.modules.get("_diglot_worker")
if _worker is not None:
    # In a worker the package is the worker's own, whichever copy was found: that of a venv may be another version's.
    __path__[:] = [os.path.dirname(_worker.__path__[0])]

from ._calls.errors import (  # noqa: E402
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
from ._calls.registry import function  # noqa: E402
from ._calls.scope import context  # noqa: E402
from ._calls.services import services  # noqa: E402
from ._calls.types import BigInt  # noqa: E402

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
    "context",
    "function",
    "services",
]
