"""The lifespan of an ASGI application: startup before the first request, shutdown after the last."""

import asyncio
import contextvars

from . import errors


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

    async def start(self):
        """Waits for `lifespan.startup.complete`.

        Raises `Failed` if the application says that it cannot start, or cannot have a lifespan though it must.
        """
        if self._mode == "off":
            return
        loop = asyncio.get_running_loop()
        self._started = loop.create_future()
        self._stopped = loop.create_future()
        self._messages.put_nowait({"type": "lifespan.startup"})
        self._task = loop.create_task(self._run())
        await self._started
        if self._failure is not None:
            await self._task
            raise Failed(self._failure)

    async def stop(self):
        """Waits for `lifespan.shutdown.complete`, or for the application to end otherwise."""
        if self._task is None or self._task.done():
            return
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        await self._stopped
        await self._task

    async def _run(self):
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._app(scope, self._messages.get, self._send)
        except BaseException as error:
            self._ended_with(error)
            if not isinstance(error, (Exception, asyncio.CancelledError)):
                raise
        else:
            if not self._started.done() and self._mode == "on":
                self._failure = "the application returned from its lifespan before startup was complete"
        finally:
            for future in (self._started, self._stopped):
                if not future.done():
                    future.set_result(None)

    def _ended_with(self, error):
        if not self._started.done():
            if self._mode == "on":
                self._failure = f"the application's lifespan failed\n{errors.formatted(error)}"
            # "auto": an application without a lifespan raises; it is served without one.
        elif self._failure is None and not isinstance(error, asyncio.CancelledError):
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
            self._failure = f"the application's startup failed: {message}" if message else _STARTUP_FAILED
            self._started.set_result(None)
        elif kind in ("lifespan.shutdown.complete", "lifespan.shutdown.failed"):
            self._must_not_be(self._stopped, kind)
            if kind.endswith("failed"):
                errors.report(f"the application's shutdown failed: {message.get('message', '')}")
            self._stopped.set_result(None)
        else:
            raise ValueError(f"{kind!r} is no ASGI event a lifespan has")

    def _must_not_be(self, future, kind):
        if future.done():
            raise RuntimeError(f"{kind!r} came twice, or after the other outcome")


_STARTUP_FAILED = "the application's startup failed (lifespan.startup.failed, without a message)"
