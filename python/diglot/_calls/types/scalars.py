"""Types without parts."""

import base64
import binascii
import datetime
import decimal
import math
import operator
import re
import uuid
from typing import Annotated

from ..errors import shown
from ..values import kinds
from .base import Invalid, Type, expected
from .plain_json import jsonable

#: The integers that are numbers in JavaScript and JSON.
SAFE_INTEGER_MAX = 2**53 - 1
_DIGITS = re.compile(r"-?(?:0|[1-9]\d{0,3999})", re.ASCII)


def same(value):
    return value


class AnyType(Type):
    """Whatever comes."""

    name = "anything"

    def schema(self, defs):
        return {}

    def load(self, json):
        return same

    def dump(self, json):
        return jsonable if json else same


class NoneType(Type):
    name = "None"

    def schema(self, defs):
        return {"type": "null"}

    def load(self, json):
        def load(value):
            if value is not None:
                raise expected("None", value)

        return load

    dump = load


class BoolType(Type):
    name = "a bool"

    def schema(self, defs):
        return {"type": "boolean"}

    def load(self, json):
        def load(value):
            if value is True or value is False:
                return value
            raise expected("a bool", value)

        return load

    def dump(self, json):
        def dump(value):
            if value is True or value is False:
                return value
            if type(value).__name__ in ("bool", "bool_") and type(value).__module__ == "numpy":
                return bool(value)
            raise expected("a bool", value)

        return dump


class IntType(Type):
    name = "an int"
    #: Text of JSON is taken for an integer above this: for one that a number of JavaScript's would not hold.
    _text_above = SAFE_INTEGER_MAX

    def schema(self, defs):
        return {"type": "integer"}

    def load(self, json):
        text_above = self._text_above

        def load(value):
            if type(value) is int:
                return value
            if type(value) is float and value.is_integer() and abs(value) <= SAFE_INTEGER_MAX:
                return int(value)
            if json and isinstance(value, str) and _DIGITS.fullmatch(value):
                number = int(value)
                if abs(number) > text_above:
                    return number
            raise expected("an int", value)

        return load

    def dump(self, json):
        def dump(value):
            if type(value) is not int:
                if isinstance(value, bool) or not hasattr(value, "__index__"):
                    raise expected("an int", value)
                value = operator.index(value)
            return value

        return dump


class _Big:
    """The mark of `BigInt`."""

    def __repr__(self):
        return "BigInt"

    def __get_pydantic_json_schema__(self, schema, handler):
        return {**handler(schema), "x-diglot": "bigint"}


#: An int that is a `bigint` in JavaScript, not a number.
BigInt = Annotated[int, _Big()]


def is_big(mark):
    return isinstance(mark, _Big)


class BigIntType(IntType):
    """`BigInt`: where a number of JavaScript's would not hold it, text of its digits in JSON.

    `is_held`: by its limits each is such a number, and none is text.
    """

    def __init__(self, *, is_held=False):
        self._text_above = SAFE_INTEGER_MAX if is_held else -1

    def schema(self, defs):
        return {"type": "integer", "x-diglot": "bigint"}

    def dump(self, json):
        dump_int = super().dump(json)

        def dump(value):
            number = dump_int(value)
            return str(number) if abs(number) > SAFE_INTEGER_MAX else number

        return dump if json else dump_int


class FloatType(Type):
    name = "a float"

    def schema(self, defs):
        return {"type": "number"}

    def load(self, json):
        def load(value):
            if type(value) is float:
                return value
            if type(value) is int:
                return _float_of(value, json)
            if json and isinstance(value, str) and value in kinds.NON_FINITE:
                return kinds.NON_FINITE[value]
            raise expected("a float", value)

        return load

    def dump(self, json):
        def dump(value):
            if type(value) is not float:
                if isinstance(value, (bool, str, bytes)) or not hasattr(value, "__float__"):
                    raise expected("a float", value)
                value = _float_of(value, json) if isinstance(value, int) else float(value)
            return jsonable(value) if json and not math.isfinite(value) else value

        return dump


