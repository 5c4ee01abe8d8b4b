"""FastAPI."""

import hashlib
import uuid

import pytest
from servers import App

LARGE = b"0123456789abcdef" * (8 * 1024 * 1024 // 16)


@pytest.fixture(scope="module")
def server(serve):
    return serve(App("fastapi_app", "main:app", "asgi", expected=("Traceback", "provoked in FastAPI", "Exception in ")))


@pytest.fixture
def noted(client):
    """The client, with a journal of the test's own."""
    client.headers["x-journal"] = uuid.uuid4().hex
    return client


def until(client, last):
    return client.get("/journal", params={"until": last}).json()


def test_parameters_and_models(client):
    response = client.get("/items/7", params={"q": ["ü", "a b"]})
    assert response.json() == {"number": 7, "q": ["ü", "a b"]}
    assert response.headers["x-middleware"] == "seen"
    created = client.post("/items/", json={"name": "Pen", "price": 1.5})
    assert (created.status_code, created.json()) == (201, {"name": "Pen", "price": 1.5})
    removed = client.delete("/items/7")
    assert (removed.status_code, removed.content) == (204, b"")
    assert "content-length" not in removed.headers
    refused = client.put("/items/7", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET")


def test_a_redirect_to_the_path_with_a_slash(server, client):
    response = client.post("/items", json={"name": "Pen", "price": 1})
    assert response.status_code == 307
    assert response.headers["location"] == f"{server.url}/items/"


def test_validation_errors(client):
    response = client.post("/items/", json={"name": "P", "price": "x"})
    assert (response.status_code, response.headers["x-invalid"]) == (422, "2")
    assert [error["loc"] for error in response.json()["detail"]] == [["body", "name"], ["body", "price"]]
    broken = client.post("/items/", content=b"{", headers={"content-type": "application/json"})
    assert broken.json()["detail"][0]["type"] == "json_invalid"


def test_documentation_pages(client):
    assert "/openapi.json" in client.get("/docs").text
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/items/{number}", "/upload"} <= set(paths)


def test_state_of_the_lifespan_is_copied_for_each_request(client):
    for _ in range(2):
        assert client.get("/state").json() == {"started": True, "mine": 1}


def test_dependencies_are_cleaned_up_in_reverse(noted):
    assert noted.get("/dependencies").json() == {"value": "outer.inner"}
    expect = ["outer in", "inner in", "handler outer.inner", "inner out", "outer out"]
    assert until(noted, "outer out") == expect


def test_dependencies_see_the_exception(noted):
    response = noted.get("/dependencies", params={"fail": True})
    assert (response.status_code, response.headers["x-pot"]) == (418, "tea")
    assert until(noted, "outer out")[-3:] == ["inner saw 418", "inner out", "outer out"]


def test_dependencies_outlive_a_stream(noted):
    assert noted.get("/dependencies/stream").text.splitlines()[-1] == "outer.inner 2"
    assert until(noted, "outer out")[-3:] == ["part 2", "inner out", "outer out"]


def test_background_tasks_run_after_the_response_in_order(noted):
    assert noted.get("/background").json() == {"queued": 2}
    noted.post("/note", params={"entry": "released"})
    assert until(noted, "second") == ["released", "first", "second"]


def test_uploads(client):
    files = [
        ("files", ("small.txt", b"small", "text/plain")),
        ("files", ("gr\xf6\xdfe.bin", LARGE, "application/octet-stream")),
    ]
    answer = client.post("/upload", data={"title": "T\xfc"}, files=files).json()
    assert answer["title"] == "T\xfc"
    small, large = answer["files"]
    assert small == ["small.txt", "text/plain", 5, hashlib.sha256(b"small").hexdigest(), "BytesIO"]
    digest = hashlib.sha256(LARGE).hexdigest()
    # Above its limit the multipart parser keeps a file on disk.
    assert large[:4] == ["gr\xf6\xdfe.bin", "application/octet-stream", len(LARGE), digest]
    assert large[4] != "BytesIO"
    assert client.post("/upload/bytes", files={"file": b"x" * 100_000}).json() == 100_000
    assert client.post("/upload", files=files).status_code == 422


@pytest.mark.parametrize("chunked", [False, True])
def test_a_streamed_upload(client, chunked):
    body = (LARGE[at : at + 100_000] for at in range(0, len(LARGE), 100_000)) if chunked else LARGE
    answer = client.post("/upload/stream", content=body).json()
    assert answer["bytes"] == len(LARGE)
    assert answer["sha256"] == hashlib.sha256(LARGE).hexdigest()
    assert answer["parts"] > 10


def test_a_generator_on_threads(client):
    assert client.get("/stream/sync").text == "".join(f"line {number}\n" for number in range(1000))


def test_events_arrive_one_by_one_and_their_end_is_noticed(noted):
    with noted.stream("GET", "/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        events = response.iter_text()
        assert next(events) == "data: 0\n\n"
        noted.post("/note", params={"entry": "released"})
        assert next(events) == "data: 1\n\n"
    assert until(noted, "left") == ["released", "left"]


def test_error_pages(server, client):
    assert client.get("/none").json() == {"detail": "Not Found"}
    handled = client.get("/stock")
    assert (handled.status_code, handled.json()) == (409, {"detail": "out of stock", "path": "/stock"})
    failed = client.get("/fails")
    assert (failed.status_code, failed.text) == (500, "Internal Server Error")
    server.wait_for("LookupError: provoked in FastAPI")


def test_basic_authentication(client):
    assert client.get("/private").headers["www-authenticate"] == "Basic"
    assert client.get("/private", auth=("anna", "wrong")).status_code == 401
    assert client.get("/private", auth=("anna", "right")).json() == "anna"


def test_where_a_request_is_from_and_for(server, client):
    answer = client.get("/where?x=1").json()
    assert answer["client"][0] == "127.0.0.1"
    assert answer["client"][1] > 0
    assert answer["url"] == f"{server.url}/where?x=1"
    assert answer["item"] == f"{server.url}/items/7"
    assert answer["root_path"] == ""


def test_behind_a_trusted_proxy(server, client):
    proxied = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https", "host": "shop.example"}
    answer = client.get("/where", headers=proxied).json()
    assert answer["client"][0] == "203.0.113.9"
    assert answer["base"] == "https://shop.example/"


def test_the_lifespan_ends_with_the_server(serve):
    server = serve(App("fastapi_app", "main:app", "asgi"))
    with server.client() as client:
        assert client.get("/state").status_code == 200
    server.stop()
    assert "lifespan ended in the same task: True" in server.log


def test_mounted_under_a_prefix(serve):
    server = serve(App("fastapi_app", "main:app", "asgi", mount="/api/v1"))
    with server.client() as client:
        answer = client.get("/where").json()
        assert answer["root_path"] == "/api/v1"
        assert answer["base"] == f"{server.origin}/api/v1/"
        assert answer["item"] == f"{server.origin}/api/v1/items/7"
        assert "'/api/v1/openapi.json'" in client.get("/docs").text
        assert client.get("/openapi.json").json()["servers"] == [{"url": "/api/v1"}]
        assert client.get("/items/7").json()["number"] == 7
