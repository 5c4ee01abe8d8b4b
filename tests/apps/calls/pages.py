"""Applications that wait for the service in Node, or pass on what it streams: one ASGI, one WSGI."""

from diglot import services

HEADERS = [("Content-Type", "text/plain")]
TO = 1_000_000_000


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError("it has no lifespan")
    if scope["path"].endswith("/slow"):
        body = (await services.node.slow(ms=60_000)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": body})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    async for n in services.node.count(to=TO):
        await send({"type": "http.response.body", "body": b"%d\n" % n, "more_body": True})


def wsgi(environ, start_response):
    if environ["PATH_INFO"].endswith("/slow"):
        body = [services.node.slow.sync(ms=60_000).encode()]
    else:
        body = (b"%d\n" % n for n in services.node.count.sync(to=TO))
    start_response("200 OK", HEADERS)
    return body
