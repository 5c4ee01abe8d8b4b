"""A worker that speaks the calls protocol itself, and breaks its rules: what is called says which."""

import json
import os
import socket
import struct
import threading

import _diglot_worker.calls

OFFER, CALL, RETURN, STOP = 0x01, 0x10, 0x11, 0x15
END = 1
STREAM = 0xFFFF_FFFF

FUNCTIONS = {
    # Stops its caller's items twice.
    "total": {"input": {"name": "numbers", "schema": {}}},
    # A stream that ends within an item.
    "count": {"stream": True},
    # A stream with an item longer than any may be.
    "endless": {"stream": True},
    # More functions than a worker may offer.
    "similar": {},
    # What is as it should be.
    "slow": {},
}

calls = socket.socket(fileno=os.dup(_diglot_worker.calls.state._fd))
calls.setblocking(True)


def send(kind, call, payload=b"", flags=0):
    calls.sendall(struct.pack("<IBBHI", len(payload), kind, flags, 0, call) + payload)


def receive(count):
    received = b""
    while len(received) < count:
        part = calls.recv(count - len(received))
        if not part:
            os._exit(0)
        received += part
    return received


def offer(name, **more):
    send(OFFER, 0, json.dumps({"name": name, "params": {"type": "object"}} | more).encode())


def called(call, name):
    match name:
        case "total":
            send(STOP, call)
            send(STOP, call)
        case "count":
            send(RETURN, call, struct.pack("<II", STREAM, 100) + b"abc", END)
        case "endless":
            send(RETURN, call, struct.pack("<II", STREAM, 0xFFFF_FFF0) + b"abc")
        case "similar":
            for number in range(1_024):
                offer(f"similar_{number}")
        case "slow":
            send(RETURN, call, struct.pack("<I", 5) + b"\x64fine", END)


def serve():
    receive(16)
    while True:
        length, kind, _, _, call = struct.unpack("<IBBHI", receive(12))
        payload = receive(length)
        if kind == CALL:
            start = 20 + payload[13]
            called(call, payload[start : start + payload[14]].decode())


calls.sendall(b"DGCALL" + struct.pack("<HII", 1, 0, 0))
for name, more in FUNCTIONS.items():
    offer(name, **more)
threading.Thread(target=serve, daemon=True).start()


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"]
            await send({"type": kind + ".complete"})
            if kind == "lifespan.shutdown":
                return
