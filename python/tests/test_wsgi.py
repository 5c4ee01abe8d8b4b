"""PEP 3333, point by point."""

import json
import os
import struct
import sys
import time

import pytest
from front import BODY, CANCEL, CREDIT, DRAIN, END, FAILED, INFORM, PING, PONG, RESPONSE, STREAM_WINDOW

DUMP = """
    import json

    def app(environ, start_response):
        assert type(environ) is dict
        shown = {key: value for key, value in environ.items() if not key.startswith("wsgi.")}
        shown["url_scheme"] = environ["wsgi.url_scheme"]
        flags = ("multithread", "multiprocess", "run_once", "input_terminated")
        shown["flags"] = [environ["wsgi." + key] for key in flags]
        assert environ["wsgi.version"] == (1, 0)
        start_response("200 OK", [])
        return [json.dumps(shown).encode()]
"""


@pytest.fixture
def environ_of(worker):
    front = worker(DUMP)

    def environ_of(*args, **options):
        return json.loads(front.request(*args, **options).body)

    environ_of.front = front
    return environ_of


def test_a_whole_environ(environ_of):
    headers = [
        (b"Host", b"example.test"),
        (b"Content-Type", b"text/plain"),
        (b"Content-Length", b"2"),
        (b"X-Custom", b"\xe9"),
        (b"X_Custom", b"forged"),
        (b"Accept", b"a/b"),
        (b"ACCEPT", b"c/d"),
        (b"Cookie", b"a=1"),
        (b"Cookie", b"b=2"),
    ]
    assert environ_of("POST", "/a%20b/%C3%BC?x=%20y&z", headers, b"hi") == {
        "REQUEST_METHOD": "POST",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/a b/\xc3\xbc",
        "QUERY_STRING": "x=%20y&z",
        "RAW_URI": "/a%20b/%C3%BC?x=%20y&z",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_SOFTWARE": "diglot",
        "REMOTE_ADDR": "127.0.0.1",
        "REMOTE_PORT": "50123",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "2",
        "HTTP_HOST": "example.test",
        "HTTP_X_CUSTOM": "\xe9",
        "HTTP_ACCEPT": "a/b,c/d",
        "HTTP_COOKIE": "a=1; b=2",
        "url_scheme": "http",
        "flags": [True, True, False, True],
    }


def test_a_mounted_service(environ_of):
    environ = environ_of("GET", "/%61pi/v1", mount=6)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/api", "/v1")
    environ = environ_of("GET", "/api", mount=4)
    assert (environ["SCRIPT_NAME"], environ["PATH_INFO"]) == ("/api", "")


def test_connections(environ_of):
    environ_of.front.open(7, tls=True)
    environ = environ_of(connection=7, version=20)
    assert (environ["url_scheme"], environ["SERVER_PROTOCOL"]) == ("https", "HTTP/2")
    environ_of.front.open(8, client=("", 0), server=("/run/x.sock", 0))
    environ = environ_of(connection=8, version=10)
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"], environ["SERVER_PROTOCOL"]) == (
        "localhost",
        "80",
        "HTTP/1.0",
    )


def test_one_thread_says_so(worker):
    assert json.loads(worker(DUMP, threads=1).request().body)["flags"][0] is False


VALIDATED = """
    from wsgiref.validate import validator

    def inner(environ, start_response):
        path = environ["PATH_INFO"]
        body = environ["wsgi.input"]
        if path == "/read":
            data = body.read(3) + body.readline() + b"|".join(body.readlines(1)) + b"".join(body) + body.read(5)
        elif path == "/iterate":
            data = b"|".join(line for line in body)
        else:
            data = b"Hello"
        if path == "/write":
            write = start_response("200 OK", [("Content-Type", "text/plain")])
            write(b"one ")
            write(b"two")
            return []
        if path == "/late":
            def parts():
                start_response("200 OK", [("Content-Type", "text/plain")])
                yield b""
                yield b"one "
                yield b"two"
            return parts()
        if path == "/error":
            import sys
            start_response("200 OK", [("Content-Type", "text/plain")])
            try:
                raise LookupError
            except LookupError:
                start_response("500 Oh", [("Content-Type", "text/plain")], sys.exc_info())
            return [b"oh"]
        if path == "/empty":
            start_response("204 No Content", [])
            return []
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(data)))])
        return [data]

    app = validator(inner)
"""


