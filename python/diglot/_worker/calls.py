"""The calls socket of this worker: kept for the package `diglot`, and silent until the program uses that."""

import asyncio
import os
import sys

from . import process

#: The worker's `Calls`, which the package finds here.
state = None


class Calls:
    """The socket's descriptor, and the loop that reads it."""

    def __init__(self, fd, functions_only):
        self._fd = fd
        #: The service takes no requests: it is there for its functions.
        self.functions_only = functions_only
        self._loop = None
        self._follow = None
        self._expired = False

    def run_in(self, loop):
        """The loop of an ASGI worker reads the socket too. Otherwise (None) it has one of its own, on a thread."""
        self._loop = loop

    def follow(self, follow):
        """`follow(variable)` has the link set the variable for each request, once the program imports the package."""
        self._follow = follow
        self.imported()

    def imported(self):
        """The program has imported the package: perhaps in a request, which as those before goes unfollowed."""
        package = _package()
        if package is not None and self._follow is not None:
            self._follow(package.scope_variable())

    def connect(self, open_in):
        """Makes the package's connection, when the program first needs it."""
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            process.start_thread(self._loop.run_forever, "diglot-calls")
        elif not self._loop.is_running():
            raise RuntimeError("the program is still being loaded: it can call services once its event loop runs")
        return open_in(self._fd, self._loop, process.link_ended)

    def has_functions(self):
        package = _package()
        return package is not None and package.has_functions()

    def offer(self):
        """Offers what the program has registered. Returns why that cannot be, or None."""
        package = _package()
        return None if package is None else package.offer_all()

    # The end

    async def finished(self):
        """Waits until no call is in this worker's hands, or nobody waits for them any more."""
        package = _package()
        if package is not None and package.is_open() and not self._expired:
            await package.get().finished()

    def finish(self):
        """The same from the main thread of a WSGI worker."""
        package = _package()
        if package is not None and package.is_open():
            asyncio.run_coroutine_threadsafe(package.get().finished(), self._loop).result()

    def expire(self):
        """The grace period is over."""
        self._expired = True
        package = _package()
        if package is not None and package.is_open():
            package.get().expire()


def take(settings):
    """Takes the descriptor out of the environment: what the application starts is not to see it."""
    global state
    number = os.environ.pop("DIGLOT_CALLS", None)
    if number is not None:
        fd = int(number)
        os.set_inheritable(fd, False)
        process.after_fork(fd)
        state = Calls(fd, bool(settings.functions.get("only")))
        os.register_at_fork(after_in_child=_forget)
    return state


def _forget():
    """A forked child of the application has nobody to call: the answers would go to its parent."""
    global state
    state = None
    package = _package()
    if package is not None:
        package.reset()


def _package():
    """What of the package does this, if the program has imported it."""
    return sys.modules.get("diglot._calls.connection")
