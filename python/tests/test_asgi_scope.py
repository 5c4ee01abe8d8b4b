"""The scope of an HTTP request, point by point."""

import json

import pytest

DUMP = """
    import json

    def plain(value):
        if isinstance(value, bytes):
            return "b:" + value.decode("latin-1")
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        return value

    async def app(scope, receive, send):
        assert type(scope) is dict
        body = json.dumps(plain(scope)).encode()
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": body})
"""


@pytest.fixture
def scope_of(worker):
    started = {}

    def scope_of(*args, settings=(), **options):
        key = str(settings)
        if key not in started:
            started[key] = worker(DUMP, lifespan="off", **dict(settings))
        return json.loads(started[key].request(*args, **options).body)

    scope_of.front = lambda: started.setdefault("()", worker(DUMP, lifespan="off"))
    return scope_of


def test_a_whole_scope(scope_of):
    headers = [(b"Host", b"example.test"), (b"ACCEPT", b"*/*"), (b"X-Custom", b"\xe9"), (b"accept", b"a/b")]
    assert scope_of("GET", "/a%20b/%C3%BC?x=%20y&z", headers) == {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ["127.0.0.1", 8000],
        "client": ["127.0.0.1", 50123],
        "scheme": "http",
        "method": "GET",
        "root_path": "",
        "path": "/a b/\xfc",
        "raw_path": "b:/a%20b/%C3%BC",
        "query_string": "b:x=%20y&z",
        "headers": [
            ["b:host", "b:example.test"],
            ["b:accept", "b:*/*"],
            ["b:x-custom", "b:\xe9"],
            ["b:accept", "b:a/b"],
        ],
        "state": {},
        "extensions": {
            "http.response.trailers": {},
            "http.response.early_hint": {},
            "http.response.zerocopysend": {},
        },
    }


@pytest.mark.parametrize(("version", "expect"), [(10, "1.0"), (11, "1.1"), (20, "2")])
def test_http_version(scope_of, version, expect):
    assert scope_of(version=version)["http_version"] == expect


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "PROPFIND", "get"])
def test_method(scope_of, worker, method):
    if method != "HEAD":
        assert scope_of(method)["method"] == method


def test_tls(scope_of):
    scope_of.front().open(7, tls=True)
    assert scope_of(connection=7)["scheme"] == "https"


def test_unix_socket(scope_of):
    scope_of.front().open(8, client=("", 0), server=("/run/x.sock", 0))
    scope = scope_of(connection=8)
    assert scope["server"] == ["/run/x.sock", None]
    assert scope["client"] is None


def test_a_connection_id_that_is_used_again(scope_of):
    scope_of.front().open(9, client=("10.0.0.1", 1))
    assert scope_of(connection=9)["client"] == ["10.0.0.1", 1]
    scope_of.front().send(0x11, 9)
    scope_of.front().open(9, client=("10.0.0.2", 2))
    assert scope_of(connection=9)["client"] == ["10.0.0.2", 2]


@pytest.mark.parametrize(
    ("target", "path"),
    [("/%E4", "/\ufffd"), ("/%", "/%"), ("/%zz%41", "/%zzA"), ("/a+b", "/a+b"), ("/%2F", "//"), ("//a//", "//a//")],
)
def test_path_decoding(scope_of, target, path):
    scope = scope_of("GET", target)
    assert scope["path"] == path
    assert scope["raw_path"] == "b:" + target


def test_a_mounted_service_keeps_its_path(scope_of):
    scope = scope_of("GET", "/api/v1/x?y", mount=4)
    assert (scope["root_path"], scope["path"], scope["raw_path"]) == ("/api", "/api/v1/x", "b:/api/v1/x")


def test_spec_version_is_a_setting(scope_of):
    assert scope_of(settings={"asgi_spec": "2.5"}.items())["asgi"]["spec_version"] == "2.5"


def test_values_of_common_names_are_their_own_request_s(scope_of):
    for value in (b"one", b"two", b"three", b"one", b"", b"x" * 5000, b"two"):
        scope = scope_of(headers=[(b"User-Agent", value), (b"Cookie", value)])
        assert scope["headers"] == [["b:user-agent", "b:" + value.decode()], ["b:cookie", "b:" + value.decode()]]


def test_what_an_application_changes_is_its_request_s(worker):
    front = worker(
        """
        async def app(scope, receive, send):
            if scope["type"] == "lifespan":
                scope["state"]["shared"] = []
                await receive()
                await send({"type": "lifespan.startup.complete"})
                await receive()
                await send({"type": "lifespan.shutdown.complete"})
                return
            seen = [len(scope["asgi"]), len(scope["extensions"]), sorted(scope["state"]), len(scope["headers"])]
            scope["state"]["shared"].append(1)
            seen.append(len(scope["state"]["shared"]))
            scope["asgi"]["x"] = scope["extensions"]["x"] = scope["state"]["x"] = 1
            scope["headers"].clear()
            scope.clear()
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": repr(seen).encode()})
        """
    )
    assert front.request().body == b"[2, 3, ['shared'], 1, 1]"
    assert front.request().body == b"[2, 3, ['shared'], 1, 2]"
