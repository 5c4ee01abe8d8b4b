"""The functions behind FastAPI: uvicorn serve_http:app."""

import json
from collections.abc import AsyncIterator, Iterator

import functions
import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

app = FastAPI()


class Similar(BaseModel):
    item_id: int
    k: int


@app.post("/similar")
async def similar(body: Similar) -> list[functions.Item]:
    return functions.similar(body.item_id, body.k)


@app.post("/scale")
async def scale(request: Request) -> JSONResponse:
    numbers = np.array(await request.json(), dtype=np.float32)
    return JSONResponse(functions.scale(numbers).tolist())


@app.get("/count")
async def count(n: int) -> StreamingResponse:
    def events() -> Iterator[str]:
        for item in functions.count(n):
            yield f"data: {json.dumps(item)}\n\n"

    # On the loop, not on a thread for each item.
    async def streamed() -> AsyncIterator[str]:
        for event in events():
            yield event

    return StreamingResponse(streamed(), media_type="text/event-stream")
