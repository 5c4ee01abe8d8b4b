"""What concerns the whole process: its end, and its forks."""

import os
import sys

from . import errors


def link_ended(reason):
    """The server is gone, or what it sent makes no sense: nothing this process does can reach anyone."""
    if reason is not None:
        errors.report(f"the link to the server broke: {reason}")
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            pass  # their reader is gone as well
    os._exit(1)


def after_fork(link_fd):
    """Keeps forked children of the application off the link, which would else outlive the worker in them."""

    def close():
        null = os.open(os.devnull, os.O_RDWR)
        os.dup2(null, link_fd, inheritable=False)
        os.close(null)

    os.register_at_fork(after_in_child=close)
