"""What breaks the other ends of calls, or used to: each ends a call at most, and never the worker."""

import json
import re
from pathlib import Path

import broker
import pytest
from broker import ABORT, DATA, END, GRANT, RETURN, STREAM, THROW
from calls_worker import encoded
from front import DRAIN

MIB = 1024 * 1024
SOURCE = """
    from collections.abc import AsyncIterator
    from diglot import CallError, function, services

    @function
    async def double(n: int) -> int:
        return 2 * n

    @function
    def answers_late() -> bytes:
        try:
            services.other.wait.sync()
        except CallError:
            pass  # its caller has left
        return bytes(4_000_000)

    @function
    async def answers() -> bytes:
        return bytes(4_000_000)

    @function
    async def yields() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(20_000)

    @function
    async def fails_behind_items() -> AsyncIterator[bytes]:
        yield bytes(20_000)
        raise ValueError("behind")

    @function
    async def names(d: dict[str, int]) -> int:
        return len(d)

    @function
    async def fails(text: str, times: int) -> None:
        raise ValueError(text * times)

    @function
    async def total(numbers: AsyncIterator[int]) -> int:
        return sum([n async for n in numbers])

    @function
    async def asks() -> str:
        try:
            return repr(await services.other.thing())
        except CallError as error:
            return f"{error.code}: {error}"

    @function
    async def iterates() -> str:
        found = []
        try:
            async for item in services.other.things():
                found.append(item)
        except CallError as error:
            return f"{found} {error.code}: {error}"
        return f"{found}"
"""
NAMES = re.findall(r"def (\w+)", SOURCE)


@pytest.fixture
def calls(start):
    calls = start(SOURCE)
    calls.offers(*NAMES)
    return calls


def is_well(calls):
    """It answers, and nothing is in its hands: so it ends when it is told to."""
    calls.peer.begin("double", encoded(n=4))
    assert calls.answer() == 8
    calls.peer.send(broker.DRAIN, 0)
    calls.front.send(DRAIN)
    return calls.front.wait() == 0


def until_thrown(peer, id):
    while True:
        frame = peer.frame()
        if frame.kind == THROW and frame.id == id:
            return frame.json()


# An answer that outlives its call


def test_an_answer_that_comes_after_the_abort(calls):
    id = calls.peer.begin("answers_late")
    inner, _ = calls.called()
    calls.peer.send(ABORT, id, b"\x02")
    frame = calls.peer.frame()
    assert (frame.kind, frame.id) == (ABORT, inner)
    assert calls.answer(THROW)["code"] == "cancelled"
    calls.peer.send(THROW, inner, b'{"code":"cancelled","message":""}', END)
    assert is_well(calls)


@pytest.mark.parametrize("function", ["answers", "yields", "fails_behind_items"])
def test_an_abort_that_comes_within_the_answer(calls, function):
    # Of less than the answer has.
    id = calls.peer.begin(function, window=10_000)
    received = 0
    frame = calls.peer.frame()
    assert frame.kind == RETURN
    while received < 10_000:
        frame = calls.peer.frame()
        assert frame.kind == DATA
        received += len(frame.payload)
    calls.peer.send(ABORT, id, b"\x01")
    assert calls.answer(THROW)["code"] == "cancelled"
    assert is_well(calls)


# Errors that are too long


def test_a_long_key_in_the_path_of_an_issue(calls):
    calls.peer.begin("names", json.dumps({"d": {"k" * 20_000: "x"}}).encode(), flags=broker.JSON)
    thrown = calls.answer(THROW)
    assert thrown["code"] == "invalid_arguments"
    assert thrown["issues"][0]["path"] == ["d", "k" * 99 + "…"]
    assert is_well(calls)


