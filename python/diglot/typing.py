"""Types of functions of other services, for the module that `diglot types` writes: `typing.pyi` says them."""

from ._calls.outgoing import Call as Stream
from ._calls.outgoing import RemoteFunction as Remote

__all__ = ["Remote", "RemoteStream", "Stream", "remote", "remote_stream"]

RemoteStream = Remote


def remote(function):
    """Says what a function of another service takes and returns; at run time nobody is there to read it."""
    return function


remote_stream = remote
