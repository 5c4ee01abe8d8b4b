"""Diglot's package for Python services."""

from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from typing import Any, Generic, TypeAlias, TypeVar, overload

_F = TypeVar("_F", bound=Callable[..., Any])
_T = TypeVar("_T", covariant=True)

__all__ = [
    "BigInt",
    "CallCancelled",
    "CallError",
    "DeadlineExceeded",
    "InvalidArguments",
    "InvalidResult",
    "Overloaded",
    "RemoteError",
    "TooDeep",
    "TooLarge",
    "Unavailable",
    "UnknownFunction",
    "UnknownService",
    "UnsupportedValue",
    "WorkerLost",
    "context",
    "function",
    "services",
]

BigInt: TypeAlias = int
"""An int that is a `bigint` in JavaScript, not a number: for those beyond 2**53."""

@overload
def function(target: _F, /) -> _F:
    """Offers a function to the other services. It stays callable as it is."""

@overload
def function(
    *,
    name: str | None = None,
    timeout: float | None = None,
    concurrency: int | None = None,
    queue: int | None = None,
    idempotent: bool = False,
    errors: Iterable[type[Exception]] = (),
) -> Callable[[_F], _F]:
    """Offers a function to the other services.

    :param name: as others call it; the function's own if none is given.
    :param timeout: seconds a call may take whose caller sets no limit.
    :param concurrency: calls at a time in one worker. More wait.
    :param queue: calls that may wait, in all workers.
    :param idempotent: a call may be begun once more when the worker that had it was lost.
    :param errors: classes of exceptions that callers are to know the data of.
    """

def context() -> dict[str, str]:
    """The trace that the running request or call stands in, and the request's id.

    `traceparent`, `tracestate` (W3C Trace Context) and `x-request-id`, those that came. Calls that are made here take
    the same along. Empty outside of one, and when it has been answered.

    A carrier for OpenTelemetry: `propagate.extract(context())`.
    """

class Call(Coroutine[Any, Any, _T], Generic[_T]):
    """A call that has not begun: it does when it is awaited, or iterated (`async for`), or made a Task."""

    def send(self, value: Any, /) -> Any: ...
    def throw(self, *exception: Any) -> Any: ...
    def close(self) -> None: ...
    def __aiter__(self) -> AsyncIterator[Any]: ...

class RemoteFunction:
    """A function of another service."""

    def __call__(self, **arguments: Any) -> Call[Any]: ...
    def sync(self, **arguments: Any) -> Any:
        """Calls and waits, on a thread without an event loop. Streams are plain iterators."""

    def with_options(self, *, timeout: float | None = None, idempotent: bool | None = None) -> RemoteFunction:
        """The same function with a deadline in seconds, or one that may be begun twice if a worker is lost."""

class Service:
    """A service by its name; its attributes are its functions."""

    def __getattr__(self, name: str) -> RemoteFunction: ...

class Services:
    """The other services: `services.model`, or `services["my-model"]`."""

    def __getattr__(self, name: str) -> Service: ...
    def __getitem__(self, name: str) -> Service: ...

services: Services

class CallError(Exception):
    """A call failed."""

    code: str
    message: str
    service: str | None
    function: str | None
    def __init__(self, message: str, *, service: str | None = None, function: str | None = None) -> None: ...

class RemoteError(CallError):
    """The function raised. An error whose `type` is the name of a class derived from this one arrives as that."""

    def __init_subclass__(
        cls, *, service: str | tuple[str, ...] | None = None, type: str | None = None, **options: Any
    ) -> None: ...

    type: str
    data: Any
    stack: str | None
    def __init__(
        self,
        message: str,
        *,
        type: str | None = None,
        data: Mapping[str, Any] | None = None,
        stack: str | None = None,
        service: str | None = None,
        function: str | None = None,
    ) -> None: ...

class _WithIssues(CallError):
    issues: list[dict[str, Any]]

class InvalidArguments(_WithIssues):
    """The arguments are not what the function takes: `issues` says where."""

class InvalidResult(_WithIssues):
    """The function returned something else than it says: `issues` says where."""

class UnknownService(CallError):
    """There is no service of that name."""

class UnknownFunction(CallError):
    """The service has no function of that name."""

class Unavailable(CallError):
    """The service's workers keep failing, or the server stops."""

class Overloaded(CallError):
    """As many calls wait for the function as may."""

class DeadlineExceeded(CallError, TimeoutError):
    """It took too long."""

class CallCancelled(CallError):
    """The callee says that the call was cancelled."""

class WorkerLost(CallError):
    """The callee's worker ended with the call in its hands."""

class TooLarge(CallError):
    """A message is longer than may be."""

class UnsupportedValue(CallError, TypeError):
    """A value has no counterpart in the other language."""

class TooDeep(CallError):
    """The 65th call of calls within calls."""
