"""What is taken for an application by mistake."""

import socketio


async def init_app():
    """aiohttp's idiom of a factory."""


sio = socketio.AsyncServer(async_mode="asgi")
