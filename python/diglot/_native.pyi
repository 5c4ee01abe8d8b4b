"""The native half of a worker, in Rust (`python/src`)."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
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
    #: What runs is not waited for any more.
    expired: Callable[[], object]
    ended: Callable[[str | None], None]

class AsgiLink:
    """The link of an ASGI worker, driven by an event loop."""

    def __init__(self, fd: int, options: AsgiOptions) -> None: ...
    def fileno(self) -> int: ...
    def ready(self, runtime: str, functions_only: bool = False) -> None:
        """Says that requests may come, and has the loop read them in a copy of the current context."""

    def failed(self, reason: str) -> None:
        """Says why the application could not be started."""

    def breathe(self) -> None:
        """Says that the worker lives though its loop stands still. Any thread may say so."""

    def claim(self, session: str) -> None:
        """Asks for the requests that name this session."""

    def release(self, session: str) -> None:
        """Says that this session is over."""

    def follow_calls(self, variable: ContextVar[Any]) -> None:
        """From now on the variable is a `ServedRequest` while a request is served."""

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

    def follow_calls(self, variable: ContextVar[Any]) -> None:
        """From now on the variable is a `ServedRequest` while a request is served."""

    def work(self) -> None:
        """Serves on the calling thread until the server has said to end and everything is done."""

    def stand_by(self) -> None:
        """Waits until the calling thread is needed, then serves as `work` does."""

    def attend(self) -> None:
        """Looks after the link while all threads are inside of requests."""

def fail(fd: int, reason: str) -> None:
    """Tells the server why the application could not be loaded."""

class UnsupportedError(ValueError):
    """A value that cannot cross: its arguments are a message and the path."""

class MalformedError(ValueError):
    """Bytes that are no value."""

class TooLargeError(ValueError):
    """A message longer than may be."""

class Codec:
    """Values as CBOR; `kinds` is the module `diglot._calls.values.kinds`."""

    def __init__(self, kinds: Any) -> None: ...
    def encode(self, value: Any) -> bytes: ...
    def decode(self, message: bytes | bytearray) -> Any:
        """Typed arrays in a bytearray stay where they are, and keep it."""

class ServedRequest:
    """A request while it is served, in programs that make calls."""

    #: The ASGI scope, or WSGI's environ.
    described: dict[str, Any]
    #: What the package has made of it.
    call_scope: Any
    is_left: bool

class CallsHost(TypedDict):
    #: Of a call that has come: id, function, caller, context, milliseconds left, depth, flags, arguments, and what is
    #: wrong with them. Returns what is told of the call: `items`, `ended`, `broken`, `room`, `aborted`.
    call: Callable[[int, str, str, bytes, int, int, int, Any, str | None], Any]
    flush_soon: Callable[[], object]
    flush_from_thread: Callable[[], object]
    #: The loop is to watch whether the socket takes more, or no more.
    watch_room: Callable[[bool], object]
    #: Why, and what was told of the calls that were open.
    ended: Callable[[str | None, list[Any]], object]
    idle: Callable[[], object]

class CallsLink:
    """The worker's end of the calls socket."""

    def __init__(self, fd: int, codec: Codec, host: CallsHost) -> None: ...
    def fileno(self) -> int: ...
    def offer(self, function: bytes) -> None:
        """Offers a function, as JSON."""

    def begin(
        self,
        target: Any,
        service: str,
        function: str,
        context: bytes,
        arguments: dict[str, Any],
        deadline_ms: int,
        depth: int,
        has_items: bool,
        is_idempotent: bool,
    ) -> int:
        """Begins a call. `target` is told of its answer: `returned`, `began`, `items`, `ended`, `thrown`, `broken`,
        `room`, `stopped`."""

    def abort(self, id: int, reason: int) -> None: ...
    def answer(self, id: int, value: Any) -> None: ...
    def answer_json(self, id: int, text: bytes) -> None: ...
    def answer_stream(self, id: int) -> None: ...
    def throw(self, id: int, error: bytes, at_once: bool = False) -> None:
        """Ends a call with an error, as JSON: behind the items that were sent before, or at once."""

    def send_item(self, id: int, value: Any) -> bool:
        """False if enough wait: `room()` of the target says when to go on."""

    def send_item_json(self, id: int, text: bytes) -> bool: ...
    def end_items(self, id: int) -> None: ...
    def stop(self, id: int) -> None: ...
    def consumed(self, id: int, bytes: int) -> None:
        """Items that came are done with: so many bytes more may come."""

    def is_busy(self) -> bool:
        """True while a call is in this worker's hands."""

    def notify_idle(self) -> None:
        """Has `idle()` called once that is not so, no call can come any more, and all has been written."""

    def on_readable(self) -> None: ...
    def flush(self) -> None: ...
    def flush_blocking(self) -> None: ...
