"""The server's end of a link, in plain Python: what the tests drive a real worker process with."""

import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

PYTHON = Path(__file__).resolve().parents[1]
REPOSITORY = PYTHON.parent
HEADER = struct.Struct("<IBBHI")

REQUEST, RESPONSE, WIRE, INFORM, BODY, TRAILERS, CREDIT, STOP, CANCEL = range(0x01, 0x0A)
OPEN, CLOSED = 0x10, 0x11
READY, FAILED, DRAIN, PING, PONG = range(0x20, 0x25)
FAREWELL = 0x2A
ACCEPT, TEXT, BINARY, CLOSE = range(0x30, 0x34)

END, LAST = 1, 2
#: Flags of a REQUEST.
EXPECTS_CONTINUE, OFFERS_UPGRADE, HAS_BODY, IS_HANDSHAKE = 2, 4, 8, 32
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
STREAM_WINDOW = 128 * 1024
ABOARD_MAX = 32 * 1024
BODY_MAX = 64 * 1024
#: Seconds until a test that waits for a frame or for the process gives up.
PATIENCE = 20


def native_library():
    """The library to test: `DIGLOT_NATIVE`, else the one cargo has built."""
    if "DIGLOT_NATIVE" in os.environ:
        return os.environ["DIGLOT_NATIVE"]
    for profile in ("release", "debug"):
        path = REPOSITORY / "target" / profile / "libdiglot_native.so"
        if path.exists():
            return str(path)
    raise RuntimeError("there is no libdiglot_native.so: run `cargo build --release`, or set DIGLOT_NATIVE")


def name_ids():
    """The ids of field names, read from the table of the crate."""
    source = (REPOSITORY / "crates/diglot-link/src/names.rs").read_text()
    table = source.partition("pub const NAMES")[2].partition("= [")[2].partition("];")[0]
    names = [line.strip().strip('",') for line in table.splitlines() if line.strip()]
    return {name.encode(): index + 1 for index, name in enumerate(names)}


NAME_IDS = name_ids()


class Frame:
    """One frame from the worker."""

    def __init__(self, kind, flags, generation, stream, payload):
        self.kind, self.flags, self.generation, self.stream, self.payload = kind, flags, generation, stream, payload

    @property
    def end(self):
        return bool(self.flags & END)

    def head(self):
        """Status, header lines and body of a RESPONSE or INFORM."""
        status, zero, length = struct.unpack_from("<HHI", self.payload)
        assert zero == 0
        lines = self.payload[8 : 8 + length].split(b"\r\n")[:-1]
        return status, [tuple(line.split(b": ", 1)) for line in lines], self.payload[8 + length :]

    def __repr__(self):
        return f"Frame({self.kind:#x}, flags={self.flags}, stream={self.stream}, {self.payload[:60]!r})"


class Response:
    """A whole response."""

    def __init__(self):
        self.status, self.headers, self.body, self.trailers = None, None, b"", None
        self.informs, self.cancelled, self.stopped = [], None, False

    def header(self, name):
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return values[0] if values else None


class WebSocket:
    """The front's side of a WebSocket."""

    def __init__(self, front, stream):
        self.front, self.stream = front, stream
        self.closed_here = False
        #: Credit that has come back and that no test has looked at.
        self.credit = 0

    def frame(self):
        """The next frame but credit."""
        while True:
            frame = self.front.frame_of(self.stream)
            if frame.kind != CREDIT:
                return frame
            self.credit += struct.unpack("<I", frame.payload)[0]

    def accepted(self):
        """Waits until the application accepts. Returns the fields it gave."""
        frame = self.frame()
        assert frame.kind == ACCEPT, frame
        return [tuple(line.split(b": ", 1)) for line in frame.payload.split(b"\r\n")[:-1]]

    def send(self, message, *, part=BODY_MAX):
        """Sends a message, in parts. There must be credit for it."""
        kind, data = (TEXT, message.encode()) if isinstance(message, str) else (BINARY, message)
        while len(data) > part:
            self.front.send(kind, self.stream, data[:part])
            data = data[part:]
        self.front.send(kind, self.stream, data, LAST)

    def receive(self):
        """The next message, with credit for it given back."""
        data = b""
        while True:
            frame = self.frame()
            assert frame.kind in (TEXT, BINARY), frame
            data += frame.payload
            self.front.send(CREDIT, self.stream, struct.pack("<I", len(frame.payload) + HEADER.size))
            if frame.flags & LAST:
                return data.decode() if frame.kind == TEXT else data

    def echoed(self, message):
        self.send(message)
        return self.receive()

    def send_close(self, code=1005, reason=""):
        """What the front says when the client has closed, or fell."""
        self.closed_here = True
        self.front.send(CLOSE, self.stream, struct.pack("<H", code) + reason.encode(), END)

    def closed(self):
        """Waits for the worker's close, and answers it. Returns code and reason."""
        frame = self.frame()
        assert frame.kind == CLOSE and frame.end, frame
        if not self.closed_here:
            self.send_close(1000)
        self.front.free.insert(0, self.stream)
        return struct.unpack("<H", frame.payload[:2])[0], frame.payload[2:].decode()

    def close(self, code=1005, reason=""):
        """Closes and waits for the worker to confirm. Returns what that says."""
        self.send_close(code, reason)
        return self.closed()


