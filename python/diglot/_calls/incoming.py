"""Calls of functions of this program."""

import _thread
import asyncio
import contextvars
import functools
import inspect
import json
import sys
import time
import traceback
from collections.abc import AsyncIterable

from . import errors, registry
from .inbox import Inbox, wake_future
from .scope import Scope, current
from .threads import Pool
from .thrown import encoded, thrown
from .types import Invalid
from .types.signature import stream_expected
from .values import UnsupportedError

#: A Task can run up to where it first waits as it is made.
HAS_EAGER_TASKS = sys.version_info >= (3, 12)

_JSON, _ITEMS = 1, 2
#: How long items of a stream gather.
_TURN_SECONDS = 0.001
_OURS = __file__.rpartition("/")[0] + "/"


class Incoming(Scope):
    """One call of a function of ours: the link tells it what becomes of its caller."""

    __slots__ = ("function", "id", "inbox", "is_json", "link", "seen_room", "task", "wake_sender")

    def __init__(self, link, id, function, flags, deadline_ms, depth, context):
        self.deadline = time.monotonic() + deadline_ms / 1000 if deadline_ms else None
        self.depth = depth
        self.context = context
        self.children = None
        self.is_over = False
        self.is_answered = False
        self.reason = 0
        self.link = link
        self.id = id
        self.function = function
        self.is_json = bool(flags & _JSON)
        self.task = None
        self.inbox = None
        self.wake_sender = None
        self.seen_room = False

    # What the link tells

    def items(self, items, cost):
        if self.inbox is None:
            self.link.consumed(self.id, cost)
            return
        signature = self.function.signature
        try:
            if self.is_json:
                items = [json.loads(item) for item in items]
            load = signature.load_item(self.is_json)
            items = [load(item) for item in items]
        except Exception as problem:
            self.inbox.end(_invalid_items(problem, signature.input))
            self.link.stop(self.id)
            return
        self.inbox.put(items, cost)

    def ended(self):
        if self.inbox is not None:
            self.inbox.end()

    def broken(self, error):
        if self.inbox is not None:
            self.inbox.end(error)
            self.link.stop(self.id)

    def room(self):
        self.seen_room = True
        wake, self.wake_sender = self.wake_sender, None
        if wake is not None:
            wake()

    def aborted(self, reason):
        self.end(reason)
        if self.inbox is not None:
            self.inbox.end(errors.CallCancelled("the caller waits no more"))
        self.room()
        if self.task is not None:
            self.task.cancel()

    # The function

    def start(self, kwargs, host):
        signature = self.function.signature
        if signature.input is not None:
            self.inbox = Inbox(self._stop)
            self.inbox.attach(self.link, self.id)
            kwargs[signature.input] = self.inbox
        if signature.is_async:
            run = self._run_stream_of if signature.stream else self._run
            coroutine = run(functools.partial(self.function.function, **kwargs))
        elif signature.is_async_generator:
            coroutine = self._run_stream(self.function.function(**kwargs))
        else:
            context = contextvars.copy_context()
            host.pool.submit(lambda: context.run(self._run_in_thread, kwargs, host), self.depth)
            return
        self.task = host.make_task(coroutine)

    def _stop(self):
        self.link.stop(self.id)

    async def _run(self, make):
        current.set(self)
        try:
            self.answer(await make())
        except asyncio.CancelledError:
            self.cancelled()
            raise
        except (KeyboardInterrupt, GeneratorExit):
            self.cancelled()
            raise
        except BaseException as error:
            self.failed(error)

    async def _run_stream_of(self, make):
        """An async function that returns an iterator."""
        current.set(self)
        try:
            items = await make()
        except asyncio.CancelledError:
            self.cancelled()
            raise
        except BaseException as error:
            self.failed(error)
            return
        await self._run_stream(items if isinstance(items, AsyncIterable) else _as_async(items))

    async def _run_stream(self, items):
        current.set(self)
        try:
            self.link.answer_stream(self.id)
            turn_ends = time.monotonic() + _TURN_SECONDS
            async for item in items:
                has_waited = True
                if not self.send(item):
                    future = asyncio.get_running_loop().create_future()
                    self.wake_sender = wake_future(future)
                    await future
                elif time.monotonic() >= turn_ends:
                    # Items of a generator that never waits leave, and others have their turn.
                    await asyncio.sleep(0)
                else:
                    has_waited = False
                if self.is_over:
                    break
                if has_waited:
                    turn_ends = time.monotonic() + _TURN_SECONDS
            self.link.end_items(self.id)
        except asyncio.CancelledError:
            self.cancelled()
            raise
        except (KeyboardInterrupt, GeneratorExit):
            self.cancelled()
            raise
        except BaseException as error:
            self.failed(error)
        finally:
            close = getattr(items, "aclose", None)
            if close is not None:
                await _closed(close)
            if self.is_over:
                self.cancelled()
            self.released()

    def _run_in_thread(self, kwargs, host):
        current.set(self)
        try:
            if self.is_over:
                self.cancelled()
                return
            result = self.function.function(**kwargs)
            if inspect.isawaitable(result) or (self.function.signature.stream and isinstance(result, AsyncIterable)):
                # A sync function around an async one, as decorators make them.
                context = contextvars.copy_context()
                host.loop.call_soon_threadsafe(self._go_on, result, host, context=context)
            elif self.function.signature.stream:
                self._send_all(result)
            else:
                self.answer(result)
        except BaseException as error:
            self.failed(error)

    def _go_on(self, result, host):
        """In the loop, with what a sync function has returned to be awaited."""
        is_stream = self.function.signature.stream
        # A call of another function is both.
        if is_stream and isinstance(result, AsyncIterable):
            coroutine = self._run_stream(result)
        else:
            run = self._run_stream_of if is_stream else self._run
            coroutine = run(lambda: result)
        self.task = host.make_task(coroutine)
        if self.is_over:
            self.task.cancel()

    def _send_all(self, items):
        self.link.answer_stream(self.id)
        try:
            for item in items:
                self.seen_room = False
                if not self.send(item):
                    lock = _thread.allocate_lock()
                    lock.acquire()
                    self.wake_sender = lock.release
                    # It may have been told since, by the loop's thread.
                    if self.seen_room or self.is_over:
                        self.room()
                    lock.acquire()
                if self.is_over:
                    self.cancelled()
                    return
            self.link.end_items(self.id)
        finally:
            close = getattr(items, "close", None)
            if close is not None:
                close()
            self.released()

    # Its answer

    def answer(self, result):
        try:
            if self.is_json:
                value = self.function.signature.dump(result, True)
                self.link.answer_json(self.id, json.dumps(value, ensure_ascii=False, allow_nan=False).encode())
            else:
                self.link.answer(self.id, self.function.signature.dumps[False](result))
        except (Invalid, UnsupportedError, ValueError) as error:
            self.refused(error)
        self.released()

    def released(self):
        """The call is answered: its caller's items go nowhere, and what the function has left running is on its own."""
        self.is_answered = True
        if self.inbox is not None:
            self.inbox.release()

    def send(self, item):
        if self.is_json:
            value = self.function.signature.dump(item, True)
            text = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
            return self.link.send_item_json(self.id, text)
        return self.link.send_item(self.id, self.function.signature.dumps[False](item))

    def refused(self, error):
        """What the function returned cannot cross."""
        self.throw({**_refusal(error), "stack": self.function.stack})

    def failed(self, error):
        if self.is_over and isinstance(error, errors.CallCancelled):
            self.cancelled()
        elif isinstance(error, (Invalid, UnsupportedError)) or type(error).__name__ == "TooLargeError":
            self.refused(error)
        else:
            told = encoded({"code": "error", "type": type(error).__name__, "message": "it cannot be looked at"})
            try:
                told = thrown(error, _formatted)
                if self.function.declared is not None:
                    self.function.declared.check(told)
            finally:
                # Whoever waits is answered, whatever is wrong with the exception, or with what is declared of it.
                self.link.throw(self.id, told)
                self.released()

    def cancelled(self):
        self.throw({"code": "cancelled", "message": "the call was cancelled"}, at_once=True)

    def throw(self, told, at_once=False):
        self.link.throw(self.id, encoded(told), at_once)
        self.released()


