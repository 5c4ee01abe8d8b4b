"""Litestar: dependencies, handlers in a class, models, sessions, streams, an upload, static files, errors."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from litestar import Controller, Litestar, MediaType, Request, WebSocket, get, post, websocket, websocket_listener
from litestar.datastructures import State, UploadFile
from litestar.di import Provide
from litestar.enums import RequestEncodingType
from litestar.middleware.session.server_side import ServerSideSessionConfig
from litestar.params import Body
from litestar.response import ServerSentEvent, Stream
from litestar.static_files import create_static_files_router
from litestar.stores.memory import MemoryStore


@dataclass
class Item:
    name: str
    price: float


async def provide_limit(headers: dict[str, str]) -> int:
    return int(headers.get("x-limit", 10))


class Items(Controller):
    path = "/items"

    @get("/{number:int}")
    async def read(self, number: int, limit: int, state: State) -> dict:
        return {"number": number, "limit": limit, "started": state.started}

    @post("/")
    async def create(self, data: Item) -> Item:
        return data


@post("/upload")
async def upload(data: Annotated[UploadFile, Body(media_type=RequestEncodingType.MULTI_PART)]) -> dict:
    return {"name": data.filename, "bytes": len(await data.read())}


@get("/stream")
async def stream() -> Stream:
    return Stream((f"{number}\n".encode() for number in range(1000)), media_type="text/plain")


@get("/events")
async def events() -> ServerSentEvent:
    async def parts():
        for number in range(3):
            yield {"data": number, "id": number}

    return ServerSentEvent(parts())


@get("/count")
async def count(request: Request) -> int:
    request.session["count"] = request.session.get("count", 0) + 1
    return request.session["count"]


@get("/sync", sync_to_thread=True)
def on_a_thread() -> str:
    return "from a thread"


@websocket_listener("/ws/listener")
async def listener(data: dict, limit: int) -> dict:
    return {"name": data["name"], "limit": limit}


@websocket("/ws/raw/{number:int}")
async def raw(socket: WebSocket, number: int) -> None:
    if number == 0:
        await socket.close()
        return
    await socket.accept(subprotocols="two", headers={"x-accepted": "1"})
    async for part in socket.iter_data(mode="binary"):
        await socket.send_bytes(part * number)


@get("/fails")
async def fails() -> None:
    raise LookupError("provoked in Litestar")


@get("/stock", media_type=MediaType.TEXT)
async def stock() -> str:
    raise KeyError("pen")


def missing(request: Request, error: KeyError):
    from litestar import Response

    return Response({"missing": error.args[0]}, status_code=409)


def started(app):
    app.state.started = True


app = Litestar(
    [
        Items,
        upload,
        stream,
        events,
        count,
        on_a_thread,
        listener,
        raw,
        fails,
        stock,
        create_static_files_router("/static", [Path(__file__).parent / "static"]),
    ],
    dependencies={"limit": Provide(provide_limit)},
    middleware=[ServerSideSessionConfig().middleware],
    stores={"sessions": MemoryStore()},
    exception_handlers={KeyError: missing},
    on_startup=[started],
)
