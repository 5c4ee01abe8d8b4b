"""The native half of a worker, in Rust (`python/src`)."""

from collections.abc import Awaitable, Callable
from typing import Any, TypedDict

class ClientDisconnected(OSError):
    """The client left before the request or the response was complete."""

class AsgiOptions(TypedDict):
    loop: Any
    app: Callable[..., Awaitable[None]]
    task_type: type
    #: `task_type` takes `eager_start`: from CPython 3.12 on.
    has_eager_start: bool
    spec_version: str
    #: The lifespan's state, of which each request has a copy.
    state: dict[str, Any]
    report: Callable[[str, BaseException | None], None]
    #: No more requests will come.
    draining: Callable[[], object]
    #: None will, and all are done.
    drained: Callable[[], object]
    ended: Callable[[str | None], None]

class AsgiLink:
    """The link of an ASGI worker, driven by an event loop."""

    def __init__(self, fd: int, options: AsgiOptions) -> None: ...
    def fileno(self) -> int: ...
    def ready(self, runtime: str) -> None:
        """Says that requests may come, and has the loop read them in a copy of the current context."""

    def failed(self, reason: str) -> None:
        """Says why the application could not be started."""

    def breathe(self) -> None:
        """Says that the worker lives though its loop stands still. Any thread may say so."""

    def claim(self, session: str) -> None:
        """Asks for the requests that name this session."""

    def release(self, session: str) -> None:
        """Says that this session is over."""

    def flush_blocking(self) -> None:
        """Writes what is left, waiting for the front to take it."""

    def is_of_request(self, error: BaseException) -> bool:
        """True if a request's Task has just ended with this very exception."""

    def on_readable(self) -> None:
        """The loop's reader: handles what the front has sent, and answers."""

class WsgiOptions(TypedDict):
    app: Callable[..., Any]
    #: What all requests' environs have.
    environ: dict[str, Any]
    #: Threads at most, the main thread included.
    threads: int
    #: Starts a thread that calls `stand_by`.
    spawn: Callable[[], object]
    #: Starts a thread that calls `attend`.
    spawn_attendant: Callable[[], object]
    #: No more requests will come.
    draining: Callable[[], object]
    report: Callable[[str, BaseException | None], None]
    ended: Callable[[str | None], None]

class WsgiLink:
    """The link of a WSGI worker, driven by a pool of threads."""

    def __init__(self, fd: int, options: WsgiOptions) -> None: ...
    def fileno(self) -> int: ...
    def ready(self, runtime: str) -> None:
        """Says that requests may come."""

    def claim(self, session: str) -> None:
        """Asks for the requests that name this session."""

    def release(self, session: str) -> None:
        """Says that this session is over."""

    def work(self) -> None:
        """Serves on the calling thread until the server has said to end and everything is done."""

    def stand_by(self) -> None:
        """Waits until the calling thread is needed, then serves as `work` does."""

    def attend(self) -> None:
        """Looks after the link while all threads are inside of requests."""

def fail(fd: int, reason: str) -> None:
    """Tells the server why the application could not be loaded."""
