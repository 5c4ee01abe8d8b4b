"""Files as responses: `http.response.pathsend` and `http.response.zerocopysend`."""

import os
import random
import struct

import pytest
from front import ABOARD_MAX, CANCEL, CREDIT, RESPONSE, STREAM_WINDOW

#: Files by their query, and what the worker has open. Each event is written as the application would.
APP = """
    import asyncio, os
    from urllib.parse import unquote

    ended = asyncio.Event()
    outcome = None

    async def answer(send, text):
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": str(text).encode()})

    async def app(scope, receive, send):
        global outcome
        if scope["path"] == "/open":
            names = []
            for number in os.listdir("/proc/self/fd"):
                try:
                    names.append(os.readlink(f"/proc/self/fd/{number}"))
                except FileNotFoundError:
                    pass
            return await answer(send, names)
        if scope["path"] == "/ended":
            await ended.wait()
            return await answer(send, outcome)
        try:
            await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
            EVENTS
            outcome = "complete"
        except OSError as error:
            outcome = f"{type(error).__name__}: {error}"
            raise
        finally:
            ended.set()
"""


def sends(*lines, headers=()):
    """An application that answers with these statements."""
    return APP.replace("HEADERS", repr(list(headers))).replace("EVENTS", "\n            ".join(lines))


def pathsend(path):
    return f"await send({{'type': 'http.response.pathsend', 'path': {str(path)!r}}})"


def zerocopysend(file="file", **more):
    return f"await send({{'type': 'http.response.zerocopysend', 'file': {file}, **{more!r}}})"


def body(data, more=False):
    return f"await send({{'type': 'http.response.body', 'body': {data!r}, 'more_body': {more}}})"


@pytest.fixture
def data(tmp_path):
    """A file of 20 MB, and its content."""
    content = random.Random(7).randbytes(20_000_001)
    (tmp_path / "data").write_bytes(content)
    return content


def is_open(front, name):
    return name in front.request("GET", "/open").body.decode()


def read_slowly(front, stream):
    """Takes a body a window at a time, with another request between each and the next. Returns it and the head."""
    head = front.frame_of(stream)
    assert head.kind == RESPONSE
    aboard = head.head()[2]
    received = [aboard]
    ended, owed = head.end, 0
    while not ended:
        while owed < STREAM_WINDOW and not ended:
            frame = front.frame_of(stream)
            received.append(frame.payload)
            owed, ended = owed + len(frame.payload), frame.end
        assert front.request("GET", "/open").status == 200
        if not ended:
            assert stream not in front.kept or not front.kept[stream], "more than there was credit for"
            front.send(CREDIT, stream, struct.pack("<I", owed))
            owed = 0
    return b"".join(received), head.head()[1]


@pytest.mark.parametrize("pathsend", [False, True])
def test_paths_are_announced_where_they_are_asked_for(worker, pathsend):
    front = worker(
        """
        async def app(scope, receive, send):
            await send({"type": "http.response.start", "status": 200})
            await send({"type": "http.response.body", "body": repr(scope["extensions"]).encode()})
        """,
        lifespan="off",
        pathsend=pathsend,
    )
    text = front.request().body.decode()
    assert ("'http.response.pathsend': {}" in text, "'http.response.zerocopysend': {}" in text) == (pathsend, True)


@pytest.mark.parametrize("size", [0, 1, ABOARD_MAX, ABOARD_MAX + 1, 65536, 65537, ABOARD_MAX + STREAM_WINDOW + 1])
def test_a_file_of_each_size(worker, tmp_path, size):
    content = os.urandom(size)
    (tmp_path / "data").write_bytes(content)
    front = worker(sends(pathsend(tmp_path / "data")), lifespan="off")
    response = front.request()
    assert (response.status, response.body, response.cancelled) == (200, content, None)
    assert response.headers == [(b"content-length", str(size).encode())]
    assert not is_open(front, "/data")
    assert front.kept == {}


