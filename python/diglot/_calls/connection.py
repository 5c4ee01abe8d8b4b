"""This process's end of the calls socket: made when the program first uses the package, in the loop it is read in."""

import asyncio
import sys
import threading

from . import registry, scope, stubs
from .inbox import call_in_loop
from .incoming import Host
from .types import Unsupported
from .values import codec, native

_lock = threading.Lock()
_connection = None


class NotServed(RuntimeError):
    """The program is not run by Diglot: it has nobody to call."""


class Connection:
    """The link, the loop that reads it, and what begins incoming calls."""

    def __init__(self, fd, loop, ended):
        """The calling thread is the loop's."""
        self.loop = loop
        self.host = Host(loop)
        self._ended = ended
        self._fd = fd
        self._idle = None
        self._offered = {}
        self.link = self.host.link = native.CallsLink(
            fd,
            codec,
            {
                "call": self.host.call,
                "flush_soon": self._flush_soon,
                "flush_from_thread": self._flush_from_thread,
                "watch_room": self._watch_room,
                "tick_soon": self._tick_soon,
                "ended": self._on_ended,
                "idle": self._on_idle,
            },
        )
        self._flush = self.link.flush
        registry.listeners.append(self._on_registered)
        self.attach()
        # The preface.
        self.link.flush()

    def attach(self):
        """Has the loop read the socket in a copy of the current context, which is what functions begin with."""
        if asyncio._get_running_loop() is self.loop:
            self.loop.add_reader(self._fd, self.link.on_readable)

    def offer_all(self):
        """Offers what is registered. Raises `Unsupported` where a type has no counterpart."""
        for function in list(registry.functions.values()):
            self._offer(function)
        self.link.flush_blocking()

    def _offer(self, function):
        if self._offered.get(function.name) is not function:
            self.link.offer(function.offer())
            self._offered[function.name] = function

    def _on_registered(self, function):
        """A module that the program imported late has registered a function."""
        self.loop.call_soon_threadsafe(self._offer_late, function)

    def _offer_late(self, function):
        try:
            self._offer(function)
        except (Unsupported, ValueError) as problem:
            print(f"diglot: {problem}", file=sys.stderr, flush=True)

    def _flush_soon(self):
        self.loop.call_soon(self._flush)

    def _flush_from_thread(self):
        self.loop.call_soon_threadsafe(self._flush)

    def _watch_room(self):
        call_in_loop(self.loop, self._watch_room_in_loop)

    def _watch_room_in_loop(self):
        # As it is now: another thread may have asked before, of which the loop hears later.
        if self.link.watches_room:
            self.loop.add_writer(self._fd, self.link.flush)
        else:
            self.loop.remove_writer(self._fd)

    def _tick_soon(self):
        call_in_loop(self.loop, self.loop.call_later, 1.0, self.link.tick)

    def _on_ended(self, reason, targets):
        self.loop.remove_reader(self._fd)
        for target in targets:
            lost = getattr(target, "lost", None)
            if lost is not None:
                lost()
            else:
                target.aborted(4)
        self._ended(reason)

    # The end

    def expire(self):
        """Nobody waits any more for the calls in this worker's hands."""
        self._on_idle()

    async def finished(self):
        """Waits until no call is in this worker's hands, nor on its way to it, or until `expire()`."""
        self._idle = self.loop.create_future()
        self.link.notify_idle()
        await self._idle

    def _on_idle(self):
        if self._idle is not None and not self._idle.done():
            self._idle.set_result(None)


def get(service=None):
    """The connection, for a call of that service; made now if it is not there."""
    if _connection is not None:
        return _connection
    worker = sys.modules.get("_diglot_worker.calls")
    state = None if worker is None else worker.state
    if state is None or native is None:
        others = "" if service is None else stubs.beside(service)
        raise NotServed(
            f"{others}this process is not run by Diglot, or was forked of one that is, so there are no services to"
            " call: run it with `diglot serve`, or put a stub in a service's place with `diglot.testing.stub`"
        )
    return state.connect(open_in)


def is_open():
    return _connection is not None


def has_functions():
    return bool(registry.functions)


def scope_variable():
    return scope.current


def offer_all():
    """What the worker calls once the program is loaded. Returns what is wrong with a function, or None."""
    try:
        connection = get()
        connection.attach()
        connection.offer_all()
    except (Unsupported, ValueError) as problem:
        return str(problem)
    return None


def open_in(fd, loop, ended):
    """Makes the connection on the loop's thread, which the caller waits for if it is another."""
    global _connection
    with _lock:
        if _connection is None:
            if asyncio._get_running_loop() is loop:
                _connection = Connection(fd, loop, ended)
            else:
                made = threading.Event()
                loop.call_soon_threadsafe(_open_and_tell, fd, loop, ended, made)
                made.wait()
        return _connection


def _open_and_tell(fd, loop, ended, made):
    global _connection
    try:
        _connection = Connection(fd, loop, ended)
    finally:
        made.set()


def reset():
    """Lets go of the connection: another may be made, where there is a socket for it."""
    global _connection
    _connection = None


def _tell_worker():
    worker = sys.modules.get("_diglot_worker.calls")
    if worker is not None and worker.state is not None:
        worker.state.imported()


_tell_worker()
