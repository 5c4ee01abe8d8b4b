"""Django: one project, as a WSGI and as an ASGI application."""

import hashlib
import re
import subprocess

import pytest
from servers import binary
from sites import ADMINISTRATOR, Sites

LARGE = b"0123456789abcdef" * (4 * 1024 * 1024 // 16)
EXPECTED = (
    "provoked in Django",
    "Traceback",
    "Internal Server Error: /board/",
    "RequestDataTooBig",
    # Each view that streams by the wrong kind of iterator, and WhiteNoise's under ASGI.
    "StreamingHttpResponse must consume",
)
KINDS = [("wsgi", False), ("wsgi", True), ("asgi", False)]


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    return Sites(tmp_path_factory.mktemp("django"))


@pytest.fixture(scope="module", params=KINDS, ids=["wsgi", "wsgi-validated", "asgi"])
def server(request, serve, sites):
    interface, validated = request.param
    return serve(sites.app(interface, validated=validated, expected=EXPECTED))


@pytest.fixture
def browser(server):
    """A client that keeps cookies and follows redirects."""
    with server.client(follow_redirects=True) as browser:
        yield browser


def token(page):
    """The token of the form on a page."""
    return re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)[1]


def log_in(browser):
    page = browser.get("/admin/")
    assert page.url.path.endswith("/admin/login/")
    return browser.post(page.url, data={**ADMINISTRATOR, "csrfmiddlewaretoken": token(page), "next": "/admin/"})


def test_the_admin(server, browser):
    wrong = browser.post(
        "/admin/login/",
        data={"username": "anna", "password": "wrong", "csrfmiddlewaretoken": token(browser.get("/admin/login/"))},
    )
    assert "Please enter the correct username and password" in wrong.text
    assert "Site administration" in log_in(browser).text

    add = browser.get("/admin/board/entry/add/")
    saved = browser.post(
        "/admin/board/entry/add/",
        data={"title": "Gr\xf6\xdfe <b>", "hits": "3", "_save": "Save", "csrfmiddlewaretoken": token(add)},
    )
    assert saved.url.path == "/admin/board/entry/"
    assert "Gr\xf6\xdfe &lt;b&gt;</a>” was added successfully" in saved.text
    assert "Gr\xf6\xdfe &lt;b&gt;" in browser.get("/admin/board/entry/", params={"q": "gr\xf6\xdfe"}).text
    assert browser.get("/board/members/").text == "member anna"

    out = browser.post("/admin/logout/", data={"csrfmiddlewaretoken": token(browser.get("/admin/"))})
    assert "Logged out" in out.text
    assert browser.get("/board/members/").url.path == "/admin/login/"


def test_the_admins_static_files(server, browser):
    page = browser.get("/admin/login/").text
    style = re.search(r'href="(/static/admin/css/base\.[0-9a-f]{12}\.css)"', page)[1]
    zipped = browser.get(style)
    assert zipped.headers["content-type"] == 'text/css; charset="utf-8"'
    assert zipped.headers["content-encoding"] == "gzip"
    assert "immutable" in zipped.headers["cache-control"]
    plain = browser.get(style, headers={"accept-encoding": "identity"})
    assert plain.content == zipped.content
    assert plain.headers["content-length"] == str(len(plain.content))
    unchanged = browser.get(style, headers={"if-none-match": plain.headers["etag"], "accept-encoding": "identity"})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    part = browser.get(style, headers={"range": "bytes=0-9", "accept-encoding": "identity"})
    assert (part.status_code, part.content) == (206, plain.content[:10])
    assert browser.head(style).content == b""
    assert browser.get("/static/none.css").status_code == 404


def test_a_form_with_and_without_its_token(server, browser):
    page = browser.get("/board/new/")
    form = {"title": "from a form", "csrfmiddlewaretoken": token(page)}
    refused = browser.post("/board/new/", data={"title": "x"})
    assert (refused.status_code, "CSRF verification failed" in refused.text) == (403, True)
    stranger = browser.post("/board/new/", data=form, headers={"origin": "http://evil.example"})
    assert stranger.status_code == 403
    saved = browser.post("/board/new/", data=form, headers={"origin": server.origin})
    assert saved.url.path == "/board/"
    assert "<p>saved from a form</p>" in saved.text
    assert "<p>" not in browser.get("/board/").text, "a message is shown once"
    invalid = browser.post("/board/new/", data={**form, "title": "x" * 101})
    assert (invalid.status_code, "at most 100 characters" in invalid.text) == (400, True)
    proxied = {"host": "shop.example", "x-forwarded-proto": "https"}
    trusted = {**proxied, "referer": "https://shop.example/", "cookie": f"csrftoken={browser.cookies['csrftoken']}"}
    assert browser.post("/board/new/", data=form, headers=trusted, follow_redirects=False).status_code == 302


def test_sessions(server, browser):
    assert [browser.get("/board/session/").json()["count"] for _ in range(3)] == [1, 2, 3]
    with server.client() as other:
        assert other.get("/board/session/").json() == {"count": 1}


def test_models_and_generic_views(browser):
    browser.post("/board/new/", data={"title": "to count", "csrfmiddlewaretoken": token(browser.get("/board/new/"))})
    link = re.findall(r'href="(/board/entry/(\d+)/)">to count', browser.get("/board/").text)[-1]
    assert browser.get(link[0]).text.strip() == "<h1>to count</h1>"
    assert [browser.post(f"/board/hit/{link[1]}/").json()["hits"] for _ in range(3)] == [1, 2, 3]
    assert browser.get("/board/entry/999999/").status_code == 404