def test_lines_of_the_body(worker):
    front = worker("""
        def app(environ, start_response):
            read = environ["wsgi.input"].readline
            lines = [read(3), read(3), read(0), read(-1), read(None), read(100), read(), read(), read(5)]
            start_response("200 OK", [])
            return [repr(lines).encode()]
    """)
    expect = [b"abc", b"de\n", b"", b"\n", b"fg\n", b"h\n", b"ij", b"", b""]
    body = b"abcde\n\nfg\nh\nij"
    assert front.request("POST", body=body).body == repr(expect).encode()
    # The same of a body that comes byte by byte.
    stream = front.begin("POST", body=body[:1], end=False)
    for at in range(1, len(body)):
        front.send(BODY, stream, body[at : at + 1], END if at == len(body) - 1 else 0)
    assert front.response(stream).body == repr(expect).encode()


@pytest.mark.parametrize(
    ("method", "target", "body", "expect"),
    [
        ("GET", "/", b"", (200, b"Hello")),
        ("HEAD", "/", b"", (200, b"")),
        ("GET", "/?a=b", b"", (200, b"Hello")),
        ("OPTIONS", "*", b"", (200, b"Hello")),
        ("GET", "/write", b"", (200, b"one two")),
        ("GET", "/late", b"", (200, b"one two")),
        ("GET", "/error", b"", (500, b"oh")),
        ("GET", "/empty", b"", (204, b"")),
        ("POST", "/iterate", b"a\nb\n\nc", (200, b"a\n|b\n|\n|c")),
        ("POST", "/read", b"abcdef\ngh\nij\nk", (200, b"abcdef\ngh\nij\nk")),
        ("POST", "/read", b"", (200, b"")),
    ],
)
def test_the_validator_agrees(worker, method, target, body, expect):
    front = worker(VALIDATED, interface="wsgi")
    response = front.request(method, target, body=body)
    assert (response.status, response.body) == expect
    stream = front.begin(method, target, end=False)
    for byte in body:
        front.send(BODY, stream, bytes([byte]))
    front.send(BODY, stream, b"", END)
    response = front.response(stream)
    assert (response.status, response.body) == expect


def app(body, *, before="", close=False):
    """The source of an application."""
    source = "import sys, time, threading\nclosed = []\n" + before + "\ndef app(environ, start_response):\n"
    for line in body.strip("\n").splitlines():
        source += "    " + line + "\n"
    return source


CLOSING = """
class Result:
    def __init__(self, parts, fail=False):
        self.parts, self.fail = list(parts), fail
    def __iter__(self):
        yield from self.parts
        if self.fail:
            raise LookupError("in the app")
    def close(self):
        closed.append(1)
"""


def test_close_is_always_called(worker):
    front = worker(
        app(
            """
if environ["PATH_INFO"] == "/closed":
    start_response("200 OK", [])
    return [str(len(closed)).encode()]
start_response("200 OK", [])
if environ["PATH_INFO"] == "/endless":
    return Endless()
return Result([b"a", b"b"], fail=environ["PATH_INFO"] == "/fail")
""",
            before=CLOSING
            + """
class Endless(Result):
    def __init__(self):
        pass
    def __iter__(self):
        while True:
            time.sleep(0.001)
            yield b"x"
""",
        )
    )
    assert front.request().body == b"ab"
    assert front.request("GET", "/closed").body == b"1"
    assert front.request("GET", "/fail").cancelled == 4
    assert front.request("GET", "/closed").body == b"2"
    stream = front.begin("GET", "/endless")
    assert front.frame_of(stream).kind == RESPONSE
    front.send(CANCEL, stream, b"\x01")
    while (frame := front.frame_of(stream)).kind != CANCEL:
        assert frame.kind == BODY
    assert frame.payload == b"\x06"
    assert front.request("GET", "/closed").body == b"3"
    assert front.drain() == 0
    assert front.stderr().count("LookupError: in the app") == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("raise LookupError('in the app')", "LookupError: in the app"),
        ("return [b'x']", "before start_response() was called"),
        ("start_response('200 OK', [])\nstart_response('200 OK', [])\nreturn []", "called again without exc_info"),
        ("start_response(200, [])", "TypeError: status is a str"),
        ("start_response('20', [])", "is not one as"),
        ("start_response('99 Low', [])", "is not one as"),
        ("start_response('200OK', [])", "is not one as"),
        ("start_response('200 O\\nK', [])", "is not one as"),
        ("start_response('200 OK', {})", "TypeError: headers are a list of tuples, not dict"),
        ("start_response('200 OK', [['a', 'b']])", "TypeError: a header is a tuple of two str"),
        ("start_response('200 OK', [('a', b'b')])", "are str, not str and bytes"),
        ("start_response('200 OK', [('a', 'b\\r\\nc: d')])", 'the value of header "a" holds a line break'),
        ("start_response('200 OK', [('a', '\\u20ac')])", "beyond latin-1"),
        ("start_response('200 OK', [])\nreturn ['text']", "made of bytes objects, not str"),
        ("start_response('200 OK', [])\nreturn b'bytes'", "an iterable of bytes objects, not bytes: return a list"),
        ("start_response('200 OK', [])\nreturn 'text'", "an iterable of bytes objects, not str: return a list"),
        ("start_response('200 OK', [])\nreturn iter(['text'])", "made of bytes objects, not str"),
        ("start_response('200 OK', [])\nreturn None", "TypeError: 'NoneType' object is not iterable"),
        ("start_response('200 OK', [])('text')", "made of bytes objects, not str"),
        ("sys.exit('gone')", "SystemExit: gone"),
    ],
)
def test_an_application_that_fails_before_its_response(worker, body, said):
    front = worker(app(body))
    for _ in range(2):
        response = front.request("POST", "/a%0Ab?key=secret")
        assert (response.status, response.body) == (500, b"Internal Server Error")
    assert front.drain() == 0
    assert said in front.stderr()
    assert "diglot: POST /a%0Ab: the application failed: sent 500\n" in front.stderr()
    assert "_worker" not in front.stderr()


