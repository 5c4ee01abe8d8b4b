"""Calls of functions of other services."""

import _thread
import asyncio
import sys
import warnings
from collections.abc import AsyncIterable, Coroutine, Iterator

from . import connection, errors, stubs
from . import scope as scopes
from .inbox import Inbox, Items, call_in_loop, wake_future
from .registry import is_seconds
from .values import UnsupportedError

_GAVE_UP = 1


class Call(Coroutine):
    """A call that has not begun: it does when it is awaited, or iterated (`async for`), or made a Task.

    It has no fields, so that what makes JSON of anything finds nothing in it.
    """

    __slots__ = ("__weakref__", "_arguments", "_coroutine", "_is_used", "_made_at", "_remote")

    def __init__(self, remote, arguments, frame):
        self._remote = remote
        self._arguments = arguments
        self._coroutine = None
        self._is_used = False
        #: The line is looked up where it is told.
        self._made_at = frame.f_code, frame.f_lasti, frame.f_globals

    def _begun(self):
        self._is_used = True
        if self._coroutine is None:
            self._coroutine = self._remote.result(self._arguments)
        return self._coroutine

    def __await__(self):
        return self._begun().__await__()

    # A Task goes on with it by these two, and in its traceback is no line of the program.

    def send(self, value):
        try:
            return self._begun().send(value)
        except errors.CallError as error:
            self._note_place(error)
            raise

    def throw(self, *exception):
        try:
            return self._begun().throw(*exception)
        except errors.CallError as error:
            self._note_place(error)
            raise

    def _note_place(self, error):
        errors.note(error, f"called at {self._made_at[0].co_filename}:{_line_of(self)}")

    def close(self):
        self._is_used = True
        if self._coroutine is not None:
            self._coroutine.close()

    def __del__(self):
        if not self._is_used:
            _warn_of_unused(self)

    def __aiter__(self):
        self._is_used = True
        return self._remote.items(self._arguments)

    def __iter__(self):
        raise self._no_answer_yet()

    def __getitem__(self, key):
        raise self._no_answer_yet()

    def _no_answer_yet(self):
        call = f"{self._remote!r}(...)"
        return TypeError(
            f"{call} is a call, and no answer yet: use `await {call}`, `async for` where it is a stream, or"
            f" `{self._remote!r}.sync(...)` where nothing can be awaited"
        )

    def __repr__(self):
        return f"<call of {self._remote!r}{'' if self._is_used else ', not awaited'}>"


def _line_of(call):
    """Where the call was made."""
    code, at, _ = call._made_at
    return next((line for start, end, line in code.co_lines() if start <= at < end), None) or code.co_firstlineno


def _warn_of_unused(call):
    """As Python does of a coroutine, but of the line where the call was made: who drops it may be anyone."""
    code, _, module = call._made_at
    warnings.warn_explicit(
        f"the call of {call._remote!r} was never awaited",
        RuntimeWarning,
        code.co_filename,
        _line_of(call),
        module=module.get("__name__", "<unknown>"),
        registry=module.setdefault("__warningregistry__", {}),
        source=call,
    )


