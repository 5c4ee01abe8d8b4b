"""Values without a declared type as JSON."""

import base64
import math

from ..values import kinds
from .base import Invalid, expected

SAFE_INTEGER_MAX = 2**53 - 1


def jsonable(value, is_declared=False, looks=None):
    """What `json.dumps()` takes, by the rules of `docs/internals/calls.md`, "JSON".

    `is_declared`: a schema says what it is, and an integer of any length is a number. `looks.take(size)` is
    told of each value before it is converted, by its characters, bytes or 1, and `looks.room(count)` of how many
    are within one; both may raise.
    """
    if looks is not None:
        looks.take(len(value) if isinstance(value, (str, bytes, bytearray)) else 1)
    if value is None or value is True or value is False:
        return value
    kind, detail = kinds.classify(type(value))
    if kind == "unsupported":
        raise Invalid(((), detail))
    if kind == "text":
        return str.__str__(value)
    if kind == "integer":
        return int(value) if is_declared or abs(value) <= SAFE_INTEGER_MAX else str(int(value))
    if kind == "float":
        return float_json(float(value))
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if looks is not None:
        looks.room(_count(value, kind))
    if kind in ("array", "set"):
        return [_within(index, item, is_declared, looks) for index, item in enumerate(value)]
    if kind in ("map", "any map"):
        if kind == "map" and all(isinstance(key, str) for key in value):
            if looks is not None:
                looks.take(sum(map(len, value)))
            return {jsonable(key): _within(key, item, is_declared, looks) for key, item in value.items()}
        return [
            [jsonable(key, is_declared, looks), _within(key, item, is_declared, looks)] for key, item in value.items()
        ]
    if kind == "fields":
        return {name: _within(name, getattr(value, name), is_declared, looks) for name in detail}
    if kind == "typed array":
        return _numbers(value.tolist(), is_declared)
    try:
        if kind == "tagged":
            tag, function = detail
            return str(value) if tag == kinds.TAG_UUID else jsonable(function(value), is_declared, looks)
        return jsonable(detail(value), is_declared, looks)
    except (ValueError, TypeError) as error:
        raise Invalid(((), str(error))) from None


def float_json(value):
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _numbers(value, is_declared):
    if isinstance(value, list):
        return [_numbers(each, is_declared) for each in value]
    return jsonable(value, is_declared)


def _count(value, kind):
    """How many values are within one."""
    if kind in ("array", "set", "map", "any map"):
        return len(value)
    if kind == "typed array":
        size = getattr(value, "size", None)
        return len(value) if size is None else size
    # Tables, by columns and rows.
    shape = getattr(value, "shape", None)
    return math.prod(shape) if type(shape) is tuple else 0


def _within(part, value, is_declared, looks):
    try:
        return jsonable(value, is_declared, looks)
    except Invalid as invalid:
        raise invalid.within(part) from None
    except RecursionError:
        raise expected("a value that does not contain itself", value) from None