def _refusal(error):
    if isinstance(error, Invalid):
        issues = errors.issues_of(error)
        return {
            "code": "invalid_result",
            "message": f"it returned something else than it says: {errors.issues_text(issues)}",
            "issues": issues,
        }
    if type(error).__name__ == "TooLargeError":
        return {"code": "too_large", "message": str(error)}
    if isinstance(error, UnsupportedError):
        return {"code": "unsupported_value", "message": errors.unsupported_text("the result", error)}
    return {"code": "invalid_result", "message": str(error), "issues": []}


def _invalid_items(problem, name):
    issues = errors.issues_of(problem.within(name)) if isinstance(problem, Invalid) else []
    return errors.InvalidArguments(errors.issues_text(issues) or str(problem), issues=issues)


def _formatted(exception):
    """The traceback without our own frames: those before the function, and those of a call that it made."""
    told = traceback.TracebackException.from_exception(exception)
    told.stack[:] = [frame for frame in told.stack if not frame.filename.startswith(_OURS)]
    return "".join(told.format())


async def _as_async(items):
    for item in items:
        yield item


async def _closed(close):
    try:
        await close()
    except RuntimeError:
        pass  # it runs, or was closed before


class Host:
    """What begins incoming calls."""

    def __init__(self, loop):
        self.loop = loop
        self.link = None
        self.pool = Pool()
        self._is_eager = HAS_EAGER_TASKS

    def make_task(self, coroutine):
        # A loop that nest_asyncio lets functions run within themselves cannot do so while it reads the socket.
        if self._is_eager and self.loop.get_task_factory() is None and not hasattr(self.loop, "_nest_patched"):
            return asyncio.Task(coroutine, loop=self.loop, eager_start=True)
        return self.loop.create_task(coroutine)

    def call(self, id, name, caller, context, deadline_ms, depth, flags, arguments, problem):
        """The link's `call`: returns what is told of the call, or None if it is over."""
        function = registry.functions.get(name)
        if function is None:
            told = {"code": "unknown_function", "message": f"there is no function {name!r}{_near(name)}"}
            self.link.throw(id, encoded(told))
            return None
        call = Incoming(self.link, id, function, flags, deadline_ms, depth, context)
        try:
            if problem is not None:
                raise Invalid(((), problem))
            if flags & _JSON:
                arguments = _from_json(arguments)
            kwargs = function.signature.load(arguments, call.is_json)
            _check_items(function.signature, flags & _ITEMS, call.is_json)
        except Invalid as invalid:
            issues = errors.issues_of(invalid)
            told = {"code": "invalid_arguments", "message": errors.issues_text(issues), "issues": issues}
            call.throw(told)
            return None
        except Exception as error:
            # A class of the program's that raises when it is made, or a type without counterpart.
            call.failed(error)
            return None
        call.start(kwargs, self)
        return call


def _from_json(text):
    try:
        return json.loads(text)
    except ValueError as error:
        raise Invalid(((), f"the arguments are not JSON: {error}")) from None


def _check_items(signature, has_items, is_json):
    if has_items and signature.input is None:
        raise Invalid(((), "no parameter is a stream of items, and one was given"))
    if signature.input is not None and not has_items:
        raise Invalid(((signature.input,), stream_expected(is_json)))


def _near(name):
    import difflib

    near = difflib.get_close_matches(name, registry.functions, n=1)
    return f": did you mean {near[0]!r}?" if near else ""