class RemoteFunction:
    """A function of another service. Called, it gives a `Call`; `sync()` waits for the answer on a thread."""

    def __init__(self, service, name, timeout=None, idempotent=False):
        self._service = service
        self._name = name
        self._timeout = timeout
        self._idempotent = idempotent

    def __call__(self, *positional, **arguments):
        return Call(self, self._by_name(positional, arguments), sys._getframe(1))

    def sync(self, *positional, **arguments):
        """Calls and waits: for threads, as those of WSGI and of sync functions. Streams are plain iterators."""
        arguments = self._by_name(positional, arguments)
        if asyncio._get_running_loop() is not None:
            raise RuntimeError(
                f"{self!r}.sync() would stop the event loop, which runs on this thread: await {self!r}(...) instead"
            )
        stub = stubs.find(self._service, self._name)
        if stub is not None:
            return stub.sync(arguments)
        reply = SyncReply(self)
        self._begin(reply, arguments)
        return reply.wait()

    def with_options(self, *, timeout=None, idempotent=None):
        """The same function with a deadline (in seconds), or one that may be begun twice if a worker is lost."""
        if timeout is not None and not is_seconds(timeout):
            raise ValueError(f"timeout={timeout!r}: it is a number of seconds above 0, or math.inf for none of its own")
        return RemoteFunction(
            self._service,
            self._name,
            self._timeout if timeout is None else timeout,
            self._idempotent if idempotent is None else idempotent,
        )

    def __repr__(self):
        return f"services.{self._service}.{self._name}"

    def _by_name(self, positional, arguments):
        if positional:
            raise TypeError(f"{self!r}() takes its arguments by name")
        return arguments

    async def result(self, arguments):
        """Calls, and waits for the answer."""
        stub = stubs.find(self._service, self._name)
        if stub is not None:
            return await stub.result(arguments)
        reply = Reply(self, asyncio.get_running_loop())
        self._begin(reply, arguments)
        try:
            return await reply.future
        except (asyncio.CancelledError, GeneratorExit):
            reply.give_up(_GAVE_UP)
            raise
        finally:
            reply.leave()

    async def items(self, arguments):
        """Calls, and gives the items of the answer."""
        stub = stubs.find(self._service, self._name)
        if stub is not None:
            async for item in stub.items(arguments):
                yield item
            return
        reply = StreamReply(self, asyncio.get_running_loop())
        self._begin(reply, arguments)
        try:
            async for item in reply.inbox:
                yield item
        finally:
            # Also where the reader stops before the end; what is over cannot be aborted.
            reply.give_up(_GAVE_UP)
            reply.leave()

    def _begin(self, reply, arguments):
        scope = scopes.now()
        if scope is not None and scope.is_over:
            raise errors.CallCancelled("who waited for this has left", service=self._service, function=self._name)
        try:
            deadline_ms = scopes.deadline_ms(scope, self._timeout)
            depth = scopes.depth(scope)
        except errors.CallError as error:
            error.service, error.function = self._service, self._name
            raise
        stream = _stream_of(arguments, reply.takes_iterators)
        link = connection.get(self._service).link
        try:
            id = link.begin(
                reply,
                self._service,
                self._name,
                b"" if scope is None else scope.context,
                arguments,
                deadline_ms,
                depth,
                stream is not None,
                self._idempotent,
            )
        except UnsupportedError as error:
            raise errors.UnsupportedValue(
                errors.unsupported_text("the argument", error), service=self._service, function=self._name
            ) from None
        except ValueError as error:
            raise errors.TooLarge(str(error), service=self._service, function=self._name) from None
        except ConnectionError as error:
            raise errors.Overloaded(str(error), service=self._service, function=self._name) from None
        reply.begun(link, id, scope)
        if stream is not None:
            reply.send_items(stream)


#: What is no stream, and need not be asked.
_PLAIN = frozenset((bool, bytes, dict, float, int, list, str, tuple, type(None)))


def _stream_of(arguments, takes_iterators):
    """Takes the one argument that is a stream of items out of the others."""
    found = [
        name
        for name, value in arguments.items()
        if type(value) not in _PLAIN
        and (isinstance(value, AsyncIterable) or (takes_iterators and isinstance(value, Iterator)))
    ]
    if len(found) > 1:
        raise TypeError(f"{found[0]} and {found[1]} are both streams of items, and one argument can be")
    return arguments.pop(found[0]) if found else None


