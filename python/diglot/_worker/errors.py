"""Errors as people read them: the application's own traceback, without the server's frames."""

import os
import sys
import traceback

_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


def formatted(exception):
    """The traceback of an exception as Python prints it, beginning with the application's first frame."""
    _strip(exception, set())
    return "".join(traceback.format_exception(type(exception), exception, exception.__traceback__))


def report(message, exception=None):
    """Writes an error to stderr, which the server logs with the service's name."""
    text = f"diglot: {message}\n"
    if exception is not None:
        text += formatted(exception)
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except (OSError, ValueError):
        pass  # there is no other place to say it


def place(exception, root):
    """`file:line` to look at first: the innermost frame in the application's own files, or the error's own place."""
    if isinstance(exception, SyntaxError) and exception.filename:
        return f"{_shown(exception.filename, root)}:{exception.lineno}"
    best = None
    for frame, line in traceback.walk_tb(exception.__traceback__):
        name = frame.f_code.co_filename
        if name.startswith(_OURS) or name.startswith("<"):
            continue
        inside = os.path.abspath(name).startswith(os.path.join(root, ""))
        if inside and not _is_installed(name):
            best = f"{_shown(name, root)}:{line}"
    return best


def _strip(exception, seen):
    """Removes our frames, and the import system's, from the beginning of each traceback in the chain."""
    if exception is None or id(exception) in seen:
        return
    seen.add(id(exception))
    tb = exception.__traceback__
    while tb is not None and _is_ours(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    exception.__traceback__ = tb
    _strip(exception.__cause__, seen)
    _strip(exception.__context__, seen)
    for inner in getattr(exception, "exceptions", None) or ():
        if isinstance(inner, BaseException):
            _strip(inner, seen)


def _is_ours(filename):
    return (
        filename.startswith(_OURS)
        or filename.startswith("<frozen importlib")
        or filename.endswith(os.path.join("importlib", "__init__.py"))
    )


def _is_installed(filename):
    return "site-packages" in filename or "dist-packages" in filename


def _shown(filename, root):
    filename = os.path.abspath(filename)
    prefix = os.path.join(root, "")
    return filename[len(prefix) :] if filename.startswith(prefix) else filename