def test_a_small_file_is_one_frame(worker, tmp_path):
    (tmp_path / "data").write_bytes(b"hello")
    front = worker(sends(pathsend(tmp_path / "data")), lifespan="off")
    frame = front.frame_of(front.begin())
    assert frame.kind == RESPONSE and frame.end and frame.head()[2] == b"hello"


def test_a_large_file_to_a_slow_reader(worker, tmp_path, data):
    front = worker(sends(pathsend(tmp_path / "data")), lifespan="off")
    received, headers = read_slowly(front, front.begin())
    assert received == data
    assert headers == [(b"content-length", b"20000001")]
    assert front.request("GET", "/ended").body == b"complete"
    assert not is_open(front, "/data")


def test_send_waits_until_the_file_is_handed_over(worker, tmp_path, data):
    front = worker(sends(pathsend(tmp_path / "data"), "outcome = 'sent'"), lifespan="off")
    stream = front.begin()
    ended = front.begin("GET", "/ended")
    received = len(front.frame_of(stream).head()[2])
    while received < ABOARD_MAX + STREAM_WINDOW:
        received += len(front.frame_of(stream).payload)
    assert is_open(front, "/data")
    assert ended not in front.kept
    front.send(CREDIT, stream, struct.pack("<I", STREAM_WINDOW))
    response = front.response(stream)
    assert received + len(response.body) == len(data)
    assert front.response(ended).body == b"complete"


def test_a_relative_path_is_the_working_directorys(worker, tmp_path):
    (tmp_path / "data").write_bytes(b"hello")
    assert worker(sends(pathsend("data")), lifespan="off").request().body == b"hello"


def test_a_name_that_is_no_utf8(worker, tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff"
    with open(name, "wb") as file:
        file.write(b"hello")
    assert worker(sends(pathsend(os.fsdecode(name))), lifespan="off").request().body == b"hello"


@pytest.mark.parametrize("event", ["pathsend", "zerocopysend"])
@pytest.mark.parametrize("length", [None, b"20000001"])
def test_head(worker, tmp_path, data, event, length):
    headers = [(b"content-length", length)] if length else []
    open_file = f"file = open({str(tmp_path / 'data')!r}, 'rb')"
    lines = [pathsend(tmp_path / "data")] if event == "pathsend" else [open_file, zerocopysend(), "file.close()"]
    front = worker(sends(*lines, headers=headers), lifespan="off")
    response = front.request("HEAD")
    assert (response.status, response.body, response.cancelled) == (200, b"", None)
    assert response.headers == [(b"content-length", b"20000001")]
    assert not is_open(front, "/data")


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_body(worker, tmp_path, data, status):
    source = sends(pathsend(tmp_path / "data")).replace('"status": 200, "headers"', f'"status": {status}, "headers"')
    response = worker(source, lifespan="off").request()
    assert (response.status, response.headers, response.body, response.cancelled) == (status, [], b"", None)


def test_a_length_of_the_applications_own_stays(worker, tmp_path):
    (tmp_path / "data").write_bytes(b"hello")
    front = worker(sends(pathsend(tmp_path / "data"), headers=[(b"Content-Length", b"5")]), lifespan="off")
    response = front.request()
    assert (response.headers, response.body) == ([(b"Content-Length", b"5")], b"hello")


@pytest.mark.parametrize("length", [0, 3, 40_000, 19_999_999])
def test_a_file_longer_than_announced_is_cut(worker, tmp_path, data, length):
    headers = [(b"content-length", str(length).encode())]
    front = worker(sends(pathsend(tmp_path / "data"), headers=headers), lifespan="off")
    assert front.request().body == data[:length]
    assert front.drain() == 0
    assert f"{len(data) - length} bytes were cut off" in front.stderr()


def test_a_file_shorter_than_announced_is_given_up(worker, tmp_path):
    (tmp_path / "data").write_bytes(b"hello")
    front = worker(sends(pathsend(tmp_path / "data"), headers=[(b"content-length", b"7")]), lifespan="off")
    response = front.request()
    assert (response.status, response.cancelled) == (None, 4)
    assert front.drain() == 0
    assert "2 bytes shorter" in front.stderr()


def test_trailers_behind_a_file(worker, tmp_path, data):
    source = sends(
        pathsend(tmp_path / "data"), "await send({'type': 'http.response.trailers', 'headers': [(b'a', b'1')]})"
    ).replace('"headers": []', '"trailers": True')
    response = worker(source, lifespan="off").request()
    assert (response.body, response.headers, response.trailers) == (data, [], [(b"a", b"1")])


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("none", "FileNotFoundError: [Errno 2] No such file or directory: '{}/none'"),
        ("folder", "IsADirectoryError: [Errno 21] Is a directory: '{}/folder'"),
        ("pipe", "OSError: [Errno 22] only a regular file can be sent: '{}/pipe'"),
        ("nul\0", "OSError: [Errno 22] Invalid argument: '{}/nul\\x00'"),
    ],
)
def test_what_cannot_be_sent(worker, tmp_path, name, error):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    front = worker(sends(pathsend(f"{tmp_path}/{name}")), lifespan="off")
    assert front.request().status == 500
    assert front.request("GET", "/ended").body.decode() == error.format(tmp_path)
    assert front.drain() == 0
    assert "the application failed: sent 500" in front.stderr()


