"""Sessions that Engine.IO, below Socket.IO, keeps in this process, and how their requests find them.

A client of Socket.IO begins with requests that name their session (`sid`), each perhaps on a connection of its own.
With several workers only the one that has the session can answer.
"""

import importlib.machinery
import importlib.util
import sys

#: Where Engine.IO keeps its sessions, by release: the module and its class.
_CLASSES = {"engineio.base_server": "BaseServer", "engineio.server": "Server"}


def watch(link):
    """Has `link` claim the sessions of every Engine.IO server of this process, made already or later."""
    missing = {}
    for name, class_name in _CLASSES.items():
        module = sys.modules.get(name)
        if module is None:
            missing[name] = class_name
        else:
            _keep(module, class_name, link)
    if missing:
        sys.meta_path.insert(0, _Finder(missing, link))


class _Finder:
    """Lets the modules be found as ever, and looks at them when they have been executed."""

    def __init__(self, missing, link):
        self.missing = missing
        self.link = link

    def find_spec(self, name, path=None, target=None):
        class_name = self.missing.pop(name, None)
        if class_name is None:
            return None
        spec = importlib.util.find_spec(name)
        if spec is not None and isinstance(spec.loader, importlib.machinery.SourceFileLoader):
            execute = spec.loader.exec_module

            def exec_module(module):
                execute(module)
                _keep(module, class_name, self.link)

            spec.loader.exec_module = exec_module
        return spec


def _keep(module, class_name, link):
    server = getattr(module, class_name, None)
    if isinstance(server, type):
        server.sockets = _Sockets(link)


class _Sockets:
    """The attribute `sockets` of an Engine.IO server."""

    def __init__(self, link):
        self.link = link

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
        sessions = _Sessions(sockets)
        sessions.link = self.link
        server.__dict__["sockets"] = sessions


class _Sessions(dict):
    """Sockets by the name of their session."""

    __slots__ = ("link",)

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
