"""Arrays of numbers, and tables."""

import array
import base64

from ..values import kinds, tables
from . import rows
from .base import Invalid, Type, expected
from .plain_json import jsonable


class NumpyType(Type):
    """`numpy.ndarray`, of any dtype or (`dtype`, by its name) of one."""

    def __init__(self, dtype=None, dimensions=None):
        self.dtype, self.dimensions = dtype, dimensions
        self.name = rows.named(dtype)

    def schema(self, defs):
        schema = {"type": "array", "x-diglot": "array"}
        if self.dtype:
            schema["dtype"] = self.dtype
        if self.dimensions is not None:
            schema["shape"] = [None] * self.dimensions
        return schema

    def load(self, json):
        import numpy

        dtype = self.dtype

        def load(value):
            if isinstance(value, list):
                value = rows.made(numpy, value, dtype, self.dimensions, json)
            elif isinstance(value, array.array):
                value = numpy.asarray(value)
            elif isinstance(value, bytes) and dtype in (None, "uint8"):
                # JavaScript's own array of them; what the function gets can be written to, as any other.
                value = numpy.frombuffer(bytearray(value), "uint8")
            elif not isinstance(value, numpy.ndarray):
                raise expected(self.name, value)
            if dtype is not None and value.dtype.name != dtype:
                if not rows.fits(numpy, value, dtype):
                    raise Invalid(((), f"expected {self.name}, not one of {value.dtype.name}"))
                value = value.astype(dtype)
            return self._shaped(value)

        return load

    def _shaped(self, value):
        if self.dimensions is not None and value.ndim != self.dimensions:
            raise Invalid(((), f"expected {self.dimensions} dimensions, not {value.ndim}"))
        return value

    def dump(self, json):
        import numpy

        dtype = self.dtype

        def dump(value):
            if not isinstance(value, numpy.ndarray):
                raise expected(self.name, value)
            if dtype is not None and value.dtype.name != dtype:
                raise Invalid(((), f"expected {self.name}, not one of {value.dtype.name}"))
            value = self._shaped(value)
            return jsonable(value, is_declared=True) if json else value

        return dump


def _finite(value):
    return kinds.NON_FINITE.get(value, value) if isinstance(value, str) else value


class ArrayType(Type):
    """`array.array`, of one dimension."""

    name = "an array.array"

    def schema(self, defs):
        return {"type": "array", "x-diglot": "array", "shape": [None]}

    def load(self, json):
        def load(value):
            if isinstance(value, array.array):
                return value
            if isinstance(value, bytes):
                return array.array("B", value)
            if json and isinstance(value, list) and all(type(each) in (int, float, str) for each in value):
                try:
                    return array.array("d", map(_finite, value))
                except (TypeError, OverflowError):
                    raise expected(self.name, value) from None
            # numpy's, which is what comes where numpy is.
            typecode = getattr(getattr(value, "dtype", None), "char", "")
            if typecode not in ("", "?", "e") and value.ndim == 1 and typecode in array.typecodes:
                return array.array(typecode, value.tobytes())
            raise expected(self.name, value)

        return load

    def dump(self, json):
        def dump(value):
            if not isinstance(value, array.array):
                raise expected(self.name, value)
            return jsonable(value, is_declared=True) if json else value

        return dump


class TableType(Type):
    """A frame of pandas or polars, or a table of pyarrow."""

    def __init__(self, cls):
        self.cls = cls
        self.package = cls.__module__.partition(".")[0]
        self.name = f"a {self.package}.{cls.__name__}"

    def schema(self, defs):
        return {"type": "string", "contentEncoding": "base64", "x-diglot": "table"}

    def load(self, json):
        cls = self.cls
        convert = {"pandas": tables.to_pandas, "polars": tables.to_polars}.get(self.package, lambda table: table)

        def load(value):
            if isinstance(value, cls):
                return value
            try:
                if json and isinstance(value, str):
                    value = tables.table_from(base64.b64decode(value, validate=True))
                return convert(value)
            except Exception as error:  # each package has its own
                raise Invalid(((), f"expected {self.name}: {error}")) from None
            except BaseException as error:
                # What polars' inside raises: no Exception, and nothing that ends a program.
                if type(error).__name__ != "PanicException":
                    raise
                raise Invalid(((), f"expected {self.name}: {error}")) from None

        return load

    def dump(self, json):
        cls = self.cls

        def dump(value):
            if not isinstance(value, cls):
                raise expected(self.name, value)
            return base64.b64encode(tables.table_bytes(value)).decode() if json else value

        return dump
