"""Helpers for tests: stubs in the place of services, and whole servers. `diglot.testing.pytest` has the fixtures."""

import contextlib

from .._calls import stubs
from ._server import Server, StartError, serve

__all__ = ["Server", "StartError", "serve", "stub"]


@contextlib.contextmanager
def stub(service, **functions):
    """Puts functions in the place of a service's, for code that calls them by `services`.

        with stub("model", similar=lambda item_id, k=10: [1, 2, 3]):
            ...

    Sync and async functions and generators may stand in. Arguments and results are encoded and decoded as on the real
    way, with the native codec where Diglot runs the program, else with one in Python that does the same. What a stub
    raises comes as `RemoteError`, or as it is if it is a `CallError`. Other functions of the service are unknown.
    """
    before = stubs.put(service, functions)
    try:
        yield
    finally:
        stubs.restore(service, before)
