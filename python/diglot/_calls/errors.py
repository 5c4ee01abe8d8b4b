"""The errors of calls, as `diglot` exports them."""

import contextlib
import json
import sys

from . import derived

#: Of a value in a message.
_SHOWN_CHARACTERS_MAX = 60
#: Of one part of an issue's path: a key of a dict may be any text.
_PART_CHARACTERS_MAX = 100


def article(name):
    """`a` or `an`, as the name of a class wants it: an Item, a User."""
    return "an" if name[:1] in set("AEIOaeio") else "a"


def shown(value):
    """A value as a message names it: short, and never an error of its own."""
    try:
        text = repr(value)
    except Exception:
        text = f"{article(type(value).__name__)} {type(value).__name__}"
    return cut(text, _SHOWN_CHARACTERS_MAX)


class CallError(Exception):
    """A call failed. `code` says how (`docs/calls.md`), `service` and `function` where."""

    code = "error"
    # Of a class of the program's that does not call this `__init__`, there is nothing more to say.
    message = ""
    service = function = None

    def __init__(self, message, *, service=None, function=None):
        super().__init__(message)
        self.message = message
        self.service = service
        self.function = function

    def __str__(self):
        if self.service and self.function:
            return f"{self.service}.{self.function}: {self.message}"
        return self.message

    def __reduce__(self):
        cls = type(self)
        return _made, (cls.__bases__ if derived.is_joined(cls) else cls, self.message, dict(self.__dict__))


def note(error, text):
    """A text that goes below the traceback."""
    if sys.version_info >= (3, 11):
        error.add_note(text)


def _note_stack(error, stack, service, function):
    """The stack of whose function it was goes below the traceback."""
    note(error, f"in {service}.{function}:\n{stack.rstrip()}" if service else stack.rstrip())


def _made(cls, message, attributes):
    if isinstance(cls, tuple):
        cls = derived.joined(cls)
    error = cls.__new__(cls)
    Exception.__init__(error, message)
    error.__dict__.update(attributes)
    return error


class RemoteError(CallError):
    """The function raised. `type` is its exception's class, `data` what that carries, `stack` its traceback.

    A class derived from this one is what an error arrives as whose `type` is its name, so that it can be caught by it;
    with `class OutOfStock(RemoteError, service="shop")` only one of that service, or of several in a tuple. What it
    annotates are attributes, of `data`. Where several classes stand for an error, it is an instance of each.
    """

    code = "error"
    data = stack = None
    _type = "Error"

    def __init_subclass__(cls, *, service=None, type=None, **options):
        super().__init_subclass__(**options)
        if derived.is_joined(cls):
            return
        cls._type = type or cls.__name__
        derived.add(cls, (service,) if isinstance(service, str) else service, cls._type)

    def __init__(self, message, *, type=None, data=None, stack=None, service=None, function=None):
        super().__init__(message, service=service, function=function)
        self.type = type or self._type
        self.data = data
        self.stack = stack
        if stack:
            _note_stack(self, stack, service, function)

    def __str__(self):
        # The traceback has the note; where there are none, the stack stands in the text.
        text = f"{vars(self).get('type') or self._type}: {super().__str__()}"
        if self.stack and sys.version_info < (3, 11):
            text += f"\nin {self.service}.{self.function}:\n{self.stack.rstrip()}"
        return text


def type_of(cls):
    """The name of what such an exception is to callers."""
    return cls._type if issubclass(cls, RemoteError) else cls.__name__


class _WithIssues(CallError):
    def __init__(self, message, *, issues=(), service=None, function=None):
        super().__init__(message, service=service, function=function)
        #: `{"path": [...], "message": ...}` of each.
        self.issues = list(issues)


class InvalidArguments(_WithIssues):
    """The arguments are not what the function takes: `issues` says where."""

    code = "invalid_arguments"


class InvalidResult(_WithIssues):
    """The function returned something else than it says: `issues` says where."""

    code = "invalid_result"


class UnknownService(CallError):
    """There is no service of that name."""

    code = "unknown_service"


class UnknownFunction(CallError):
    """The service has no function of that name."""

    code = "unknown_function"


class Unavailable(CallError):
    """The service's workers keep failing, or the server stops."""

    code = "unavailable"


class Overloaded(CallError):
    """As many calls wait for the function as may."""

    code = "overloaded"


class DeadlineExceeded(CallError, TimeoutError):
    """It took too long."""

    code = "deadline_exceeded"


