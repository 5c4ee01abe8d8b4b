"""The lifespan of an ASGI application: startup before the first request, shutdown after the last."""

import asyncio
import contextvars
import os
import traceback

from . import errors

#: Seconds an application may take to return from its lifespan after it has said how that ended.
RETURN_S = 5


class Failed(Exception):
    """The application did not start; the text is for the person who started it."""


class Lifespan:
    """Runs an application's lifespan, start and end in one Task.

    `mode` is `"on"`, `"off"` or `"auto"`: with the last, an application that raises when it is given the scope goes on
    without one. `state` is the dict requests get copies of. `context` is, once started, the context that requests begin
    with: what the application set in its startup is kept.
    """

    def __init__(self, app, mode, state):
        self.state = state
        self.context = contextvars.copy_context()
        self._app = app
        self._mode = mode
        self._task = None
        self._messages = asyncio.Queue()
        self._started = None
        self._stopped = None
        self._failure = None
        self._asked = False
        self._asks_again = None
        self._stops = False
        self._told = False

    async def start(self):
        """Waits for `lifespan.startup.complete`.

        Raises `Failed` if the application says that it cannot start, or cannot have a lifespan though it must.
        """
        if self._mode == "off":
            return
        loop = asyncio.get_running_loop()
        self._started = loop.create_future()
        self._stopped = loop.create_future()
        self._asks_again = loop.create_future()
        self._messages.put_nowait({"type": "lifespan.startup"})
        self._task = loop.create_task(self._run())
        await self._started
        if self._failure is not None:
            await self._end()
            raise Failed(self._failure)

    async def stop(self):
        """Waits for `lifespan.shutdown.complete`, or for the application to end otherwise."""
        if self._task is None or self._task.done():
            return
        self._stops = True
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        await self._stopped
        await self._end()

    async def _end(self):
        """Sees the application out, which has said how its startup or shutdown ended.

        Some return, perhaps after cleaning up; one that is written as a loop waits for a message that will not come.
        """
        await asyncio.wait({self._task, self._asks_again}, timeout=RETURN_S, return_when=asyncio.FIRST_COMPLETED)
        self._task.cancel()
        await self._task

    async def _receive(self):
        self._asked = True
        if (self._failure is not None or self._stopped.done()) and not self._asks_again.done():
            self._asks_again.set_result(None)
        return await self._messages.get()

    async def _run(self):
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._receive, self._send)
        except BaseException as error:
            self._ended_with(error)
            if isinstance(error, _ENDS_THE_PROCESS) and self._serves():
                raise
        else:
            if not self._started.done() and self._mode == "on":
                self._failure = "the application returned from its lifespan before startup was complete"
        finally:
            for future in (self._started, self._stopped):
                if not future.done():
                    future.set_result(None)

    def _serves(self):
        """Whether the application is between its startup and its shutdown."""
        return self._started.done() and self._failure is None and not self._stops

    def _ended_with(self, error):
        if not self._started.done():
            if isinstance(error, _ENDS_THE_PROCESS):
                self._failure = _with_place("the application's startup ended the process", error)
            elif self._mode == "on":
                self._failure = _with_place("the application's lifespan failed", error)
            elif self._asked:
                last = traceback.format_exception_only(type(error), error)[-1].strip()
                errors.report(f"the application failed in its startup and is served all the same: {last}")
            # Else it has no lifespan: the specification has it raise when it sees the scope.
        elif self._failure is None and not self._told and not isinstance(error, asyncio.CancelledError):
            errors.report("the application's lifespan failed", error)

    async def _send(self, message):
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self._must_not_be(self._started, kind)
            self.context = contextvars.copy_context()
            self._started.set_result(None)
        elif kind == "lifespan.startup.failed":
            self._must_not_be(self._started, kind)
            message = message.get("message", "")
            self._failure = _as_told(message) if message else _STARTUP_FAILED
            self._started.set_result(None)
        elif kind in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
            self._must_not_be(self._stopped, kind)
            if kind.endswith("failed"):
                errors.report(f"the application's shutdown failed: {message.get('message', '')}")
                # Frameworks tell the whole traceback, and raise it again.
                self._told = bool(message.get("message"))
            self._stopped.set_result(None)
        else:
            raise ValueError(f"{kind!r} is no ASGI event a lifespan has")

    def _must_not_be(self, future, kind):
        if future.done():
            raise RuntimeError(f"{kind!r} came twice, or after the other outcome")


#: What ends the process wherever it is raised. In a startup it is the startup's failure, in a shutdown the end anyway.
_ENDS_THE_PROCESS = (SystemExit, KeyboardInterrupt)
_STARTUP_FAILED = "the application's startup failed (lifespan.startup.failed, without a message)"


def _with_place(what, error):
    text = errors.formatted(error).rstrip()
    return f"{what}\n{text}{_look_at(errors.place(error, os.getcwd()))}"


def _as_told(message):
    """Frameworks tell the whole traceback."""
    message = str(message).rstrip()
    return f"the application's startup failed: {message}{_look_at(errors.place_in(message, os.getcwd()))}"


def _look_at(place):
    return f"\nlook first at {place}" if place else ""
