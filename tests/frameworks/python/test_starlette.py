"""Starlette."""

import gzip
import json
import random
import uuid

import httpx
import pytest
from servers import APPS, App
from websockets.exceptions import ConnectionClosed

EXPECTED = ("Traceback", "provoked", "Exception in ", "Malformed JSON data received", "JSONDecodeError")
NUMBERS = (APPS / "starlette_app/static/numbers.txt").read_bytes()


@pytest.fixture(scope="module")
def server(serve):
    return serve(App("starlette_app", "main:app", "asgi", expected=EXPECTED))


def test_the_scope(server, client):
    answer = client.get("/where?x=%20").json()
    assert answer["url"] == f"{server.url}/where?x=%20"
    assert answer["server"] == ["127.0.0.1", int(server.url.rpartition(":")[2])]
    assert (answer["http_version"], answer["type"]) == ("1.1", "dict")
    assert client.get("/greeting").json()[0] == "from the lifespan"


def test_request_client_is_the_sockets_own_address(server):
    with server.connect("/where", connection="close") as connection:
        port = connection.getsockname()[1]
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert f'"client":["127.0.0.1",{port}]'.encode() in answer


def test_mounts_and_hosts(server, client):
    answer = client.get("/mounted/twice/a/b").json()
    assert (answer["path"], answer["root_path"]) == ("/mounted/twice/a/b", "/mounted/twice")
    assert client.get("/where", headers={"host": "tenant.example"}).status_code == 404
    answer = client.get("/", headers={"host": "tenant.example"}).json()
    assert answer["url"] == "http://tenant.example/"
    assert client.get("/").status_code == 404


def test_templates_and_urls(server, client):
    text = client.get("/page").text
    assert f'href="{server.url}/static/numbers.txt"' in text
    assert f'href="{server.url}/page">&lt;b&gt;<' in text


def test_endpoints_by_method(client):
    head = client.head("/methods")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "3")
    assert client.post("/methods", json=[1]).json() == {"json": [1], "again": "[1]"}
    refused = client.delete("/methods")
    assert (refused.status_code, set(refused.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "POST"})
    assert client.head("/where").content == b""


def test_forms(client):
    assert client.post("/form", data={"field": ["1", "\xfc"]}).json() == {"fields": ["1", "\xfc"], "file": None}
    answer = client.post("/form", data={"field": "1"}, files={"file": ("n", b"x" * 3_000_000)}).json()
    assert answer == {"fields": ["1"], "file": ["n", 3_000_000]}
    too_many = [("file", (str(number), b"")) for number in range(3)]
    assert client.post("/form", files=too_many).status_code == 400


def test_cookies_keep_their_own_fields(client):
    response = client.get("/cookies", headers={"cookie": "x=1; y=2"})
    assert response.json() == {"x": "1", "y": "2"}
    names = [value.partition("=")[0] for value in response.headers.get_list("set-cookie")]
    assert names == ["a", "b", "old"]


def test_sessions(server):
    with server.client(follow_redirects=True) as browser:
        assert browser.get("/sessions/set?name=Anna").json() == {"name": "Anna"}
        assert browser.get("/sessions/get").json() == {"name": "Anna"}
        forged = {"cookie": "session=" + browser.cookies["session"][:-2] + "xx"}
        with server.client(headers=forged) as other:
            assert other.get("/sessions/get").json() == {}
        assert browser.get("/sessions/clear").json() == {}
        assert browser.get("/sessions/get").json() == {}


def test_background_tasks(client):
    client.headers["x-journal"] = uuid.uuid4().hex
    assert client.get("/background").text == "queued"
    assert client.get("/journal?until=after a thread").json() == ["on the loop", "after a thread"]


def test_a_handler_can_ask_whether_its_client_left(server, client):
    client.headers["x-journal"] = name = uuid.uuid4().hex
    with server.connect("/watch", x_journal=name):
        assert client.get("/journal?until=watching").json() == ["watching"]
    assert client.get("/journal?until=disconnected").json() == ["watching", "disconnected"]


def test_middleware_of_both_kinds(client):
    response = client.post("/layered/seen", content=b"body")
    assert response.json() == {"seen": ["outer", "inner"], "body": "body"}
    assert (response.headers["x-outer"], response.headers["x-inner"]) == ("1", "1")
    lines = client.get("/layered/many").text.splitlines()
    assert lines == [str(number) for number in range(10_000)]