class CallCancelled(CallError):
    """The callee says that the call was cancelled."""

    code = "cancelled"


class WorkerLost(CallError):
    """The callee's worker ended with the call in its hands."""

    code = "worker_lost"


class TooLarge(CallError):
    """A message is longer than may be."""

    code = "too_large"


class UnsupportedValue(CallError, TypeError):
    """A value has no counterpart in the other language."""

    code = "unsupported_value"


class TooDeep(CallError):
    """The 65th call of calls within calls."""

    code = "too_deep"


_CLASSES = {
    cls.code: cls
    for cls in (
        UnknownService,
        UnknownFunction,
        Unavailable,
        Overloaded,
        DeadlineExceeded,
        CallCancelled,
        WorkerLost,
        TooLarge,
        UnsupportedValue,
        TooDeep,
    )
}
for _cls in (CallError, RemoteError, InvalidArguments, InvalidResult, *_CLASSES.values()):
    # By which programs know them, and tracebacks name them.
    _cls.__module__ = "diglot"


def path_text(path):
    """A path as a person writes it: `item.tags[3]`."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else str(part)
    return text


def issues_text(issues):
    return "; ".join(
        f"{path_text(issue['path'])}: {issue['message']}" if issue["path"] else issue["message"] for issue in issues
    )


def issues_of(invalid):
    """The issues of a `types.Invalid`, as they cross."""
    return [{"path": [_part(part) for part in path], "message": message} for path, message in invalid.told()]


def _part(part):
    return part if isinstance(part, int) else cut(str(part), _PART_CHARACTERS_MAX)


def from_throw(text, service, function):
    """The exception of a THROW, at whose text nobody has looked: what is not as it should be counts as `error`.

    It may be of a call that the function has made itself; the stack is then that of the function, all the same.
    """
    told = _read(text)
    error = _error_of(told, service, function)
    stack = _text(told, "stack")
    if stack:
        if isinstance(error, RemoteError):
            error.stack = stack
        _note_stack(error, stack, service, function)
    return error


def _error_of(told, service, function):
    code = _text(told, "code") or "error"
    message = _text(told, "message") or ""
    where = {"service": _text(told, "service") or service, "function": _text(told, "function") or function}
    if code in ("invalid_arguments", "invalid_result"):
        cls = InvalidArguments if code == "invalid_arguments" else InvalidResult
        return cls(message, issues=_issues(told.get("issues")), **where)
    cls = _CLASSES.get(code)
    if cls is not None:
        return cls(message, **where)
    error = _remote(message, told, where)
    if code != "error":
        error.code = code
    return error


def _remote(message, told, where):
    kind, data = _text(told, "type") or "Error", told.get("data")
    try:
        cls = derived.class_of(where["service"], kind, RemoteError)
        return _of_class(cls, message, kind, data, where)
    except Exception:
        # A class of the program's that cannot be made: the error is more than that.
        return RemoteError(message, type=kind, data=data, **where)


def _of_class(cls, message, kind, data, where):
    # Not by its own way of being made, which is for who raises it.
    error = cls.__new__(cls, message)
    RemoteError.__init__(error, message, type=kind, data=data, **where)
    if cls is not RemoteError and isinstance(data, dict):
        for name in derived.annotated(cls, RemoteError):
            if name in data and name not in vars(error) and not hasattr(RemoteError, name):
                # A property, say, that cannot be set.
                with contextlib.suppress(Exception):
                    setattr(error, name, data[name])
    return error


def _read(text):
    try:
        told = json.loads(text)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict):
        return told
    return {"message": f"it failed, and why cannot be read: {shown(text)}"}


def _text(told, member):
    value = told.get(member)
    return value if isinstance(value, str) else None


def _issues(found):
    """Those issues that are some."""
    return [
        {"path": issue["path"], "message": issue["message"]}
        for issue in (found if isinstance(found, list) else ())
        if isinstance(issue, dict) and isinstance(issue.get("message"), str) and _is_path(issue.get("path"))
    ]


def _is_path(path):
    return isinstance(path, list) and all(type(part) in (str, int) for part in path)


def cut(text, characters_max):
    return text if len(text) <= characters_max else f"{text[: characters_max - 1]}…"


def unsupported_text(what, error):
    """A value that the codec refused: its path within `what`, and why."""
    message, path = error.args
    at = path_text(path)
    return f"{what} at {at}: {message}" if at else f"{what}: {message}"
