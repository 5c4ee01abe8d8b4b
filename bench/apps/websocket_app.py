"""The WebSocket rows: an echo, and a broadcast as the documentation of frameworks shows it: a set, and a send to each.

A subscriber is told when it is one, so that nobody need guess when a message would reach it.
"""

import asgi_app

subscribers = set()


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await asgi_app.lifespan(receive, send)
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/echo":
        await echo(receive, send)
    elif scope["path"] == "/publish":
        await publish(receive)
    else:
        await subscribe(receive, send)


async def echo(receive, send):
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        await send({"type": "websocket.send", "text": message["text"]})


async def publish(receive):
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        for send in tuple(subscribers):
            await send({"type": "websocket.send", "text": message["text"]})


async def subscribe(receive, send):
    subscribers.add(send)
    try:
        await send({"type": "websocket.send", "text": "subscribed"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
    finally:
        subscribers.discard(send)