def test_gzip(server):
    with httpx.stream("GET", f"{server.url}/zipped/many", headers={"accept-encoding": "gzip"}) as response:
        raw = b"".join(response.iter_raw())
    assert (response.headers["content-encoding"], response.headers["vary"]) == ("gzip", "Accept-Encoding")
    assert gzip.decompress(raw).splitlines()[-1] == b"9999"
    with server.client() as client:
        assert "content-encoding" not in client.get("/zipped/short").headers
        assert "content-encoding" not in client.get("/zipped/many", headers={"accept-encoding": "br"}).headers
        # Compressed events would wait for each other.
        assert "content-encoding" not in client.get("/zipped/events").headers


def test_cors(client):
    asked = {"origin": "https://a.example", "access-control-request-method": "PUT"}
    preflight = client.options("/shared/", headers={**asked, "access-control-request-headers": "x-mine"})
    assert (preflight.status_code, preflight.text) == (200, "OK")
    assert preflight.headers["access-control-allow-origin"] == "https://a.example"
    assert preflight.headers["access-control-allow-credentials"] == "true"
    refused = client.options("/shared/", headers={**asked, "origin": "https://b.example"})
    assert (refused.status_code, refused.text) == (400, "Disallowed CORS origin")
    simple = client.get("/shared/", headers={"origin": "https://a.example"})
    assert simple.headers["access-control-expose-headers"] == "x-theirs"
    assert "access-control-allow-origin" not in client.get("/shared/", headers={"origin": "https://b.example"}).headers


def test_trusted_hosts(client):
    for host, status in [("good.example", 200), ("www.good.example:80", 200), ("evil.example", 400)]:
        assert client.get("/hosted/", headers={"host": host}).status_code == status, host


def test_https_redirect_behind_a_trusted_proxy(server, client):
    plain = client.get("/secure/?a=1")
    assert plain.status_code == 307
    # 80 and 443 are cut from the URL, any other port stays.
    assert plain.headers["location"] == server.url.replace("http:", "https:") + "/secure/?a=1"
    proxied = client.get("/secure/", headers={"x-forwarded-proto": "https", "host": "shop.example"})
    assert (proxied.status_code, proxied.json()["url"]) == (200, "https://shop.example/secure/")


def test_error_pages(server, client):
    assert client.get("/none").text == "Not Found"
    assert client.get("/branded/none").text == "nothing at /branded/none"
    teapot = client.get("/branded/teapot")
    assert (teapot.status_code, teapot.text, teapot.headers["x-pot"]) == (418, "short and stout", "tea")
    failed = client.get("/branded/fails")
    assert (failed.status_code, failed.text) == (500, "our own error page")
    # On a connection of its own: uvicorn closes one on which a handler has failed.
    debugged = httpx.get(f"{server.url}/debugged/fails", headers={"accept": "text/html"})
    assert debugged.status_code == 500
    assert "LookupError" in debugged.text and "<title>Starlette Debugger</title>" in debugged.text
    server.wait_for("LookupError: provoked in Starlette", times=2)


def test_a_failure_after_the_head_cuts_the_response(server, client):
    client.headers["x-journal"] = uuid.uuid4().hex
    with client.stream("GET", "/fails-late") as response:
        body = response.iter_raw()
        assert next(body) == b"begun"
        client.post("/note?entry=arrived")
        with pytest.raises(httpx.TransportError):
            next(body)
    server.wait_for("LookupError: provoked after the head")
    assert client.get("/where").status_code == 200


def test_static_files(client):
    whole = client.get("/static/numbers.txt")
    assert whole.content == NUMBERS
    assert whole.headers["content-type"] == "text/plain; charset=utf-8"
    assert whole.headers["content-length"] == str(len(NUMBERS))
    head = client.head("/static/numbers.txt")
    assert (head.content, head.headers["content-length"]) == (b"", str(len(NUMBERS)))
    for conditional in [
        {"if-none-match": whole.headers["etag"]},
        {"if-modified-since": whole.headers["last-modified"]},
    ]:
        unchanged = client.get("/static/numbers.txt", headers=conditional)
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == whole.headers["etag"]
        assert "content-length" not in unchanged.headers
    assert client.get("/static/none.txt").status_code == 404
    assert client.post("/static/numbers.txt").status_code == 405


