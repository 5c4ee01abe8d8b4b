"""Values as CBOR and back: the golden file, everything Python has beside, and what has no counterpart."""

import array
import collections
import dataclasses
import datetime
import decimal
import enum
import math
import sys
import typing
import uuid
import zoneinfo

import pytest
from values_golden import build, cases, same

from diglot._calls import values
from diglot._calls.values import portable

CODECS = {"native": values, "portable": portable}


@pytest.fixture(params=CODECS)
def codec(request):
    return CODECS[request.param]


def named(which):
    return [pytest.param(case, id=case["name"]) for case in cases()[which]]


def needs_numpy(described):
    return "dtype" in str(described)


@pytest.mark.parametrize("case", named("values"))
def test_golden(codec, case):
    if needs_numpy(case):
        pytest.importorskip("numpy")
    value = build(case["value"])
    assert same(codec.decode(bytes.fromhex(case["hex"])), value)
    if not case.get("decode_only"):
        made = values.AnyMap(value) if case["value"]["kind"] == "any_map" else value
        assert codec.encode(made).hex() == case["hex"]


@pytest.mark.parametrize("case", named("malformed"))
def test_golden_malformed(codec, case):
    with pytest.raises(ValueError, match=r".+"):
        codec.decode(bytes.fromhex(case["hex"]))


def there_and_back(codec, value):
    return codec.decode(codec.encode(value))


