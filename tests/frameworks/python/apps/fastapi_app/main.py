"""A FastAPI project: lifespan, dependencies with clean-up, uploads, streams, background tasks, error handlers."""

import asyncio
import hashlib
import secrets
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, File, Form, Header, HTTPException, Request, UploadFile
from fastapi.exception_handlers import request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.security import HTTPBasic, HTTPBasicCredentials
from items import router
from journal import Journal
from sockets import router as sockets


@asynccontextmanager
async def lifespan(app):
    journals = {}
    task = asyncio.current_task()
    yield {"journals": journals, "started": True}
    # The same task on the way down, as task groups and cancel scopes in a lifespan need.
    print(f"lifespan ended in the same task: {asyncio.current_task() is task}", flush=True)


app = FastAPI(lifespan=lifespan, title="Framework tests")
app.include_router(router)
app.include_router(sockets)


class OutOfStock(Exception):
    pass


@app.exception_handler(OutOfStock)
async def out_of_stock(request, error):
    return JSONResponse({"detail": "out of stock", "path": request.url.path}, 409)


@app.exception_handler(RequestValidationError)
async def invalid(request, error):
    response = await request_validation_exception_handler(request, error)
    response.headers["x-invalid"] = str(len(error.errors()))
    return response


@app.middleware("http")
async def named(request, call_next):
    response = await call_next(request)
    response.headers["x-middleware"] = "seen"
    return response


async def journal_of(request: Request, x_journal: Annotated[str, Header()] = ""):
    return request.state.journals.setdefault(x_journal, Journal())


Noted = Annotated[Journal, Depends(journal_of)]


@app.get("/journal")
async def journal(journal: Noted, until: str):
    return await journal.until(until)


@app.get("/state")
async def state(request: Request):
    request.state.mine = getattr(request.state, "mine", 0) + 1
    return {"started": request.state.started, "mine": request.state.mine}


async def outer(journal: Noted):
    journal.note("outer in")
    try:
        yield "outer"
    finally:
        journal.note("outer out")


async def inner(journal: Noted, outer: Annotated[str, Depends(outer)]):
    journal.note("inner in")
    try:
        yield f"{outer}.inner"
    except HTTPException as error:
        journal.note(f"inner saw {error.status_code}")
        raise
    finally:
        journal.note("inner out")


@app.get("/dependencies")
async def dependencies(journal: Noted, value: Annotated[str, Depends(inner)], fail: bool = False):
    journal.note(f"handler {value}")
    if fail:
        raise HTTPException(418, "a teapot", {"x-pot": "tea"})
    return {"value": value}


@app.get("/dependencies/stream")
async def dependencies_in_a_stream(journal: Noted, value: Annotated[str, Depends(inner)]):
    async def parts():
        for number in range(3):
            journal.note(f"part {number}")
            yield f"{value} {number}\n"

    return StreamingResponse(parts(), media_type="text/plain")


@app.get("/background")
async def background(journal: Noted, tasks: BackgroundTasks):
    async def later(text):
        # Were the response kept for its background tasks, its client could not answer this.
        await journal.until("released")
        journal.note(text)

    tasks.add_task(later, "first")
    tasks.add_task(later, "second")
    return {"queued": len(tasks.tasks)}


@app.post("/note")
async def note(journal: Noted, entry: str):
    journal.note(entry)


@app.post("/upload")
async def upload(files: list[UploadFile], title: Annotated[str, Form()]):
    described = []
    for file in files:
        digest = hashlib.sha256()
        while part := await file.read(64 * 1024):
            digest.update(part)
        kept = type(getattr(file.file, "_file", file.file)).__name__
        described.append([file.filename, file.content_type, file.size, digest.hexdigest(), kept])
    return {"title": title, "files": described}


@app.post("/upload/bytes")
async def upload_bytes(file: Annotated[bytes, File()]):
    return len(file)


@app.post("/upload/stream")
async def upload_stream(request: Request):
    digest, total, parts = hashlib.sha256(), 0, 0
    async for part in request.stream():
        digest.update(part)
        total += len(part)
        parts += 1
    return {"bytes": total, "sha256": digest.hexdigest(), "parts": parts}


@app.get("/stream/sync")
def stream_sync():
    # Runs on threads, a part at a time.
    return StreamingResponse((f"line {number}\n" for number in range(1000)), media_type="text/plain")


@app.get("/events")
async def events(request: Request, journal: Noted):
    async def parts():
        try:
            yield "data: 0\n\n"
            await journal.until("released")
            yield "data: 1\n\n"
            await asyncio.Event().wait()
        finally:
            journal.note("left")

    return StreamingResponse(parts(), media_type="text/event-stream")


@app.get("/stock")
async def stock():
    raise OutOfStock


@app.get("/fails")
async def fails():
    raise LookupError("provoked in FastAPI")


@app.get("/private")
async def private(credentials: Annotated[HTTPBasicCredentials, Depends(HTTPBasic())]):
    if not secrets.compare_digest(credentials.password, "right"):
        raise HTTPException(401, "wrong", {"WWW-Authenticate": "Basic"})
    return credentials.username


@app.get("/where")
async def where(request: Request):
    return {
        "client": list(request.client),
        "url": str(request.url),
        "base": str(request.base_url),
        "item": str(request.url_for("read_item", number=7)),
        "root_path": request.scope["root_path"],
    }
