"""WebSockets, as a class and as a function."""

from journal import journal_of
from starlette.endpoints import WebSocketEndpoint


class Talk(WebSocketEndpoint):
    encoding = "json"

    async def on_connect(self, websocket):
        await websocket.accept()
        await websocket.send_json({"session": websocket.session, "path": websocket.url.path})

    async def on_receive(self, websocket, data):
        await websocket.send_json({"got": data})

    async def on_disconnect(self, websocket, close_code):
        journal_of(websocket).note(f"closed with {close_code}")


async def hello(websocket):
    await websocket.accept()
    await websocket.send_text("hello")
    await websocket.close()
