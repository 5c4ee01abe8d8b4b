"""Workers for tests: real processes, each with an application written for its test."""

import sys
import sysconfig
import textwrap
from pathlib import Path

import native
import pytest
from front import PYTHON, Front

sys.path.append(str(PYTHON))

# Nothing runs on a free-threaded build, but what tests how that is said.
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    collect_ignore = [
        path.name for path in Path(__file__).parent.glob("test_*.py") if path.name != "test_interpreter.py"
    ]
else:
    native.load()

MAIN = {"module": "main", "attr": None, "call": False}


@pytest.fixture
def program():
    """A program that calls itself: `program.run(main)`."""
    from program import Program, forget

    yield Program()
    forget()


@pytest.fixture
def run(program):
    return program.run


@pytest.fixture
def start(worker):
    """Starts a worker with a calls socket: `start(source)` returns its `Calls`."""
    from calls_worker import Calls

    started = []

    def begin(source, **settings):
        calls = Calls(worker, source, **settings)
        started.append(calls)
        return calls

    yield begin
    for calls in started:
        calls.close()


@pytest.fixture
def worker(tmp_path):
    """Starts a worker of an application's source: `worker("async def app(...): ...")` returns its `Front`.

    What a worker writes to stderr must be asked for with `stderr()`, or it fails the test.
    """
    started = []

    def start(source, *, entry=MAIN, files=(), environment=(), **settings):
        (tmp_path / "main.py").write_text(textwrap.dedent(source))
        for name, text in dict(files).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))
        environment = {"PYTHONWARNINGS": "error", **dict(environment)}
        front = Front(tmp_path, entry, environment=environment, **settings)
        started.append(front)
        return front

    yield start
    for front in started:
        asked = hasattr(front, "_outputs")
        front.close()
        if not asked:
            assert front.stderr() == ""
