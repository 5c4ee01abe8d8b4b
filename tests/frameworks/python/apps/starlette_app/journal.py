"""What an application has done, in order; a client can wait for an entry instead of guessing when it will be there."""

import asyncio


class Journal:
    def __init__(self):
        self._entries = []
        self._changed = asyncio.Event()

    def note(self, entry):
        """Adds an entry; only from the loop's thread."""
        self._entries.append(entry)
        self._changed.set()

    async def until(self, last):
        """All entries, once `last` is among them."""
        while last not in self._entries:
            self._changed.clear()
            await asyncio.wait_for(self._changed.wait(), 30)
        return list(self._entries)


_journals = {}


def journal_of(connection):
    """The journal that a request or WebSocket names."""
    return _journals.setdefault(connection.headers.get("x-journal"), Journal())
