"""A worker that writes what it was told to its own link, past the code that keeps the protocol."""

import os
import socket
import stat

PARENT = os.getppid()


def link():
    """The socket whose other end the server made."""
    for entry in os.listdir("/proc/self/fd"):
        number = int(entry)
        try:
            if not stat.S_ISSOCK(os.fstat(number).st_mode):
                continue
            with socket.socket(fileno=os.dup(number)) as one:
                if one.family != socket.AF_UNIX:
                    continue
                credentials = one.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        except OSError:
            continue
        if int.from_bytes(credentials[:4], "little") == PARENT:
            return number
    raise RuntimeError("there is no link")


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])
    if scope["path"] == "/hang":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"begun", "more_body": True})
        await receive()
        await receive()
        return
    if scope["path"] == "/wait":
        await send({"type": "http.response.early_hint", "links": [b"</here>"]})
        await receive()
        await receive()
        return
    if scope["path"] in ("/write", "/flood"):
        written = bytes.fromhex(scope["query_string"].decode())
        rest = memoryview(written * (65536 if scope["path"] == "/flood" else 1))
        number = link()
        os.set_blocking(number, True)
        while rest:
            rest = rest[os.write(number, rest) :]
        os.set_blocking(number, False)
        await receive()
        await receive()
        return
    if scope["path"] == "/cut":
        os.write(link(), bytes.fromhex(scope["query_string"].decode()))
        os._exit(0)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
