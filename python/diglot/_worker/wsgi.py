"""Serving a WSGI application: on the main thread, and on others while it is busy."""

import platform
import sys

from . import debugger, process, sessions

#: Threads a worker has at most, unless its service says otherwise. Those beyond the first are started when all before
#: them are inside of requests that take longer than a moment.
THREADS_DEFAULT = 8


class Unsuitable(Exception):
    """The application cannot be served as it is."""


def serve(native, options, app, calls):
    """Serves until the server says to end, then returns. Raises `Unsuitable` before it begins."""
    threads = options.threads or THREADS_DEFAULT
    _look_for_greenlets(threads)
    others = []

    def start(target, name):
        others.append(process.start_thread(target, name))

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
            "report": process.report,
            "draining": lambda: watch.end_polling(),
            "ended": process.link_ended,
        },
    )
    process.after_fork(link.fileno())
    watch = sessions.Watch(link)
    # Another thread answers for the worker.
    debugger.install(lambda: None)
    if calls is not None:
        calls.run_in(None)
        calls.follow(link.follow_calls)
        problem = calls.offer()
        if problem is not None:
            raise Unsuitable(problem)
    link.ready(f"{platform.python_implementation()} {platform.python_version()}, {threads} threads")
    link.work()
    if calls is not None:
        calls.finish()
    for wait_for_end in others:
        wait_for_end()


def _look_for_greenlets(threads):
    package = process.greenlets()
    if package is None or threads == 1:
        return
    # gevent's locks take threads of the system into account, and still leave some waiting for ever.
    raise Unsuitable(
        f"{package} has put greenlets in the place of threads, and its locks do not work for several threads of the "
        "system, which requests run on: remove its monkey patch (`threads = N` serves N requests at a time without "
        "it), or set threads = 1"
    )


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
