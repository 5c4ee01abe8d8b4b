"""Sessions that Engine.IO, below Socket.IO, keeps in this process, and how their requests find them.

A client of Socket.IO begins with requests that name their session (`sid`), each perhaps on a connection of its own.
With several workers only the one that has the session can answer. When this process is to end, the sessions that poll
are ended at once: their next request would go to another worker, which knows nothing of them.
"""

import asyncio
import importlib
import importlib.machinery
import importlib.util
import inspect
import sys
import threading
import weakref

from . import errors

_FAILED = "a session of Engine.IO could not be ended"
#: Where Engine.IO keeps its sessions, by release: the module and its class.
_CLASSES = {"engineio.base_server": "BaseServer", "engineio.server": "Server"}


class Watch:
    """Has `link` claim the sessions of every Engine.IO server of this process, made already or later."""

    def __init__(self, link):
        self.link = link
        self._all = weakref.WeakSet()
        self._closing = set()
        missing = {}
        for name, class_name in _CLASSES.items():
            module = sys.modules.get(name)
            if module is None:
                missing[name] = class_name
            else:
                self.keep(module, class_name)
        if missing:
            sys.meta_path.insert(0, _Finder(missing, self))

    def keep(self, module, class_name):
        server = getattr(module, class_name, None)
        if isinstance(server, type):
            server.sockets = _Sockets(self)

    def sessions(self, sockets):
        """The sessions of a server, by their names."""
        sessions = _Sessions(sockets)
        sessions.link = self.link
        self._all.add(sessions)
        return sessions

    def end_polling(self):
        """Ends the sessions without a WebSocket. Never raises.

        A poll that waits is answered without a word: with one that says the session was closed, some clients would not
        connect anew. The next is answered by another worker, that there is no such session, and with that all do.
        """
        blocking = []
        for sessions in list(self._all):
            for socket in list(sessions.values()):
                if getattr(socket, "upgraded", True) or socket.closed:
                    continue
                if inspect.iscoroutinefunction(socket.close):
                    task = asyncio.get_running_loop().create_task(_close(socket))
                    self._closing.add(task)
                    task.add_done_callback(self._closing.discard)
                else:
                    blocking.append(socket)
        if blocking:
            # The application's handlers of the end run in it, and may take their time.
            threading.Thread(target=_close_blocking, args=(blocking,), daemon=True).start()


async def _close(socket):
    try:
        await socket.send(_nothing())
        await socket.close(wait=False, abort=True)
    except Exception as error:
        errors.report(_FAILED, error)


def _close_blocking(sockets):
    for socket in sockets:
        try:
            socket.send(_nothing())
            socket.close(wait=False, abort=True)
        except Exception as error:
            errors.report(_FAILED, error)


def _nothing():
    packet = importlib.import_module("engineio.packet")
    return packet.Packet(packet.NOOP)


class _Finder:
    """Lets the modules be found as ever, and looks at them when they have been executed."""

    def __init__(self, missing, watch):
        self.missing = missing
        self.watch = watch

    def find_spec(self, name, path=None, target=None):
        class_name = self.missing.pop(name, None)
        if class_name is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                self.watch.keep(module, class_name)

            spec.loader.exec_module = exec_module
        return spec


class _Sockets:
    """The attribute `sockets` of an Engine.IO server."""

    def __init__(self, watch):
        self.watch = watch

    def __get__(self, server, owner=None):
        if server is None:
            return self
        try:
            sockets = server.__dict__["sockets"]
        except KeyError:
            raise AttributeError("sockets") from None
        if not isinstance(sockets, _Sessions):
            self.__set__(server, sockets)
            sockets = server.__dict__["sockets"]
        return sockets

    def __set__(self, server, sockets):
        server.__dict__["sockets"] = self.watch.sessions(sockets)


class _Sessions(dict):
    """Sockets by the name of their session."""

    __slots__ = ("__weakref__", "link")
    __hash__ = object.__hash__

    def __setitem__(self, session, socket):
        super().__setitem__(session, socket)
        self.link.claim(session)

    def __delitem__(self, session):
        super().__delitem__(session)
        self.link.release(session)

    def pop(self, session, *default):
        if session in self:
            self.link.release(session)
        return super().pop(session, *default)