def test_uploads(browser):
    for body, kept in [(b"small", "InMemoryUploadedFile"), (LARGE, "TemporaryUploadedFile")]:
        answer = browser.post(
            "/board/upload/", data={"title": "T\xfc"}, files={"file": ("gr\xf6\xdfe.bin", body)}
        ).json()
        assert answer == {
            "title": "T\xfc",
            "name": "gr\xf6\xdfe.bin",
            "bytes": len(body),
            "kept": kept,
            "sha256": hashlib.sha256(body).hexdigest(),
        }
    assert browser.post("/board/upload/", data={"title": "T"}).json() == {"file": ["This field is required."]}
    assert browser.post("/board/raw/", content=b"x" * 200_000).json() == {"bytes": 200_000}


def test_a_body_beyond_the_projects_limit(client):
    assert client.post("/board/raw/", content=b"x" * 300_000).status_code == 400


def test_where_a_request_is_from_and_for(server, browser):
    answer = browser.get("/board/where/?a=1", headers={"user-agent": "tests"}).json()
    assert answer["absolute"] == f"{server.url}/x"
    assert answer["here"] == f"{server.url}/board/where/?a=1"
    assert (answer["secure"], answer["remote"], answer["agent"]) == (False, "127.0.0.1", "tests")
    assert (answer["reverse"], answer["script"], answer["path_info"]) == ("/board/entry/7/", "", "/board/where/")
    proxied = browser.get("/board/where/", headers={"host": "shop.example", "x-forwarded-proto": "https"}).json()
    assert (proxied["secure"], proxied["absolute"]) == (True, "https://shop.example/x")
    assert browser.get("/board/where/", headers={"host": "evil.example"}).status_code == 400


def test_streams_of_both_kinds(browser):
    assert browser.get("/board/stream/").text == "".join(f"{number}\n" for number in range(1000))
    assert browser.get("/board/stream/async/").text.endswith("end")
    file = browser.get("/board/file/")
    assert file.text.startswith('"""Views of both kinds."""')
    assert file.headers["content-length"] == str(len(file.content))
    assert "filename*=utf-8''gr%C3%B6%C3%9Fe.py" in file.headers["content-disposition"]


def test_async_views_and_the_async_orm(server, browser):
    response = browser.get("/board/async/")
    assert response.json() == {"got": ["first", "second"], "user": "AnonymousUser"}
    assert response.headers["x-middleware"] == ("async" if server.app.interface == "asgi" else "sync")
    assert browser.get("/board/async/mine/").json() == {"found": ["mine"], "left": 0}


def test_an_event_stream_ends_with_its_client(serve, sites):
    # Under ASGI alone: of an async iterator Django takes the whole before it answers under WSGI.
    with serve(sites.app("asgi")).client() as browser:
        _see_and_leave(browser)


def _see_and_leave(browser):
    with browser.stream("GET", "/board/events/") as response:
        assert next(response.iter_text()) == "data: 0\n\n"
    assert browser.get("/board/left/").text == "left"


def test_error_pages(server, browser):
    missing = browser.get("/board/n\xf6ne/")
    assert (missing.status_code, missing.text) == (404, "nothing at /board/n\xf6ne/")
    slash = browser.get("/board", follow_redirects=False)
    assert (slash.status_code, slash.headers["location"]) == (301, "/board/")
    failed = browser.get("/board/fails/")
    assert (failed.status_code, "<h1>Server Error (500)</h1>" in failed.text) == (500, True)


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_the_debug_page(serve, sites, interface):
    server = serve(sites.app(interface, {"DJANGO_DEBUG": "1"}, expected=EXPECTED))
    with server.client() as client:
        page = client.get("/board/fails/", headers={"accept": "text/html"})
        assert page.status_code == 500
        assert "LookupError at /board/fails/" in page.text and "board/views.py" in page.text
        assert client.get("/static/board/board.css").text == "body { color: teal; }\n"


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_mounted_under_a_prefix(serve, sites, interface):
    server = serve(sites.app(interface, mount="/shop"))
    with server.client() as client:
        answer = client.get("/board/where/").json()
        assert (answer["script"], answer["path_info"]) == ("/shop", "/board/where/")
        assert answer["reverse"] == "/shop/board/entry/7/"
        assert answer["here"] == f"{server.origin}/shop/board/where/"
        assert client.get("/board/members/").headers["location"] == "/shop/admin/login/?next=/shop/board/members/"


@pytest.mark.parametrize("interface", ["wsgi", "asgi"])
def test_static_files_and_forms_under_a_prefix(serve, sites, interface):
    server = serve(sites.app(interface, {"DJANGO_PREFIX": "/shop"}, mount="/shop", expected=EXPECTED))
    with server.client(follow_redirects=True) as browser:
        page = browser.get("/admin/login/")
        style = re.search(r'href="/shop(/static/admin/css/base\.[0-9a-f]+\.css)"', page.text)[1]
        assert browser.get(style).status_code == 200
        style = re.search(r'href="/shop(/static/board/board\.[0-9a-f]+\.css)"', browser.get("/board/").text)[1]
        assert browser.get(style).text == "body { color: teal; }\n"
        if server.kind == "uvicorn":
            return  # it stands behind what would have cut the prefix that the redirect has
        form = {**ADMINISTRATOR, "csrfmiddlewaretoken": token(page), "next": "/shop/admin/"}
        logged_in = browser.post("/admin/login/", data=form)
        assert (logged_in.url.path, logged_in.status_code) == ("/shop/admin/", 200)


@pytest.mark.diglot_only("the peers have no command for it")
def test_management_commands_in_the_services_surroundings(serve, sites):
    server = serve(sites.app("wsgi"))
    command = [binary(), "run", "--config", server.folder / "diglot.toml", "app", "--"]
    done = subprocess.run(
        [*command, "python", "manage.py", "showmigrations", "--plan"],
        env=server.environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "[X]  board.0001_initial" in done.stdout