def _float_of(value, json):
    """The float of an integer. JSON has floats as such digits, which need not be all of its own."""
    try:
        number = float(value)
    except OverflowError:
        raise expected("a float", value) from None
    if number != value and not json:
        raise Invalid(((), f"{shown(value)} is beyond what a float holds: declare an int"))
    return number


class StrType(Type):
    name = "a str"
    is_text = True

    def schema(self, defs):
        return {"type": "string"}

    def load(self, json):
        def load(value):
            if type(value) is str:
                return value
            raise expected("a str", value)

        return load

    def dump(self, json):
        def dump(value):
            if isinstance(value, str):
                return value
            raise expected("a str", value)

        return dump


class BytesType(Type):
    """`bytes`, `bytearray` and `memoryview`: all cross as bytes."""

    name = "bytes"

    def __init__(self, cls=bytes):
        self.cls = cls

    def schema(self, defs):
        return {"type": "string", "contentEncoding": "base64", "x-diglot": "bytes"}

    def load(self, json):
        cls = self.cls

        def load(value):
            if type(value) is bytes:
                return value if cls is bytes else cls(value)
            if json and isinstance(value, str):
                try:
                    return cls(base64.b64decode(value, validate=True))
                except (binascii.Error, ValueError):
                    raise Invalid(((), "expected bytes in base64")) from None
            # Another typed array of JavaScript's is no bytes, its own of bytes is.
            if getattr(value, "typecode", None) == "B" or str(getattr(value, "dtype", "")) == "uint8":
                return cls(value.tobytes())
            raise expected("bytes", value)

        return load

    def dump(self, json):
        def dump(value):
            if isinstance(value, (bytes, bytearray, memoryview)):
                return base64.b64encode(value).decode() if json else value
            raise expected("bytes", value)

        return dump


class TextualType(Type):
    """A class whose values JavaScript may have as text: the text is read as well."""

    def __init__(self, cls, name, schema, from_text, to_text):
        self.cls, self.name, self._schema, self._from_text, self._to_text = cls, name, schema, from_text, to_text

    def schema(self, defs):
        return dict(self._schema)

    def load(self, json):
        cls, name, from_text = self.cls, self.name, self._from_text

        def load(value):
            if type(value) is cls:
                return value
            if isinstance(value, str):
                try:
                    return from_text(value)
                except ValueError as error:
                    raise Invalid(((), str(error))) from None
            raise expected(name, value)

        return load

    def dump(self, json):
        cls, name, to_text = self.cls, self.name, self._to_text
        excluded = datetime.datetime if cls is datetime.date else ()

        def dump(value):
            if not isinstance(value, cls) or isinstance(value, excluded):
                raise expected(name, value)
            if not json:
                return value
            try:
                return to_text(value)
            except ValueError as error:
                raise Invalid(((), str(error))) from None

        return dump


class DecimalType(TextualType):
    def __init__(self):
        schema = {"type": "string", "format": "decimal", "x-diglot": "decimal"}
        super().__init__(decimal.Decimal, "a Decimal", schema, kinds.decimal_from, str)

    def load(self, json):
        load = super().load(json)

        def load_number(value):
            # A number as a person writes it is one too; a float's text is its shortest.
            if type(value) is int or (type(value) is float and math.isfinite(value)):
                return decimal.Decimal(str(value))
            return load(value)

        return load_number


TEXTUAL = {
    datetime.datetime: TextualType(
        datetime.datetime,
        "a datetime",
        {"type": "string", "format": "date-time"},
        kinds.datetime_from,
        kinds.datetime_text,
    ),
    datetime.date: TextualType(
        datetime.date, "a date", {"type": "string", "format": "date"}, kinds.date_from, datetime.date.isoformat
    ),
    datetime.time: TextualType(
        datetime.time, "a time", {"type": "string", "format": "time"}, kinds.time_from, kinds.time_text
    ),
    datetime.timedelta: TextualType(
        datetime.timedelta,
        "a timedelta",
        {"type": "string", "format": "duration"},
        kinds.duration_from,
        kinds.duration_text,
    ),
    uuid.UUID: TextualType(uuid.UUID, "a UUID", {"type": "string", "format": "uuid"}, kinds.uuid_from, str),
    decimal.Decimal: DecimalType(),
}