def test_an_application_may_answer_in_another_way(worker, tmp_path):
    lines = ["try:", "    " + pathsend(tmp_path / "none"), "except FileNotFoundError:", "    " + body(b"another")]
    response = worker(sends(*lines), lifespan="off").request()
    assert (response.status, response.headers, response.body) == (200, [], b"another")


@pytest.mark.parametrize(
    ("event", "error"),
    [
        ("{'type': 'http.response.pathsend'}", 'ValueError: http.response.pathsend needs a "path"'),
        ("{'type': 'http.response.pathsend', 'path': b'/x'}", 'TypeError: "path" is a str, not bytes'),
        ("{'type': 'http.response.zerocopysend'}", 'ValueError: http.response.zerocopysend needs a "file"'),
        ("{'type': 'http.response.zerocopysend', 'file': 'x'}", 'TypeError: "file" is an open file or a descriptor'),
        ("{'type': 'http.response.zerocopysend', 'file': -1}", "OSError: [Errno 9] Bad file descriptor: -1"),
        ("{'type': 'http.response.zerocopysend', 'file': 9999}", "OSError: [Errno 9] Bad file descriptor: 9999"),
        ("{'type': 'http.response.zerocopysend', 'file': 10**30}", "OverflowError: "),
        (
            "{'type': 'http.response.zerocopysend', 'file': os.memfd_create('m'), 'offset': -1}",
            'ValueError: "offset" is -1',
        ),
        (
            "{'type': 'http.response.zerocopysend', 'file': os.memfd_create('m'), 'count': 2**63}",
            f'ValueError: "count" is {2**63}',
        ),
        (
            "{'type': 'http.response.zerocopysend', 'file': os.memfd_create('m'), 'count': '1'}",
            'TypeError: "count" is an int, not str',
        ),
        (
            "{'type': 'http.response.zerocopysend', 'file': __import__('io').BytesIO()}",
            "io.UnsupportedOperation: fileno",
        ),
        (
            "{'type': 'http.response.zerocopysend', 'file': os.pipe()[0], 'offset': 0}",
            "only a regular file can be sent",
        ),
        (
            "{'type': 'http.response.zerocopysend', 'file': os.open('main.py', os.O_WRONLY)}",
            "OSError: [Errno 9] Bad file descriptor: ",
        ),
    ],
)
def test_a_malformed_event_raises_from_send(worker, event, error):
    front = worker(sends(f"await send({event})"), lifespan="off")
    assert front.request().status == 500
    assert front.drain() == 0
    assert error in front.stderr()


