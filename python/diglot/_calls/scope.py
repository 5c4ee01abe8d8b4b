"""In what a call is made: in another call, or while an HTTP request is served.

A call made in another inherits what is left of its deadline, its trace, and its end: it is aborted with it.
"""

import contextvars
import math
import threading
import time

from . import errors

#: In how many calls a call may stand.
DEPTH_MAX = 64
#: Of the lines of a call's context, in bytes.
CONTEXT_BYTES_MAX = 4096
#: What a call takes along from the request it is made in.
TRACE_HEADERS = ("traceparent", "tracestate", "x-request-id")

#: The `Scope` of the code that runs, or None. Of a request it is the native `ServedRequest`.
current = contextvars.ContextVar("diglot_scope", default=None)
_lock = threading.Lock()


class Scope:
    """What calls inherit. `deadline` is of `time.monotonic()`, or None. Any thread may join and leave."""

    __slots__ = ("children", "context", "deadline", "depth", "is_answered", "is_over", "reason")

    def __init__(self, deadline=None, depth=0, context=b""):
        self.deadline = deadline
        self.depth = depth
        self.context = context
        #: What is to be told when this ends: `abort(reason)` of the calls made in it.
        self.children = None
        #: Whoever waited for this does not any more, and why.
        self.is_over = False
        self.reason = 0
        #: What was asked for has been answered: code that still runs is on its own.
        self.is_answered = False

    def join(self, child):
        if self.children is None:
            with _lock:
                if self.children is None:
                    self.children = set()
        self.children.add(child)
        # It may have ended since the call was begun: one of the two takes the child out, and tells it.
        if self.is_over and self._take(child):
            child.abort(self.reason)

    def leave(self, child):
        if self.children is not None:
            self.children.discard(child)

    def end(self, reason):
        """Whoever waited for this does not any more."""
        self.reason = reason
        self.is_over = True
        for child in list(self.children or ()):
            if self._take(child):
                child.abort(reason)

    def _take(self, child):
        try:
            self.children.remove(child)
        except KeyError:
            return False
        return True


class RequestScope(Scope):
    """That of an HTTP request: it is over when the client leaves."""

    __slots__ = ()

    def leave_by_client(self):
        self.end(3)


def now():
    """The scope of the code that runs. None too where that has outlived what it was started in."""
    found = current.get()
    if found is None or found.is_answered:
        return None
    if isinstance(found, Scope):
        return found
    return _of_request(found)


def _of_request(served):
    """The scope of a request, made when the first call is made in it."""
    scope = served.call_scope
    if scope is None:
        scope = served.call_scope = RequestScope(context=_trace(served.described))
        if served.is_left:
            scope.leave_by_client()
    return scope


def _trace(described):
    headers = described.get("headers")
    if headers is not None:  # an ASGI scope
        found = {}
        for name, value in headers:
            name = name.decode("latin-1").lower()
            if name in TRACE_HEADERS:
                found.setdefault(name, value.decode("latin-1"))
    else:
        keys = {name: "HTTP_" + name.upper().replace("-", "_") for name in TRACE_HEADERS}
        found = {name: described[key] for name, key in keys.items() if key in described}
    lines = ""
    for name in TRACE_HEADERS:
        line = f"{name}: {found.get(name, '')}\r\n"
        if _is_plain(found.get(name, "")) and len(lines) + len(line) <= CONTEXT_BYTES_MAX:
            lines += line
    return lines.encode("ascii")


def _is_plain(value):
    """Visible ASCII, as fields of HTTP should be."""
    return value != "" and value.isascii() and value.replace("\t", " ").isprintable()


def context():
    """The fields that a call made here takes along, by their names."""
    scope = now()
    if scope is None:
        return {}
    lines = (line.partition(": ") for line in scope.context.decode("latin-1").split("\r\n"))
    # Another worker may have sent something else.
    return {name: value for name, colon, value in lines if colon and name in TRACE_HEADERS}


def deadline_ms(scope, timeout):
    """Milliseconds until a call's deadline, 0 if it has none. Raises `DeadlineExceeded` if there are none left."""
    left = None if timeout is None or math.isinf(timeout) else timeout
    if scope is not None and scope.deadline is not None:
        of_scope = scope.deadline - time.monotonic()
        left = of_scope if left is None else min(left, of_scope)
    if left is None:
        return 0
    if left <= 0:
        raise errors.DeadlineExceeded("no time is left of the call that this one is made in")
    return max(1, min(int(left * 1000), 0xFFFFFFFF))


def depth(scope):
    deeper = 1 if scope is None else scope.depth + 1
    if deeper > DEPTH_MAX:
        raise errors.TooDeep(f"this is the {deeper}th call of calls within calls, and {DEPTH_MAX} may be")
    return deeper
