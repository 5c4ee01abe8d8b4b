"""What the module that `diglot types` writes stands on, and what is there before it."""

import importlib
import sys
import typing

import pytest

import diglot
import diglot_services
from diglot._worker import written
from diglot.typing import Remote, RemoteStream, remote, remote_stream


def test_before_it_is_written():
    assert diglot_services.services is diglot.services
    assert diglot_services.Item is typing.Any
    with pytest.raises(AttributeError):
        diglot_services._private  # noqa: B018


@pytest.fixture
def asked(tmp_path, monkeypatch):
    """Loads a text as the module that is written, in a worker that is only asked."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", sys.meta_path.copy())
    path = tmp_path / "types_of_mine.py"
    written.know_all_names(str(path))

    def load(text):
        path.write_text(text)
        importlib.invalidate_caches()
        return importlib.import_module("types_of_mine")

    yield load
    sys.modules.pop("types_of_mine", None)


def test_a_worker_that_is_asked_knows_all_names(asked):
    module = asked("from diglot import services\nItem = int\n")
    assert (module.services, module.Item, module.Kard) == (diglot.services, int, typing.Any)
    with pytest.raises(AttributeError):
        module._private  # noqa: B018


def test_a_worker_that_is_asked_loads_whatever_a_merge_has_left(asked):
    module = asked("<<<<<<< mine\n")
    assert (module.services, module.Item) == (diglot.services, typing.Any)


def test_what_types_are_said_by_can_be_imported():
    assert isinstance(diglot.services.model.similar, Remote)
    assert isinstance(diglot.services.model.watch, RemoteStream)

    class Model:
        @remote
        def similar(self): ...

        @remote_stream
        def watch(self): ...

    assert Model().similar() is Model().watch() is None