@pytest.mark.parametrize("event", ["pathsend", "zerocopysend"])
def test_a_file_before_the_head_is_out_of_turn(worker, event):
    front = worker(
        f"""
        async def app(scope, receive, send):
            await send({{"type": "http.response.{event}", "path": "main.py", "file": 0}})
        """,
        lifespan="off",
    )
    assert front.request().status == 500
    assert front.drain() == 0
    assert f'expected the ASGI event "http.response.start", got "http.response.{event}"' in front.stderr()


@pytest.mark.parametrize(
    ("offset", "count", "expected"),
    [
        (0, None, slice(None)),
        (None, None, slice(None)),
        (1_000_000, 5_000_000, slice(1_000_000, 6_000_000)),
        (20_000_000, 500, slice(20_000_000, None)),
        (0, 0, slice(0, 0)),
        (30_000_000, 5, slice(0, 0)),
    ],
)
@pytest.mark.parametrize("file", ["file", "file.fileno()"])
def test_parts_of_an_open_file(worker, tmp_path, data, offset, count, expected, file):
    more = {key: value for key, value in [("offset", offset), ("count", count)] if value is not None}
    lines = [f"file = open({str(tmp_path / 'data')!r}, 'rb')", zerocopysend(file, **more), "file.close()"]
    front = worker(sends(*lines), lifespan="off")
    received, headers = read_slowly(front, front.begin())
    assert received == data[expected]
    assert headers == [(b"content-length", str(len(received)).encode())]
    assert not is_open(front, "/data")


def test_files_and_bytes_in_turn(worker, tmp_path, data):
    lines = [
        f"file = open({str(tmp_path / 'data')!r}, 'rb')",
        body(b"<", more=True),
        zerocopysend(offset=5, count=300_000, more_body=True),
        body(b"|", more=True),
        zerocopysend(offset=19_000_000, more_body=True),
        zerocopysend(count=0, more_body=True),
        body(b">"),
        "file.close()",
    ]
    response = worker(sends(*lines), lifespan="off").request()
    assert response.body == b"<" + data[5:300_005] + b"|" + data[19_000_000:] + b">"
    assert response.headers == []


@pytest.mark.parametrize("buffering", [0, -1])
def test_the_position_of_a_file_moves_unless_it_is_given(worker, tmp_path, data, buffering):
    lines = [
        f"file = open({str(tmp_path / 'data')!r}, 'rb', buffering={buffering})",
        "assert len(file.read(10)) == 10",
        zerocopysend(count=100_000, more_body=True),
        "assert file.tell() == 100_010",
        zerocopysend(offset=3, count=4, more_body=True),
        "assert file.tell() == 100_010",
        zerocopysend("file.fileno()" if buffering == 0 else "file", count=5, more_body=True),
        "assert file.tell() == 100_015",
        "rest = file.read()",
        "await send({'type': 'http.response.body', 'body': rest[:7]})",
        "file.close()",
    ]
    response = worker(sends(*lines), lifespan="off").request()
    assert response.body == data[10:100_010] + data[3:7] + data[100_010:100_022]


def test_an_application_may_close_its_file_before_everything_is_sent(worker, tmp_path, data):
    (tmp_path / "other").write_bytes(b"other" * 100_000)
    lines = [
        f"file = open({str(tmp_path / 'data')!r}, 'rb')",
        # Not awaited: what there is no credit for stays behind.
        zerocopysend().removeprefix("await "),
        "number = file.fileno()",
        "file.close()",
        f"assert os.open({str(tmp_path / 'other')!r}, os.O_RDONLY) == number",
    ]
    front = worker(sends(*lines), lifespan="off")
    assert front.request().body == data
    assert not is_open(front, "/data")


