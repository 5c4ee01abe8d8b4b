"""What Python's classes are among the values that cross, by the table in `docs/internals/calls.md`.

The codec in Rust asks `classify()` once for each class; the one in Python does so each time. numpy, pandas, polars and
pyarrow are looked at only where the program has imported them, or a value needs them.
"""

import array
import dataclasses
import datetime
import decimal
import enum
import math
import re
import sys
import uuid

from .packages import package_of
from .tables import table_bytes, table_from

#: Tags of typed arrays (RFC 8746 section 2.1), by numpy's name of their type.
TYPED_ARRAY_TAGS = {
    "uint8": 64,
    "uint16": 69,
    "uint32": 70,
    "uint64": 71,
    "int8": 72,
    "int16": 77,
    "int32": 78,
    "int64": 79,
    "float16": 84,
    "float32": 85,
    "float64": 86,
    "bool": 43303,
}
DTYPE_OF_TAG = {tag: dtype for dtype, tag in TYPED_ARRAY_TAGS.items()} | {68: "uint8"}

TAG_DATETIME = 0
TAG_UUID = 37
TAG_DATE = 1004
TAG_TABLE = 43302
TAG_DECIMAL = 43304
TAG_DURATION = 43305
TAG_TIME = 43306


class AnyMap(dict):
    """A dict that crosses as a map of any keys, though they may all be text."""

    __slots__ = ()


def classify(cls):
    """What the objects of a class are: a name that the codecs know, and what belongs to it."""
    for ours, kind in _KINDS:
        if issubclass(cls, ours):
            return kind
    special = _fields(cls) or _of_package(cls)
    if special is not None:
        return special
    for ours, kind in _BASES:
        if issubclass(cls, ours):
            return kind
    return "unsupported", f"{_name(cls)} has no counterpart in the other language"


def _fields(cls):
    if dataclasses.is_dataclass(cls):
        return "fields", tuple(field.name for field in dataclasses.fields(cls))
    if hasattr(cls, "__attrs_attrs__"):
        return "fields", tuple(field.name for field in cls.__attrs_attrs__)
    if hasattr(cls, "__pydantic_core_schema__") and hasattr(cls, "model_dump"):
        return "converted", _model_dump
    return None


def _model_dump(model):
    return model.model_dump(by_alias=True)


def _of_package(cls):
    """Classes of packages that need not be there."""
    package = package_of(cls)
    if package == "numpy":
        numpy = sys.modules["numpy"]
        if issubclass(cls, numpy.ndarray):
            return "typed array", None
        if issubclass(cls, (numpy.bool_, numpy.integer, numpy.floating)):
            return "converted", _numpy_item
    if package in ("pandas", "polars", "pyarrow") and cls.__name__ in ("DataFrame", "Table", "RecordBatch"):
        return "tagged", (TAG_TABLE, table_bytes)
    return ("converted", str) if is_text(cls) else None


def is_text(cls):
    """Whether the text is all there is of its objects: paths, addresses and URLs. Not what Pydantic keeps secret."""
    return any(_stands_for_text(each) for each in cls.__mro__)


def _stands_for_text(cls):
    module, _, within = str(cls.__module__).partition(".")
    if module == "pydantic_core":
        return cls.__name__ in ("Url", "MultiHostUrl")
    return module in ("pathlib", "ipaddress") or (module == "pydantic" and within == "networks")


def _numpy_item(scalar):
    item = scalar.item()
    if isinstance(item, (bool, int, float)):
        return item
    raise ValueError(f"numpy.{type(scalar).__name__} has no counterpart in the other language")


def _name(cls):
    return cls.__qualname__ if cls.__module__ in ("builtins", "__main__") else f"{cls.__module__}.{cls.__qualname__}"


# Texts


def datetime_text(value):
    """RFC 3339, with the shortest fraction of a second."""
    offset = value.utcoffset()
    if offset is None:
        raise ValueError(
            "a datetime without a time zone is no point in time: give it one, as datetime.now(timezone.utc)"
        )
    if offset % datetime.timedelta(minutes=1):
        try:
            value = value.astimezone(datetime.timezone.utc)
        except OverflowError:
            raise ValueError(
                "a datetime whose offset has seconds, and which is before or behind all years in UTC"
            ) from None
    text = _short_fraction(value.isoformat())
    return text[:-6] + "Z" if text.endswith("+00:00") else text


