"""The digit board's reader: an ordinary FastAPI application.

It runs under any ASGI server, for instance `uvicorn main:app` in this folder.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

import numpy as np
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, Field, model_validator

from recogniser import NoInk, Recogniser

SIDE_MIN = 8
SIDE_MAX = 64


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.recogniser = Recogniser()
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


# Not `async def`: the work is arithmetic, so it belongs in FastAPI's thread pool, not on the event loop.
@app.post("/api/recognise")
def recognise(drawing: Drawing, request: Request) -> Recognised:
    try:
        answer = request.app.state.recogniser.recognise(np.array(drawing.pixels, dtype=float))
    except NoInk:
        raise HTTPException(422, "the drawing has no ink in it") from None
    return Recognised(
        digit=answer.digit,
        confidence=float(answer.probabilities[answer.digit]),
        probabilities=answer.probabilities.round(4).tolist(),
        seen=answer.seen.tolist(),
    )


@app.get("/api/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}
