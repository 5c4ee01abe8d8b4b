"""One server for each application and module of tests; `--server peer` takes the one its authors test with."""

import signal

import pytest
from servers import Server


def pytest_addoption(parser):
    parser.addoption(
        "--server",
        choices=("diglot", "peer"),
        default="diglot",
        help="what runs the applications: Diglot, or uvicorn for ASGI and gunicorn for WSGI",
    )


def pytest_configure(config):
    # A run that is asked to end ends its servers as well, by its fixtures.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    config.addinivalue_line("markers", "diglot_only(why): what no peer can do, or does in another way")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--server") == "diglot":
        return
    for item in items:
        if mark := item.get_closest_marker("diglot_only"):
            item.add_marker(pytest.mark.skip(reason=f"Diglot only: {mark.args[0]}"))


@pytest.fixture(scope="session")
def kind_of(request):
    """Which server runs an application of an interface: `kind_of("asgi")`."""
    peers = {"asgi": "uvicorn", "wsgi": "gunicorn"}
    diglot = request.config.getoption("--server") == "diglot"
    return lambda interface: "diglot" if diglot else peers[interface]


@pytest.fixture(scope="module")
def serve(kind_of):
    """Starts servers for a module's tests: `serve(App(...))`. They are judged when they are stopped, at its end."""
    started = []

    def start(app):
        server = Server(app, kind_of(app.interface))
        started.append(server)
        return server

    yield start
    running = [server for server in started if server.process.poll() is None]
    for server in running:
        server.signal(signal.SIGTERM)
    problems = []
    for server in running:
        try:
            server.judge()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n\n".join(problems)


@pytest.fixture
def client(server):
    """A client of the module's `server`."""
    with server.client() as client:
        yield client
