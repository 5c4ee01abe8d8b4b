"""Answers in each way a test asks for by its path."""


async def body_of(receive):
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError(scope["type"])

    async def start(status=200, *headers, **more):
        await send({"type": "http.response.start", "status": status, "headers": headers, **more})

    async def end(body=b"", **more):
        await send({"type": "http.response.body", "body": body, **more})

    match scope["path"]:
        case "/plain":
            await start(200, (b"content-length", b"5"))
            await end(b"plain")
        case "/mixed":
            await start(
                200, (b"X-MiXed-Case", b"a"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2"), (b"A-Last", b"z")
            )
            await end(b"mixed")
        case "/date":
            await start(200, (b"date", b"Thu, 01 Jan 1970 00:00:00 GMT"))
            await end()
        case "/204":
            await start(204)
            await end(b"never")
        case "/304":
            await start(304, (b"etag", b'"a"'))
            await end(b"never")
        case "/pieces":
            await start()
            await end(b"one ", more_body=True)
            await end(b"two")
        case "/trailers":
            await start(200, (b"trailer", b"X-Sum"), trailers=True)
            await end(b"body")
            await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"4")]})
        case "/hints":
            await send({"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]})
            await start()
            await end(b"hinted")
        case "/echo":
            body = await body_of(receive)
            if body is not None:
                await start()
                await end(body)
        case "/early":
            await start(401)
            await end(b"no")
        case "/split":
            await start(200, (b"x-a", b"a\r\nX-Evil: 1"))
            await end(b"split")
        case "/split-name":
            await start(200, (b"x-a\r\nX-Evil", b"1"))
            await end(b"split")
        case "/split-trailers":
            await start(200, (b"trailer", b"x-sum"), trailers=True)
            await end(b"body")
            await send({"type": "http.response.trailers", "headers": [(b"x-sum", b"4\r\nX-Evil: 1")]})
        case "/split-hints":
            await send({"type": "http.response.early_hint", "links": [b"</a.css>\r\nX-Evil: 1"]})
            await start()
            await end(b"hinted")
        case "/long":
            await start(200, (b"content-length", b"5"))
            await end(b"plain", more_body=True)
            await end(b"HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n")
        case "/short":
            await start(200, (b"content-length", b"10"))
            await end(b"plain")
        case "/split-late":
            await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"a\nX-Evil: 1")]})
            await end(b"split", more_body=True)
            await end(b"split")
        case _:
            await start(404)
            await end()
