"""Types of other services' functions, for the module that `diglot types` writes."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Concatenate, Generic, ParamSpec, Protocol, TypeVar

from . import Call

__all__ = ["Remote", "RemoteStream", "Stream", "remote", "remote_stream"]

_P = ParamSpec("_P")
_R = TypeVar("_R")
_T = TypeVar("_T", covariant=True)

class Stream(Protocol[_T]):
    """A call that is answered with items: `async for item in services.model.watch()`."""

    def __aiter__(self) -> AsyncIterator[_T]: ...

class Remote(Generic[_P, _R]):
    """A function of another service."""

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Call[_R]: ...
    def sync(self, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        """Calls and waits, on a thread without an event loop."""

    def with_options(self, *, timeout: float | None = None, idempotent: bool | None = None) -> Remote[_P, _R]:
        """The same function with a deadline in seconds, or one that may be begun twice if a worker is lost."""

class RemoteStream(Generic[_P, _R]):
    """A function of another service that returns a stream of items."""

    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> Stream[_R]: ...
    def sync(self, *args: _P.args, **kwargs: _P.kwargs) -> Iterator[_R]:
        """Calls, on a thread without an event loop."""

    def with_options(self, *, timeout: float | None = None, idempotent: bool | None = None) -> RemoteStream[_P, _R]:
        """The same function with a deadline in seconds, or one that may be begun twice if a worker is lost."""

def remote(function: Callable[Concatenate[Any, _P], _R], /) -> Remote[_P, _R]:
    """Says what a function of another service takes and returns."""

def remote_stream(function: Callable[Concatenate[Any, _P], AsyncIterator[_R]], /) -> RemoteStream[_P, _R]:
    """The same of one that returns a stream."""