def time_text(value):
    offset = value.utcoffset()
    if offset is not None and offset % datetime.timedelta(minutes=1):
        raise ValueError("a time whose offset from UTC has seconds has no counterpart in the other language")
    return _short_fraction(value.isoformat())


def duration_text(value):
    """ISO 8601, of days and seconds only."""
    sign = ""
    if value < datetime.timedelta():
        sign, value = "-", -value
    seconds = (
        f"{value.seconds}.{value.microseconds:06}".rstrip("0").rstrip(".") if value.microseconds else value.seconds
    )
    time = f"T{seconds}S" if value.seconds or value.microseconds or not value.days else ""
    return f"{sign}P{value.days}D{time}" if value.days else f"{sign}P{time}"


def _short_fraction(text):
    return _FRACTION.sub(lambda found: f".{found[1]}" if found[1] else "", text)


#: A fraction of six digits, and what of it is not zeros at its end.
_FRACTION = re.compile(r"\.(\d{0,5}?[1-9]|)0*(?=$|[Z+-])")

_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_CLOCK = r"(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?"
_OFFSET = r"(?:([Zz])|([+-])(\d\d):(\d\d))"
_DATETIME_TEXT = re.compile(rf"{_DATE}[Tt ]{_CLOCK}{_OFFSET}", re.ASCII)
_TIME_TEXT = re.compile(rf"{_CLOCK}{_OFFSET}?", re.ASCII)
_DATE_TEXT = re.compile(_DATE, re.ASCII)
_DURATION_TEXT = re.compile(
    r"([+-])?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:[.,](\d+))?S)?)?", re.ASCII
)


def _matched(pattern, text, what):
    found = pattern.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{_shown(text)} is not {what}")
    return found.groups()


def _shown(text):
    return repr(text) if not isinstance(text, str) or len(text) <= 60 else repr(text[:60]) + "…"


def _microsecond(digits):
    return int(digits[:6].ljust(6, "0")) if digits else 0


def _zone(zulu, sign, hours, minutes):
    if zulu:
        return datetime.timezone.utc
    if sign is None:
        return None
    offset = datetime.timedelta(hours=int(hours), minutes=int(minutes))
    return datetime.timezone(-offset if sign == "-" else offset) if offset else datetime.timezone.utc


def datetime_from(text):
    year, month, day, hour, minute, second, fraction, *zone = _matched(
        _DATETIME_TEXT, text, "a point in time as 2026-11-20T10:30:00Z"
    )
    return datetime.datetime(
        int(year), int(month), int(day), int(hour), int(minute), int(second or 0), _microsecond(fraction), _zone(*zone)
    )


def date_from(text):
    return datetime.date(*map(int, _matched(_DATE_TEXT, text, "a day as 2026-11-20")))


def time_from(text):
    hour, minute, second, fraction, *zone = _matched(_TIME_TEXT, text, "a time of day as 10:30:00")
    return datetime.time(int(hour), int(minute), int(second or 0), _microsecond(fraction), _zone(*zone))


def duration_from(text):
    sign, weeks, days, hours, minutes, seconds, fraction = _matched(
        _DURATION_TEXT, text, "a duration of weeks, days, hours, minutes and seconds as P1DT2.5S"
    )
    if all(part is None for part in (weeks, days, hours, minutes, seconds)):
        raise ValueError(f"{_shown(text)} is not a duration: it has no part")
    try:
        length = datetime.timedelta(
            weeks=int(weeks or 0),
            days=int(days or 0),
            hours=int(hours or 0),
            minutes=int(minutes or 0),
            seconds=int(seconds or 0),
            microseconds=_microsecond(fraction),
        )
        return -length if sign == "-" else length
    except OverflowError:
        raise ValueError(f"{_shown(text)} is longer than a timedelta can be") from None


def decimal_from(text):
    try:
        return decimal.Decimal(text)
    except (decimal.InvalidOperation, TypeError, ValueError):
        raise ValueError(f"{_shown(text)} is no decimal number") from None


def uuid_from(value):
    if isinstance(value, str):
        try:
            return uuid.UUID(value)
        except ValueError:
            raise ValueError(f"{_shown(value)} is no UUID") from None
    if len(value) != 16:
        raise ValueError("a UUID has 16 bytes")
    return uuid.UUID(bytes=value)


