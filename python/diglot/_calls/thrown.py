"""What a function raised, as JSON that fits into a THROW."""

import json

from . import errors
from .types import Invalid

#: Of the JSON: a frame has 262,144.
BYTES_MAX = 250_000
MESSAGE_CHARACTERS_MAX = 8_192
STACK_CHARACTERS_MAX = 16_384
DATA_BYTES_MAX = 65_536
#: Of the names in it: class, service, function.
NAME_CHARACTERS_MAX = 256
ISSUES_MAX = 50


def thrown(exception, formatted):
    """The THROW of an exception. `formatted` makes its traceback's text."""
    if isinstance(exception, errors.CallError) and exception.service:
        # Of a call made in this one: it says itself where it comes from, and the traceback where that was called.
        told = {"code": exception.code, "message": exception.message, "service": exception.service}
        told["function"] = exception.function
        for member in ("type", "data", "issues"):
            value = getattr(exception, member, None)
            if value is not None:
                told[member] = value
        told["stack"] = formatted(exception)
        return encoded(told)
    told = {"code": "error", "message": _text_of(exception), "type": type(exception).__name__}
    data = _data_of(exception)
    if data:
        told["data"] = data
    told["stack"] = formatted(exception)
    return encoded(told)


def encoded(told):
    """The JSON of a THROW: its members within their bounds, without what makes it too long or has no place in JSON."""
    told = {member: value for member, value in told.items() if value is not None}
    for member in ("code", "type", "service", "function"):
        if member in told:
            told[member] = errors.cut(str(told[member]), NAME_CHARACTERS_MAX)
    told["message"] = errors.cut(str(told.get("message", "")), MESSAGE_CHARACTERS_MAX)
    if "stack" in told:
        told["stack"] = _without_middle(str(told["stack"]))
    data = _json(told.get("data"))
    if data is None or len(data) > DATA_BYTES_MAX:
        told.pop("data", None)
    if "issues" in told:
        told["issues"] = list(told["issues"])[:ISSUES_MAX]
    text = _json(told)
    for member in ("issues", "stack", "data"):
        if text is not None and len(text) <= BYTES_MAX:
            break
        told.pop(member, None)
        text = _json(told)
    return text


def _json(value):
    """None where it cannot be."""
    try:
        # What is no text of Unicode becomes a question mark.
        return json.dumps(value, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    except (TypeError, ValueError, RecursionError):
        return None


def _without_middle(stack):
    if len(stack) <= STACK_CHARACTERS_MAX:
        return stack
    half = STACK_CHARACTERS_MAX // 2
    return f"{stack[:half]}\n  ...\n{stack[-half:]}"


def _text_of(exception):
    try:
        return exception.message if isinstance(exception, errors.RemoteError) else str(exception)
    except Exception as problem:
        return f"(its message cannot be shown: {type(problem).__name__})"


def _data_of(exception):
    from .types.plain_json import jsonable

    found = {}
    carried = vars(exception)
    if isinstance(exception, errors.RemoteError):
        # One of the program's own, derived from it, is raised with its data.
        own = errors.RemoteError("").__dict__
        carried = {**{name: value for name, value in carried.items() if name not in own}, **(exception.data or {})}
    for name, value in list(carried.items()):
        if name.startswith("_"):
            continue
        try:
            found[name] = jsonable(value)
        except (Invalid, RecursionError):
            pass  # what has no counterpart stays here
    return found