class _Reply:
    """What the link tells of an answer."""

    takes_iterators = False
    #: The callee wants no more items, or the call is over.
    _stopped = False
    _seen_room = False
    _wake_sender = None
    _sender = None

    def __init__(self, remote, loop):
        self.remote = remote
        self.loop = loop
        self._link = None
        self._id = None
        self._scope = None

    def begun(self, link, id, scope):
        self._link, self._id, self._scope = link, id, scope
        if scope is not None:
            scope.join(self)

    def leave(self):
        """The call is over, one way or the other."""
        if self._sender is not None or self._wake_sender is not None:
            self._stop()
        if self._scope is not None:
            self._scope.leave(self)

    def give_up(self, reason):
        self._link.abort(self._id, reason)

    def abort(self, reason):
        """That in which the call was made is over."""
        self.give_up(reason)
        what = "the client it worked for has left" if reason == 3 else "the call it was made in is over"
        self.fail(self.error(errors.CallCancelled, what))

    def error(self, cls, message):
        return cls(message, service=self.remote._service, function=self.remote._name)

    # What the link tells, and asks

    @property
    def service(self):
        return self.remote._service

    def thrown(self, text):
        self.fail(errors.from_throw(text, self.remote._service, self.remote._name))

    def broken(self, error):
        self.fail(self.error(errors.UnsupportedValue, f"the answer cannot be read: {error}"))

    def lost(self):
        """The socket has ended."""
        self.fail(self.error(errors.Unavailable, "the server has ended"))

    def stopped(self):
        self._stop()

    def room(self):
        self._seen_room = True
        wake, self._wake_sender = self._wake_sender, None
        if wake is not None:
            wake()

    def _stop(self):
        self._stopped = True
        self.room()
        if self._sender is not None:
            # It may wait for an item that is long in coming.
            call_in_loop(self.loop or connection.get().loop, self._sender.cancel)

    # Items of an argument

    def send_items(self, stream):
        loop = self.loop or connection.get().loop
        if isinstance(stream, AsyncIterable):
            if self.loop is not None:
                self._sender = loop.create_task(self._send_async(stream))
            else:
                self._sender = asyncio.run_coroutine_threadsafe(self._send_async(stream), loop)
        else:
            _thread.start_new_thread(self._send_sync, (stream,))

    async def _send_async(self, stream):
        items = aiter(stream)
        try:
            while not self._stopped:
                try:
                    item = await anext(items)
                except StopAsyncIteration:
                    break
                self._seen_room = False
                if not self._send(item):
                    future = asyncio.get_running_loop().create_future()
                    self._wake_sender = wake_future(future)
                    if self._seen_room or self._stopped:
                        self.room()
                    await future
        except asyncio.CancelledError:
            if not self._stopped:
                self.give_up(_GAVE_UP)
                raise
        except Exception as error:
            self.give_up(_GAVE_UP)
            self.fail(error)
        finally:
            self._link.end_items(self._id)
            close = getattr(items, "aclose", None)
            if close is not None:
                await close()

    def _send_sync(self, stream):
        try:
            for item in stream:
                self._seen_room = False
                if not self._send(item):
                    lock = _thread.allocate_lock()
                    lock.acquire()
                    self._wake_sender = lock.release
                    if self._seen_room or self._stopped:
                        self.room()
                    lock.acquire()
                if self._stopped:
                    break
            self._link.end_items(self._id)
        except Exception as error:
            self.give_up(_GAVE_UP)
            self.fail(error)

    def _send(self, item):
        try:
            return self._link.send_item(self._id, item)
        except UnsupportedError as error:
            raise self.error(errors.UnsupportedValue, errors.unsupported_text("an item", error)) from None
        except ValueError as error:
            raise self.error(errors.TooLarge, str(error)) from None


class Reply(_Reply):
    """For a coroutine that awaits one value."""

    def __init__(self, remote, loop):
        super().__init__(remote, loop)
        self.future = loop.create_future()

    def returned(self, value):
        call_in_loop(self.loop, self._set, value, None)

    def fail(self, error):
        call_in_loop(self.loop, self._set, None, error)

    def _set(self, value, error):
        if self.future.done():
            return
        if error is None:
            self.future.set_result(value)
        else:
            self.future.set_exception(error)

    def began(self):
        self.give_up(_GAVE_UP)
        self.fail(TypeError(f"{self.remote!r} answers with items: use `async for item in {self.remote!r}(...)`"))


class StreamReply(_Reply):
    """For a coroutine that iterates."""

    def __init__(self, remote, loop):
        super().__init__(remote, loop)
        self.inbox = Inbox()

    def begun(self, link, id, scope):
        super().begun(link, id, scope)
        self.inbox.attach(link, id)

    def began(self):
        pass

    def items(self, items, cost):
        self.inbox.put(items, cost)

    def ended(self):
        self.inbox.end()

    def fail(self, error):
        self.inbox.end(error)

    def returned(self, value):
        self.fail(
            TypeError(
                f"{self.remote!r} answers with one value: use `await {self.remote!r}(...)`, or `.sync(...)` where"
                " nothing can be awaited"
            )
        )


class SyncReply(_Reply):
    """For a thread, which learns from the answer whether it is a stream."""

    takes_iterators = True

    def __init__(self, remote):
        super().__init__(remote, None)
        self._lock = _thread.allocate_lock()
        self._lock.acquire()
        self._inbox = None
        self._value = None
        self._error = None
        self._is_told = False

    def wait(self):
        try:
            self._lock.acquire()
        except BaseException:
            self.give_up(_GAVE_UP)
            self.leave()
            raise
        if self._inbox is not None:
            self._inbox.attach(self._link, self._id)
            if self._inbox.is_ended:
                self.leave()  # it ended before the scope was joined
            return Items(self._inbox)
        self.leave()
        if self._error is not None:
            raise self._error
        return self._value

    def _tell(self):
        if not self._is_told:
            self._is_told = True
            self._lock.release()

    def returned(self, value):
        self._value = value
        self._tell()

    def began(self):
        self._inbox = Inbox(self._closed)
        self._tell()

    def _closed(self):
        self.give_up(_GAVE_UP)
        self.leave()

    def items(self, items, cost):
        self._inbox.put(items, cost)

    def ended(self):
        self._inbox.end()
        self.leave()

    def fail(self, error):
        if self._inbox is not None:
            self._inbox.end(error)
            self.leave()
        else:
            self._error = error
            self._tell()
