"""Errors as people read them: the application's own traceback, without the server's frames."""

import builtins
import os
import re
import sys
import traceback

#: Groups of exceptions came with CPython 3.11. An attribute `exceptions` alone makes none.
_GROUP = getattr(builtins, "BaseExceptionGroup", ())
#: A frame in a traceback that has become text.
_FRAME = re.compile(r'^ *File "(.+)", line (\d+)', re.MULTILINE)
_OURS = os.path.dirname(os.path.abspath(__file__)) + os.sep


def formatted(exception):
    """The traceback of an exception as Python prints it, beginning with the application's first frame.

    Never raises: an exception is the application's own object, and may be one that cannot be shown.
    """
    try:
        for each in _chain(exception):
            _strip(each)
        return "".join(traceback.format_exception(type(exception), exception, exception.__traceback__))
    except Exception as problem:
        return f"{type(exception).__name__} (its traceback cannot be shown: {type(problem).__name__})\n"


def report(message, exception=None):
    """Writes an error to stderr, which the server logs with the service's name. Never raises."""
    text = f"diglot: {message}\n"
    if exception is not None:
        text += formatted(exception)
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except Exception:
        pass  # there is no other place to say it; the application may have put anything in stderr's place


def place(exception, root):
    """`file:line` to look at first: the innermost frame in the application's own files, or the error's own place."""
    if isinstance(exception, SyntaxError) and exception.filename:
        return f"{_shown(exception.filename, root)}:{exception.lineno}"
    frames = traceback.walk_tb(exception.__traceback__)
    return _last_own([(frame.f_code.co_filename, line) for frame, line in frames], root)


def place_in(text, root):
    """The same of an exception that was passed on as text, as frameworks do."""
    return _last_own(_FRAME.findall(text), root)


def _last_own(frames, root):
    for name, line in reversed(frames):
        if name.startswith(_OURS) or name.startswith("<") or _is_installed(name):
            continue
        if os.path.abspath(name).startswith(os.path.join(root, "")):
            return f"{_shown(name, root)}:{line}"
    return None


def _chain(exception):
    """An exception and all that its traceback shows with it. Chains may be long, and may come back to themselves."""
    found = {id(exception): exception}
    waiting = [exception]
    while waiting:
        current = waiting.pop()
        near = [current.__cause__, current.__context__]
        if isinstance(current, _GROUP):
            near.extend(current.exceptions)
        for each in near:
            if each is not None and id(each) not in found:
                found[id(each)] = each
                waiting.append(each)
    return found.values()


def _strip(exception):
    """Removes our frames, and the import system's, from the beginning of a traceback."""
    tb = exception.__traceback__
    while tb is not None and _is_ours(tb.tb_frame.f_code.co_filename):
        tb = tb.tb_next
    exception.__traceback__ = tb


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
