"""python-socketio as an ASGI application: events, acknowledgements, rooms, a namespace, a refusal, background tasks."""

import asyncio
import os

import socketio

# Engine.IO keeps the poll of a client that has left for as long as both together.
sio = socketio.AsyncServer(async_mode="asgi", ping_interval=1, ping_timeout=4)


@sio.event
async def connect(sid, environ, auth):
    if auth == {"token": "wrong"}:
        raise socketio.exceptions.ConnectionRefusedError("no member")
    await sio.save_session(sid, {"ip": environ["asgi.scope"]["client"][0]})


@sio.event
async def disconnect(sid, reason):
    await sio.emit("left", reason, room="watchers")


@sio.event
async def session(sid):
    return {"worker": os.getpid(), **await sio.get_session(sid)}


@sio.event
async def echo(sid, *values):
    await sio.emit("echo", values, to=sid)
    return len(values)


@sio.event
async def join(sid, room):
    await sio.enter_room(sid, room)


@sio.event
async def say(sid, room, text):
    await sio.emit("said", text, room=room, skip_sid=sid)


@sio.event
async def ask(sid, question):
    return await sio.call("answer", question, to=sid, timeout=30)


@sio.event
async def later(sid):
    async def task():
        await asyncio.sleep(0)
        await sio.emit("later", to=sid)

    sio.start_background_task(task)


class Shop(socketio.AsyncNamespace):
    async def on_order(self, sid, number):
        await self.emit("ordered", number * 2)


sio.register_namespace(Shop("/shop"))


async def http(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
    await send({"type": "http.response.body", "body": b"beside Socket.IO"})


app = socketio.ASGIApp(sio, http)
