"""Telling ASGI from WSGI, and what is said of what cannot be loaded."""

import functools
import sys

import pytest

from diglot._worker.entry import LoadError, interface_of, load


async def asgi(scope, receive, send):
    """ASGI as a function."""


async def asgi_with_settings(settings, scope, receive, send):
    """ASGI once it has its settings."""


def asgi_sync(scope, receive, send):
    """ASGI as a function that returns an awaitable."""


def wsgi(environ, start_response):
    """WSGI as a function."""


def wsgi_with_default(environ, start_response, option=None, *args, **options):
    """WSGI with more than it needs."""


class Asgi:
    async def __call__(self, *args):
        """ASGI, though its signature does not say so."""


class Wsgi:
    def __call__(self, environ, start_response):
        """WSGI as an object."""

    def method(self, scope, receive, send):
        """ASGI as a method."""

    @classmethod
    def for_class(cls, environ, start_response):
        """WSGI as a method of the class."""


async def async_factory():
    """What aiohttp's documentation calls `init_app`."""


class AsyncWithOne:
    async def __call__(self, request):
        """A handler."""


def wrapped_async(app):
    @functools.wraps(app)
    async def wrapper(scope, receive, send):
        """Takes what it says, whatever it stands for."""

    return wrapper


def wrapped(app):
    @functools.wraps(app)
    def wrapper(*args, **options):
        return app(*args, **options)

    return wrapper


@pytest.mark.parametrize(
    ("app", "expect"),
    [
        (asgi, "asgi"),
        (asgi_sync, "asgi"),
        (wsgi, "wsgi"),
        (wsgi_with_default, "wsgi"),
        (Asgi(), "asgi"),
        (Asgi().__call__, "asgi"),
        (Wsgi(), "wsgi"),
        (Wsgi().method, "asgi"),
        (Wsgi.for_class, "wsgi"),
        (functools.partial(asgi_with_settings, object()), "asgi"),
        (functools.partial(lambda extra, environ, start_response: None, 1), "wsgi"),
        (lambda environ, start_response: None, "wsgi"),
        (lambda a, b, c, *, d=1: None, "asgi"),
        (wrapped(asgi_sync), "asgi"),
        (wrapped(wsgi), "wsgi"),
        (wrapped_async(async_factory), "asgi"),
    ],
)
def test_interfaces(app, expect):
    assert interface_of(app, "main:app") == expect


@pytest.mark.parametrize(
    ("app", "expect"),
    [
        (None, "is a NoneType, which is neither"),
        (functools, "name the application in it after a colon"),
        (Wsgi, "is a class"),
        (lambda *args: None, "takes any arguments"),
        (lambda a, b, c, d: None, "takes 4 arguments"),
        (async_factory, r'if it is a factory, make it `def`.*write "main:app\(\)"'),
        (AsyncWithOne(), "cannot be called with"),
    ],
)
def test_no_applications(app, expect):
    with pytest.raises(LoadError, match=expect):
        interface_of(app, "main:app")


def test_where_there_is_no_pip_uv_is_named(monkeypatch, tmp_path):
    (tmp_path / "without_pip.py").write_text("import this_is_nowhere")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(LoadError, match=r"`uv pip install --python .* NAME` adds"):
        load({"module": "without_pip", "attr": None, "call": False})


def test_the_setting_overrules():
    assert interface_of(lambda *args: None, "main:app", "wsgi") == "wsgi"
    assert interface_of(wsgi_with_default, "main:app", "asgi") == "asgi"
    with pytest.raises(LoadError):
        interface_of(None, "main:app", "asgi")


@pytest.mark.parametrize(
    ("app", "asked", "expect"),
    [
        (wsgi, "asgi", r'interface = "asgi", but main:app cannot.*\(scope, receive, send\): is it "wsgi"\?'),
        (asgi, "wsgi", r'interface = "wsgi", but main:app cannot.*\(environ, start_response\): is it "asgi"\?'),
        (async_factory, "asgi", r"is it a factory\?"),
    ],
)
def test_a_setting_that_cannot_be(app, asked, expect):
    with pytest.raises(LoadError, match=expect):
        interface_of(app, "main:app", asked)


@pytest.mark.parametrize(
    ("module", "name", "expect"),
    [
        ("aiohttp.web_app", "Application", r"is an aiohttp application.*aiohttp\.web\.run_app"),
        ("tornado.web", "Application", r"is a Tornado application.*app\.listen\(port\)"),
        ("socketio.async_server", "AsyncServer", r"socketio\.ASGIApp\(server\)"),
        ("socketio.server", "Server", r"socketio\.WSGIApp\(server\)"),
    ],
)
def test_servers_of_their_own(module, name, expect):
    application = type(name, (), {"__module__": module, "__call__": lambda self, request: None})
    subclass = type("Mine", (application,), {})
    for app in (application(), subclass()):
        with pytest.raises(LoadError, match=expect):
            interface_of(app, "main:app")


def test_what_is_said_of_a_missing_module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "shop_of_test").mkdir()
    (tmp_path / "shop_of_test" / "__init__.py").touch()

    def said(text):
        (tmp_path / "entry.py").write_text(text)
        with pytest.raises(LoadError) as failed:
            load({"file": "entry.py", "attr": None, "call": False})
        return str(failed.value)

    foreign = said("import nowhere_to_be_found\n")
    assert f"`{sys.executable} -m pip install NAME`" in foreign and "diglot install" not in foreign
    # A slip of the pen in the application's own package: no index has it.
    assert "install" not in said("import shop_of_test.setings\n")
    (tmp_path / "diglot.toml").touch()
    assert "`diglot install`" in said("import nowhere_to_be_found\n")