def test_exc_info_after_the_headers_are_sent_is_raised(worker):
    front = worker(
        app(
            """
write = start_response("200 OK", [])
write(b"x")
try:
    raise LookupError("in the app")
except LookupError:
    start_response(status="500 Oh", headers=[], exc_info=sys.exc_info())
return [b"not reached"]
"""
        )
    )
    stream = front.begin()
    assert front.frame_of(stream).head() == (200, [], b"x")
    assert front.frame_of(stream).kind == CANCEL
    assert front.drain() == 0
    assert "LookupError: in the app" in front.stderr()


def test_latin1_both_ways(worker):
    front = worker(app('start_response("200 OK", [("X-Back", environ["HTTP_X_THERE"])])\nreturn []'))
    assert front.request(headers=[(b"X-There", b"\xe9\xff")]).headers == [(b"X-Back", b"\xe9\xff")]


def test_lengths(worker):
    front = worker(
        app(
            """
start_response("200 OK", [("Content-Length", "3")])
bodies = {
    "/long": [b"ab", b"cd"],
    "/short": [b"ab"],
    "/late": iter([b"abc", b"", b"d"]),
    "/right": iter([b"a", b"bc"]),
}
return bodies[environ["PATH_INFO"]]
"""
        )
    )
    assert front.request("GET", "/right").body == b"abc"
    assert front.request("GET", "/long").body == b"abc"
    assert front.request("GET", "/late").body == b"abc"
    assert front.request("GET", "/short").cancelled == 4
    assert front.drain() == 0
    assert front.stderr().count("1 bytes were cut off") == 2
    assert "1 bytes shorter" in front.stderr()


def test_a_response_of_known_length_is_one_frame(worker):
    front = worker(app('start_response("200 OK", [("Content-Length", "5")])\nreturn iter([b"hello"])'))
    frame = front.frame_of(front.begin())
    assert frame.kind == RESPONSE and frame.end and frame.head()[2] == b"hello"


def test_each_part_leaves_before_the_next_is_made(worker):
    front = worker(
        app(
            """
if environ["PATH_INFO"] == "/go":
    go.set()
    start_response("200 OK", [])
    return []
def parts():
    yield b"one"
    go.wait()
    yield b"two"
start_response("200 OK", [])
return parts()
""",
            before="go = threading.Event()",
        )
    )
    stream = front.begin()
    assert front.frame_of(stream).head()[2] == b"one"
    assert front.request("GET", "/go").status == 200
    assert front.response(stream).body == b"two"