class Front:
    """One worker process and the link to it."""

    def __init__(
        self,
        root,
        entry,
        *,
        python=sys.executable,
        listen=({"host": "127.0.0.1", "port": 8000},),
        streams_max=1024,
        environment=(),
        await_ready=True,
        calls=None,
        **settings,
    ):
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE)
        described = {
            "service": "test",
            "worker": 0,
            "generation": 1,
            "root": str(root),
            "entry": entry,
            "listen": list(listen),
            "native": native_library(),
            "sdk": str(PYTHON),
            **settings,
        }
        env = {
            **os.environ,
            "DIGLOT_WORKER": json.dumps(described),
            "DIGLOT_LINK": str(theirs.fileno()),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONUNBUFFERED": "1",
            **dict(environment),
        }
        passed = [theirs.fileno()]
        if calls is not None:
            env["DIGLOT_CALLS"] = str(calls.fileno())
            passed.append(calls.fileno())
        self.process = subprocess.Popen(
            [python, str(PYTHON / "diglot_worker.py")],
            cwd=root,
            env=env,
            pass_fds=passed,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        theirs.close()
        if calls is not None:
            calls.close()
        self.socket = ours
        self.received = b""
        self.generations = {}
        self.free = list(range(streams_max, 0, -1))
        self.kept = {}
        self.connections = set()
        preface = b"DIGLOT" + struct.pack("<HII", 1, 1, streams_max)
        ours.sendall(preface)
        if await_ready:
            assert self._exactly(16) == preface
            self.first = self.frame()
            if self.first.kind != READY:
                raise AssertionError(self.first.payload.decode())

    # Frames

    def _exactly(self, count):
        while len(self.received) < count:
            data = self.socket.recv(1 << 18)
            if not data:
                raise EOFError(f"the worker ended: {self.stderr()}")
            self.received += data
        data, self.received = self.received[:count], self.received[count:]
        return data

    def frame(self):
        """The next frame from the worker."""
        length, kind, flags, generation, stream = HEADER.unpack(self._exactly(12))
        return Frame(kind, flags, generation, stream, self._exactly(length))

    def frame_of(self, stream):
        """The next frame of a stream; those of others are kept for them."""
        waiting = self.kept.get(stream)
        if waiting:
            return waiting.pop(0)
        while True:
            frame = self.frame()
            if frame.stream == stream:
                return frame
            self.kept.setdefault(frame.stream, []).append(frame)

    def unread(self):
        """How many bytes the worker has sent that nobody has read here."""
        (count,) = struct.unpack("<i", fcntl.ioctl(self.socket, termios.FIONREAD, bytes(4)))
        return count

    def unheard(self):
        """True while the worker has not read all that was sent to it."""
        (count,) = struct.unpack("<i", fcntl.ioctl(self.socket, termios.TIOCOUTQ, bytes(4)))
        return count > 0

    def quiet(self, seconds=0.2):
        """True if the worker sends nothing for a while. Only for what must not happen."""
        if self.received:
            return False
        self.socket.settimeout(seconds)
        try:
            self.received += self.socket.recv(1 << 18)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(PATIENCE)

    def send(self, kind, stream=0, payload=b"", flags=0):
        generation = self.generations.get(stream, 0) if kind not in (OPEN, CLOSED) else 0
        self.socket.sendall(HEADER.pack(len(payload), kind, flags, generation, stream) + payload)

    # Connections and requests

    def open(self, connection=1, client=("127.0.0.1", 50123), server=("127.0.0.1", 8000), tls=False):
        peer, local = client[0].encode(), server[0].encode()
        fixed = struct.pack("<BBHHBB", tls, 0, client[1], server[1], len(peer), len(local))
        self.connections.add(connection)
        self.send(OPEN, connection, fixed + peer + local)

    def begin(
        self,
        method="GET",
        target="/",
        headers=((b"Host", b"example.test"),),
        body=b"",
        *,
        end=True,
        version=11,
        mount=0,
        connection=1,
        flags=1,
    ):
        """Sends a request's head and the start of its body. Returns the stream."""
        if connection not in self.connections:
            self.open(connection)
        stream = self.free.pop()
        self.generations[stream] = (self.generations.get(stream, -1) + 1) % 65536
        target = target.encode() if isinstance(target, str) else target
        path = target.partition(b"?")[0]
        method_id = METHODS.index(method) + 1 if method in METHODS else 0
        method_text = b"" if method_id else method.encode()
        table = b"".join(
            struct.pack("<BBH", NAME_IDS.get(name.lower(), 0), len(name), len(value)) for name, value in headers
        )
        text = method_text + target + b"".join(name + value for name, value in headers)
        fixed = struct.pack(
            "<IBBHHHHHBBHI",
            connection,
            method_id,
            version,
            len(headers),
            len(target),
            0,
            len(path),
            mount,
            len(method_text),
            flags | (HAS_BODY if (body or not end) and not flags & IS_HANDSHAKE else 0),
            0,
            len(text),
        )
        aboard, rest = body[:ABOARD_MAX], body[ABOARD_MAX:]
        self.send(REQUEST, stream, fixed + table + text + aboard, END if end and not rest else 0)
        while rest:
            chunk, rest = rest[:BODY_MAX], rest[BODY_MAX:]
            self.send(BODY, stream, chunk, END if end and not rest else 0)
        return stream

    def request(self, method="GET", target="/", headers=((b"Host", b"example.test"),), body=b"", **options):
        """A whole exchange."""
        stream = self.begin(method, target, headers, body, **options)
        return self.response(stream)

    def response(self, stream):
        """Reads a response to its end, giving credit."""
        response = Response()
        while True:
            frame = self.frame_of(stream)
            if frame.kind == INFORM:
                response.informs.append(frame.head()[:2])
            elif frame.kind == RESPONSE:
                response.status, response.headers, response.body = frame.head()
            elif frame.kind == BODY:
                response.body += frame.payload
                if frame.payload and not frame.end:
                    self.send(CREDIT, stream, struct.pack("<I", len(frame.payload)))
            elif frame.kind == TRAILERS:
                response.trailers = [tuple(line.split(b": ", 1)) for line in frame.payload.split(b"\r\n")[:-1]]
            elif frame.kind == CANCEL:
                response.cancelled = frame.payload[0]
            elif frame.kind == STOP:
                response.stopped = True
                continue
            elif frame.kind == CREDIT:
                continue
            if frame.end or frame.kind == CANCEL:
                self.free.insert(0, stream)
                return response

    def websocket(self, target="/", headers=((b"Host", b"example.test"),), **options):
        """The handshake of a WebSocket."""
        flags = 1 | OFFERS_UPGRADE | IS_HANDSHAKE
        return WebSocket(self, self.begin("GET", target, headers, end=False, flags=flags, **options))

    # The process

    def drain(self):
        """Asks the worker to end, and returns its exit code."""
        self.send(DRAIN)
        return self.wait()

    def wait(self):
        return self.process.wait(PATIENCE)

    def stderr(self):
        """All the worker wrote to stderr, once it has ended."""
        return self.outputs()[1]

    def outputs(self):
        if not hasattr(self, "_outputs"):
            out, err = self.process.communicate(timeout=PATIENCE)
            self._outputs = out.decode(), err.decode()
        return self._outputs

    def close(self):
        self.socket.close()
        deadline = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                self.process.wait(1)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.outputs()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
