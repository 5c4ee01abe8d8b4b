"""A program in the test's own process that calls itself through a broker."""

import asyncio
import socket

from broker import Relay

from diglot._calls import connection, registry


class Program:
    """A loop with a connection, and the broker it calls itself through."""

    def __init__(self):
        self.relay = Relay()
        self.ended = []

    def run(self, main):
        async def live():
            ours, theirs = socket.socketpair()
            self.relay.add("me", ours)
            made = connection.open_in(theirs.detach(), asyncio.get_running_loop(), self.ended.append)
            made.offer_all()
            self.connection = made
            try:
                return await asyncio.wait_for(main(), 30)
            finally:
                asyncio.get_running_loop().remove_reader(made._fd)

        try:
            return asyncio.run(live())
        finally:
            self.relay.close()


def forget():
    """Nothing is offered any more, nor connected."""
    registry.functions.clear()
    registry.listeners.clear()
    connection.reset()
