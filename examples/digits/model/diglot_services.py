# Written by `diglot types`. Do not edit: it is written anew when the functions change.
# ruff: noqa
# fmt: off
"""The functions of this project's services, typed: `from diglot_services import services`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypedDict, cast

from diglot import RemoteError, services as _services

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from diglot.typing import remote

    class ModelService:
        @remote
        def read(self, *, pixels: npt.NDArray[np.uint8]) -> Recognised:
            """Which digit a square of ink shows: row by row from the top, 0 is paper, 255 the darkest ink.

            :raises NoInk:
            :raises NotSquare:
            """
            ...

    class WebService:
        @remote
        def drawings(self) -> list[Entry]:
            """The drawings on the board, oldest first."""
            ...

    class Services:
        model: ModelService
        web: WebService


class Entry(TypedDict):
    id: str
    at: str
    """When it was put on the board, as in 2026-11-22T10:30:00.000Z."""
    strokes: list[list[Point]]
    digit: int
    """As Python reads it."""
    confidence: float
    """From 0 to 1."""


class NoInk(RemoteError, service="model"):
    """Raised by `model.read`."""


class NotSquare(RemoteError, service="model"):
    """Raised by `model.read`."""


Point: TypeAlias = 'list[float]'
"""From 0 (left, top) to 1 (right, bottom)."""


class Recognised(TypedDict):
    digit: int
    """minimum 0
    maximum 9
    """
    confidence: float
    """minimum 0
    maximum 1
    """
    probabilities: list[float]
    """minItems 10
    maxItems 10
    """
    seen: list[list[int]]


services: Services = cast("Services", _services)
