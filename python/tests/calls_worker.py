"""Workers for tests of calls: real processes, with the broker's end of their calls socket."""

import socket

from broker import CALL, END, OFFER, RETURN, THROW, Call, Peer

from diglot._calls.values import portable


class Calls:
    """A worker, and the broker's end of its calls socket."""

    def __init__(self, start, source, *, message_bytes_max=64 * 1024 * 1024, **settings):
        ours, theirs = socket.socketpair()
        self.peer = Peer(ours, message_bytes_max)
        self.front = start(source, calls=theirs, **settings)

    def offers(self, *names):
        self.peer.greeted()
        found = {}
        while set(names) - set(found):
            frame = self.peer.frame()
            assert frame.kind == OFFER
            found[frame.json()["name"]] = frame.json()
        return found

    def answer(self, kind=RETURN):
        frame = self.peer.frame()
        assert frame.kind == kind, frame
        if kind == THROW:
            return frame.json()
        return portable.decode(frame.payload[4:])

    def called(self):
        frame = self.peer.frame()
        assert frame.kind == CALL, frame
        return frame.id, Call(frame.payload)

    def answer_with(self, id, value):
        data = portable.encode(value)
        self.peer.send(RETURN, id, len(data).to_bytes(4, "little") + data, END)

    def close(self):
        self.front.close()
        self.peer.close()


def encoded(**arguments):
    return portable.encode(arguments)
