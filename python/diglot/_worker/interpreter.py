"""Whether this interpreter can run a worker; if not, the server is told so with what any Python has.

The native module is of CPython's stable ABI from 3.10 on. What cannot load it says "undefined symbol" (an older one,
another implementation) or "returned uninitialized object" (a free-threaded build), which tells nobody what to do. So
this is looked at before anything else of ours is imported, and this module is written for any Python 3.
"""

import os
import platform
import socket
import struct
import sys

VERSION_MIN = (3, 10)
#: Before this version no build is free-threaded.
VERSION_OF_FREE_THREADING = (3, 13)

_PREFACE_BYTES = 16
_FRAME_HEADER = struct.Struct("<IBBHI")
_FAILED = 0x21


def unsuitable():
    """Why this interpreter cannot run a worker, and what to do about it; None if it can."""
    if sys.implementation.name != "cpython":
        return _refusal("is not CPython")
    if sys.version_info < VERSION_MIN:
        return _refusal("is too old")
    if sys.version_info >= VERSION_OF_FREE_THREADING:
        # Takes milliseconds to import, so no other is made to.
        import sysconfig

        # How it was built, not whether the GIL is on: objects have another layout there even with PYTHON_GIL=1.
        if sysconfig.get_config_var("Py_GIL_DISABLED"):
            return _refusal("is a free-threaded build (whatever PYTHON_GIL says)")
    return None


def refuse(reason):
    """Ends the worker. The server prints `reason`; if it cannot be told, stderr is."""
    try:
        with socket.socket(fileno=int(os.environ["DIGLOT_LINK"])) as link:
            link.setblocking(True)
            # The server has sent its preface before it started the worker.
            preface = link.recv(_PREFACE_BYTES, socket.MSG_WAITALL)
            text = reason.encode("utf-8", "replace")
            link.sendall(preface + _FRAME_HEADER.pack(len(text), _FAILED, 0, 0, 0) + text)
    except OSError:
        sys.exit(reason)
    sys.exit(1)


def _refusal(why):
    name, version = platform.python_implementation(), platform.python_version()
    oldest = ".".join(map(str, VERSION_MIN))
    return (
        f"{name} {version} {why}: Diglot's native module is made for CPython {oldest} or later, built with the GIL\n"
        f"the interpreter was {sys.executable}: {_remedy()}"
    )


def _remedy():
    if sys.prefix == sys.base_prefix:
        return 'name another with python = "/path/to/python3" in the service, or make the service a venv with it'
    return f"remove the venv {sys.prefix} and make it again with another"
