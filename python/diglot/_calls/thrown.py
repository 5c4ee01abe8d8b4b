"""What a function raised, as JSON that fits into a THROW."""

import contextlib
import json

from . import errors
from .types import Invalid

#: Of the JSON: a frame has 262,144.
BYTES_MAX = 250_000
MESSAGE_CHARACTERS_MAX = 8_192
STACK_CHARACTERS_MAX = 16_384
#: Of the JSON of what an exception carries.
DATA_BYTES_MAX = 65_536
#: How much is looked at of all that one carries, fields that stay behind among it: values, characters and bytes.
LOOKS_MAX = 8 * DATA_BYTES_MAX
#: Fields of it that are named of those that stay behind, and the characters of each.
DATA_NAMED_MAX = 10
DATA_NAME_CHARACTERS_MAX = 100
_TOO_LONG = f"longer than the {DATA_BYTES_MAX} bytes that may cross"
_TOO_MUCH = "there is too much of all of it"
#: `"a":1,`
FIELD_BYTES_MIN = 6
#: Of the names in it: class, service, function.
NAME_CHARACTERS_MAX = 256
ISSUES_MAX = 50


def thrown(exception, formatted):
    """The THROW of an exception. `formatted` makes its traceback's text."""
    if isinstance(exception, errors.CallError) and exception.service:
        # Of a call made in this one: it says itself where it comes from, and the traceback where that was called.
        told = {"code": exception.code, "message": exception.message, "service": exception.service}
        told["function"] = exception.function
        for member in ("type", "issues"):
            value = getattr(exception, member, None)
            if value is not None:
                told[member] = value
        carried = getattr(exception, "data", None)
    else:
        kind = vars(exception).get("type") if isinstance(exception, errors.RemoteError) else None
        kind = kind or errors.type_of(type(exception))
        told = {"code": "error", "message": _text_of(exception), "type": kind}
        carried = _carried_by(exception)
    told["data"], left = _crossing(carried)
    told["stack"] = formatted(exception) + _left_text(left)
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
        if not isinstance(exception, errors.RemoteError):
            return str(exception)
        return vars(exception).get("message") or Exception.__str__(exception)
    except Exception as problem:
        return f"(its message cannot be shown: {type(problem).__name__})"


def _carried_by(exception):
    """Its attributes; of one of the program's own that is derived from `RemoteError`, the data it is raised with."""
    carried = _in_slots(exception) | vars(exception)
    if isinstance(exception, errors.RemoteError):
        own = errors.RemoteError("").__dict__
        carried = {name: value for name, value in carried.items() if name not in own}
        if exception.data is not None and not isinstance(exception.data, dict):
            return exception.data
        carried |= exception.data or {}
    return {name: value for name, value in carried.items() if not str(name).startswith("_")} or None


def _in_slots(exception):
    """What it has in the slots of its classes."""
    found = {}
    for cls in type(exception).__mro__:
        slots = vars(cls).get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            # One that was given nothing has none.
            with contextlib.suppress(Exception):
                found[name] = getattr(exception, name)
    return found


class _Looks:
    """How much more may be looked at: of this value, and of all that the exception carries."""

    def __init__(self):
        self.left = LOOKS_MAX
        self.of_value_left = 0

    def take(self, size):
        self.room(size)
        self.of_value_left -= size
        self.left -= size
        if self.left < 0:
            raise Invalid(((), _TOO_MUCH))

    def for_value(self, value, bytes_max):
        """What may be looked at of this one, which is no longer."""
        # A code, or a reason, is what others want to know: there is always time for it.
        is_small = value is None or type(value) in (bool, int, float) or (type(value) is str and len(value) <= 100)
        looks = _Looks() if is_small else self
        # Each value, and each character, is a byte of JSON at least.
        looks.of_value_left = bytes_max
        return looks

    def room(self, count):
        """What is too long by itself is not looked at, and takes nothing from others."""
        if count > self.of_value_left:
            raise Invalid(((), _TOO_LONG))


def _crossing(carried):
    """What crosses of it, as JSON has it, and each that does not, with why: fields one by one."""
    if carried is None:
        return None, []
    looks = _Looks()
    if not (isinstance(carried, dict) and all(isinstance(name, str) for name in carried)):
        value, _, problem = _plain(carried, DATA_BYTES_MAX, looks)
        return value, [f"all of it: {problem}"] if problem else []
    kept, left = {}, []
    # Braces; of each field quotes, colon and comma.
    bytes_left = DATA_BYTES_MAX - 2
    for at, (name, value) in enumerate(carried.items()):
        if len(left) >= DATA_NAMED_MAX and bytes_left < FIELD_BYTES_MIN:
            left += [""] * (len(carried) - at)
            break
        around = len(_json(name)) + 2
        value, length, problem = _plain(value, bytes_left - around, looks)
        if problem:
            left.append(f"{errors.cut(name, DATA_NAME_CHARACTERS_MAX)}: {problem}")
        else:
            kept[name] = value
            bytes_left -= length + around
    return (kept or None) if left else kept, left


def _plain(value, bytes_max, looks):
    """A value as JSON has it, the bytes of that, and why it stays behind if it does."""
    from .types.plain_json import jsonable

    try:
        value = jsonable(value, looks=looks.for_value(value, bytes_max))
    except Invalid as invalid:
        path, message = invalid.told()[0]
        at = "" if message in (_TOO_LONG, _TOO_MUCH) else errors.path_text(path)
        return None, 0, f"at {at}: {message}" if at else message
    except RecursionError:
        return None, 0, "it goes too deep"
    except Exception as error:  # of a class of the program's
        return None, 0, f"it cannot be looked at: {type(error).__name__}"
    text = _json(value)
    if text is None or len(text) > bytes_max:
        return None, 0, _TOO_LONG
    return value, len(text), None


def _left_text(left):
    """The traceback's last line, where something stays behind."""
    if not left:
        return ""
    more = [f"{len(left) - DATA_NAMED_MAX} more"] if len(left) > DATA_NAMED_MAX else []
    return f"(its data did not cross whole; {'; '.join(left[:DATA_NAMED_MAX] + more)})\n"