@pytest.mark.parametrize("text", ["😀", "\0", "\ud800", "x"], ids=["astral", "control", "surrogate", "plain"])
def test_a_long_message(calls, text):
    calls.peer.begin("fails", json.dumps({"text": text, "times": 100_000}).encode(), flags=broker.JSON)
    frame = calls.peer.frame()
    assert frame.kind == THROW and len(frame.payload) <= 262_144
    assert frame.json()["message"].startswith("?" if text == "\ud800" else text)
    assert is_well(calls)


# Long messages, and many


def test_a_message_above_what_may_be_granted_comes_in_steps(start):
    calls = start(SOURCE, message_bytes_max=400 * MIB)
    calls.offers(*NAMES)
    peer = calls.peer
    # A call of its own that is open grants as well.
    peer.begin("asks")
    inner, _ = calls.called()
    size = 300 * MIB
    id = peer.begin("total", bytes(32768), total=size, end=False)
    left = size - 32768
    for _ in range(2):
        frame = peer.frame()
        granted = int.from_bytes(frame.payload, "little")
        assert (frame.kind, frame.id) == (GRANT, id) and granted <= 16 * MIB
        left -= granted
        while granted:
            part = min(65536, granted)
            peer.send(DATA, id, bytes(part))
            granted -= part
            if granted <= 8 * MIB:
                break
    peer.send(ABORT, id, b"\x01")
    assert until_thrown(peer, id)["code"] == "cancelled"
    calls.answer_with(inner, 1)
    assert calls.answer() == "1"
    assert is_well(calls)


