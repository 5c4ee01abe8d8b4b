"""Tells what it saw: every request in order, at /canary/seen, once."""

import json

seen = []


def app(environ, start_response):
    if environ["PATH_INFO"] == "/canary/seen":
        told = json.dumps(seen).encode()
        seen.clear()
        start_response("200 OK", [("Content-Length", str(len(told)))])
        return [told]
    query = environ["QUERY_STRING"]
    texts = {name: value for name, value in environ.items() if isinstance(value, str)}
    record = {
        "method": environ["REQUEST_METHOD"],
        "target": environ["PATH_INFO"] + (f"?{query}" if query else ""),
        "headers": [[name, value] for name, value in texts.items() if name.startswith("HTTP_")],
        "facts": texts,
        "body": "",
        "complete": False,
    }
    seen.append(record)
    try:
        record["body"] = environ["wsgi.input"].read().decode("latin-1")
    except OSError:
        return []
    record["complete"] = True
    start_response("200 OK", [("Content-Length", "4")])
    return [b"seen"]
