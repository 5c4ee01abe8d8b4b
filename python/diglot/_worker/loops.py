"""The event loop of an ASGI worker."""

import asyncio
import time


class Unavailable(Exception):
    """The loop that was asked for cannot be had."""


def new(choice, native):
    """A new loop, set as the thread's own: `"auto"` is uvloop where it is installed, else asyncio's.

    uvloop's gets timers of the native module's, where it has them: its own count whole milliseconds.

    It does not run while the application is imported, as with `gunicorn`: so code that calls `asyncio.run()` when it is
    imported works, and objects that ask for the current loop then get the one they will run in.
    """
    loop = None
    if choice in ("auto", "uvloop"):
        try:
            import uvloop
        except ImportError as error:
            if choice == "uvloop":
                raise Unavailable(
                    'loop = "uvloop", but uvloop cannot be imported: install it in the service\'s environment, '
                    f'or use loop = "auto" ({error})'
                ) from None
        else:
            loop = uvloop.new_event_loop()
            if hasattr(native, "Timers"):  # on Linux
                _set_timers(loop, native.Timers(loop))
    if loop is None:
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    return loop


def _set_timers(loop, timers):
    loop.add_reader(timers.fileno(), timers.fire)
    close_loop = loop.close

    def close():
        if not (loop.is_closed() or loop.is_running()):
            loop.remove_reader(timers.fileno())
            timers.close()
        close_loop()

    # Before any code that is not ours has seen the loop: what is set by one clock is not asked of another.
    loop.time = time.monotonic
    loop.call_later = timers.call_later
    loop.call_at = timers.call_at
    loop.close = close


def describe(loop):
    """The loop's name and version, for the log."""
    module = type(loop).__module__.partition(".")[0]
    if module == "uvloop":
        import uvloop

        return f"uvloop {uvloop.__version__}"
    return "asyncio"


def close(loop):
    """Closes a loop as `asyncio.run()` does: what still runs in it is cancelled and waited for."""
    try:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        if tasks:
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.run_until_complete(loop.shutdown_default_executor())
    finally:
        asyncio.set_event_loop(None)
        loop.close()