@pytest.mark.parametrize("threads", [1, 8])
@pytest.mark.parametrize("path", ["/iterate", "/write"])
def test_a_complete_response_does_not_wait_for_close(worker, tmp_path, threads, path):
    os.mkfifo(tmp_path / "go")
    front = worker(
        app(
            """
write = start_response("200 OK", [("Content-Length", "5")])
if environ["PATH_INFO"] == "/write":
    write(b"hello")
    wait()
    return []
return Slow()
""",
            before="""
def wait():
    with open("go") as file:
        file.read()

class Slow:
    def __iter__(self):
        yield b"hello"
    def close(self):
        wait()
""",
        ),
        threads=threads,
    )
    frame = front.frame_of(front.begin("GET", path))
    assert frame.end and frame.head()[2] == b"hello"
    (tmp_path / "go").write_bytes(b"")
    assert front.drain() == 0


def test_a_blocked_thread_does_not_stop_the_rest(worker):
    front = worker(
        app(
            """
name = environ["PATH_INFO"]
start_response("200 OK", [])
if name == "/block":
    assert go.wait(10)
elif name == "/go":
    go.set()
return [threading.current_thread().name.encode()]
""",
            before="go = threading.Event()",
        )
    )
    assert front.request().body == b"MainThread"
    blocked = [front.begin("GET", "/block") for _ in range(6)]
    assert front.request("GET", "/").status == 200
    assert front.request("GET", "/go").status == 200
    for stream in blocked:
        assert front.response(stream).status == 200
    assert front.drain() == 0


PATCHED = """
import _thread

def start_new_thread(function, arguments):
    raise AssertionError("a greenlet would block the thread it is on")

start_new_thread.__module__ = "greenery.threads"
_thread.start_new_thread = start_new_thread
"""


def test_greenlets_that_cannot_serve_are_refused(worker):
    front = worker(app("start_response('200 OK', [])\nreturn []", before=PATCHED), await_ready=False)
    front._exactly(16)
    failed = front.frame()
    assert failed.kind == FAILED and front.wait() == 1
    said = failed.payload.decode()
    for words in ("greenery has put greenlets", "remove its monkey patch", "`threads = N`", "or set threads = 1"):
        assert words in said


def test_one_thread_serves_whatever_threads_are(worker, tmp_path):
    front = worker(PATCHED + BLOCKING, threads=1)
    os.mkfifo(tmp_path / "go")
    blocked = front.begin("GET", "/go")
    # Who answers is no request's thread, and is one of the system's all the same.
    front.send(PING, 0, b"12345678")
    assert front.frame_of(0).kind == PONG
    (tmp_path / "go").write_bytes(b"")
    assert front.response(blocked).body == b"x"
    assert front.drain() == 0


def test_one_thread_is_one_thread(worker):
    front = worker(
        app(
            """
running.append(1)
time.sleep(0.01)
body = str(len(running)).encode()
running.pop()
start_response("200 OK", [])
return [body]
""",
            before="running = []",
        ),
        threads=1,
    )
    streams = [front.begin() for _ in range(10)]
    assert {front.response(stream).body for stream in streams} == {b"1"}


def test_a_long_wait_is_said(worker):
    front = worker(app("time.sleep(1.2)\nstart_response('200 OK', [])\nreturn []"), threads=1)
    streams = [front.begin() for _ in range(2)]
    for stream in streams:
        assert front.response(stream).status == 200
    assert front.drain() == 0
    assert " s for a thread: all 1 are busy; raise `threads` or `workers`" in front.stderr()


BLOCKING = app(
    """
name = environ["PATH_INFO"].strip("/")
if name:
    with open(name) as file:
        file.read()
start_response("200 OK", [])
return [b"x"]
"""
)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_ping_is_answered_while_all_threads_are_blocked(worker, tmp_path, threads):
    front = worker(BLOCKING, threads=threads)
    names = [f"go{number}" for number in range(threads)]
    for name in names:
        os.mkfifo(tmp_path / name)
    for _ in range(2):
        blocked = [front.begin("GET", f"/{name}") for name in names]
        behind = front.begin()
        for number in range(3):
            front.send(PING, 0, b"1234567%d" % number)
            pong = front.frame_of(0)
            assert (pong.kind, pong.payload) == (PONG, b"1234567%d" % number)
        for name in names:
            (tmp_path / name).write_bytes(b"")
        for stream in [*blocked, behind]:
            assert front.response(stream).body == b"x"
    assert front.drain() == 0