@pytest.mark.parametrize("event", ["pathsend", "zerocopysend"])
@pytest.mark.parametrize("spec", ["2.3", "2.4"])
def test_a_client_that_leaves_ends_it(worker, tmp_path, data, event, spec):
    open_file = f"file = open({str(tmp_path / 'data')!r}, 'rb')"
    lines = [pathsend(tmp_path / "data")] if event == "pathsend" else [open_file, zerocopysend(), "file.close()"]
    front = worker(sends(*lines), lifespan="off", asgi_spec=spec)
    stream = front.begin()
    assert front.frame_of(stream).kind == RESPONSE
    assert is_open(front, "/data")
    front.send(CANCEL, stream, b"\x01")
    assert front.request("GET", "/ended").body == b"complete"
    frames = [front.frame_of(stream)]
    while frames[-1].kind != CANCEL:
        frames.append(front.frame_of(stream))
    assert frames[-1].payload == b"\x06"
    assert sum(len(frame.payload) for frame in frames[:-1]) <= STREAM_WINDOW
    assert not is_open(front, "/data")


def test_a_client_that_leaves_closes_the_file_though_the_application_goes_on(worker, tmp_path, data):
    lines = [pathsend(tmp_path / "data").removeprefix("await "), "await asyncio.Event().wait()"]
    front = worker(sends(*lines), lifespan="off")
    stream = front.begin()
    assert front.frame_of(stream).kind == RESPONSE
    assert is_open(front, "/data")
    front.send(CANCEL, stream, b"\x01")
    assert not is_open(front, "/data")


def test_a_file_that_shrinks_raises_from_send(worker, tmp_path, data):
    front = worker(sends(pathsend(tmp_path / "data")), lifespan="off")
    stream = front.begin()
    received = len(front.frame_of(stream).head()[2])
    while received < ABOARD_MAX + STREAM_WINDOW:
        received += len(front.frame_of(stream).payload)
    os.truncate(tmp_path / "data", 200_000)
    front.send(CREDIT, stream, struct.pack("<I", STREAM_WINDOW))
    rest = front.response(stream)
    assert received + len(rest.body) == 200_000
    assert rest.cancelled == 4
    missing = f"OSError: [Errno 5] the file was cut while it was sent, 19800001 bytes are missing: '{tmp_path}/data'"
    assert front.request("GET", "/ended").body.decode() == missing
    assert not is_open(front, "/data")
    assert front.drain() == 0
    assert "the application failed in the middle of its response\n" in front.stderr()


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_failure_that_no_send_waits_for(worker, tmp_path, data, goes_on):
    lines = [pathsend(tmp_path / "data").removeprefix("await ")]
    if goes_on:
        lines += ["while (await receive())['type'] != 'http.disconnect':", "    pass"]
    front = worker(sends(*lines), lifespan="off")
    stream = front.begin("POST", "/", end=False)
    received = len(front.frame_of(stream).head()[2])
    while received < ABOARD_MAX + STREAM_WINDOW:
        frame = front.frame_of(stream)
        received += len(frame.payload) if frame.kind == 5 else 0
    os.truncate(tmp_path / "data", 200_000)
    front.send(CREDIT, stream, struct.pack("<I", STREAM_WINDOW))
    while received < 200_000:
        frame = front.frame_of(stream)
        received += len(frame.payload)
    if goes_on:
        front.send(CANCEL, stream, b"\x01")
    while front.frame_of(stream).kind != CANCEL:
        pass
    assert not is_open(front, "/data")
    assert front.drain() == 0
    # A client that has left misses nothing.
    assert ("a file could not be sent whole" in front.stderr()) != goes_on


def test_an_application_may_make_up_for_what_is_missing(worker, tmp_path, data):
    lines = [
        "try:",
        "    " + pathsend(tmp_path / "data"),
        "except OSError:",
        "    await send({'type': 'http.response.body', 'body': bytes(20_000_001 - 200_000)})",
    ]
    front = worker(sends(*lines), lifespan="off")
    stream = front.begin()
    received = front.frame_of(stream).head()[2]
    while len(received) < ABOARD_MAX + STREAM_WINDOW:
        received += front.frame_of(stream).payload
    os.truncate(tmp_path / "data", 200_000)
    front.send(CREDIT, stream, struct.pack("<I", STREAM_WINDOW))
    rest = front.response(stream)
    assert received + rest.body == data[:200_000] + bytes(20_000_001 - 200_000)
    assert rest.cancelled is None
