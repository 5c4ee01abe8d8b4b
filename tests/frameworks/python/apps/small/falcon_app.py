"""Falcon, both kinds: resources, hooks, media, an upload, a stream, static files, error handlers."""

from pathlib import Path

import falcon
import falcon.asgi

HERE = Path(__file__).parent


class Timing:
    def process_response(self, req, resp, resource, succeeded):
        resp.set_header("x-middleware", str(succeeded))

    async def process_response_async(self, req, resp, resource, succeeded):
        resp.set_header("x-middleware", str(succeeded))

    async def process_startup(self, scope, event):
        print("Falcon has started", flush=True)


class Item:
    def on_get(self, req, resp, number):
        resp.media = {"number": number, "q": req.get_param("q"), "remote": req.remote_addr}

    def on_post(self, req, resp, number):
        resp.status = falcon.HTTP_201
        resp.media = {"got": req.get_media()}
        resp.set_cookie("seen", "1", secure=False)


class AsyncItem:
    async def on_get(self, req, resp, number):
        resp.media = {"number": number, "q": req.get_param("q"), "remote": req.remote_addr}

    async def on_post(self, req, resp, number):
        resp.status = 201
        resp.media = {"got": await req.get_media()}
        resp.set_cookie("seen", "1", secure=False)


class Upload:
    def on_post(self, req, resp):
        resp.media = [[part.filename, len(part.stream.read())] for part in req.get_media()]

    def on_put(self, req, resp):
        resp.media = {"bytes": len(req.bounded_stream.read())}


class AsyncUpload:
    async def on_post(self, req, resp):
        resp.media = [[part.filename, len(await part.stream.read())] async for part in await req.get_media()]

    async def on_put(self, req, resp):
        resp.media = {"bytes": sum([len(part) async for part in req.stream])}


class Stream:
    def on_get(self, req, resp):
        resp.content_type = falcon.MEDIA_TEXT
        resp.stream = (f"{number}\n".encode() for number in range(1000))


class AsyncStream:
    async def on_get(self, req, resp):
        async def parts():
            for number in range(1000):
                yield f"{number}\n".encode()

        resp.content_type = falcon.MEDIA_TEXT
        resp.stream = parts()


class Talk:
    async def on_websocket(self, req, ws):
        if req.get_param("refused"):
            raise falcon.HTTPForbidden
        await ws.accept(subprotocol="two" if "two" in ws.subprotocols else None, headers={"x-accepted": "1"})
        try:
            while True:
                await ws.send_media({"got": await ws.receive_media()})
        except falcon.WebSocketDisconnected as left:
            print(f"Falcon's client left with {left.code}", flush=True)


class Fails:
    def on_get(self, req, resp):
        raise LookupError("provoked in Falcon")


class AsyncFails:
    async def on_get(self, req, resp):
        raise LookupError("provoked in Falcon")


def _with_routes(app, item, upload, stream, fails):
    app.add_route("/items/{number:int}", item)
    app.add_route("/upload", upload)
    app.add_route("/stream", stream)
    app.add_route("/fails", fails)
    app.add_static_route("/static", HERE / "static")
    return app


wsgi = _with_routes(falcon.App(middleware=[Timing()]), Item(), Upload(), Stream(), Fails())
asgi = _with_routes(falcon.asgi.App(middleware=[Timing()]), AsyncItem(), AsyncUpload(), AsyncStream(), AsyncFails())
asgi.add_route("/ws", Talk())