def test_a_long_wait_is_said_while_it_lasts(worker, tmp_path):
    os.mkfifo(tmp_path / "go")
    front = worker(BLOCKING, threads=1)
    blocked = front.begin("GET", "/go")
    behind = front.begin()
    assert b" s for a thread: all 1 are busy" in front.process.stderr.readline()
    (tmp_path / "go").write_bytes(b"")
    assert front.response(blocked).body == front.response(behind).body == b"x"
    assert front.drain() == 0


def test_a_drain_that_comes_while_all_threads_are_blocked(worker, tmp_path):
    os.mkfifo(tmp_path / "go")
    front = worker(BLOCKING, threads=1)
    blocked = front.begin("GET", "/go")
    front.send(DRAIN)
    front.send(PING, 0, b"12345678")
    assert front.frame_of(0).kind == PONG
    (tmp_path / "go").write_bytes(b"")
    assert front.response(blocked).body == b"x"
    assert front.wait() == 0


def test_an_answer_does_not_wait_for_a_blocked_neighbour(worker):
    front = worker(
        app(
            """
if environ["PATH_INFO"] == "/block":
    assert go.wait(10)
elif environ["PATH_INFO"] == "/go":
    go.set()
start_response("200 OK", [])
return [b"x"]
""",
            before="go = threading.Event()",
        ),
        threads=2,
    )
    quick, blocked = front.begin("GET", "/quick"), front.begin("GET", "/block")
    assert front.response(quick).body == b"x"
    assert front.request("GET", "/go").body == b"x"
    assert front.response(blocked).body == b"x"


def test_continue_is_asked_for_by_the_first_read(worker):
    front = worker(
        app(
            """
data = environ["wsgi.input"].read() if environ["PATH_INFO"] == "/read" else b""
start_response("200 OK", [])
return [data]
"""
        )
    )
    stream = front.begin("POST", "/read", end=False, flags=3)
    inform = front.frame_of(stream)
    assert inform.kind == INFORM and inform.head()[0] == 100
    front.send(BODY, stream, b"late", END)
    assert front.response(stream).body == b"late"
    response = front.response(front.begin("POST", "/ignore", end=False, flags=3))
    assert response.informs == [] and response.status == 200


def test_a_client_that_leaves_in_its_request(worker):
    front = worker(
        app(
            """
if environ["PATH_INFO"] == "/seen":
    start_response("200 OK", [])
    return [repr(closed).encode()]
try:
    environ["wsgi.input"].read()
except OSError as error:
    closed.append(type(error).__name__)
    raise
"""
        )
    )
    stream = front.begin("POST", body=b"x", end=False)
    front.send(CANCEL, stream, b"\x01")
    assert front.frame_of(stream).kind == CANCEL
    assert front.request("GET", "/seen").body in (b"['ClientDisconnected']", b"[]")


@pytest.mark.parametrize("threads", [1, 8])
def test_a_client_that_leaves_while_there_is_nothing_to_send(worker, threads):
    front = worker(
        app(
            """
start_response("200 OK", [])
if environ["PATH_INFO"] == "/closed":
    return [str(len(closed)).encode()]
return Waiting()
""",
            before="""
class Waiting:
    def __iter__(self):
        yield b"first"
        while True:
            time.sleep(0.001)
            yield b""
    def close(self):
        closed.append(1)
""",
        ),
        threads=threads,
    )
    stream = front.begin()
    assert front.frame_of(stream).head()[2] == b"first"
    front.send(CANCEL, stream, b"\x01")
    frame = front.frame_of(stream)
    assert (frame.kind, frame.payload) == (CANCEL, b"\x06")
    assert front.request("GET", "/closed").body == b"1"


@pytest.mark.parametrize("threads", [1, 8])
def test_write_raises_when_the_client_has_left(worker, threads):
    front = worker(
        app(
            """
write = start_response("200 OK", [])
if environ["PATH_INFO"] == "/seen":
    return [repr(closed).encode()]
try:
    while True:
        write(b"x")
        time.sleep(0.001)
except OSError as error:
    closed.append(type(error).__name__)
    raise
"""
        ),
        threads=threads,
    )
    stream = front.begin()
    assert front.frame_of(stream).kind == RESPONSE
    front.send(CANCEL, stream, b"\x01")
    while (frame := front.frame_of(stream)).kind != CANCEL:
        assert frame.kind == BODY
    assert front.request("GET", "/seen").body == b"['ClientDisconnected']"
    assert front.drain() == 0
    assert front.stderr() == ""


