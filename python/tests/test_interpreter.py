"""An interpreter that cannot run a worker is refused in words, before the native module is loaded."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from front import FAILED

from diglot._worker import interpreter

APP = "def app(environ, start_response): pass"

#: What makes an ordinary interpreter answer as one that is not, once its own start is over.
PRETENCES = {
    "is a free-threaded build": (
        "import sys, sysconfig; sys.version_info = (3, 14, 0, 'final', 0);"
        "sysconfig.get_config_vars()['Py_GIL_DISABLED'] = 1"
    ),
    "is too old": "import sys; sys.version_info = (3, 9, 18, 'final', 0)",
    "is not CPython": "import sys; sys.implementation.name = 'pypy'",
}


def refusal(front):
    """What the server is told, once the worker has ended by itself without a word on stderr."""
    front._exactly(16)
    failed = front.frame()
    assert (failed.kind, failed.flags, failed.generation, failed.stream) == (FAILED, 0, 0, 0)
    assert front.wait() == 1
    assert front.stderr() == ""
    return failed.payload.decode()


@pytest.mark.parametrize("why", PRETENCES)
def test_an_interpreter_that_is_refused(worker, tmp_path, why):
    # Newer versions show their path without `..`, however they were called.
    python = os.path.normpath(sys.executable)
    front = worker(
        APP,
        await_ready=False,
        python=python,
        native="/nowhere/native.so",
        files={"site/sitecustomize.py": PRETENCES[why]},
        environment={"PYTHONPATH": str(tmp_path / "site")},
    )
    said = refusal(front)
    assert why in said and "CPython 3.10 or later, built with the GIL" in said
    assert f"the interpreter was {python}: " in said


@pytest.mark.skipif(not sysconfig.get_config_var("Py_GIL_DISABLED"), reason="for a free-threaded build")
@pytest.mark.parametrize("gil", ["0", "1"])
def test_a_free_threaded_build_is_refused_with_and_without_its_gil(worker, gil):
    front = worker(APP, await_ready=False, environment={"PYTHON_GIL": gil})
    assert "is a free-threaded build (whatever PYTHON_GIL says)" in refusal(front)


@pytest.mark.skipif(bool(sysconfig.get_config_var("Py_GIL_DISABLED")), reason="for an ordinary build")
def test_an_ordinary_build_is_not_refused():
    assert interpreter.unsuitable() is None


@pytest.mark.parametrize("minor", [6, 7, 8, 9])
def test_an_old_python_that_is_here(worker, minor):
    python = an_old_python(minor)
    if python is None:
        pytest.skip(f"Python 3.{minor} is not on this machine")
    said = refusal(worker(APP, await_ready=False, python=python))
    assert said.startswith(f"CPython 3.{minor}.") and "is too old" in said


def an_old_python(minor):
    found = shutil.which(f"python3.{minor}")
    candidates = sorted((Path.home() / ".pyenv/versions").glob(f"3.{minor}.*/bin/python"))
    for candidate in [*([found] if found else []), *map(str, candidates)]:
        # A shim of pyenv's stands for versions that are not chosen, too.
        if subprocess.run([candidate, "--version"], capture_output=True).returncode == 0:
            return candidate
    return None


def test_what_to_do_depends_on_where_the_interpreter_is_from(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18, "final", 0))
    monkeypatch.setattr(sys, "prefix", "/srv/app/.venv")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    assert interpreter.unsuitable().endswith("remove the venv /srv/app/.venv and make it again with another")
    monkeypatch.setattr(sys, "prefix", "/usr")
    assert 'python = "/path/to/python3"' in interpreter.unsuitable()
