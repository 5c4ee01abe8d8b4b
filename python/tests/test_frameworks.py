"""Frameworks run unmodified."""

import json

import pytest
from front import CANCEL, RESPONSE

QUIET = {"PYTHONWARNINGS": "default"}


def test_fastapi(worker):
    pytest.importorskip("fastapi")
    front = worker(
        """
        from contextlib import asynccontextmanager
        from fastapi import BackgroundTasks, FastAPI, Request, WebSocket
        from fastapi.responses import FileResponse, StreamingResponse
        from pydantic import BaseModel

        done, left = [], []

        @asynccontextmanager
        async def lifespan(app):
            yield {"started": True}

        app = FastAPI(lifespan=lifespan)

        class Item(BaseModel):
            name: str
            price: float

        @app.get("/items/{number}")
        async def read(number: int, request: Request, q: str = ""):
            return {"number": number, "q": q, "started": request.state.started, "client": request.client.host}

        @app.get("/sync")
        def sync(tasks: BackgroundTasks):
            tasks.add_task(done.append, 1)
            return {"done": len(done)}

        @app.post("/items")
        async def create(item: Item):
            return item

        @app.get("/stream")
        async def stream():
            async def parts():
                for number in range(3):
                    yield f"data: {number}\\n\\n"
            return StreamingResponse(parts(), media_type="text/event-stream")

        @app.get("/endless")
        async def endless(request: Request):
            import asyncio
            async def parts():
                yield "one"
                try:
                    await asyncio.Event().wait()
                finally:
                    left.append(1)
            return StreamingResponse(parts())

        @app.get("/left")
        async def how_many_left():
            return {"left": len(left)}

        @app.get("/file")
        async def file():
            return FileResponse(__file__)

        @app.get("/fails")
        async def fails():
            raise LookupError("in the app")
        """,
        environment=QUIET,
    )
    assert json.loads(front.request("GET", "/items/7?q=x").body) == {
        "number": 7,
        "q": "x",
        "started": True,
        "client": "127.0.0.1",
    }
    assert front.request("GET", "/items/x").status == 422
    assert front.request("GET", "/none").status == 404
    assert json.loads(front.request("GET", "/sync").body) == {"done": 0}
    # The background task runs after the response, on another thread.
    assert any(json.loads(front.request("GET", "/sync").body)["done"] > 0 for _ in range(1000))
    item = {"name": "a", "price": 1.5}
    headers = [(b"Host", b"x"), (b"Content-Type", b"application/json")]
    assert json.loads(front.request("POST", "/items", headers, json.dumps(item).encode()).body) == item
    assert front.request("GET", "/stream").body == b"data: 0\n\ndata: 1\n\ndata: 2\n\n"
    assert front.request("GET", "/file").body.startswith(b"\nfrom contextlib")
    assert front.request("GET", "/docs").status == 200
    stream = front.begin("GET", "/endless")
    assert front.frame_of(stream).kind == RESPONSE
    front.send(CANCEL, stream, b"\x01")
    while front.frame_of(stream).kind != CANCEL:
        pass
    assert json.loads(front.request("GET", "/left").body) == {"left": 1}
    assert front.request("GET", "/fails").status == 500
    assert front.drain() == 0
    assert "LookupError: in the app" in front.stderr()


