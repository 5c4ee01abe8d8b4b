"""Answers in each way a test asks for by its path."""


def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/split":
        start_response("200 OK", [("X-A", "a\r\nX-Evil: 1")])
        return [b"split"]
    if path == "/split-name":
        start_response("200 OK", [("X-A\r\nX-Evil", "1")])
        return [b"split"]
    if path == "/split-status":
        start_response("200 OK\r\nX-Evil: 1", [])
        return [b"split"]
    if path == "/long":
        start_response("200 OK", [("Content-Length", "5")])
        return iter([b"plain", b"HTTP/1.1 200 OK\r\nX-Evil: 1\r\nContent-Length: 0\r\n\r\n"])
    if path == "/short":
        start_response("200 OK", [("Content-Length", "10")])
        return [b"plain"]
    if path == "/plain":
        start_response("200 OK", [("Content-Length", "5")])
        return [b"plain"]
    if path == "/mixed":
        start_response("200 OK", [("X-MiXed-Case", "a"), ("set-cookie", "a=1"), ("set-cookie", "b=2"), ("A-Last", "z")])
        return [b"mixed"]
    if path == "/date":
        start_response("200 OK", [("Date", "Thu, 01 Jan 1970 00:00:00 GMT")])
        return [b""]
    if path == "/204":
        start_response("204 No Content", [])
        return [b"never"]
    if path == "/304":
        start_response("304 Not Modified", [("ETag", '"a"')])
        return [b"never"]
    if path == "/pieces":
        start_response("200 OK", [])
        return iter([b"one ", b"two"])
    if path == "/echo":
        body = environ["wsgi.input"].read()
        start_response("200 OK", [("Content-Length", str(len(body)))])
        return [body]
    if path == "/early":
        start_response("401 Unauthorized", [("Content-Length", "2")])
        return [b"no"]
    start_response("404 Not Found", [])
    return []
