"""The limit of a Python row: the same app called in a loop, with no server around it.

`limit.py asgi|wsgi TARGET SECONDS METHOD PATH BODY_BYTES` prints one line of JSON. For each request an ASGI app gets a
fresh scope in a new Task under uvloop, a WSGI app a fresh environ: what any server must do at the least. Clients of an
ASGI app call it each on its own: an app whose requests use threads is faster when all go through the same stages
together, which requests of real clients do not.
"""

import asyncio
import importlib
import io
import json
import resource
import sys
import time

import uvloop

# As many requests are in flight as the load generator has connections.
CLIENTS = 64
# Left out of the figure: caches of the app and of the interpreter fill.
WARM_UP_SECONDS = 1.0


def main():
    interface, target, seconds, method, path, body_bytes = sys.argv[1:]
    module, _, attribute = target.partition(":")
    app = getattr(importlib.import_module(module), attribute)
    body = b"x" * int(body_bytes)
    if interface == "asgi":
        figures = uvloop.run(drive_asgi(app, method, path, body, float(seconds)))
    else:
        figures = drive_wsgi(app, method, path, body, float(seconds))
    print(json.dumps(figures))


async def drive_asgi(app, method, path, body, seconds):
    await check_asgi(app, asgi_scope(method, path, body), body)
    create_task = asyncio.get_running_loop().create_task

    async def send(message):
        pass

    def call():
        return app(asgi_scope(method, path, body), receiver(body), send)

    async def client(until):
        requests = 0
        while time.perf_counter() < until:
            await create_task(call())
            requests += 1
        return requests

    async def run(seconds):
        start, cpu_start = time.perf_counter(), time.process_time()
        answered = await asyncio.gather(*(client(start + seconds) for _ in range(CLIENTS)))
        return figures_of(sum(answered), start, cpu_start)

    await run(WARM_UP_SECONDS)
    return await run(seconds)


async def check_asgi(app, scope, body):
    """One request whose answer is looked at: a limit of error pages would be no limit."""
    statuses = []

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await app(scope, receiver(body), send)
    if statuses != [200]:
        raise SystemExit(f"limit.py: the app answered {statuses}, expected one 200")


def receiver(body):
    """The request's `receive`: its body once, and then nothing, for its client stays."""
    received = False

    async def receive():
        nonlocal received
        if received:
            await asyncio.get_running_loop().create_future()
        received = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def asgi_scope(method, path, body):
    headers = [(b"host", b"127.0.0.1:8000")]
    if body:
        headers.append((b"content-length", b"%d" % len(body)))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": method,
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": headers,
        "state": {},
    }


def drive_wsgi(app, method, path, body, seconds):
    def call():
        answered = []

        def start_response(status, headers, exc_info=None):
            answered.append(status)
            return answered.append

        result = app(wsgi_environ(method, path, body), start_response)
        for _ in result:
            pass
        if hasattr(result, "close"):
            result.close()
        return answered[0]

    if not call().startswith("200 "):
        raise SystemExit("limit.py: the app did not answer 200")

    def run(seconds):
        requests, start, cpu_start = 0, time.perf_counter(), time.process_time()
        while time.perf_counter() - start < seconds:
            for _ in range(CLIENTS):
                call()
            requests += CLIENTS
        return figures_of(requests, start, cpu_start)

    run(WARM_UP_SECONDS)
    return run(seconds)


def wsgi_environ(method, path, body):
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1:8000",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }


def figures_of(requests, start, cpu_start):
    return {
        "requests": requests,
        "seconds": time.perf_counter() - start,
        "cpu_seconds": time.process_time() - cpu_start,
        "rss_peak_kib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
    }


if __name__ == "__main__":
    main()
