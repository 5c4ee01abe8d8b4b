"""What the module that `diglot types` writes stands on, and what is there before it."""

import typing

import pytest

import diglot
import diglot_services
from diglot.typing import Remote, RemoteStream, remote, remote_stream


def test_before_it_is_written():
    assert diglot_services.services is diglot.services
    assert diglot_services.Item is typing.Any
    with pytest.raises(AttributeError):
        diglot_services._private  # noqa: B018


def test_what_types_are_said_by_can_be_imported():
    assert isinstance(diglot.services.model.similar, Remote)
    assert isinstance(diglot.services.model.watch, RemoteStream)

    class Model:
        @remote
        def similar(self): ...

        @remote_stream
        def watch(self): ...

    assert Model().similar() is Model().watch() is None
