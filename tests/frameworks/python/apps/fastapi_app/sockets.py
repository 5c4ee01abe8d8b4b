"""WebSockets: messages of each kind, dependencies, a room, refusals, failures."""

from typing import Annotated

from fastapi import (
    APIRouter,
    Cookie,
    Depends,
    Query,
    Response,
    WebSocket,
    WebSocketDisconnect,
    WebSocketException,
    status,
)
from journal import Journal

router = APIRouter(prefix="/ws")
room: set[WebSocket] = set()


@router.websocket("/echo")
async def echo(socket: WebSocket):
    await socket.accept()
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        if message.get("bytes") is not None:
            await socket.send_bytes(message["bytes"])
        else:
            await socket.send_text(message["text"])


@router.websocket("/json/{number}")
async def as_json(socket: WebSocket, number: int, q: str = "", seen: Annotated[str | None, Cookie()] = None):
    await socket.accept()
    async for value in socket.iter_json():
        await socket.send_json({"number": number, "q": q, "seen": seen, "value": value})


@router.websocket("/accept")
async def accept(socket: WebSocket):
    offered = socket.scope["subprotocols"]
    headers = [(b"x-accepted", b"yes"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    await socket.accept(subprotocol=offered[-1] if offered else None, headers=headers)
    await socket.send_json(
        {
            "offered": offered,
            "url": str(socket.url),
            "client": socket.client.host,
            "scheme": socket.scope["scheme"],
            "started": socket.state.started,
            "header": socket.headers.get("x-mine"),
        }
    )
    await socket.close(4001, "enough")


async def member(token: Annotated[str, Query()] = ""):
    if token != "right":
        raise WebSocketException(status.WS_1008_POLICY_VIOLATION, "no member")
    return "member"


@router.websocket("/members")
async def members(socket: WebSocket, who: Annotated[str, Depends(member)]):
    await socket.accept()
    await socket.send_text(who)
    await socket.receive_text()
    raise WebSocketException(status.WS_1013_TRY_AGAIN_LATER, "later")


@router.websocket("/refused")
async def refused(socket: WebSocket):
    await socket.close()


@router.websocket("/denied")
async def denied(socket: WebSocket):
    await socket.send_denial_response(Response(b"pay first", 402, {"x-price": "1"}))


@router.websocket("/fails")
async def fails(socket: WebSocket, before: bool = False):
    if before:
        raise LookupError("provoked before accept")
    await socket.accept()
    await socket.receive_text()
    raise LookupError("provoked in a WebSocket")


@router.websocket("/returns")
async def returns(socket: WebSocket):
    await socket.accept()
    await socket.send_text("the last")


async def noting(socket: WebSocket, journal: str):
    journal = socket.state.journals.setdefault(journal, Journal())
    try:
        yield journal
    finally:
        journal.note("cleaned up")


@router.websocket("/noted")
async def noted(socket: WebSocket, journal: Annotated[Journal, Depends(noting)]):
    await socket.accept()
    try:
        while True:
            journal.note(await socket.receive_text())
    except WebSocketDisconnect as left:
        journal.note(f"left with {left.code} {left.reason}")


@router.websocket("/room")
async def chat(socket: WebSocket):
    await socket.accept()
    room.add(socket)
    try:
        await socket.send_text(f"{len(room)} here")
        async for text in socket.iter_text():
            for other in list(room):
                await other.send_text(text)
    finally:
        room.discard(socket)


@router.websocket("/flood")
async def flood(socket: WebSocket, count: int, size: int):
    await socket.accept()
    for number in range(count):
        await socket.send_text(f"{number}:".ljust(size, "x"))
    await socket.close()
