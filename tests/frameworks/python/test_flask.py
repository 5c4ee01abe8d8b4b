"""Flask."""

import hashlib
import threading

import httpx
import pytest
from servers import APPS, App

NUMBERS = (APPS / "flask_app/static/numbers.txt").read_bytes()
LARGE = b"0123456789abcdef" * (8 * 1024 * 1024 // 16)
EXPECTED = ("Traceback", "provoked", "Exception on /fails")


@pytest.fixture(scope="module", params=[False, True], ids=["wsgi", "wsgi-validated"])
def server(request, serve):
    return serve(App("flask_app", "main:app", "wsgi", validated=request.param, threads=4, expected=EXPECTED))


def test_routes_and_arguments(client):
    answer = client.get("/items/7", params={"q": ["\xfc", "a b"]}).json()
    assert answer == {"number": 7, "q": ["\xfc", "a b"], "url": "/items/7"}
    assert client.head("/items/7").content == b""
    options = client.options("/items/7")
    assert set(options.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    empty = client.get("/empty")
    assert (empty.status_code, empty.content) == (204, b"")


def test_blueprints(client):
    page = client.get("/shop/")
    assert page.text.strip() == '<ul><li>&lt;pen&gt;</li><li>paper</li></ul><a href="/shop/">again</a>'
    assert client.get("/shop").status_code == 308
    closed = client.get("/shop/?closed=1")
    assert (closed.status_code, closed.text) == (503, "the shop is closed")


def test_error_handlers(server, client):
    missing = client.get("/n%C3%B6ne")
    assert (missing.status_code, missing.text.strip()) == (404, "<h1>nothing at /n\xf6ne</h1>")
    teapot = client.get("/teapot")
    assert (teapot.status_code, teapot.json()) == (418, {"code": 418, "name": "I'm a teapot"})
    handled = client.get("/missing")
    assert (handled.status_code, handled.json()) == (400, {"missing": "name"})
    failed = client.get("/fails")
    assert (failed.status_code, failed.json()["name"]) == (500, "Internal Server Error")
    server.wait_for("LookupError: provoked in Flask")


def test_after_request_and_teardown(client):
    assert client.get("/empty").headers["x-after"] == "204"
    assert client.get("/missing").headers["x-after"] == "400"
    assert client.get("/torn-down").json()[-2:] == [["/empty", None], ["/missing", None]]


def test_a_failure_after_the_head_cuts_the_response(server, client):
    with client.stream("GET", "/fails-late") as response:
        body = response.iter_raw()
        assert next(body) == b"begun"
        client.post("/arrived")
        with pytest.raises(httpx.TransportError):
            next(body)
    server.wait_for("LookupError: provoked after the head")


def test_sessions_and_flashed_messages(server):
    with server.client(follow_redirects=True) as browser:
        assert browser.get("/home").json() == {"name": None, "flashed": []}
        assert browser.post("/login", data={"name": "J\xf6rg"}).json() == {
            "name": "J\xf6rg",
            "flashed": ["welcome J\xf6rg"],
        }
        assert browser.get("/home").json() == {"name": "J\xf6rg", "flashed": []}
        with server.client() as other:
            assert other.get("/home").json()["name"] is None
        assert browser.get("/logout").json() == {"name": None, "flashed": []}


def test_cookies_and_latin_1(client):
    response = client.get("/cookies", headers={"cookie": "x=1; y=2"})
    assert response.json() == {"x": "1", "y": "2"}
    assert len(response.headers.get_list("set-cookie")) == 2
    latin = client.get("/latin", headers=[(b"X-Latin", "gr\xfc\xdf".encode("latin-1"))])
    assert dict(latin.headers.raw)[b"X-Latin"] == "gr\xfc\xdf".encode("latin-1")


def test_uploads(client):
    files = [
        ("files", ("small.txt", b"small", "text/plain")),
        ("files", ("gr\xf6\xdfe.bin", LARGE, "application/octet-stream")),
    ]
    answer = client.post("/upload", data={"title": "T\xfc"}, files=files).json()
    assert answer["title"] == "T\xfc"
    assert answer["files"] == [
        ["small.txt", "text/plain", 5, hashlib.sha256(b"small").hexdigest()],
        ["gr\xf6\xdfe.bin", "application/octet-stream", len(LARGE), hashlib.sha256(LARGE).hexdigest()],
    ]
    assert client.post("/json", json={"a": [1]}).json() == {"got": {"a": [1]}}
    assert client.post("/json", content=b"{", headers={"content-type": "application/json"}).status_code == 400
    assert client.post("/upload", data={"title": "x" * 2_000_000}, files=files[:1]).status_code == 413


@pytest.mark.parametrize("chunked", [False, True])
def test_a_streamed_upload(client, chunked):
    body = (LARGE[at : at + 100_000] for at in range(0, len(LARGE), 100_000)) if chunked else LARGE
    answer = client.post("/raw", content=body).json()
    assert answer["bytes"] == len(LARGE)
    assert answer["sha256"] == hashlib.sha256(LARGE).hexdigest()
    assert answer["length"] == (None if chunked else len(LARGE))


def test_a_body_by_lines(client):
    assert client.post("/lines", content=b"one\ntwo\n\nfour").json() == {"lines": ["one\n", "two\n", "\n", "four"]}


def test_streams_with_the_requests_context(client):
    assert client.get("/stream?name=n").text == "n 0\nn 1\nn 2\n"
    assert client.get("/many").text == "".join(f"{number}\n" for number in range(10_000))
    assert client.get("/context-on-a-thread?name=n").json() == ["n"]


def test_events_arrive_one_by_one_and_their_end_is_noticed(client):
    with client.stream("GET", "/events") as response:
        events = response.iter_text()
        assert next(events) == "data: 0\n\n"
        client.post("/release")
        assert next(events).startswith("data: 1\n\n")
    assert client.get("/left").json() == {"left": True}


def test_each_thread_has_its_own_g(server):
    answers = {}

    def ask(name):
        answers[name] = httpx.get(f"{server.url}/together", params={"name": name}, timeout=60).json()

    threads = [threading.Thread(target=ask, args=[name]) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers["a"]["mine"] == "a" and answers["b"]["mine"] == "b"
    assert answers["a"]["thread"] != answers["b"]["thread"]
    assert answers["a"]["same thread"] and answers["b"]["same thread"]


def test_files(client):
    whole = client.get("/files/numbers.txt")
    assert whole.content == NUMBERS
    assert whole.headers["content-length"] == str(len(NUMBERS))
    head = client.head("/files/numbers.txt")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(NUMBERS)))
    unchanged = client.get("/files/numbers.txt", headers={"if-none-match": whole.headers["etag"]})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    part = client.get("/files/numbers.txt", headers={"range": "bytes=4-7"})
    assert (part.status_code, part.content) == (206, b"001\n")
    assert part.headers["content-range"] == f"bytes 4-7/{len(NUMBERS)}"
    beyond = client.get("/files/numbers.txt", headers={"range": "bytes=9999-"})
    assert beyond.status_code == 416
    assert client.get("/files/..%2Fmain.py").status_code in (400, 404)
    assert client.get("/static/numbers.txt").content == NUMBERS
    memory = client.get("/memory")
    assert memory.content == b"0123456789" * 1000
    assert "filename*=UTF-8''%C3%BC.txt" in memory.headers["content-disposition"]


def test_where_a_request_is_from_and_for(server, client):
    answer = client.get("/where?x=1", headers={"user-agent": "tests"}).json()
    assert answer["url"] == f"{server.url}/where?x=1"
    assert (answer["remote"], answer["root"], answer["secure"]) == ("127.0.0.1", "", False)
    assert (answer["user agent"], answer["multithread"]) == ("tests", True)


def test_behind_a_proxy_with_proxy_fix(serve):
    server = serve(App("flask_app", "main:app", "wsgi", environment={"BEHIND_A_PROXY": "1"}))
    proxied = {
        "x-forwarded-for": "203.0.113.9",
        "x-forwarded-proto": "https",
        "x-forwarded-host": "shop.example",
        "x-forwarded-prefix": "/eu",
    }
    with server.client(headers=proxied) as client:
        answer = client.get("/where").json()
        assert (answer["remote"], answer["secure"]) == ("203.0.113.9", True)
        assert (answer["url"], answer["root"]) == ("https://shop.example/eu/where", "/eu")


@pytest.mark.parametrize("validated", [False, True], ids=["wsgi", "wsgi-validated"])
def test_mounted_under_a_prefix(serve, validated):
    server = (
        serve(App("flask_app", "main:create_app()", "wsgi", mount="/api/v1"))
        if not validated
        else serve(App("flask_app", "main:app", "wsgi", mount="/api/v1", validated=True))
    )
    with server.client() as client:
        answer = client.get("/where").json()
        assert (answer["root"], answer["path"]) == ("/api/v1", "/where")
        assert answer["url"] == f"{server.origin}/api/v1/where"
        assert client.get("/items/7").json()["url"] == "/api/v1/items/7"
        assert 'href="/api/v1/static/numbers.txt"' in client.get("/login").text
        assert client.get("/static/numbers.txt").content == NUMBERS
        assert client.get("/logout").headers["location"] == "/api/v1/home"