class Color(enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Word(str, enum.Enum):
    YES = "yes"


@dataclasses.dataclass
class Item:
    name: str
    prices: list


class Point(typing.NamedTuple):
    x: int
    y: int


class Text(str):
    pass


@pytest.mark.parametrize(
    ("value", "comes_back"),
    [
        ((1, "a"), [1, "a"]),
        (Point(1, 2), [1, 2]),
        (frozenset({1}), {1}),
        (bytearray(b"ab"), b"ab"),
        (memoryview(b"abcd")[::2], b"ac"),
        (Color.RED, "red"),
        (Level.HIGH, 3),
        (Word.YES, "yes"),
        ({Word.YES: 1}, {"yes": 1}),
        (Text("x"), "x"),
        (Item("a", [1.5]), {"name": "a", "prices": [1.5]}),
        (collections.OrderedDict(a=1), {"a": 1}),
        ({1: "a", "b": 2}, {1: "a", "b": 2}),
        ({(1, 2): 3}, {(1, 2): 3}),
        (values.AnyMap(a=1), {"a": 1}),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, memoryview) else repr(each),
)
def test_what_comes_back_as_another(codec, value, comes_back):
    assert same(there_and_back(codec, value), comes_back)


@pytest.mark.parametrize(
    "value",
    [
        2**63,
        -(2**63) - 1,
        2**64 - 1,
        -(2**64),
        2**64,
        -(2**64) - 1,
        10**400,
        math.inf,
        -math.inf,
        math.nan,
        -0.0,
        5e-324,
        "",
        "ä\0𝄞",
        datetime.datetime(2026, 11, 20, 10, 30, tzinfo=datetime.timezone.utc),
        datetime.datetime(1, 1, 1, 0, 0, 0, 1, datetime.timezone(-datetime.timedelta(hours=23, minutes=59))),
        datetime.date.max,
        datetime.time(10, 30, 0, 500000),
        datetime.time(23, 59, tzinfo=datetime.timezone.utc),
        datetime.timedelta.min + datetime.timedelta(days=1),
        datetime.timedelta.max,
        datetime.timedelta(microseconds=-1),
        datetime.timedelta(days=2),
        datetime.timedelta(),
        decimal.Decimal("-0.00"),
        decimal.Decimal("1E+999"),
        decimal.Decimal("NaN"),
        uuid.UUID(int=2**127),
        {decimal.Decimal("1"): {1, 2}},
        [[[]], {}, set(), {"a": {"b": None}}],
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_comes_back_as_it_was(codec, value):
    assert same(there_and_back(codec, value), value)


def test_a_zone_by_name_comes_back_as_its_offset(codec):
    value = datetime.datetime(2026, 7, 1, 12, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
    back = there_and_back(codec, value)
    assert back == value and back.utcoffset() == datetime.timedelta(hours=2)


def test_an_offset_with_seconds_is_told_in_utc(codec):
    zone = datetime.timezone(datetime.timedelta(minutes=53, seconds=28))
    value = datetime.datetime(1890, 1, 1, tzinfo=zone)
    assert there_and_back(codec, value) == value


@pytest.mark.parametrize(
    ("value", "message", "path"),
    [
        (lambda: 0, "function", []),
        ([1, object()], "object", [1]),
        ({"a": [{"b": 1j}]}, "complex", ["a", 0, "b"]),
        ({1: object()}, "object", [1]),
        (datetime.datetime(2026, 1, 1), "time zone", []),
        (["\ud800"], "surrogate", [0]),
        (Item("a", [object()]), "object", ["prices", 0]),
    ],
)
def test_what_has_no_counterpart(codec, value, message, path):
    with pytest.raises(codec.UnsupportedError) as caught:
        codec.encode(value)
    assert message in caught.value.args[0]
    assert list(caught.value.args[1]) == path


@pytest.mark.filterwarnings("ignore:.*'u' type code:DeprecationWarning")
def test_text_in_an_array(codec):
    with pytest.raises(codec.UnsupportedError, match="make it a str"):
        codec.encode(array.array("u", "a"))


def nested(depth, of=lambda inner: [inner]):
    value = of(None)
    for _ in range(depth - 1):
        value = of(value)
    return value


@pytest.mark.parametrize("of", [lambda inner: [inner], lambda inner: {"a": inner}], ids=["lists", "maps"])
def test_depth(codec, of):
    assert there_and_back(codec, nested(128, of)) == nested(128, of)
    with pytest.raises(codec.UnsupportedError, match="128 deep"):
        codec.encode(nested(129, of))
    with pytest.raises(codec.MalformedError, match="128 deep"):
        codec.decode(b"\x81" * 129 + b"\xf6")


def test_what_contains_itself(codec):
    ring = []
    ring.append(ring)
    with pytest.raises(codec.UnsupportedError, match="contain themselves"):
        codec.encode(ring)


def test_what_changes_while_it_is_encoded(codec):
    class Grower:
        pass

    mapping = {}

    @dataclasses.dataclass
    class Grows:
        name: str = "a"

        def __getattribute__(self, attribute):
            mapping[len(mapping)] = 0
            return object.__getattribute__(self, attribute)

    mapping["a"] = Grows()
    mapping["b"] = 1
    with pytest.raises((values.UnsupportedError, RuntimeError)):
        codec.encode(mapping)


@pytest.mark.parametrize("cut", range(1, 40))
def test_each_cut_is_malformed(codec, cut):
    whole = codec.encode({"a": [1, 2.5, "text", b"bytes", 2**70], "b": {"c": datetime.date(2026, 1, 1)}})
    if cut < len(whole):
        with pytest.raises(codec.MalformedError):
            codec.decode(whole[:-cut])


# numpy

DTYPES = [
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float16",
    "float32",
    "float64",
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(0,), (5,), (1000,), (), (2, 3), (0, 4), (2, 1, 3)], ids=str)
def test_arrays(codec, dtype, shape):
    numpy = pytest.importorskip("numpy")
    value = (numpy.arange(math.prod(shape)) % 2).astype(dtype).reshape(shape)
    back = there_and_back(codec, {"x": value})["x"]
    assert same(back, value)
    assert back.flags.writeable or value.size == 0


def test_arrays_in_other_orders(codec):
    numpy = pytest.importorskip("numpy")
    value = numpy.arange(12, dtype=">i4").reshape(3, 4)
    for each in (value, value.T, value[:, ::2], numpy.asfortranarray(value)):
        back = there_and_back(codec, each)
        assert (back == each).all() and back.shape == each.shape and back.dtype == numpy.dtype("<i4")


@pytest.mark.parametrize("prefix", range(0, 40))
@pytest.mark.parametrize("dtype", ["int16", "float32", "float64"])
def test_arrays_are_aligned_where_heads_can_do_it(codec, prefix, dtype):
    numpy = pytest.importorskip("numpy")
    value = numpy.ones(10, dtype)
    message = codec.encode(["x" * prefix, value])
    start = message.index(value.tobytes())
    size = value.itemsize
    if size < 8 or (len(message) - len(value.tobytes())) % size == 0:
        assert start % size == 0
    assert same(codec.decode(message)[1], value)


def test_an_aligned_array_is_not_copied():
    numpy = pytest.importorskip("numpy")
    value = numpy.arange(1000, dtype="float64")
    message = bytearray(values.encode({"x": value}))
    back = values.decode(message)["x"]
    start = bytes(message).index(value.tobytes())
    message[start + 7] = 0x40
    assert back[0] != 0
    assert values.decode(bytes(message))["x"].flags.writeable


@pytest.mark.parametrize("dtype", ["complex64", "datetime64[s]", "S3", "O"])
def test_arrays_without_counterpart(codec, dtype):
    numpy = pytest.importorskip("numpy")
    with pytest.raises(codec.UnsupportedError, match="dtype"):
        codec.encode(numpy.zeros(2, dtype))


def test_numpy_scalars(codec):
    numpy = pytest.importorskip("numpy")
    given = [numpy.float32(0.5), numpy.int64(-3), numpy.bool_(True), numpy.float64(2.5), numpy.uint8(7)]
    assert same(there_and_back(codec, given), [0.5, -3, True, 2.5, 7])
    for other in (numpy.complex64(1), numpy.datetime64("2026-01-01")):
        with pytest.raises(codec.UnsupportedError):
            codec.encode(other)


@pytest.mark.parametrize("typecode", "bBhHiIlLqQfd")
def test_array_array(codec, typecode):
    value = array.array(typecode, [0, 1, 100])
    back = there_and_back(codec, value)
    assert list(back) == [0, 1, 100]


def test_without_numpy(codec, monkeypatch):
    monkeypatch.setitem(sys.modules, "numpy", None)
    value = array.array("d", [1.5, -2.5])
    assert same(there_and_back(codec, value), value)
    with pytest.raises(ValueError, match="needs numpy"):
        codec.decode(bytes.fromhex("d8544000"[:6] + "4200003c"[0:2] + "003c"))


# Frames


def test_frames_of_pandas(codec):
    pandas = pytest.importorskip("pandas")
    pytest.importorskip("pyarrow")
    frame = pandas.DataFrame({"a": [1, 2], "b": ["x", None]})
    back = there_and_back(codec, frame)
    assert back.to_pydict() == {"a": [1, 2], "b": ["x", None]}


def test_frames_of_polars(codec):
    polars = pytest.importorskip("polars")
    pytest.importorskip("pyarrow")
    frame = polars.DataFrame({"a": [1, 2], "b": ["x", None]})
    assert there_and_back(codec, frame).to_pydict() == {"a": [1, 2], "b": ["x", None]}


def test_models_of_pydantic(codec):
    pydantic = pytest.importorskip("pydantic")

    class Model(pydantic.BaseModel):
        item_id: int = pydantic.Field(alias="itemId")
        color: Color
        when: datetime.date

    model = Model(itemId=1, color=Color.RED, when=datetime.date(2026, 1, 1))
    assert there_and_back(codec, model) == {"itemId": 1, "color": "red", "when": datetime.date(2026, 1, 1)}


def test_attrs(codec):
    attrs = pytest.importorskip("attrs")

    @attrs.define
    class Thing:
        name: str
        inner: list

    assert there_and_back(codec, Thing("a", [Thing("b", [])])) == {"name": "a", "inner": [{"name": "b", "inner": []}]}


# Both codecs do the same

hypothesis_values = None
try:
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st
except ImportError:
    st = None

if st is not None:
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats()
        | st.text()
        | st.binary()
        | st.datetimes(timezones=st.just(datetime.timezone.utc))
        | st.dates()
        | st.times()
        | st.timedeltas()
        | st.decimals(allow_nan=False)
        | st.uuids()
    )
    keys = st.integers() | st.text() | st.dates() | st.tuples(st.integers(), st.text())
    anything = st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text(), inner) | st.dictionaries(keys, inner) | st.sets(keys)
        ),
        max_leaves=20,
    )

    @settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
    @given(anything)
    def test_generated_values(value):
        message = values.encode(value)
        assert message == portable.encode(value)
        assert same(values.decode(message), value)
        assert same(portable.decode(message), value)

    @settings(max_examples=1000, deadline=None)
    @given(st.binary(max_size=64))
    def test_generated_bytes(data):
        outcomes = []
        for codec in (values, portable):
            try:
                outcomes.append(codec.decode(data))
            except ValueError:
                outcomes.append(ValueError)
        assert same(*outcomes) or outcomes[0] is outcomes[1]
