"""The same on the threads of a WSGI worker."""

import json

from main import WORK


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(WORK[environ["PATH_INFO"]]()).encode()]
