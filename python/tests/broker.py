"""The broker's end of calls sockets, in plain Python: passes calls on between the workers it is connected to."""

import json
import socket
import struct
import threading

HEADER = struct.Struct("<IBBHI")
CALL_FIXED = struct.Struct("<IIIBBBBHH")
OFFER, DRAIN = 0x01, 0x02
CALL, RETURN, THROW, DATA, GRANT, STOP, ABORT = range(0x10, 0x17)
END = 1
JSON, ITEMS, IDEMPOTENT = 1, 2, 4
OF_WORKER = 1 << 31
STREAM = 0xFFFFFFFF
ABOARD_MAX = 32 * 1024
#: Seconds until a test that waits for a frame gives up.
PATIENCE = 20


class Frame:
    def __init__(self, kind, flags, id, payload):
        self.kind, self.flags, self.id, self.payload = kind, flags, id, payload

    @property
    def end(self):
        return bool(self.flags & END)

    def json(self):
        return json.loads(self.payload)

    def __repr__(self):
        return f"Frame({self.kind:#x}, flags={self.flags}, id={self.id:#x}, {self.payload[:60]!r})"


class Peer:
    """One calls socket, frame by frame."""

    def __init__(self, ours, message_bytes_max=64 * 1024 * 1024):
        self.socket = ours
        ours.settimeout(PATIENCE)
        ours.sendall(b"DGCALL" + struct.pack("<HII", 1, message_bytes_max, 0))
        self.reader = ours.makefile("rb")
        self.sending = threading.Lock()
        self.last_id = 0

    def greeted(self):
        assert self.reader.read(16) == b"DGCALL" + struct.pack("<HII", 1, 0, 0)

    def frame(self):
        header = self.reader.read(HEADER.size)
        if len(header) < HEADER.size:
            raise EOFError("the worker has closed its calls socket")
        length, kind, flags, _, id = HEADER.unpack(header)
        return Frame(kind, flags, id, self.reader.read(length))

    def send(self, kind, id, payload=b"", flags=0):
        with self.sending:
            self.socket.sendall(HEADER.pack(len(payload), kind, flags, 0, id) + payload)

    def begin(
        self,
        function,
        arguments=b"\xa0",
        *,
        total=None,
        window=1 << 20,
        deadline_ms=0,
        flags=0,
        depth=1,
        context=b"",
        end=True,
        caller="web",
    ):
        """Sends a CALL with the start of encoded arguments. Returns its id."""
        self.last_id += 1
        total = len(arguments) if total is None else total
        name, caller = function.encode(), caller.encode()
        head = CALL_FIXED.pack(total, window, deadline_ms, flags, len(caller), len(name), depth, len(context), 0)
        self.send(CALL, self.last_id, head + caller + name + context + arguments, END if end else 0)
        return self.last_id

    def close(self):
        self.reader.close()
        self.socket.close()


class Call:
    """The parts of a CALL's payload."""

    def __init__(self, payload):
        (self.total, self.window, self.deadline_ms, self.flags, service, function, self.depth, context, _) = (
            CALL_FIXED.unpack_from(payload)
        )
        at = CALL_FIXED.size
        self.service, at = payload[at : at + service].decode(), at + service
        self.function, at = payload[at : at + function].decode(), at + function
        self.context, at = payload[at : at + context], at + context
        self.aboard = payload[at:]


class Relay:
    """A broker for workers by their services' names: passes frames on with their ids exchanged."""

    def __init__(self):
        self.peers = {}
        self.offers = {}
        self.offered = threading.Condition()
        #: (service, id) -> (service, id) of the other end.
        self.routes = {}
        self.calls = []
        self.threads = []
        self.violations = []

    def add(self, service, ours):
        peer = self.peers[service] = Peer(ours)
        thread = threading.Thread(target=self._relay, args=(service, peer), daemon=True)
        self.threads.append(thread)
        thread.start()

    def wait_for_offer(self, name):
        with self.offered:
            assert self.offered.wait_for(lambda: name in self.offers, PATIENCE), f"{name} was not offered"
            return self.offers[name]

    def _relay(self, service, peer):
        try:
            peer.greeted()
            while True:
                self._one(service, peer, peer.frame())
        except (EOFError, OSError, ValueError):
            pass
        except Exception as error:
            self.violations.append(error)
            raise

    def _one(self, service, peer, frame):
        if frame.kind == OFFER:
            with self.offered:
                self.offers[frame.json()["name"]] = frame.json()
                self.offered.notify_all()
            return
        if frame.kind == CALL:
            self._begin(service, peer, frame)
            return
        route = self.routes.get((service, frame.id))
        if route is None:
            return
        other, id = route
        if frame.kind == THROW or (frame.end and not frame.id & OF_WORKER):
            self.routes.pop((service, frame.id), None)
            self.routes.pop(route, None)
        self.peers[other].send(frame.kind, id, frame.payload, frame.flags)

    def _begin(self, service, peer, frame):
        call = Call(frame.payload)
        self.calls.append(call)
        other = self.peers.get(call.service)
        if other is None:
            told = {"code": "unknown_service", "message": f"there is no service {call.service!r}"}
            peer.send(THROW, frame.id, json.dumps(told).encode(), END)
            return
        with other.sending:
            other.last_id += 1
            id = other.last_id
            self.routes[service, frame.id] = (call.service, id)
            self.routes[call.service, id] = (service, frame.id)
            head = CALL_FIXED.pack(
                call.total,
                call.window,
                call.deadline_ms,
                call.flags,
                len(service),
                len(call.function),
                call.depth,
                len(call.context),
                0,
            )
            payload = head + service.encode() + call.function.encode() + call.context + call.aboard
            other.socket.sendall(HEADER.pack(len(payload), CALL, frame.flags, 0, id) + payload)

    def close(self):
        for peer in self.peers.values():
            peer.socket.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        for peer in self.peers.values():
            peer.close()
        assert not self.violations
