"""A whole server, by `diglot.testing.serve`: Python services that call each other through the real broker."""

import json
import os
import shutil
import sys
import urllib.request
from pathlib import Path

import pytest

from diglot.testing import serve

CONFIG = f"""
[server]
listen = ["127.0.0.1:0"]

[services.web]
root = "web"
entry = "main:app"
python = "{sys.executable}"

[services.site]
root = "site"
entry = "site_app:app"
routes = ["/site"]
python = "{sys.executable}"

[services.model]
root = "model"
entry = "functions.py"
routes = []
python = "{sys.executable}"
"""
WEB = """
import json
import diglot
from diglot import services

async def app(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError
    found = {"similar": await services.model.similar(item_id=3)}
    found["watched"] = [n async for n in services.model.watch(to=3)]
    try:
        await services.model.similar(item_id="x")
    except diglot.InvalidArguments as error:
        found["issues"] = error.issues
    try:
        await services.model.slow.with_options(timeout=0.1)()
    except diglot.DeadlineExceeded as error:
        found["slow"] = error.code
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": json.dumps(found).encode()})
"""
SITE = """
import json
from diglot import services

def app(environ, start_response):
    start_response("200 OK", [])
    found = {"price": services.model.price.sync(n=2), "watched": list(services.model.watch.sync(to=2))}
    return [json.dumps(found).encode()]
"""
MODEL = """
import asyncio
from collections.abc import AsyncIterator
from diglot import function, services

@function
async def similar(item_id: int, k: int = 2) -> list[int]:
    return [item_id] * k

@function
def price(n: int) -> float:
    return services.model.double.sync(n=n) / 2

@function
async def double(n: int) -> int:
    return 2 * n

@function
async def watch(to: int) -> AsyncIterator[int]:
    for n in range(to):
        yield n

@function
async def slow() -> None:
    await asyncio.sleep(60)
"""


@pytest.mark.skipif(
    "DIGLOT_BIN" not in os.environ and shutil.which("diglot") is None, reason="there is no diglot: set DIGLOT_BIN"
)
def test_services_call_each_other(tmp_path):
    files = {"diglot.toml": CONFIG, "web/main.py": WEB, "site/site_app.py": SITE, "model/functions.py": MODEL}
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    with serve(tmp_path) as server:
        assert fetched(f"{server.url}/") == {
            "similar": [3, 3],
            "watched": [0, 1, 2],
            "issues": [{"path": ["item_id"], "message": "expected an int, not 'x'"}],
            "slow": "deadline_exceeded",
        }
        assert fetched(f"{server.url}/site") == {"price": 2.0, "watched": [0, 1]}
    assert server.process.returncode == 0
    assert "Traceback" not in server.log


def test_a_server_that_cannot_start(tmp_path):
    command = Path(tmp_path) / "diglot"
    command.write_text("#!/bin/sh\necho 'diglot: nothing to serve' >&2\nexit 2\n")
    command.chmod(0o755)
    with pytest.raises(RuntimeError, match="nothing to serve"), serve(tmp_path, command=str(command)):
        pass


def fetched(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        return json.loads(response.read())