WRAPPED = """
stream = environ["wsgi.input"]
start_response("200 OK", [])
path = environ["PATH_INFO"]
if path == "/buffered":
    reader = io.BufferedReader(stream)
    parts = [reader.read(2), reader.readline(), reader.peek(1)[:1], reader.read(), reader.read(), reader.closed]
elif path == "/text":
    reader = io.TextIOWrapper(stream, "utf-8")
    parts = [reader.readline(), reader.read(1), reader.read(), reader.read()]
elif path == "/lines":
    parts = list(io.TextIOWrapper(io.BufferedReader(stream), "utf-8", newline=""))
elif path == "/csv":
    parts = list(csv.reader(io.TextIOWrapper(stream, "utf-8", newline="")))
elif path == "/collected":
    io.TextIOWrapper(stream, "utf-8").close()
    parts = [stream.closed, stream.read()]
else:
    ways = ("readable", "writable", "seekable", "isatty")
    parts = [getattr(stream, way)() for way in ways]
    parts += [stream.flush(), stream.read1(3), stream.read1(0), stream.read1()]
return [repr(parts).encode()]
"""


@pytest.mark.parametrize(
    ("path", "expect"),
    [
        ("/buffered", [b"a,", "b\xfc\n".encode(), b"c", b"c,d\n", b"", False]),
        ("/text", ["a,b\xfc\n", "c", ",d\n", ""]),
        ("/lines", ["a,b\xfc\n", "c,d\n"]),
        ("/csv", [["a", "b\xfc"], ["c", "d"]]),
        ("/collected", [False, "a,b\xfc\nc,d\n".encode()]),
        ("/", [True, False, False, False, None, b"a,b", b"", "\xfc\nc,d\n".encode()]),
    ],
)
def test_the_body_as_a_stream_of_io(worker, path, expect):
    front = worker(app(WRAPPED, before="import csv, io"))
    body = "a,b\xfc\nc,d\n".encode()
    assert front.request("POST", path, body=body).body == repr(expect).encode()
    if path == "/":
        return  # it is about what has arrived
    stream = front.begin("POST", path, end=False)
    for byte in body:
        front.send(BODY, stream, bytes([byte]))
    front.send(BODY, stream, b"", END)
    assert front.response(stream).body == repr(expect).encode()


def test_a_buffered_body_gives_what_has_arrived(worker):
    front = worker(
        app(
            """
reader = io.TextIOWrapper(io.BufferedReader(environ["wsgi.input"]), "utf-8")
start_response("200 OK", [])
return (line.encode() for line in reader)
""",
            before="import io",
        )
    )
    stream = front.begin("POST", end=False)
    front.send(BODY, stream, b"one\n")
    assert front.frame_of(stream).head()[2] == b"one\n"
    front.send(BODY, stream, b"two\n", END)
    assert front.frame_of(stream).payload == b"two\n"


def test_several_threads_wait_for_bodies(worker):
    front = worker(app("start_response('200 OK', [])\nreturn [environ['wsgi.input'].read()]"), threads=4)
    streams = [front.begin("POST", end=False) for _ in range(4)]
    for number, stream in enumerate(reversed(streams)):
        front.send(BODY, stream, bytes([number]))
    for number, stream in enumerate(reversed(streams)):
        front.send(BODY, stream, b"end", END)
        assert front.response(stream).body == bytes([number]) + b"end"


@pytest.mark.parametrize("threads", [1, 2, 8])
def test_backpressure(worker, threads):
    front = worker(
        app(
            """
start_response("200 OK", [])
def parts():
    for number in range(64):
        made.append(number)
        yield bytes([number]) * 65536
if environ["PATH_INFO"] == "/made":
    return [str(len(made)).encode()]
return parts()
""",
            before="made = []",
        ),
        threads=threads,
    )
    stream = front.begin()
    aboard = front.frame_of(stream).head()[2]
    received = b""
    while len(received) < STREAM_WINDOW:
        received += front.frame_of(stream).payload
    if threads > 1:
        made = int(front.request("GET", "/made").body)
        assert made * 65536 <= len(aboard) + STREAM_WINDOW + 65536
    owed, ended = len(received), False
    while not ended:
        front.send(CREDIT, stream, struct.pack("<I", owed)) if owed else None
        frame = front.frame_of(stream)
        owed, ended = len(frame.payload), frame.end
        received += frame.payload
    assert aboard + received == b"".join(bytes([number]) * 65536 for number in range(64))


