"""Serving a WSGI application: on the main thread, and on others while it is busy."""

import platform
import sys
import threading

from . import debugger, errors, sessions
from .process import after_fork, link_ended

#: Threads a worker has at most, unless its service says otherwise. Those beyond the first are started when all before
#: them are inside of requests that take longer than a moment.
THREADS_DEFAULT = 8


def serve(native, options, app):
    """Serves until the server says to end, then returns."""
    threads = options.threads or THREADS_DEFAULT
    others = []

    def start(target, name):
        thread = threading.Thread(target=target, name=name, daemon=True)
        others.append(thread)
        thread.start()

    link = native.WsgiLink(
        options.link_fd,
        {
            "app": app,
            "environ": {
                "wsgi.version": (1, 0),
                "wsgi.errors": sys.stderr,
                "wsgi.multithread": threads > 1,
                "wsgi.multiprocess": True,
                "wsgi.run_once": False,
                "wsgi.file_wrapper": FileWrapper,
                "wsgi.input_terminated": True,
                "SERVER_SOFTWARE": "diglot",
            },
            "threads": threads,
            "spawn": lambda: start(link.stand_by, "diglot-request"),
            "spawn_attendant": lambda: start(link.attend, "diglot-attendant"),
            "report": errors.report,
            "ended": link_ended,
        },
    )
    after_fork(link.fileno())
    sessions.watch(link)
    # Another thread answers for the worker.
    debugger.install(lambda: None)
    link.ready(f"{platform.python_implementation()} {platform.python_version()}, {threads} threads")
    link.work()
    for thread in others:
        thread.join()


class FileWrapper:
    """`wsgi.file_wrapper`: a file as an iterable of blocks."""

    def __init__(self, filelike, blksize=64 * 1024):
        self.filelike = filelike
        self.blksize = blksize
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        data = self.filelike.read(self.blksize)
        if data:
            return data
        raise StopIteration
