"""The one OpenAPI document of what frameworks say of themselves: where clients reach it, and valid."""

from dataclasses import dataclass, field

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from servers import ROOT, App

pytestmark = pytest.mark.diglot_only("no peer merges documents")
DOCUMENT = {"openapi": "/openapi.json"}
NODE_APPS = ROOT / "tests/frameworks/node"


@dataclass
class Described:
    """An application, and what its document has to have."""

    entry: str
    interface: str
    operations: set
    """Those that the tests name: method and path, where it is not mounted."""
    components: set
    """Names of schemas, as the framework gives them."""
    asked: str
    """A path that can be asked for."""
    template: str
    """The same, as the document has it."""
    folder: str = "described"
    options: dict = field(default_factory=dict)


DESCRIBED = {
    "FastAPI": Described(
        "fastapi_shop:app",
        "asgi",
        {"GET /items/", "POST /items/", "GET /items/{number}", "PUT /items/{number}/picture", "POST /orders"},
        {"Item-Input", "Item-Output", "Order", "Page_Item_", "Card", "Colour", "HTTPValidationError"},
        "/items/7",
        "/items/{number}",
    ),
    "Django Ninja": Described(
        "django_asgi:application",
        "asgi",
        {"GET /api/books/", "POST /api/books/", "GET /api/books/{number}", "POST /api/books/{number}/cover"},
        {"Book", "Author", "Problem"},
        "/api/books/7",
        "/api/books/{number}",
    ),
    "Django REST framework": Described(
        "django_wsgi:application",
        "wsgi",
        {"GET /api/books/", "PATCH /api/books/{id}/", "POST /api/books/{id}/lend/", "GET /api/greeting/"},
        {"Book", "PatchedBook", "PaginatedBookList", "Author", "Greeting", "StateEnum", "BlankEnum", "NullEnum"},
        "/api/greeting/",
        "/api/greeting/",
    ),
    "APIFlask": Described(
        "apiflask_pets:app",
        "wsgi",
        {"GET /pets/", "POST /pets/", "GET /pets/{number}"},
        {"Pet", "PetIn", "Toy", "HTTPError", "ValidationError"},
        "/pets/7",
        "/pets/{number}",
    ),
    "Litestar": Described(
        "litestar_app:app",
        "asgi",
        {"POST /items", "GET /items/{number}", "POST /upload"},
        {"Item"},
        "/items/7",
        "/items/{number}",
        folder="small",
    ),
}


def operations(document):
    methods = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
    return {f"{name.upper()} {path}" for path, item in document["paths"].items() for name in methods if name in item}


def described(server):
    """The server's document, which has to be valid."""
    response = httpx.get(f"{server.origin}/openapi.json", timeout=60)
    assert (response.status_code, response.headers["content-type"]) == (200, "application/json")
    document = response.json()
    errors = OpenAPIV31SpecValidator(document).iter_errors()
    assert [f"{list(error.absolute_path)}: {error.message}" for error in errors] == [], server.log
    return document


@pytest.mark.parametrize("mount", ["", "/mounted", "/api"])
@pytest.mark.parametrize("name", DESCRIBED)
def test_a_framework_is_described_where_clients_reach_it(serve, name, mount):
    it = DESCRIBED[name]
    server = serve(App(it.folder, it.entry, it.interface, mount=mount, server=DOCUMENT))
    document = described(server)
    wanted = {operation.replace(" ", f" {mount}", 1) for operation in it.operations}
    assert wanted <= operations(document), server.log
    assert it.components <= set(document["components"]["schemas"])
    get = document["paths"][mount + it.template]["get"]
    assert (get["x-diglot-service"], get["tags"][0].split(":")[0]) == ("app", "app")
    assert httpx.get(server.url + it.asked).status_code == 200
    assert document["openapi"] == "3.1.1"


@pytest.fixture(scope="module")
def both(serve):
    """FastAPI and Fastify, which name a `Problem` each, and the same path."""
    if not (NODE_APPS / "node_modules/fastify").is_dir():
        pytest.skip("`npm ci` in ../node installs Fastify")
    fastify = {"root": NODE_APPS, "entry": "apps/described/fastify.mjs", "routes": "/"}
    python = {"routes": ["/items", "/orders"], "strip": False}
    return serve(App("described", "fastapi_shop:app", "asgi", options=python, beside={"web": fastify}, server=DOCUMENT))


def test_two_languages_are_one_document(both):
    document = described(both)
    assert {"GET /items/{number}", "POST /orders", "GET /pages/{slug}", "POST /pages/"} <= operations(document)
    items = document["paths"].items()
    owners = {path: {operation["x-diglot-service"] for operation in item.values()} for path, item in items}
    assert (owners["/items/"], owners["/pages/"], owners["/items/{number}"]) == ({"app"}, {"web"}, {"app"})
    both.wait_for(r'of service "web" these cannot be reached .*: GET /items/; the routes of service "app" take them')


def test_components_of_one_name_are_kept_apart(both):
    document = described(both)
    schemas = document["components"]["schemas"]
    assert "Problem" not in schemas
    assert set(schemas["app_Problem"]["properties"]) == {"detail"}
    assert set(schemas["web_Problem"]["properties"]) == {"statusCode", "message"}

    def not_found(path):
        response = document["paths"][path]["get"]["responses"]["404"]
        return response["content"]["application/json"]["schema"]

    assert not_found("/pages/{slug}") == {"$ref": "#/components/schemas/web_Problem"}
    assert not_found("/items/{number}") == {"$ref": "#/components/schemas/app_Problem"}
    both.wait_for(r'services "app", "web" mean different things by .*: Problem \(app_Problem, web_Problem\)')
    # Those that one of them has keep their names.
    assert {"Order", "Colour", "Slug", "Item", "Item-Output"} <= set(schemas)