def resident_bytes(calls):
    status = Path(f"/proc/{calls.front.process.pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_what_is_announced_is_not_allocated(calls):
    peer = calls.peer
    peer.begin("double", encoded(n=1))
    assert calls.answer() == 2
    before = resident_bytes(calls)
    ids = [peer.begin("total", bytes(32768), total=64 * MIB, end=False) for _ in range(20)]
    assert peer.frame().id == ids[0]
    # All of them have been read when this is answered.
    peer.begin("double", encoded(n=2))
    assert calls.answer() == 4
    assert resident_bytes(calls) - before < 80 * MIB
    for id in reversed(ids):
        peer.send(ABORT, id, b"\x01")
        assert until_thrown(peer, id)["code"] == "cancelled"
    assert is_well(calls)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_a_message_there_is_no_memory_for(start):
    limit = """
    import resource
    pages = int(open("/proc/self/statm").read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * 4096 + 200 * 1024 * 1024,) * 2)
    """
    calls = start(limit + SOURCE, message_bytes_max=1024 * MIB)
    calls.offers(*NAMES)
    calls.peer.begin("total", bytes(32768), total=900 * MIB, end=False)
    thrown = calls.answer(THROW)
    assert thrown["code"] == "too_large" and "no memory for a message of 943718400 bytes" in thrown["message"]
    inner_answers = calls.peer.begin("asks")
    inner, _ = calls.called()
    calls.peer.send(RETURN, inner, (900 * MIB).to_bytes(4, "little") + bytes(32768))
    frames = [calls.peer.frame(), calls.peer.frame()]
    assert {(frame.kind, frame.id) for frame in frames} == {(ABORT, inner), (RETURN, inner_answers)}
    calls.peer.send(THROW, inner, b"{}", END)
    assert is_well(calls)


def test_who_announces_and_does_not_send_makes_room(calls):
    peer = calls.peer
    silent = [peer.begin("total", bytes(32768), total=60 * MIB, end=False, caller="silent") for _ in range(5)]
    assert peer.frame().id == silent[0]

    thrown, granted = [], []

    def sends(size):
        arguments = b'{"d":{}' + b" " * size + b"}"
        id = peer.begin("names", arguments[:32768], total=len(arguments), flags=broker.JSON, end=False)
        frame = peer.frame()
        while (frame.kind, frame.id) != (GRANT, id):
            assert frame.kind == THROW, frame
            thrown.append((frame.id, frame.json()["code"]))
            frame = peer.frame()
        for at in range(32768, len(arguments), 65536):
            peer.send(DATA, id, arguments[at : at + 65536], END if at + 65536 >= len(arguments) else 0)
        frame = peer.frame()
        while frame.kind == GRANT:
            granted.append(frame.id)
            frame = peer.frame()
        assert (frame.kind, frame.id, frame.payload[4:]) == (RETURN, id, b"0")

    # A short one does not wait for long ones, and a long one of another service not for more than one of the silent.
    sends(500_000)
    assert thrown == []
    sends(2 * MIB)
    assert thrown == [(silent[0], "deadline_exceeded")]
    # The next of the silent ones has its turn when nobody else waits.
    assert granted == [silent[1]] or peer.frame().id == silent[1]
    for id in reversed(silent[1:]):
        peer.send(ABORT, id, b"\x01")
        assert until_thrown(peer, id)["code"] == "cancelled"
    assert is_well(calls)


# What is not as it should be


@pytest.mark.parametrize(
    "text",
    [
        b"[]",
        b"no JSON",
        b"\xff",
        b'{"code": 5, "message": [], "stack": 5, "issues": 5, "type": {}}',
        b'{"code": "invalid_result", "issues": [5, {"path": 3}, {"path": [null], "message": "m"}], "service": 7}',
        b"[" * 100_000,
    ],
    ids=["array", "text", "bytes", "members", "issues", "depth"],
)
def test_a_throw_that_is_not_as_it_should_be(calls, text):
    calls.peer.begin("asks")
    id, _ = calls.called()
    calls.peer.send(THROW, id, text, END)
    code = "invalid_result" if b"invalid_result" in text else "error"
    assert calls.answer().startswith(f"{code}: ")
    assert is_well(calls)


@pytest.mark.parametrize(
    ("items", "end", "message"),
    [
        (b"\x01\0\0\0\x05\x10\0\0\0\x01", END, "the stream ends within an item"),
        (b"\x01\0\0\0\x05\xff\xff\xff\xff", 0, "an item of 4294967295 bytes is announced"),
    ],
    ids=["cut", "long"],
)
def test_items_that_are_not_as_they_should_be(calls, items, end, message):
    calls.peer.begin("iterates")
    id, _ = calls.called()
    calls.peer.send(RETURN, id, STREAM.to_bytes(4, "little"))
    calls.peer.send(DATA, id, items, end)
    frame = calls.peer.frame()
    if not end:
        assert (frame.kind, frame.id) == (ABORT, id)
        calls.peer.send(THROW, id, b"{}", END)
        frame = calls.peer.frame()
    text = frame.payload.decode("utf-8", "replace")
    assert frame.kind == RETURN and f"[5] invalid_result: other.things: {message}" in text
    # The same, the other way.
    id = calls.peer.begin("total", flags=broker.ITEMS, end=False)
    assert calls.peer.frame().kind == GRANT
    calls.peer.send(DATA, id, items, end)
    thrown = calls.answer(THROW)
    assert thrown["code"] == "invalid_arguments" and thrown["message"].startswith(message)
    assert is_well(calls)


def test_what_fails_in_the_worker_itself_ends_that_call(start):
    broken = """
    from diglot._calls import incoming, outgoing

    def fails(self, *arguments):
        raise LookupError("this is broken")

    outgoing.Reply.returned = fails
    start = incoming.Incoming.start
    incoming.Incoming.start = lambda self, *rest: (fails if self.function.name == "names" else start)(self, *rest)
    """
    calls = start(SOURCE + broken)
    calls.offers(*NAMES)
    calls.peer.begin("asks")
    id, _ = calls.called()
    calls.answer_with(id, 1)
    assert "this is broken" in calls.answer()
    calls.peer.begin("names", encoded(d={}))
    thrown = calls.answer(THROW)
    assert thrown["code"] == "error" and "this is broken" in thrown["message"]
    assert is_well(calls)
    assert calls.front.stderr().count("LookupError: this is broken") == 2
