"""Calls out of real frameworks: Python's views await functions of TypeScript, Node's controllers those of Python."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from servers import ROOT, App

NODE_APPS = ROOT / "tests/frameworks/node"
pytestmark = [
    pytest.mark.diglot_only("no peer carries calls"),
    pytest.mark.skipif(not (NODE_APPS / "node_modules/typescript").is_dir(), reason="`npm ci` in ../node"),
]
#: Beyond what one worker of WSGI has of threads, so that some of them wait.
AT_ONCE = 16
#: By service: of a view that was waiting for a call when its client left.
LEFT = ("CallCancelled", "Internal Server Error", "Traceback", "Exception on /")


def python(entry, interface):
    cards = {"root": NODE_APPS, "entry": "apps/calling/cards.ts", "routes": []}
    return App("calling", entry, interface, beside={"cards": cards}, expected=LEFT)


def node(entry, **env):
    web = {"root": NODE_APPS, "entry": f"apps/calling/{entry}", "routes": "/", "env": {"NODE_ENV": "production", **env}}
    return App("calling", "model.py", "asgi", options={"routes": []}, beside={"web": web}, expected=LEFT)


PYTHON = {
    "Django-ASGI": python("django_asgi:application", "asgi"),
    "Django-WSGI": python("django_wsgi:application", "wsgi"),
    "Flask": python("flask_cards:app", "wsgi"),
}
NODE = {
    "Nest-Express": node("nest.ts", ADAPTER="express"),
    "Nest-Fastify": node("nest.ts", ADAPTER="fastify"),
    "Fastify": node("fastify.mjs"),
    "Hono": node("hono.mjs"),
    "Hono-node-server": node("hono_server.mjs"),
}


@pytest.fixture(scope="module")
def server(request, serve):
    return serve({**PYTHON, **NODE}[request.param])


def at_once(server, paths):
    """What has come of all of them, in their order."""
    with server.client() as client, ThreadPoolExecutor(AT_ONCE) as pool:
        return [(answer.status_code, answer.json()) for answer in pool.map(client.get, paths)]


@pytest.mark.parametrize("server", PYTHON, indirect=True)
@pytest.mark.parametrize("view", ["awaited", "sync"])
def test_views_await_functions_of_typescript(server, view):
    numbers = range(1, 65)
    wanted = [{"heading": f"item {n}", "total": n + 1.5, "due": "2026-03-01T12:00:00+00:00"} for n in numbers]
    answers = at_once(server, [f"/{view}/cards/{number}" for number in numbers])
    assert answers == [(200, card) for card in wanted], server.log


@pytest.mark.parametrize("server", PYTHON, indirect=True)
@pytest.mark.parametrize("view", ["awaited", "sync"])
def test_what_typescript_throws_is_caught_by_its_class(server, view):
    assert at_once(server, [f"/{view}/cards/0"]) == [(404, {"nearest": 1})], server.log


@pytest.mark.parametrize("server", NODE, indirect=True)
def test_controllers_await_functions_of_numpy(server):
    sizes = [(rows, columns) for rows in range(1, 9) for columns in range(1, 9)]
    answers = at_once(server, [f"/pictures/{rows}/{columns}" for rows, columns in sizes])
    for (rows, columns), answer in zip(sizes, answers, strict=True):
        # Turned to the left: what was the last column is the first row.
        data = [row * columns + column + 0.5 for column in reversed(range(columns)) for row in range(rows)]
        assert answer == (200, {"shape": [columns, rows], "dtype": "float32", "data": data}), server.log


def leave(server, path, name):
    """A client that waits for a call which takes until nobody does, and leaves."""
    with server.connect(path):
        server.wait_for(f"{name} is pondered$")
        assert f"{name} is given up" not in server.log
    server.wait_for(f"{name} is given up$")


@pytest.mark.parametrize("server", PYTHON, indirect=True)
@pytest.mark.parametrize("view", ["awaited", "sync"])
def test_a_client_that_leaves_a_view_ends_the_function_in_typescript(server, view):
    leave(server, f"/{view}/ponder/{view}", view)


@pytest.mark.parametrize("server", NODE, indirect=True)
def test_a_client_that_leaves_a_controller_ends_the_function_in_python(server):
    leave(server, "/ponder/it", "it")