# Arrays


def array_parts(value):
    """Tag, shape (None for one dimension) and the elements in a row, little-endian, of a typed array."""
    if isinstance(value, array.array):
        dtype = _dtype_of_typecode(value.typecode, value.itemsize)
        if sys.byteorder == "big":
            value = value[:]
            value.byteswap()
        return TYPED_ARRAY_TAGS[dtype], None, value
    numpy = sys.modules["numpy"]
    tag = TYPED_ARRAY_TAGS.get(value.dtype.name)
    if tag is None:
        raise ValueError(f"an array of dtype {value.dtype} has no counterpart in the other language")
    if not value.dtype.isnative or sys.byteorder == "big":
        value = value.astype(value.dtype.newbyteorder("<"))
    if type(value) is not numpy.ndarray:
        if isinstance(value, numpy.ma.MaskedArray) and numpy.ma.is_masked(value):
            raise ValueError("an array with masked elements has no counterpart in the other language")
        value = numpy.asarray(value)
    shape = None if value.ndim == 1 else value.shape
    return tag, shape, numpy.ascontiguousarray(value).reshape(-1)


def _dtype_of_typecode(typecode, size):
    kinds = {**dict.fromkeys("bhilq", "int"), **dict.fromkeys("BHILQ", "uint"), "f": "float", "d": "float"}
    if typecode not in kinds:
        raise ValueError(f"an array.array of type {typecode!r} has no counterpart: make it a str")
    return f"{kinds[typecode]}{size * 8}"


def typed_array(tag, buffer, offset, count, shape):
    """The array of these elements in a buffer, which it keeps. Without numpy, an `array.array` of one dimension."""
    dtype = DTYPE_OF_TAG[tag]
    try:
        import numpy
    except ImportError:
        return _plain_array(dtype, buffer, offset, count, shape)
    found = numpy.frombuffer(buffer, numpy.dtype(dtype).newbyteorder("<"), count, offset)
    return found if shape is None else found.reshape(shape)


_TYPECODES = {
    _dtype_of_typecode(code, array.array(code).itemsize): code
    for code in ("b", "B", "h", "H", "i", "I", "q", "Q", "f", "d")
}


def _plain_array(dtype, buffer, offset, count, shape):
    if shape is not None or dtype not in _TYPECODES:
        what = f"an array of {dtype}" if shape is None else "an array of more dimensions"
        raise ValueError(f"{what} came, which needs numpy: it is not installed in {sys.prefix}")
    found = array.array(_TYPECODES[dtype])
    found.frombytes(memoryview(buffer)[offset : offset + count * found.itemsize])
    if sys.byteorder == "big":
        found.byteswap()
    return found


#: What becomes of the text or bytes under a tag.
FROM_TAG = {
    TAG_DATETIME: datetime_from,
    TAG_UUID: uuid_from,
    TAG_DATE: date_from,
    TAG_TABLE: table_from,
    TAG_DECIMAL: decimal_from,
    TAG_DURATION: duration_from,
    TAG_TIME: time_from,
}


def _enum_value(member):
    return member.value


#: Before a class's fields are looked at. A member of an enumeration is often a str or an int as well.
_KINDS = (
    (enum.Enum, ("converted", _enum_value)),
    (AnyMap, ("any map", None)),
    (datetime.datetime, ("tagged", (TAG_DATETIME, datetime_text))),
    (datetime.date, ("tagged", (TAG_DATE, datetime.date.isoformat))),
    (datetime.time, ("tagged", (TAG_TIME, time_text))),
    (datetime.timedelta, ("tagged", (TAG_DURATION, duration_text))),
    (decimal.Decimal, ("tagged", (TAG_DECIMAL, str))),
    (uuid.UUID, ("tagged", (TAG_UUID, lambda value: value.bytes))),
    (array.array, ("typed array", None)),
    (complex, ("unsupported", "complex numbers have no counterpart in the other language")),
)
#: After them.
_BASES = (
    (str, ("text", None)),
    (int, ("integer", None)),
    (float, ("float", None)),
    ((bytes, bytearray), ("bytes", None)),
    (memoryview, ("converted", memoryview.tobytes)),
    ((list, tuple), ("array", None)),
    (dict, ("map", None)),
    ((set, frozenset), ("set", None)),
)

#: Of floats as JSON has them.
NON_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
