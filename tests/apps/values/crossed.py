"""What a value of Python comes back as when it was JavaScript's, and whether two are the same to the last bit."""

import array
import datetime
import decimal
import enum
import math
import uuid

import hypothesis
import numpy
import pydantic

TIMEDELTA = pydantic.TypeAdapter(datetime.timedelta)
SAFE_INTEGER_MAX = 2**53 - 1
UTC = datetime.timezone.utc
DTYPES = (
    *("bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64"),
    *("float16", "float32", "float64"),
)


class Held(int):
    """Beyond 2⁵³, and held by a number of JavaScript's all the same: it comes back as the float."""


class Refused(int):
    """One that the type does not take."""


class NotTaken(Exception):
    """The value is, or has within it, one that its type does not take."""


class Text:
    """A value that JavaScript has as text: it comes back as a text of the same value."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Text) and self.value == other.value

    def __hash__(self):
        return hash(self.value)

    def __repr__(self):
        return f"text of {self.value!r}"


def crossed(value, is_typed, facts):
    """`is_typed`: a schema said what it is, so what JavaScript has one type for is told apart."""

    def within(part):
        return crossed(part, is_typed, facts)

    if isinstance(value, enum.Enum):
        return within(value.value)
    if isinstance(value, Refused):
        raise NotTaken
    if isinstance(value, Held):
        return float(value)
    if isinstance(value, (numpy.bool_, numpy.number)):
        return within(value.item())
    if isinstance(value, float):
        is_zero_below = value == 0 and math.copysign(1, value) == -1
        return int(value) if value.is_integer() and abs(value) <= SAFE_INTEGER_MAX and not is_zero_below else value
    if isinstance(value, datetime.datetime):
        in_utc = value.astimezone(UTC)
        return in_utc.replace(microsecond=in_utc.microsecond // 1000 * 1000)
    if isinstance(value, (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)):
        return Text(value)
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, (array.array, numpy.ndarray)):
        return of_array(numpy.asarray(value), is_typed, facts)
    if isinstance(value, (list, tuple)):
        return [within(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return differing({hashable(within(each)) for each in value}, value)
    if isinstance(value, dict):
        return differing({hashable(within(key)): within(each) for key, each in value.items()}, value)
    return value


class Widened(numpy.ndarray):
    """Of another type than it was sent as: the numbers are the same, but not the bits of those that are none."""


def of_array(value, is_typed, facts):
    value = value.astype(value.dtype.newbyteorder("<"))
    if value.dtype.name == "float16" and not facts["hasFloat16"]:
        return value.astype("float32").view(Widened)
    # Bytes are JavaScript's Uint8Array.
    return value.tobytes() if value.dtype == "uint8" and value.ndim == 1 and not is_typed else value


def hashable(value):
    """As a key or an item of a set; JavaScript has no -0 there."""
    if isinstance(value, float) and value == 0:
        return 0
    return tuple(value) if isinstance(value, list) else value


def differing(found, before):
    """What falls together in JavaScript, as a date and its text do, is refused there: another test's matter."""
    texts = [_text(key) for key in found]
    hypothesis.assume(len(found) == len(before) and len({*map(repr, texts)}) == len(before))
    return found


def _text(key):
    if isinstance(key, tuple):
        return tuple(map(_text, key))
    return str(key.value) if isinstance(key, Text) else key


def same(back, expected):
    if isinstance(expected, Text):
        return type(back) is str and _reads_as(back, expected.value)
    if isinstance(expected, numpy.ndarray):
        return type(back) is numpy.ndarray and _is_same_array(back, expected)
    if type(back) is not type(expected):
        return False
    if isinstance(expected, float):
        return (
            math.isnan(back)
            if math.isnan(expected)
            else (back, math.copysign(1, back)) == (expected, math.copysign(1, expected))
        )
    if isinstance(expected, (list, tuple)):
        return len(back) == len(expected) and all(map(same, back, expected))
    if isinstance(expected, dict):
        return _are_same([*back.items()], [*expected.items()])
    if isinstance(expected, set):
        return _are_same([*back], [*expected])
    if isinstance(expected, datetime.datetime):
        return back == expected and back.utcoffset() == datetime.timedelta()
    return back == expected


def _is_same_array(back, expected):
    if (back.dtype, back.shape) != (expected.dtype, expected.shape):
        return False
    if isinstance(expected, Widened):
        return _numbers(back) == _numbers(expected)
    return back.tobytes() == expected.tobytes()


def _numbers(array):
    return numpy.where(numpy.isnan(array), numpy.float32("nan"), array).tobytes()


def _are_same(back, expected):
    """In any order: JavaScript has keys that are numbers first, Python's sets have none."""
    left = list(back)
    for each in expected:
        found = next((at for at, other in enumerate(left) if same(other, each)), None)
        if found is None:
            return False
        del left[found]
    return not left


def _reads_as(text, value):
    if isinstance(value, (decimal.Decimal, uuid.UUID)):
        return text == str(value)
    if isinstance(value, datetime.timedelta):
        return TIMEDELTA.validate_python(text) == value
    if isinstance(value, datetime.time):
        clock, sign, offset = text.partition("+") if "+" in text else text.partition("-")
        hour, minute, second = clock.split(":")
        whole, _, fraction = second.partition(".")
        found = datetime.time(int(hour), int(minute), int(whole), int(fraction.ljust(6, "0") or 0))
        return found == value.replace(tzinfo=None) and (sign + offset) == (
            value.isoformat()[-6:] if value.tzinfo else ""
        )
    return text == value.isoformat()
