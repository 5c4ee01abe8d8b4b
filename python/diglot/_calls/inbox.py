"""Items that come: what an async generator on the other side yields, or a caller streams."""

import _thread
import asyncio
from collections import deque


class Inbox:
    """Items as they came, for one reader: a coroutine (`async for`) or a thread (`for`).

    The link puts them in; what has been taken is told to it, which lets the sender send more. `on_close` is called once
    if the reader stops before the end.
    """

    def __init__(self, on_close=None):
        self._link = None
        self._id = None
        self._batches = deque()
        self._batch = deque()
        self._cost = 0
        self._ended = False
        self._error = None
        self._wake = None
        self._on_close = on_close

    def attach(self, link, id):
        self._link, self._id = link, id

    # The link's side

    def put(self, items, cost):
        self._batches.append((items, cost))
        self._notify()

    def end(self, error=None):
        self._ended = True
        self._on_close = None
        if self._error is None:
            self._error = error
        self._notify()

    def _notify(self):
        wake, self._wake = self._wake, None
        if wake is not None:
            wake()

    @property
    def is_ended(self):
        return self._ended

    # The reader's side

    def _next(self):
        """The next item in a tuple, None if there is none yet, or `()` at the end. Raises what the sender raised."""
        if self._batch:
            return (self._batch.popleft(),)
        if self._cost:
            cost, self._cost = self._cost, 0
            self._link.consumed(self._id, cost)
        if self._batches:
            items, self._cost = self._batches.popleft()
            self._batch = deque(items)
            return (self._batch.popleft(),)
        if not self._ended:
            return None
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return ()

    def __aiter__(self):
        return self

    async def __anext__(self):
        while True:
            found = self._next()
            if found:
                return found[0]
            if found is not None:
                raise StopAsyncIteration
            loop = asyncio.get_running_loop()
            future = loop.create_future()
            self._wake = wake_future(future)
            # Between the look above and this another thread may have put some in.
            if self._batches or self._ended:
                self._wake = None
                continue
            await future

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            found = self._next()
            if found:
                return found[0]
            if found is not None:
                raise StopIteration
            lock = _thread.allocate_lock()
            lock.acquire()
            self._wake = lock.release
            if self._batches or self._ended:
                self._wake = None
                continue
            lock.acquire()

    def release(self):
        """What it was for is over: nobody is told that it takes no more."""
        self._on_close = None

    async def aclose(self):
        self.close()

    def close(self):
        """Takes no more items."""
        on_close, self._on_close = self._on_close, None
        self._batches.clear()
        self._batch.clear()
        self._ended, self._error = True, None
        if on_close is not None:
            on_close()


class Items:
    """What a thread iterates. The link knows the inbox and not this: it goes when the thread lets go of it."""

    def __init__(self, inbox):
        self._inbox = inbox

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._inbox)

    def close(self):
        """Takes no more items."""
        self._inbox.close()

    def __del__(self):
        self._inbox.close()


def wake_future(future, value=None):
    """What sets a future from any thread, unless it is done."""
    loop = future.get_loop()

    def set_result():
        if not future.done():
            future.set_result(value)

    def wake():
        call_in_loop(loop, set_result)

    return wake


def call_in_loop(loop, function, *arguments):
    """Calls `function` now if this is the loop's thread, else soon in it."""
    if asyncio._get_running_loop() is loop:
        function(*arguments)
        return
    try:
        loop.call_soon_threadsafe(function, *arguments)
    except RuntimeError:
        pass  # the loop has ended, and nobody waits
