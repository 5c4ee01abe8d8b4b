"""python-socketio as a WSGI application, on threads."""

import os

import socketio

# Engine.IO keeps the poll of a client that has left for as long as both together.
sio = socketio.Server(async_mode="threading", ping_interval=1, ping_timeout=4)


@sio.event
def echo(sid, *values):
    sio.emit("echo", values, to=sid)
    return len(values)


@sio.event
def session(sid):
    return {"worker": os.getpid()}


@sio.event
def later(sid):
    sio.start_background_task(sio.emit, "later", to=sid)


def http(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"beside Socket.IO"]


app = socketio.WSGIApp(sio, http)
