"""The digit board's reader: a FastAPI application, and a function for the board's own server and its clients."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from statistics import fmean
from typing import Annotated

import numpy as np
from fastapi import FastAPI, HTTPException
from fastapi.exceptions import RequestValidationError
from numpy.typing import NDArray
from pydantic import BaseModel, Field, model_validator

from diglot import CallError, function
from diglot_services import services
from recogniser import NoInk, Recogniser

SIDE_MIN = 8
SIDE_MAX = 64


@cache
def recogniser() -> Recogniser:
    return Recogniser()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    recogniser()
    yield


app = FastAPI(title="Digit board", lifespan=lifespan, docs_url="/api/docs", openapi_url="/api/openapi.json")

Ink = Annotated[int, Field(ge=0, le=255)]
Row = Annotated[list[Ink], Field(min_length=SIDE_MIN, max_length=SIDE_MAX)]


class Drawing(BaseModel):
    pixels: Annotated[list[Row], Field(min_length=SIDE_MIN, max_length=SIDE_MAX)]
    """A square of ink, row by row from the top: 0 is paper, 255 the darkest ink."""

    @model_validator(mode="after")
    def is_square(self) -> Drawing:
        side = len(self.pixels)
        for number, row in enumerate(self.pixels):
            if len(row) != side:
                raise ValueError(f"the grid is not square: {side} rows, but row {number} has {len(row)} pixels")
        return self


class Recognised(BaseModel):
    digit: Annotated[int, Field(ge=0, le=9)]
    confidence: Annotated[float, Field(ge=0, le=1)]
    """The probability of `digit`."""
    probabilities: Annotated[list[float], Field(min_length=10, max_length=10)]
    """Of each digit from 0 to 9."""
    seen: list[list[int]]
    """The 8x8 image the model judged, 0 to 16 a cell."""


class NotSquare(ValueError):
    """The drawing has not as many columns as rows."""


class Refusal(BaseModel):
    detail: str


class OfDigit(BaseModel):
    count: int
    confidence: Annotated[float, Field(ge=0, le=1)]
    """The mean of its drawings."""


Pixels = Annotated[np.ndarray[tuple[int, int], np.dtype[np.uint8]], Field(min_length=SIDE_MIN, max_length=SIDE_MAX)]


@function(errors=[NoInk, NotSquare])
def read(pixels: Pixels) -> Recognised:
    """Which digit a square of ink shows: row by row from the top, 0 is paper, 255 the darkest ink."""
    rows, columns = pixels.shape
    if rows != columns:
        raise NotSquare(f"the grid is not square: {rows} rows of {columns} pixels")
    return recognised(pixels)


def recognised(pixels: NDArray[np.uint8]) -> Recognised:
    answer = recogniser().recognise(pixels.astype(float))
    return Recognised(
        digit=answer.digit,
        confidence=float(answer.probabilities[answer.digit]),
        probabilities=answer.probabilities.round(4).tolist(),
        seen=answer.seen.tolist(),
    )


# Not `async def`: the work is arithmetic, so it belongs in FastAPI's thread pool, not on the event loop.
@app.post("/api/recognise", responses={400: {"model": Refusal, "description": "The body is no text"}})
def recognise(drawing: Drawing) -> Recognised:
    try:
        return recognised(np.array(drawing.pixels, dtype=np.uint8))
    except NoInk:
        # As FastAPI words what is wrong with a body, so that the description is right about it.
        wrong = {"type": "no_ink", "loc": ("body", "pixels"), "msg": "the drawing has no ink in it"}
        raise RequestValidationError([wrong]) from None


@app.get("/api/board", responses={503: {"model": Refusal, "description": "Node.js does not answer"}})
async def board() -> dict[int, OfDigit]:
    """How sure the model is of what is on the board, digit by digit."""
    try:
        drawings = await services.web.drawings()
    except CallError as error:
        raise HTTPException(503, "the board does not answer", {"Retry-After": "1"}) from error
    sure = defaultdict(list)
    for drawing in drawings:
        sure[drawing["digit"]].append(drawing["confidence"])
    return {digit: OfDigit(count=len(all_of), confidence=fmean(all_of)) for digit, all_of in sorted(sure.items())}


@app.get("/api/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
