"""Values of every kind that Python has and calls carry."""

import array
import datetime
import decimal
import math

import numpy
from crossed import DTYPES
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

UTC = datetime.timezone.utc
#: In UTC they are in years that Python and RFC 3339 have.
SOON, LATE = datetime.datetime(1, 1, 2), datetime.datetime(9999, 12, 30)
minutes = st.integers(-1439, 1439).map(lambda count: datetime.timezone(datetime.timedelta(minutes=count)))

integers = st.integers() | st.sampled_from([2**53, -(2**53), 2**63, 2**64 - 1, 2**64, -(2**64), -(2**64) - 1, 10**400])
datetimes = st.datetimes(SOON, LATE, timezones=st.just(UTC) | minutes)
times = st.times() | st.times(timezones=minutes)
digits = st.integers(0, 10**40).map(lambda number: tuple(map(int, str(number))))
decimals = st.tuples(st.integers(0, 1), digits, st.integers(-60, 60)).map(decimal.Decimal) | st.sampled_from(
    [decimal.Decimal(text) for text in ("NaN", "sNaN", "-NaN12", "Infinity", "-Infinity", "0", "0.00", "-0", "1E+999")]
)
#: pydantic, which reads the texts that come back, has as many days.
timedeltas = st.timedeltas(datetime.timedelta(days=-99_999_999), datetime.timedelta(days=99_999_999))


#: Views of the same numbers, most of which are not contiguous.
VIEWS = (
    lambda value: value,
    lambda value: value[..., ::-1] if value.ndim else value,
    lambda value: numpy.asfortranarray(value) if value.ndim else value,
    lambda value: numpy.repeat(value, 2, axis=-1)[..., ::2] if value.ndim else value,
    lambda value: value.T,
)
#: Those that leave the shape.
OF_SAME_SHAPE = VIEWS[:-1]
#: Of the machine's order of bytes, and of the other.
KINDS = [numpy.dtype(name).newbyteorder(order) for name in DTYPES for order in "<>"]


def of_bits(kind, shape, bits, view=VIEWS[0]):
    """Any bits of its type, from the first bytes on again where there are more numbers."""
    count = math.prod(shape)
    if kind == "bool":
        flat = numpy.frombuffer(bytes(byte & 1 for byte in bits), kind)
    else:
        flat = numpy.frombuffer(bits[: len(bits) // kind.itemsize * kind.itemsize], kind)
    return view(numpy.resize(flat, count).reshape(shape))


# Each a strategy that is made once: hypothesis takes longer to make one than to draw from it.
shapes = of_numpy.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)
bits = st.binary(min_size=8, max_size=64)
arrays = st.builds(of_bits, st.sampled_from(KINDS), shapes, bits, st.sampled_from(VIEWS))
rows_of_integers = st.lists(st.integers(0, 100))
plain_arrays = st.builds(array.array, st.sampled_from("bBhHiIlLqQ"), rows_of_integers)
plain_arrays |= st.lists(st.floats(width=32)).map(lambda items: array.array("f", items))
long_arrays = st.integers(1_000, 20_000).map(lambda length: numpy.arange(length) / 7)
scalars_of_numpy = st.sampled_from(
    [numpy.float32(0.5), numpy.int64(-3), numpy.bool_(True), numpy.uint8(7), numpy.float16(1)]
)

bytes_like = st.binary() | st.binary().map(bytearray) | st.binary().map(lambda data: memoryview(data)[::2])
leaves = (
    *(st.none(), st.booleans(), integers, st.floats(), st.text(), bytes_like, datetimes, st.dates(), times),
    *(timedeltas, decimals, st.uuids(), arrays, plain_arrays, long_arrays, scalars_of_numpy),
)
names = st.sampled_from(["__proto__", "constructor", "toString", "", "0", "17", "then"]) | st.text()
#: Of which each is one more in Python as in JavaScript.
keys = st.none() | integers | st.text() | st.binary() | datetimes | st.dates() | st.uuids() | st.floats()
keys |= st.tuples(st.integers(), st.text())

anything = st.recursive(
    st.one_of(leaves),
    lambda inner: st.one_of(
        st.lists(inner, max_size=6),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(names, inner, max_size=5),
        st.dictionaries(keys, inner, max_size=5),
        st.sets(keys, max_size=5),
        st.frozensets(keys, max_size=5),
    ),
    max_leaves=12,
)

HOLDERS = (
    lambda value: [value],
    lambda value: {"a": value},
    lambda value: {1: value},
    lambda value: (0, value, numpy.ones(3)),
)


def _nested(holders, leaf):
    for hold in holders:
        leaf = hold(leaf)
    return leaf


#: As deep as an argument may be, which is in a map of its own: 127.
deep = st.builds(
    _nested,
    st.integers(0, 4**127 - 1).flatmap(
        lambda digits: st.integers(100, 127).map(lambda depth: [HOLDERS[digits >> 2 * at & 3] for at in range(depth)])
    ),
    st.sampled_from([None, numpy.float32(0.5), numpy.ones((2, 2)), datetime.datetime(2026, 1, 1, tzinfo=UTC)]),
)

#: What has to be among them.
EDGES = [
    None,
    [None, {"a": None}, {None: None, 1: None}],
    float("nan"),
    -0.0,
    float("inf"),
    5e-324,
    2.0**53,
    "\ufeff",
    "a\0b",
    {"__proto__": {"__proto__": 1}, "toJSON": 1},
    datetime.datetime(1, 1, 1, tzinfo=UTC),
    datetime.datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime.datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime.date.min,
    datetime.date.max,
    datetime.time.max,
    datetime.timedelta(microseconds=-1),
    numpy.array(1.5),
    numpy.zeros((0, 3), "int8"),
    numpy.arange(12, dtype=">i4").reshape(3, 4).T,
    {},
    set(),
    [],
]
