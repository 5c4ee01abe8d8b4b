"""The row of a handler that waits: 10 ms, as for a database, and a hello."""

import asyncio

import asgi_app

WAIT_SECONDS = 0.010


async def app(scope, receive, send):
    if scope["type"] == "http":
        await asyncio.sleep(WAIT_SECONDS)
    await asgi_app.app(scope, receive, send)
