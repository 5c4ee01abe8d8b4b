"""What the tests of faults ask of a WSGI application; `asgi.py` says what each path is for."""

import json
import os
import sys
import threading
import time
from urllib.parse import parse_qsl

BLOCK = bytes((i * 167 + (i >> 8) * 59) & 255 for i in range(65_521))
BLOCKS = BLOCK * 20
CHUNK = 65_536

lock = threading.Lock()
state = {"open": 0, "left": 0, "left_at": 0.0, "sent": 0}


def app(environ, start_response):
    query = dict(parse_qsl(environ["QUERY_STRING"]))
    return getattr(Routes, environ["PATH_INFO"].rsplit("/", 1)[-1] or "hello")(query, environ, start_response)


def answer(start_response, text):
    body = text.encode()
    start_response("200 OK", [("Content-Length", str(len(body))), ("X-Pid", str(os.getpid()))])
    return [body]


def begun(id):
    """One write for the whole line: `print` makes two, and another thread's could come between them."""
    sys.stderr.write(f"begun {os.getpid()} {id}\n")
    sys.stderr.flush()


class Events:
    """An iterable whose `close` is what tells that the client has left."""

    def __init__(self, count, pause):
        self.left, self.pause = count, pause
        with lock:
            state["open"] += 1

    def __iter__(self):
        return self

    def __next__(self):
        if not self.left:
            raise StopIteration
        self.left -= 1
        time.sleep(self.pause)
        return b"data: %d\n\n" % time.time_ns()

    def close(self):
        with lock:
            state["open"] -= 1
            if self.left:
                state["left"] += 1
                state["left_at"] = time.time()


def pieces(left):
    at = state["sent"] = 0
    while left:
        size = min(left, CHUNK)
        yield BLOCKS[at : at + size]
        state["sent"] += size
        left -= size
        at = (at + size) % len(BLOCK)


class Routes:
    def hello(query, environ, start_response):
        return answer(start_response, "hello")

    def echo(query, environ, start_response):
        return answer(start_response, query["id"])

    def slow(query, environ, start_response):
        begun(query.get("id"))
        time.sleep(int(query["ms"]) / 1000)
        return answer(start_response, query.get("id", ""))

    def up(query, environ, start_response):
        if "id" in query:
            begun(query["id"])
        count, exact = 0, True
        while body := environ["wsgi.input"].read(CHUNK):
            at = count % len(BLOCK)
            exact = exact and BLOCKS[at : at + len(body)] == body
            count += len(body)
        return answer(start_response, f"{count} {exact}")

    def late(query, environ, start_response):
        time.sleep(int(query["ms"]) / 1000)
        count = len(environ["wsgi.input"].read())
        sys.stderr.write(f"took {count} until http.request\n")
        sys.stderr.flush()
        return answer(start_response, "")

    def down(query, environ, start_response):
        headers = [] if "chunked" in query else [("Content-Length", query["bytes"])]
        start_response("200 OK", headers)
        return pieces(int(query["bytes"]))

    def sse(query, environ, start_response):
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return Events(int(query.get("events", sys.maxsize)), int(query.get("ms", "20")) / 1000)

    def state(query, environ, start_response):
        return answer(start_response, json.dumps({**state, "tasks": 0, "pid": os.getpid()}))
