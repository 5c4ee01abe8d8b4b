"""`values.json`: builds the values its cases describe, and compares values more strictly than `==` does."""

import array
import datetime
import decimal
import json
import math
import struct
import uuid

from front import REPOSITORY

PATH = REPOSITORY / "crates/diglot-calls/golden/values.json"


def cases():
    return json.loads(PATH.read_text())


def build(described):
    """The value of a description, as `decode()` is to return it."""
    kind = described["kind"]
    if kind in ("null", "undefined"):
        return None
    if kind in ("boolean", "text"):
        return described["value"]
    if kind == "integer":
        return int(described["value"])
    if kind == "float":
        return struct.unpack(">d", bytes.fromhex(described["bits"]))[0]
    if kind == "bytes":
        return bytes.fromhex(described["hex"])
    if kind == "array":
        return [build(item) for item in described["items"]]
    if kind == "set":
        return {build(item) for item in described["items"]}
    if kind in ("map", "any_map"):
        return {hashable(build(key)): build(value) for key, value in described["entries"]}
    if kind == "datetime":
        return datetime.datetime.strptime(described["value"], "%Y-%m-%dT%H:%M:%S.%f%z")
    if kind == "date":
        return datetime.date(*described["value"])
    if kind == "time":
        return datetime.time(*described["value"])
    if kind == "duration":
        return datetime.timedelta(microseconds=int(described["microseconds"]))
    if kind == "decimal":
        return decimal.Decimal(described["value"])
    if kind == "uuid":
        return uuid.UUID(described["value"])
    if kind == "typed_array":
        return elements(described)
    if kind == "ndarray":
        return elements(described).reshape(described["shape"])
    raise AssertionError(f"no such kind: {kind}")


def hashable(value):
    return tuple(value) if isinstance(value, list) else value


def elements(described):
    import numpy

    return numpy.frombuffer(bytearray.fromhex(described["hex"]), numpy.dtype(described["dtype"]).newbyteorder("<"))


def same(left, right):
    """Equal, of the same type, and to the last bit."""
    if type(left) is not type(right):
        return False
    if isinstance(left, float):
        return struct.pack(">d", left) == struct.pack(">d", right) or (math.isnan(left) and math.isnan(right))
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict):
        return len(left) == len(right) and all(
            same(a, b) and same(left[a], right[b]) for a, b in zip(left, right, strict=True)
        )
    if isinstance(left, (set, frozenset)):
        return left == right and sorted(map(repr, left)) == sorted(map(repr, right))
    if isinstance(left, datetime.datetime):
        return left == right and left.utcoffset() == right.utcoffset()
    if isinstance(left, decimal.Decimal):
        return str(left) == str(right)
    if isinstance(left, array.array):
        return left.typecode == right.typecode and left.tobytes() == right.tobytes()
    if hasattr(left, "dtype"):
        return left.dtype == right.dtype and left.shape == right.shape and left.tobytes() == right.tobytes()
    return left == right