def test_credit_that_comes_while_the_link_is_full(worker):
    front = worker(
        app(
            """
start_response("200 OK", [])
return iter([b"head", b"x" * int(environ["PATH_INFO"].strip("/"))])
"""
        ),
        threads=2,
    )
    extra, window = 1000, STREAM_WINDOW

    def waiting(at_least):
        while front.unread() < at_least:
            time.sleep(0.001)

    # Nothing of this is read here: the first fills a part of the socket's buffer, the second more than the rest.
    first = front.begin("GET", f"/{window + extra}")
    waiting(window)
    second = front.begin("GET", f"/{window + extra}")
    # The second has begun to leave. It keeps the GIL until it waits for room.
    waiting(window + 8192)
    front.send(CREDIT, second, struct.pack("<I", extra))
    while front.unheard():
        time.sleep(0.001)
    received = {first: 0, second: 0}
    while received[second] < window + extra:
        frame = front.frame()
        if frame.stream in received:
            data = frame.head()[2] if frame.kind == RESPONSE else frame.payload
            received[frame.stream] += len(data) - (len(b"head") if frame.kind == RESPONSE else 0)
    front.send(CREDIT, first, struct.pack("<I", extra))
    while received[first] < window + extra:
        received[first] += len(front.frame_of(first).payload)


def test_a_large_request(worker):
    front = worker(
        app(
            """
import hashlib
digest, size = hashlib.sha256(), 0
while True:
    data = environ["wsgi.input"].read(50000)
    if not data:
        break
    digest.update(data)
    size += len(data)
start_response("200 OK", [])
return [f"{size} {digest.hexdigest()}".encode()]
"""
        )
    )
    import hashlib

    data = bytes(range(256)) * 4000
    stream = front.begin("POST", end=False)
    sent, credit = 0, STREAM_WINDOW
    while sent < len(data):
        if credit == 0:
            frame = front.frame_of(stream)
            assert frame.kind == CREDIT
            credit += struct.unpack("<I", frame.payload)[0]
        part = data[sent : sent + min(65536, credit)]
        front.send(BODY, stream, part)
        sent += len(part)
        credit -= len(part)
    front.send(BODY, stream, b"", END)
    assert front.response(stream).body == f"{len(data)} {hashlib.sha256(data).hexdigest()}".encode()


@pytest.mark.parametrize("interface", [None, "wsgi"])
def test_the_loop_of_the_main_thread_is_open(worker, interface):
    front = worker(
        app(
            """
start_response("200 OK", [])
return [str(asyncio.get_event_loop().run_until_complete(asyncio.sleep(0, 7))).encode()]
""",
            before="import asyncio",
        ),
        interface=interface,
        threads=1,
        environment={"PYTHONWARNINGS": "default"},
    )
    response = front.request()
    assert front.drain() == 0
    if interface == "wsgi" and sys.version_info >= (3, 14):
        # The loop is one that was made to look at the application; from 3.14 on Python itself makes none when asked.
        assert response.status == 500
        assert "There is no current event loop" in front.stderr()
        return
    assert response.body == b"7"
    assert "unclosed" not in front.stderr() or interface == "wsgi"


def test_file_wrapper(worker):
    front = worker(
        app(
            """
file = open(__file__, "rb")
closed.append(file)
start_response("200 OK", [])
if environ["PATH_INFO"] == "/closed":
    return [str(closed[0].closed).encode()]
return environ["wsgi.file_wrapper"](file, 100)
"""
        ),
        environment={"PYTHONWARNINGS": "default"},
    )
    assert front.request().body.startswith(b"import sys")
    assert front.request("GET", "/closed").body == b"True"


def test_errors_go_to_stderr(worker):
    front = worker(app("environ['wsgi.errors'].write('said\\n')\nstart_response('200 OK', [])\nreturn []"))
    assert front.request().status == 200
    assert front.drain() == 0
    assert front.stderr() == "said\n"


def test_drain_waits_for_a_request(worker):
    front = worker(app("time.sleep(0.2)\nstart_response('200 OK', [])\nreturn [b'x']"))
    stream = front.begin()
    began = time.monotonic()
    front.send(0x22)
    assert front.response(stream).body == b"x"
    assert front.wait() == 0
    assert time.monotonic() - began < 5
