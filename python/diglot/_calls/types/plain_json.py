"""Values without a declared type as JSON."""

import base64
import math

from ..values import kinds
from .base import Invalid, expected

SAFE_INTEGER_MAX = 2**53 - 1


def jsonable(value):
    """What `json.dumps()` takes, by the rules of `docs/internals/calls.md`, "JSON"."""
    if value is None or value is True or value is False:
        return value
    kind, detail = kinds.classify(type(value))
    if kind == "unsupported":
        raise Invalid(((), detail))
    if kind == "text":
        return str(value)
    if kind == "integer":
        return int(value) if abs(value) <= SAFE_INTEGER_MAX else str(int(value))
    if kind == "float":
        return float_json(float(value))
    if kind == "bytes":
        return base64.b64encode(value).decode()
    if kind in ("array", "set"):
        return [_within(index, item) for index, item in enumerate(value)]
    if kind in ("map", "any map"):
        if kind == "map" and all(isinstance(key, str) for key in value):
            return {str(key): _within(key, item) for key, item in value.items()}
        return [[jsonable(key), _within(key, item)] for key, item in value.items()]
    if kind == "fields":
        return {name: _within(name, getattr(value, name)) for name in detail}
    if kind == "typed array":
        return _numbers(value.tolist())
    try:
        if kind == "tagged":
            tag, function = detail
            return str(value) if tag == kinds.TAG_UUID else jsonable(function(value))
        return jsonable(detail(value))
    except (ValueError, TypeError) as error:
        raise Invalid(((), str(error))) from None


def float_json(value):
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _numbers(value):
    if isinstance(value, list):
        return [_numbers(each) for each in value]
    return jsonable(value)


def _within(part, value):
    try:
        return jsonable(value)
    except Invalid as invalid:
        raise invalid.within(part) from None
    except RecursionError:
        raise expected("a value that does not contain itself", value) from None