def test_static_files_by_range(client):
    def part(ranges, **more):
        return client.get("/static/numbers.txt", headers={"range": ranges, **more})

    first = part("bytes=0-3")
    assert (first.status_code, first.content) == (206, b"000\n")
    assert first.headers["content-range"] == f"bytes 0-3/{len(NUMBERS)}"
    assert part("bytes=-4").content == b"999\n"
    assert part("bytes=3996-").content == b"999\n"
    several = part("bytes=0-3,8-11")
    assert several.status_code == 206
    assert several.headers["content-type"].startswith("multipart/byteranges; boundary=")
    assert int(several.headers["content-length"]) == len(several.content)
    assert several.content.count(b"Content-Range: bytes ") == 2
    beyond = part("bytes=9999-")
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(NUMBERS)}")
    assert part("bytes=0-3", **{"if-range": '"other"'}).status_code == 200


def test_a_site_of_static_files(client):
    assert client.get("/site/").text == "<h1>index</h1>\n"
    missing = client.get("/site/none")
    assert (missing.status_code, missing.text) == (404, "<h1>our own 404</h1>\n")


def test_downloads(client):
    response = client.get("/download")
    assert response.content == NUMBERS
    assert response.headers["content-disposition"] == "attachment; filename*=utf-8''gr%C3%B6%C3%9Fe.txt"


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A file of 20 MB that no compression makes smaller, and its content."""
    path = tmp_path_factory.mktemp("large") / "data"
    content = random.Random(7).randbytes(20_000_001)
    path.write_bytes(content)
    return path, content


# What stands in between passes files on by their path, too, where the server takes them.
@pytest.mark.parametrize("prefix", ["", "/layered", "/zipped"])
def test_large_files(server, large, prefix):
    path, content = large
    with server.client(params={"path": str(path)}, headers={"accept-encoding": "identity"}) as client:
        whole = client.get(f"{prefix}/large")
        assert (whole.status_code, whole.headers["content-length"]) == (200, str(len(content)))
        assert whole.content == content
        part = client.get(f"{prefix}/large", headers={"range": "bytes=1000000-6000000"})
        assert (part.status_code, part.content) == (206, content[1_000_000:6_000_001])
        head = client.head(f"{prefix}/large")
        assert (head.headers["content-length"], head.content) == (str(len(content)), b"")


def test_others_are_served_while_a_large_file_waits_for_its_reader(server, client, large):
    path, content = large
    with client.stream("GET", "/large", params={"path": str(path)}) as response:
        parts = response.iter_raw()
        received = next(parts)
        with server.client() as other:
            for _ in range(10):
                assert other.get("/methods").text == "got"
        received += b"".join(parts)
    assert received == content


def test_a_websocket_endpoint_with_a_session(server):
    name = uuid.uuid4().hex
    with server.client(follow_redirects=True) as browser:
        browser.get("/sessions/set?name=Anna")
        mine = {"cookie": f"session={browser.cookies['session']}", "x-journal": name}
        with server.websocket("/sessions/talk", additional_headers=mine) as socket:
            hello = json.loads(socket.recv(timeout=60))
            assert hello == {"session": {"name": "Anna"}, "path": "/sessions/talk"}
            socket.send('{"a": "\xfc"}')
            assert json.loads(socket.recv(timeout=60)) == {"got": {"a": "\xfc"}}
            socket.send("no JSON")
            with pytest.raises(ConnectionClosed) as end:
                socket.recv(timeout=60)
            assert end.value.rcvd.code == 1003
        # What it fails by, not the code it closes with.
        journal = browser.get("/journal?until=closed with 1011", headers={"x-journal": name})
        assert journal.json() == ["closed with 1011"]


def test_middleware_meets_websockets(server):
    with server.websocket("/layered/hello") as socket:
        assert socket.recv(timeout=60) == "hello"
    proxied = {"x-forwarded-proto": "https"}
    with server.websocket("/secure/hello", additional_headers=proxied) as socket:
        assert socket.recv(timeout=60) == "hello"
    # What answers a handshake with a response of its own.
    assert server.handshake("/hosted/hello").status_code == 400
    redirect = server.handshake("/secure/hello")
    assert (redirect.status_code, redirect.headers["location"].partition(":")[0]) == (307, "wss")


def test_mounted_under_a_prefix(serve):
    server = serve(App("starlette_app", "main:app", "asgi", mount="/under"))
    with server.client() as client:
        answer = client.get("/mounted/twice/a").json()
        assert (answer["path"], answer["root_path"]) == ("/under/mounted/twice/a", "/under/mounted/twice")
        assert f'href="{server.origin}/under/static/numbers.txt"' in client.get("/page").text
        assert client.get("/static/numbers.txt").content == NUMBERS
        redirect = client.get("/sessions/set?name=Anna")
        assert redirect.headers["location"] == f"{server.origin}/under/sessions/get"