def test_flask(worker):
    pytest.importorskip("flask")
    front = worker(
        """
        from flask import Flask, Response, request, send_file, stream_with_context

        app = Flask(__name__)

        @app.get("/items/<int:number>")
        def read(number):
            return {"number": number, "q": request.args.get("q"), "root": request.script_root}

        @app.post("/form")
        def form():
            return {"name": request.form["name"], "file": request.files["file"].read().decode()}

        @app.get("/stream")
        def stream():
            @stream_with_context
            def parts():
                for number in range(3):
                    yield f"{request.path} {number}\\n"
            return Response(parts())

        @app.get("/file")
        def file():
            return send_file(__file__)

        @app.get("/fails")
        def fails():
            raise LookupError("in the app")
        """,
        environment=QUIET,
    )
    assert json.loads(front.request("GET", "/items/7?q=%C3%BC").body) == {"number": 7, "q": "\xfc", "root": ""}
    assert json.loads(front.request("GET", "/x/items/7", mount=2).body)["root"] == "/x"
    assert front.request("GET", "/none").status == 404
    form = (
        b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nN\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\ncontent\r\n--b--\r\n'
    )
    headers = [
        (b"Host", b"x"),
        (b"Content-Type", b"multipart/form-data; boundary=b"),
        (b"Content-Length", str(len(form)).encode()),
    ]
    assert json.loads(front.request("POST", "/form", headers, form).body) == {"name": "N", "file": "content"}
    assert front.request("GET", "/stream").body == b"/stream 0\n/stream 1\n/stream 2\n"
    assert front.request("HEAD", "/items/1").body == b""
    assert b"send_file" in front.request("GET", "/file").body
    assert front.request("GET", "/fails").status == 500
    assert front.drain() == 0
    assert "LookupError: in the app" in front.stderr()


def test_fastapi_websockets(worker):
    pytest.importorskip("fastapi")
    front = worker(
        """
        from fastapi import Depends, FastAPI, HTTPException, WebSocket, WebSocketDisconnect, WebSocketException

        app = FastAPI()
        left = []

        async def user(name: str = ""):
            if not name:
                raise WebSocketException(code=1008, reason="who are you?")
            if name == "mallory":
                raise HTTPException(401, "go away")
            return name

        @app.websocket("/echo")
        async def echo(socket: WebSocket):
            await socket.accept(subprotocol=socket.scope["subprotocols"][0])
            while True:
                await socket.send_json(await socket.receive_json())

        @app.websocket("/hello")
        async def hello(socket: WebSocket, name: str = Depends(user)):
            await socket.accept()
            try:
                async for text in socket.iter_text():
                    await socket.send_text(f"{text}, {name}")
                await socket.send_text("nobody hears this")
            except WebSocketDisconnect as gone:
                left.append(gone.code)

        @app.get("/left")
        async def get_left():
            return left
        """,
        entry={"module": "main", "attr": "app", "call": False},
    )
    socket = front.websocket("/echo", ((b"Sec-WebSocket-Protocol", b"chat"),))
    assert socket.accepted() == [(b"sec-websocket-protocol", b"chat")]
    assert socket.echoed('{"a":[1]}') == '{"a":[1]}'
    assert socket.close(1001) == (1000, "")

    socket = front.websocket("/hello?name=ann")
    socket.accepted()
    assert socket.echoed("hello") == "hello, ann"
    assert socket.close(1001) == (1000, "")
    assert front.request("GET", "/left").body == b"[1006]"

    assert front.response(front.websocket("/hello").stream).status == 403
    denied = front.response(front.websocket("/hello?name=mallory").stream)
    assert (denied.status, denied.body) == (401, b'{"detail":"go away"}')
    assert front.response(front.websocket("/nowhere").stream).status == 403
    assert front.drain() == 0


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_anyio_cancels_what_waits_for_a_message(worker, loop):
    pytest.importorskip("anyio")
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    front = worker(
        """
        import anyio

        async def app(scope, receive, send):
            await receive()
            await send({"type": "websocket.accept"})
            for _ in range(3):
                with anyio.move_on_after(0.005) as scope:
                    await receive()
                assert scope.cancelled_caught
            async with anyio.create_task_group() as group:
                for _ in range(3):
                    group.start_soon(receive)
                await anyio.sleep(0.005)
                group.cancel_scope.cancel()
            await send({"type": "websocket.send", "text": "ready"})
            with anyio.fail_after(5):
                message = await receive()
            await send({"type": "websocket.send", "text": message["text"]})
        """,
        lifespan="off",
        loop=loop,
    )
    socket = front.websocket()
    socket.accepted()
    assert socket.receive() == "ready"
    assert socket.echoed("one") == "one"
    assert socket.closed() == (1000, "")
    assert front.drain() == 0
