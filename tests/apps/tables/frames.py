"""Frames of all types of columns that pandas, polars and Arrow have, there and back through Node.

`check` sends each to Node, which sends it to the function here that takes it as what it was.
"""

import datetime
import decimal

import numpy
import pandas
import polars
import pyarrow
from pandas.testing import assert_frame_equal as same_of_pandas
from polars.testing import assert_frame_equal as same_of_polars

from diglot import function, services

ZONES = (None, "UTC", "Europe/Berlin", "America/New_York")
INTEGERS = [f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)]
MOMENT = datetime.datetime(2026, 3, 29, 1, 30, 0, 123_000)
LONG_AGO = datetime.datetime(1900, 1, 1)
DECIMALS = [decimal.Decimal("1.23"), None, decimal.Decimal("-99.99")]
#: Some of polars' texts and bytes are held apart when they are long.
LONG = "ä" * 40


def widest(dtype):
    return numpy.iinfo(dtype).max


def pandas_columns():
    series = pandas.Series
    moments = pandas.to_datetime(series([MOMENT, None, LONG_AGO]))
    arrow = {
        "texts": (["a", None], pyarrow.string()),
        "lists": ([[1, None], None], pyarrow.list_(pyarrow.int64())),
        "structs": ([{"a": 1}, None], pyarrow.struct({"a": pyarrow.int8()})),
        "moments": ([MOMENT, None], pyarrow.timestamp("ms", "Europe/Berlin")),
        "longs": ([2**63 - 1, None], pyarrow.int64()),
    }
    return {
        "bool": series([True, False]),
        "boolean": series([True, None, False], dtype="boolean"),
        **{name: series([0, 1, widest(name)], dtype=name) for name in INTEGERS},
        **{
            f"{name} or null": series([1, None, widest(name)], dtype=name.title().replace("Ui", "UI"))
            for name in INTEGERS
        },
        **{
            f"float{bits}": series([1.5, float("nan"), float("-inf"), -0.0], dtype=f"float{bits}")
            for bits in (16, 32, 64)
        },
        **{f"Float{bits}": series([1.5, None, -0.0], dtype=f"Float{bits}") for bits in (32, 64)},
        "str": series(["a", None, LONG, ""]),
        "string": series(["a", None, LONG, ""], dtype="string"),
        "bytes": series([b"a", None, b""]),
        "category": series(["a", None, "b"], dtype="category"),
        "ordered": series(pandas.Categorical(["a", None, "b"], categories=["c", "b", "a"], ordered=True)),
        "category of ints": series(pandas.Categorical([5, None, 6])),
        **{
            f"datetime in {unit}, {zone}": moments.dt.as_unit(unit).dt.tz_localize(
                zone, ambiguous="NaT", nonexistent="NaT"
            )
            for unit in ("s", "ms", "us", "ns")
            for zone in ZONES
        },
        **{
            f"timedelta in {unit}": series(pandas.to_timedelta([1, None, -2], unit="s")).dt.as_unit(unit)
            for unit in ("s", "ms", "us", "ns")
        },
        "period": series(pandas.period_range("2026-01", periods=3, freq="M")),
        "interval": series(pandas.interval_range(0, 3)),
        "date": series([MOMENT.date(), None]),
        "time": series([MOMENT.time(), None]),
        "decimal": series(DECIMALS),
        "list": series([[1, 2], None, []]),
        "list of lists": series([[[1], [2, 3]], [], [[]]]),
        "struct": series([{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        "nulls": series([None, None], dtype=object),
        **{f"arrow's {name}": series(items, dtype=pandas.ArrowDtype(dtype)) for name, (items, dtype) in arrow.items()},
    }


def of_pandas():
    """A frame of each column, as it is and without rows; then those with an index, and columns, of their own."""
    for name, column in pandas_columns().items():
        frame = pandas.DataFrame({name: column})
        yield name, frame
        yield f"{name}, no rows", frame.iloc[:0]
    yield "all", pandas.concat([column.reset_index(drop=True).iloc[:2] for column in pandas_columns().values()], axis=1)
    plain = pandas.DataFrame({"a": [1, 2, 3]})
    yield "a named index", plain.set_index(pandas.Index(["x", "y", "z"], name="key"))
    yield "an index", plain.set_index(pandas.Index(["x", "y", "z"]))
    yield "every other row", plain.iloc[::2]
    yield (
        "an index of points in time",
        plain.set_index(pandas.to_datetime(["2026-01-01", "2026-01-03", "2026-02-01"], utc=True)),
    )
    yield (
        "two indices",
        plain.set_index(pandas.MultiIndex.from_tuples([("a", 1), ("a", 2), ("b", 1)], names=["p", "q"])),
    )
    yield "columns by number", pandas.DataFrame([[1, 2], [3, 4]])
    yield (
        "columns of two levels",
        pandas.DataFrame([[1, 2]], columns=pandas.MultiIndex.from_tuples([("a", "x"), ("a", "y")])),
    )
    yield "nothing", pandas.DataFrame()
    yield "rows without columns", pandas.DataFrame(index=range(3))


def polars_columns():
    series = polars.Series
    return {
        "bool": series([True, None, False]),
        **{
            name: series([1, None, widest(name)], dtype=getattr(polars, name.title().replace("Ui", "UI")))
            for name in INTEGERS
        },
        **{
            f"float{bits}": series([1.5, None, float("nan"), -0.0], dtype=getattr(polars, f"Float{bits}"))
            for bits in (32, 64)
        },
        "str": series(["a", None, LONG]),
        "bytes": series([b"a", None, LONG.encode()]),
        "date": series([MOMENT.date(), None]),
        "time": series([MOMENT.time(), None]),
        **{
            f"datetime in {unit}, {zone}": series(
                [MOMENT, None, LONG_AGO], dtype=polars.Datetime(unit)
            ).dt.replace_time_zone(zone, non_existent="null")
            for unit in ("ms", "us", "ns")
            for zone in ZONES
        },
        **{
            f"duration in {unit}": series([datetime.timedelta(-1, 5), None], dtype=polars.Duration(unit))
            for unit in ("ms", "us", "ns")
        },
        "categorical": series(["a", None, "b", "a"], dtype=polars.Categorical),
        "enum": series(["a", None, "b"], dtype=polars.Enum(["c", "b", "a"])),
        "decimal": series(DECIMALS, dtype=polars.Decimal(38, 2)),
        "list": series([[1, None], None, []]),
        "list of lists": series([[[1], []], None, []], dtype=polars.List(polars.List(polars.Int16))),
        "list of texts": series([["a", None, LONG], None]),
        "list of categories": series([["a"], ["b", None]], dtype=polars.List(polars.Categorical)),
        "array": series([[1, 2], None, [3, 4]], dtype=polars.Array(polars.Int16, 2)),
        "struct": series([{"a": 1, "b": "x"}, None, {"a": None, "b": None}]),
        "list of structs": series([[{"a": 1}], [], None]),
        "nulls": series([None, None]),
    }


def of_polars():
    for name, column in polars_columns().items():
        frame = polars.DataFrame({name: column})
        yield name, frame
        yield f"{name}, no rows", frame.head(0)
        yield f"{name}, a part", frame.slice(1)
        yield f"{name}, in parts", polars.concat([frame, frame.slice(1)], rechunk=False)
    yield "all", polars.DataFrame({name: column.head(2) for name, column in polars_columns().items()})
    yield "nothing", polars.DataFrame()


def pyarrow_columns():
    array = pyarrow.array
    of_int8 = array([0, None, 1], "int8")
    return {
        "bool": array([True, None, False]),
        **{name: array([1, None, widest(name)], name) for name in INTEGERS},
        "float16": array(numpy.array([1.5, -0.0, numpy.inf], "float16")),
        "float32": array([1.5, None, -0.0], "float32"),
        "float64": array([1.5, None, float("-inf")]),
        **{
            name: array(["a", None, LONG], getattr(pyarrow, name)())
            for name in ("string", "large_string", "string_view")
        },
        **{
            name: array([b"a", None, LONG.encode()], getattr(pyarrow, name)())
            for name in ("binary", "large_binary", "binary_view")
        },
        "bytes of one length": array([b"ab", None, b"cd"], pyarrow.binary(2)),
        "date32": array([MOMENT.date(), None, LONG_AGO.date()], pyarrow.date32()),
        "date64": array([MOMENT.date(), None, LONG_AGO.date()], pyarrow.date64()),
        **{
            f"timestamp in {unit}, {zone}": array([1, None, -1], pyarrow.timestamp(unit, zone))
            for unit in ("s", "ms", "us", "ns")
            for zone in (*ZONES, "+02:00")
        },
        **{f"time32 in {unit}": array([1, None, 2], pyarrow.time32(unit)) for unit in ("s", "ms")},
        **{f"time64 in {unit}": array([1, None, 2], pyarrow.time64(unit)) for unit in ("us", "ns")},
        **{f"duration in {unit}": array([1, None, -2], pyarrow.duration(unit)) for unit in ("s", "ms", "us", "ns")},
        "months, days, nanoseconds": array([(1, 2, 3), None], pyarrow.month_day_nano_interval()),
        **{f"decimal{bits}": array(DECIMALS, getattr(pyarrow, f"decimal{bits}")(5, 2)) for bits in (32, 64, 128, 256)},
        "list": array([[1, None], None, []], pyarrow.list_(pyarrow.int32())),
        "large_list": array([[1, None], None, []], pyarrow.large_list(pyarrow.int32())),
        "list of one length": array([[1, 2], None, [3, 4]], pyarrow.list_(pyarrow.int16(), 2)),
        "list of lists": array([[[1], None], None, [[], [2, None]]]),
        "list of structs": array([[{"a": 1}], None, []]),
        "struct": array([{"a": 1, "b": "x"}, None, {"a": None, "b": None}]),
        "map": array([[("a", 1)], None, []], pyarrow.map_(pyarrow.string(), pyarrow.int32())),
        "dictionary": array(["a", None, "b"]).dictionary_encode(),
        "ordered dictionary": pyarrow.DictionaryArray.from_arrays(of_int8, array(["x", "y"]), ordered=True),
        "dictionary of integers": pyarrow.DictionaryArray.from_arrays(of_int8, array([5, 6])),
        "nulls": pyarrow.nulls(3),
    }


def of_pyarrow():
    for name, column in pyarrow_columns().items():
        table = pyarrow.table({name: column})
        yield name, table
        yield f"{name}, no rows", table.slice(0, 0)
        yield f"{name}, a part", table.slice(1)
        yield f"{name}, in parts", pyarrow.concat_tables([table, table.slice(1), table.slice(0, 0)])
    yield "all", pyarrow.table({name: column.slice(0, 2) for name, column in pyarrow_columns().items()})
    yield "no rows", pyarrow.table({"a": pyarrow.array([], "int32")})
    yield "with metadata", pyarrow.table({"a": [1]}).replace_schema_metadata({"made": "here"})
    yield "nothing", pyarrow.table({})


def same_of_pyarrow(back, table):
    back.validate(full=True)
    assert back.schema.equals(table.schema, check_metadata=True), f"{back.schema} of {table.schema}"
    assert back.equals(table) or repr(back.to_pylist()) == repr(table.to_pylist()), f"{back} of {table}"


def same_of(kind, back, frame):
    if kind == "pandas":
        # How far apart the rows of an index are, Arrow does not say.
        same_of_pandas(back, frame, check_freq=False)
    elif kind == "polars":
        same_of_polars(back, frame)
    else:
        same_of_pyarrow(back, frame)


FRAMES = {"pandas": dict(of_pandas()), "polars": dict(of_polars()), "pyarrow": dict(of_pyarrow())}


@function
def as_pandas(name: str, table: pandas.DataFrame) -> pandas.DataFrame:
    same_of("pandas", table, FRAMES["pandas"][name])
    return table


@function
def as_polars(name: str, table: polars.DataFrame) -> polars.DataFrame:
    same_of("polars", table, FRAMES["polars"][name])
    return table


@function
def as_pyarrow(name: str, table: pyarrow.Table) -> pyarrow.Table:
    same_of("pyarrow", table, FRAMES["pyarrow"][name])
    return table


@function
def check() -> dict[str, int]:
    """How many of each package went there and back."""
    for kind, frames in FRAMES.items():
        for name, frame in frames.items():
            try:
                back = services.web.through.sync(kind=kind, name=name, table=frame)
            except Exception as error:
                raise AssertionError(f"{kind}: {name}: {error}") from error
            assert back.num_rows == len(frame), f"{kind}: {name}: {back.num_rows} rows of {len(frame)}"
            if kind == "pyarrow":
                same_of_pyarrow(back, frame)
    return {kind: len(frames) for kind, frames in FRAMES.items()}


#: What Arrow has no column for, or only some of those who read it do.
ODD = {
    "object": lambda: polars.DataFrame({"odd": polars.Series([object()], dtype=polars.Object)}),
    "within": lambda: polars.DataFrame({"odd": polars.Series([[1]], dtype=polars.List(polars.Int128))}),
    "sparse": lambda: pandas.DataFrame({"odd": pandas.arrays.SparseArray([0, 1])}),
    "mixed": lambda: pandas.DataFrame({"odd": pandas.Series([1, "a"], dtype=object)}),
    "view": lambda: pyarrow.table({"odd": pyarrow.array([[1]], pyarrow.list_view(pyarrow.int8()))}),
}


@function
def odd() -> dict[str, str]:
    """What the call with each ends with."""
    said = {}
    for name, make in ODD.items():
        try:
            services.web.through.sync(kind="pyarrow", name=name, table=make())
        except Exception as error:
            said[name] = f"{type(error).__name__}: {error}"
    return said
