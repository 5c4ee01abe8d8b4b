"""The raw WSGI row: a hello with its length."""

HELLO = b"Hello, world!"
HEADERS = [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(HELLO)))]


def app(environ, start_response):
    start_response("200 OK", HEADERS.copy())
    return [HELLO]
