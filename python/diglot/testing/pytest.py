"""Fixtures for pytest. They are there where the package is installed; else `-p diglot.testing.pytest`, or this in the
uppermost conftest.py, makes them known:

    pytest_plugins = ["diglot.testing.pytest"]
"""

import contextlib
import importlib.abc
import importlib.util
import sys

import pytest

from .._calls import unwritten
from . import StartError, serve, stub

#: Of a server's log, in the report of a test that failed.
_LOG_LINES_MAX = 100

_running = []


class _Unwritten(importlib.abc.MetaPathFinder):
    """Finds `diglot_services` where `diglot types` has not written it, as workers do."""

    def find_spec(self, name, path=None, target=None):
        return importlib.util.spec_from_file_location(name, unwritten.__file__) if name == "diglot_services" else None


# Behind all others.
sys.meta_path.append(_Unwritten())


def pytest_addoption(parser):
    parser.addini("diglot_folder", "where `diglot_server` runs, from the root of the tests; else where diglot.toml is")
    parser.addini("diglot_targets", "TARGETs of `diglot_server`, instead of diglot.toml", type="args", default=[])


@contextlib.contextmanager
def _served(*arguments, **options):
    with contextlib.ExitStack() as stack:
        problem = None
        try:
            server = stack.enter_context(serve(*arguments, **options))
        except StartError as error:
            problem = str(error)
        if problem is not None:
            # What it wrote says why; where in pytest that was does not.
            pytest.fail(problem, pytrace=False)
        _running.append(server)
        try:
            yield server
        finally:
            _running.remove(server)


@pytest.fixture(scope="session")
def diglot_server(pytestconfig):
    """The project's whole server, for all tests: `.url`, `.call("model.similar", item_id=3)`, `.log`."""
    targets = pytestconfig.getini("diglot_targets")
    with _served(_folder(pytestconfig, targets), *targets) as server:
        yield server


def _folder(config, targets):
    root, given = config.rootpath, config.getini("diglot_folder")
    if given or targets:
        return root / given
    # The tests of one service are below the project.
    return next((folder for folder in [root, *root.parents] if (folder / "diglot.toml").is_file()), root)


@pytest.fixture
def diglot_serve():
    """Starts whole servers that end with the test: `diglot_serve("shop")`, with what `diglot.testing.serve` takes."""
    with contextlib.ExitStack() as stack:
        yield lambda *arguments, **options: stack.enter_context(_served(*arguments, **options))


@pytest.fixture
def diglot_stub():
    """Puts functions in the place of a service's, for the test: `diglot_stub("model", similar=lambda item_id: [])`."""
    with contextlib.ExitStack() as stack:
        yield lambda service, **functions: stack.enter_context(stub(service, **functions))


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.failed:
        for server in _running:
            lines = server.log.splitlines()[-_LOG_LINES_MAX:]
            report.sections.append(("Log of the Diglot server", "\n".join(lines)))
