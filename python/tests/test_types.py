"""Annotations as types: schemas, what they take and give, and what they refuse with its path."""

from __future__ import annotations

import array
import base64
import collections.abc
import dataclasses
import datetime
import decimal
import enum
import importlib
import json
import math
import sys
import typing
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, Optional, TypedDict, TypeVar, Union

import pytest
from values_golden import same

from diglot import BigInt, function
from diglot._calls import registry
from diglot._calls.declared import Declared
from diglot._calls.types import Invalid, Signature, Unsupported
from diglot._calls.values import AnyMap, decode, encode

if typing.TYPE_CHECKING:
    pass

T = TypeVar("T")
UserId = NewType("UserId", int)


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass
class Node:
    """A tree."""

    name: str
    children: list[Node] = dataclasses.field(default_factory=list)
    made: datetime.date | None = None
    hidden: int = dataclasses.field(default=0, init=False)


@dataclasses.dataclass
class Page(Generic[T]):
    items: list[T]
    next: Optional[int] = None  # noqa: UP045


class Required(TypedDict):
    depth: int


class Options(Required, total=False):
    label: str


class Tree(NamedTuple):
    name: str
    children: list[Tree]


class Point(NamedTuple):
    x: float
    y: float = 0.0


class Word(str):
    pass


class Unknown:
    pass


def signature(annotation, scope=None):
    def subject(x):
        pass

    subject.__annotations__ = {"x": annotation, "return": annotation}
    return Signature(subject, "subject", "here.py:1", scope)


def schema_of(annotation):
    offer = signature(annotation).offer()
    schema = offer["params"]["properties"]["x"]
    return ({**schema, "$defs": offer["params"]["$defs"]}) if "$defs" in offer["params"] else schema


UTC = datetime.timezone.utc
TABLE = [
    (Any, {}, [1, "a", None, [1]]),
    (None, {"type": "null"}, [None]),
    (bool, {"type": "boolean"}, [True, False]),
    (int, {"type": "integer"}, [0, -5, 2**70]),
    (float, {"type": "number"}, [0.5, -0.0, float("inf")]),
    (str, {"type": "string"}, ["", "ä"]),
    (bytes, {"type": "string", "contentEncoding": "base64", "x-diglot": "bytes"}, [b"", b"\0"]),
    (list, {"type": "array"}, [[1, "a"]]),
    (list[int], {"type": "array", "items": {"type": "integer"}}, [[], [1, 2]]),
    (collections.abc.Sequence[str], {"type": "array", "items": {"type": "string"}}, [["a"]]),
    (tuple[int, ...], {"type": "array", "items": {"type": "integer"}}, [(), (1, 2)]),
    (
        tuple[int, str],
        {
            "type": "array",
            "minItems": 2,
            "maxItems": 2,
            "prefixItems": [{"type": "integer"}, {"type": "string"}],
            "items": False,
        },
        [(1, "a")],
    ),
    (set[str], {"type": "array", "uniqueItems": True, "x-diglot": "set", "items": {"type": "string"}}, [{"a"}, set()]),
    (
        frozenset[int],
        {"type": "array", "uniqueItems": True, "x-diglot": "set", "items": {"type": "integer"}},
        [frozenset({1})],
    ),
    (dict, {"type": "object"}, [{"a": 1}, {1: "a"}, {}]),
    (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}, [{"a": 1}, {}]),
    (
        dict[Literal["a", "b"], int],
        {
            "type": "object",
            "additionalProperties": {"type": "integer"},
            "propertyNames": {"enum": ["a", "b"]},
        },
        [{"a": 1}],
    ),
    (dict[Color, int], None, [{Color.RED: 1}]),
    (dict[datetime.date, int], None, [{datetime.date(2026, 1, 1): 1}]),
    (
        dict[int, str],
        {
            "type": "array",
            "items": {
                "type": "array",
                "prefixItems": [{"type": "integer"}, {"type": "string"}],
                "minItems": 2,
                "maxItems": 2,
            },
            "x-diglot": "map",
        },
        [{1: "a"}, {}],
    ),
    (dict[tuple[int, bool], str], None, [{(1, True): "a"}]),
    (dict[tuple[int, ...], str], None, [{(1, 2): "a", (): "b"}]),
    (set[tuple[int, str]], None, [{(1, "a"), (2, "b")}]),
    (dict[Point, int], None, [{Point(1.0, 2.0): 1}]),
    (collections.abc.Mapping[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}, [{"a": 1}]),
    (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}, [1, None]),
    (Union[int, str, list[float]], None, [1, "a", [0.5]]),  # noqa: UP007
    (float | int, None, [1, 0.5]),
    (Literal["a", "b", 3, True], {"enum": ["a", "b", 3, True]}, ["a", 3, True]),
    (Literal[Color.RED], {"const": "red"}, [Color.RED]),
    (Color, {"$ref": "#/$defs/Color", "$defs": {"Color": {"title": "Color", "enum": ["red", "blue"]}}}, [Color.BLUE]),
    (Level, None, [Level.HIGH]),
    (UserId, {"type": "integer"}, [7]),
    (datetime.datetime, {"type": "string", "format": "date-time"}, [datetime.datetime(2026, 1, 1, tzinfo=UTC)]),
    (datetime.date, {"type": "string", "format": "date"}, [datetime.date(2026, 1, 1)]),
    (datetime.time, {"type": "string", "format": "time"}, [datetime.time(10, 30)]),
    (datetime.timedelta, {"type": "string", "format": "duration"}, [datetime.timedelta(days=1, seconds=2)]),
    (
        decimal.Decimal,
        {"type": "string", "format": "decimal", "x-diglot": "decimal"},
        [decimal.Decimal("1.50"), decimal.Decimal("NaN")],
    ),
    (uuid.UUID, {"type": "string", "format": "uuid"}, [uuid.UUID(int=5)]),
    (array.array, {"type": "array", "x-diglot": "array", "shape": [None]}, [array.array("d", [1.5])]),
    (Node, None, [Node("a", [Node("b")], datetime.date(2026, 1, 1))]),
    (Page[Node], None, [Page([Node("a")], 2)]),
    (Page[int], None, [Page([1])]),
    (Options, None, [{"depth": 1, "label": "a"}, {"depth": 1}]),
    (Point, None, [Point(1.0, 2.0)]),
    (
        Tree,
        {
            "$ref": "#/$defs/Tree",
            "$defs": {
                "Tree": {
                    "title": "Tree",
                    "type": "array",
                    "minItems": 2,
                    "maxItems": 2,
                    "prefixItems": [
                        {"title": "name", "type": "string"},
                        {"title": "children", "type": "array", "items": {"$ref": "#/$defs/Tree"}},
                    ],
                    "items": False,
                }
            },
        },
        [Tree("a", [Tree("b", []), Tree("c", [Tree("d", [])])])],
    ),
    (BigInt, {"type": "integer", "x-diglot": "bigint"}, [0, -5, 2**70]),
    (Annotated[BigInt, "Large."], {"type": "integer", "x-diglot": "bigint", "description": "Large."}, [1]),
    (dict[str, list[Node | None]], None, [{"a": [None, Node("x")]}]),
]


@pytest.mark.parametrize(
    ("annotation", "schema", "given"), TABLE, ids=[str(annotation)[:60] for annotation, *_ in TABLE]
)
def test_table(annotation, schema, given):
    subject = signature(annotation)
    if schema is not None:
        assert schema_of(annotation) == schema
    json.dumps(subject.offer())
    for value in given:
        crossed = decode(encode(subject.dump(value)))
        back = subject.load({"x": crossed})["x"]
        assert back == value or same(back, value)
        if type(value) is not float:
            assert type(back) is type(value)
        text = json.dumps(subject.dump(value, True), allow_nan=False)
        back = subject.load({"x": json.loads(text)}, True)["x"]
        assert back == value or same(back, value)


REFUSED = [
    (int, "3", "expected an int, not '3'", []),
    (int, True, "expected an int, not True", []),
    (int, 0.5, "expected an int", []),
    (float, True, "expected a float", []),
    (str, 1, "expected a str", []),
    (bool, 1, "expected a bool", []),
    (bytes, "YQ==", "expected bytes", []),
    (list[int], [1, "a", 2, None], "expected an int, not 'a'", [1]),
    (list[int], {1}, "expected a list", []),
    (tuple[int, str], [1], "expected 2 items, not 1", []),
    (tuple[int, str], [1, 2], "expected a str, not 2", [1]),
    (set[int], [1], "expected a set", []),
    (dict[str, int], {"a": "x"}, "expected an int", ["a"]),
    (int | None, "a", "expected an int, not 'a'", []),
    (int | str, 0.5, "expected an int or a str, not 0.5", []),
    (Literal["a"], "b", "expected 'a', not 'b'", []),
    (Literal[1], True, "expected 1, not True", []),
    (Color, "green", "expected one of 'red', 'blue', not 'green'", []),
    (Level, True, "expected one of 1, 2", []),
    (datetime.date, "2026-13-01", "month must be in 1..12", []),
    (datetime.datetime, "2026-01-01T00:00:00", "is not a point in time", []),
    (uuid.UUID, "x", "'x' is no UUID", []),
    (decimal.Decimal, "x", "'x' is no decimal number", []),
    (Node, {"children": []}, "is missing", ["name"]),
    (Node, {"name": "a", "children": [{"name": "b", "children": [{"name": 3}]}]}, "expected a str", None),
    (Options, {"label": "a"}, "is missing", ["depth"]),
    (Point, ["a", 1], "expected a float, not 'a'", [0]),
    (Page[int], {"items": [1, "a"]}, "expected an int", ["items", 1]),
    (Annotated[int, "of what"], "a", "expected an int", []),
]


@pytest.mark.parametrize(("annotation", "value", "message", "path"), REFUSED, ids=lambda value: str(value)[:30])
def test_what_is_refused(annotation, value, message, path):
    with pytest.raises(Invalid) as caught:
        signature(annotation).load({"x": value})
    found_path, found = caught.value.told()[0]
    assert message in found
    expected = ["children", 0, "children", 0, "name"] if path is None else path
    assert list(found_path) == ["x", *expected]


def test_all_that_is_wrong_is_told_at_once():
    def subject(a: int, b: str, c: list[int], d: Node):
        pass

    with pytest.raises(Invalid) as caught:
        Signature(subject, "subject", "here.py:1").load({"a": "x", "b": 1, "c": [1, "y"], "e": 0})
    assert [path for path, _ in caught.value.issues] == [("a",), ("b",), ("c", 1), ("e",), ("d",)]


@pytest.mark.parametrize(
    ("annotation", "given", "taken"),
    [
        (int, 3.0, 3),
        (float, 3, 3.0),
        (list[float], array.array("d", [1.0, 2.0]), [1.0, 2.0]),
        (datetime.date, "2026-01-01", datetime.date(2026, 1, 1)),
        (decimal.Decimal, 1.1, decimal.Decimal("1.1")),
        (Node, {"name": "a", "more": 1}, Node("a")),
        (Union[int, datetime.date], "2026-01-01", datetime.date(2026, 1, 1)),  # noqa: UP007
    ],
    ids=str,
)
def test_what_is_converted(annotation, given, taken):
    assert same(signature(annotation).load({"x": given})["x"], taken)


def test_dumping_checks_what_is_declared():
    for annotation, wrong in [
        (int, "a"),
        (list[int], ["a"]),
        (Node, {"name": "a"}),
        (Node, Page([])),
        (Color, "red"),
        (dict[str, int], {"a": None}),
        (datetime.date, datetime.datetime(2026, 1, 1)),
        (None, 1),
        (Options, {}),
    ]:
        with pytest.raises(Invalid):
            signature(annotation).dump(wrong)
    assert isinstance(signature(dict[int, str]).dump({}), AnyMap)
    assert not isinstance(signature(dict).dump({"a": 1}), AnyMap)
    assert signature(float).dump(3) == 3.0 and type(signature(float).dump(3)) is float
    assert signature(list[int]).dump((1, 2)) == [1, 2]


def test_json_has_digits_and_names_of_floats():
    subject = signature(list[int | float])
    assert subject.dump([2**60, float("nan"), 1.5], True) == [2**60, "NaN", 1.5]
    assert signature(BigInt).dump(2**60, True) == str(2**60)
    assert signature(BigInt).dump(2**53 - 1, True) == 2**53 - 1
    for text in ("-12", str(2**60)):
        assert signature(BigInt).load({"x": text}, True) == {"x": int(text)}
    assert signature(typing.Any).dump(2**60, True) == str(2**60)
    assert signature(int).load({"x": str(2**60)}, True) == {"x": 2**60}
    assert signature(float).load({"x": "-Infinity"}, True) == {"x": float("-inf")}
    for text, is_json in (("12", False), ("12", True), (str(2**53 - 1), True), (str(2**60), False)):
        with pytest.raises(Invalid):
            signature(int).load({"x": text}, is_json)


def test_json_has_the_values_of_enumerations_as_keys_too():
    class Size(str, enum.Enum):
        SMALL = "small"

    class Odd(str):
        def __str__(self):
            return "odd"

    anything = signature(typing.Any)
    assert anything.dump({Size.SMALL: Size.SMALL, Odd("key"): Odd("text")}, True) == {"small": "small", "key": "text"}


def test_a_key_that_is_there_twice_is_told():
    subject = signature(dict[int, str])
    assert subject.load({"x": [[1, "a"], [2, "b"]]}, True) == {"x": {1: "a", 2: "b"}}
    with pytest.raises(Invalid) as caught:
        subject.load({"x": [[1, "a"], [1, "b"]]}, True)
    assert caught.value.issues == ((("x", 1), "the key is there twice"),)


def test_floats_take_integers_that_they_hold():
    subject = signature(float)
    for held in (0, -(2**53), 2**60, 2**1023):
        assert same(subject.load({"x": held})["x"], float(held)) and same(subject.dump(held), float(held))
    for beyond in (2**53 + 1, 2**1024, 10**5000):
        for act in (lambda beyond=beyond: subject.load({"x": beyond}), lambda beyond=beyond: subject.dump(beyond)):
            with pytest.raises(Invalid):
                act()
    # JavaScript writes so what it has as 2**67.
    assert subject.load({"x": 147573952589676410000}, True) == {"x": 2.0**67}


def test_integers_of_models_and_arrays_are_numbers_in_json():
    numpy, pydantic = pytest.importorskip("numpy"), pytest.importorskip("pydantic")

    class Counted(pydantic.BaseModel):
        count: int
        of: dict[str, list[float]]

    counted = Counted(count=2**60, of={"a": [math.inf]})
    assert signature(Counted).dump(counted, True) == {"count": 2**60, "of": {"a": ["Infinity"]}}
    assert signature(numpy.ndarray).dump(numpy.array([[2**60]]), True) == [[2**60]]


def test_a_field_that_is_missing_may_be_there_by_another_name():
    @dataclasses.dataclass
    class Scored:
        id: int
        score: float

    for given, issue in (
        ({"id": 1, "scor": 2}, (("x", "score"), "is missing: did you mean it by 'scor'?")),
        ({"score": 1, "other": 2}, (("x", "id"), "is missing")),
        ({"id": 1, 3: 2}, (("x", "score"), "is missing")),
    ):
        with pytest.raises(Invalid) as refused:
            signature(Scored).load({"x": given})
        assert refused.value.told() == (issue,)


# Constraints


def test_constraints_of_annotated_types():
    limits = pytest.importorskip("annotated_types")
    limited = Annotated[int, limits.Ge(1), limits.Lt(10), limits.MultipleOf(3)]
    assert schema_of(limited) == {"type": "integer", "minimum": 1, "exclusiveMaximum": 10, "multipleOf": 3}
    subject = signature(limited)
    assert subject.load({"x": 9}) == {"x": 9}
    for wrong, message in [(0, "at least 1"), (12, "below 10"), (4, "multiple of 3")]:
        with pytest.raises(Invalid, match=message):
            subject.load({"x": wrong})
        with pytest.raises(Invalid, match=message):
            subject.dump(wrong)
    sized = Annotated[list[Annotated[str, limits.MinLen(2)]], limits.Len(1, 2)]
    assert schema_of(sized) == {
        "type": "array",
        "items": {"type": "string", "minLength": 2},
        "minItems": 1,
        "maxItems": 2,
    }
    with pytest.raises(Invalid, match="at least 2"):
        signature(sized).load({"x": ["ab", "a"]})
    with pytest.raises(Invalid, match="at most 2"):
        signature(sized).load({"x": ["ab"] * 3})


def test_fields_of_pydantic():
    pydantic = pytest.importorskip("pydantic")
    field = pydantic.Field(ge=1, description="How many.", pattern=None)
    assert schema_of(Annotated[int, field]) == {"type": "integer", "minimum": 1, "description": "How many."}
    named = Annotated[str, pydantic.Field(pattern="^a+$", max_length=3)]
    assert schema_of(named) == {"type": "string", "pattern": "^a+$", "maxLength": 3}
    for wrong in ("b", "aaaa"):
        with pytest.raises(Invalid):
            signature(named).load({"x": wrong})
    doubled = Annotated[int, pydantic.AfterValidator(lambda value: value * 2)]
    assert signature(doubled).load({"x": 2}) == {"x": 4}


def test_models_of_pydantic():
    pydantic = pytest.importorskip("pydantic")

    class Part(pydantic.BaseModel):
        color: Color

    class Thing(pydantic.BaseModel):
        item_id: int = pydantic.Field(alias="itemId", ge=1)
        parts: list[Part] = pydantic.Field(default_factory=list)
        made: datetime.date | None = None
        tags: set[str] = pydantic.Field(default_factory=set)
        data: bytes = b""
        price: decimal.Decimal = decimal.Decimal(0)

    Thing.model_rebuild(_types_namespace={"Part": Part, "Color": Color, "datetime": datetime, "decimal": decimal})
    schema = schema_of(Thing)
    assert schema["$ref"] == "#/$defs/Thing"
    assert schema["$defs"]["Thing"]["properties"]["itemId"]["minimum"] == 1
    assert schema["$defs"]["Part"]["properties"]["color"] == {"$ref": "#/$defs/Color"}
    assert schema["$defs"]["Thing"]["properties"]["tags"]["x-diglot"] == "set"
    assert schema["$defs"]["Thing"]["properties"]["data"]["x-diglot"] == "bytes"
    assert schema["$defs"]["Thing"]["properties"]["price"]["x-diglot"] == "decimal"
    subject = signature(list[Thing])
    things = [Thing(itemId=1, parts=[Part(color=Color.RED)], made=datetime.date(2026, 1, 1), tags={"a"}, price="1.50")]
    assert subject.load({"x": decode(encode(subject.dump(things)))})["x"] == things
    assert subject.load({"x": json.loads(json.dumps(subject.dump(things, True)))}, True)["x"] == things
    with pytest.raises(Invalid) as caught:
        subject.load({"x": [{"itemId": 0, "parts": [{"color": "green"}]}]})
    assert [path for path, _ in caught.value.issues] == [("x", 0, "itemId"), ("x", 0, "parts", 0, "color")]


def test_what_pydantic_cannot_know():
    pydantic = pytest.importorskip("pydantic")

    class Cat(pydantic.BaseModel):
        kind: Literal["cat"]
        picture: bytes

    class Dog(pydantic.BaseModel):
        kind: Literal["dog"]
        picture: str

    class Album(pydantic.BaseModel):
        cover: bytes
        pages: list[bytes] = pydantic.Field(default_factory=list)
        by_name: dict[str, tuple[int, bytes]] = pydantic.Field(default_factory=dict)
        back: bytes | None = None
        note: bytes | str = ""
        animal: Cat | Dog | None = None
        size: BigInt = 0
        made: str = pydantic.Field("", json_schema_extra={"format": "date-time"})
        within: list[Album] = pydantic.Field(default_factory=list)

    Album.model_rebuild(_types_namespace={"Album": Album, "Cat": Cat, "Dog": Dog, "BigInt": BigInt, "Literal": Literal})
    schema = schema_of(Album)
    assert schema["$ref"] == "#/$defs/Album" and schema["$defs"].keys() == {"Album", "Cat", "Dog"}
    properties = schema["$defs"]["Album"]["properties"]
    assert (properties["size"]["x-diglot"], properties["made"]["x-diglot"]) == ("bigint", "text")
    assert "x-diglot" not in schema["$defs"]["Dog"]["properties"]["picture"]
    subject = signature(Album)
    data = bytes(range(256))
    album = Album(
        cover=data,
        pages=[b"", data],
        by_name={"a": (1, data)},
        back=data,
        note="QUJD",
        animal=Cat(kind="cat", picture=data),
        within=[Album(cover=b"\xff", animal=Dog(kind="dog", picture="QUJD"))],
    )
    told = json.loads(json.dumps(subject.dump(album, True)))
    assert told["cover"] == base64.b64encode(data).decode()
    assert subject.load({"x": told}, True)["x"] == album
    with pytest.raises(Invalid, match="base64") as caught:
        subject.load({"x": {"cover": "", "pages": ["", "!"]}}, True)
    assert caught.value.issues[0][0] == ("x", "pages", 1)
    when = datetime.datetime(2026, 1, 1, tzinfo=UTC)
    assert subject.load({"x": {"cover": b"", "made": when}})["x"].made == "2026-01-01T00:00:00Z"


@pytest.mark.skipif(sys.version_info < (3, 12), reason="there is no `type` before 3.12")
def test_aliases_that_name_themselves():
    scope = {}
    exec("type Json = dict[str, Json] | list[Json] | str | int | None\ntype Bad = Bad", scope)
    subject = signature(scope["Json"])
    assert subject.offer()["result"]["$ref"] == "#/$defs/Json"
    value = {"a": [1, {"b": None}]}
    assert subject.load({"x": subject.dump(value)})["x"] == value
    with pytest.raises(Invalid) as caught:
        subject.load({"x": {"a": [1, 0.5]}})
    assert caught.value.issues[0][0] == ("x", "a", 1)
    with pytest.raises(Unsupported, match="Bad is itself"):
        signature(scope["Bad"])


def test_attrs():
    attrs = pytest.importorskip("attrs")

    @attrs.define
    class Thing:
        name: str
        _secret: int = 0
        parts: list[Thing] = attrs.field(factory=list)

    attrs.resolve_types(Thing, localns={"Thing": Thing})
    subject = signature(Thing)
    thing = Thing("a", 5, [Thing("b")])
    assert subject.load({"x": decode(encode(subject.dump(thing)))})["x"] == thing
    with pytest.raises(Invalid, match="expected an int"):
        subject.load({"x": {"name": "a", "_secret": "b"}})


def test_arrays_of_numpy():
    numpy = pytest.importorskip("numpy")
    typed = pytest.importorskip("numpy.typing")
    vector = typed.NDArray[numpy.float32]
    assert schema_of(vector) == {"type": "array", "x-diglot": "array", "dtype": "float32"}
    assert schema_of(numpy.ndarray) == {"type": "array", "x-diglot": "array"}
    subject = signature(vector)
    value = numpy.ones((2, 3), "float32")
    assert same(subject.load({"x": decode(encode(subject.dump(value)))})["x"], value)
    assert same(subject.load({"x": [[1, 1, 1]] * 2})["x"], value)
    assert same(subject.load({"x": json.loads(json.dumps(subject.dump(value, True)))}, True)["x"], value)
    assert subject.load({"x": numpy.ones(2, "float16")})["x"].dtype == numpy.float32
    halves = signature(typed.NDArray[numpy.float16])
    given = numpy.array([0.5, 65504, numpy.nan, -numpy.inf], "float32")
    assert same(halves.load({"x": given})["x"], given.astype("float16"))
    for wrong in (0.1, 1e6):
        with pytest.raises(Invalid, match="not one of float32"):
            halves.load({"x": numpy.array([wrong], "float32")})
    for wrong in (numpy.ones(2), "a", [[1], [1, 2]]):
        with pytest.raises(Invalid, match="array of float32"):
            subject.load({"x": wrong})
    with pytest.raises(Invalid, match="array of float32"):
        subject.dump(numpy.ones(2))
    # JavaScript's own array of bytes.
    row = numpy.array([0, 255], "uint8")
    assert same(signature(typed.NDArray[numpy.uint8]).load({"x": b"\x00\xff"})["x"], row)
    assert same(signature(numpy.ndarray).load({"x": b"\x00\xff"})["x"], row)
    assert signature(array.array).load({"x": b"\x00\xff"})["x"] == array.array("B", [0, 255])
    with pytest.raises(Invalid, match="array of float32"):
        subject.load({"x": b"\x00\xff"})
    matrix = numpy.ndarray[tuple[int, int], numpy.dtype[numpy.float64]]
    assert schema_of(matrix)["shape"] == [None, None]
    with pytest.raises(Invalid, match="2 dimensions"):
        signature(matrix).load({"x": numpy.ones(3)})
    with pytest.raises(Unsupported, match="complex"):
        signature(typed.NDArray[numpy.complex64])


@pytest.mark.parametrize(
    ("dtype", "right", "wrong"),
    [
        ("uint8", [[0, 255, 2.0]], [256, -1, 1.5, True, "5", None, math.nan]),
        ("int64", [[-(2**63), 2**63 - 1]], [2**63, 1e300, False]),
        ("uint64", [[2**64 - 1, 1]], [2**64, -1]),
        ("float32", [[1, 0.5, 2**80]], [True, "5", "nan", None]),
        ("bool", [[True, False]], [1, 0.0, "true"]),
    ],
)
def test_numbers_of_lists_are_what_they_were_or_refused(dtype, right, wrong):
    numpy = pytest.importorskip("numpy")
    subject = signature(numpy.ndarray[Any, numpy.dtype[getattr(numpy, dtype if dtype != "bool" else "bool_")]])
    loaded = subject.load({"x": right}, True)["x"]
    assert (loaded.dtype.name, loaded.tolist()) == (dtype, right)
    for each in wrong:
        with pytest.raises(Invalid, match="expected a ") as caught:
            subject.load({"x": [*right, [right[0][0], each]]}, True)
        assert [path for path, _ in caught.value.issues] == [("x", len(right), 1)]


def test_lists_whose_type_of_numbers_is_not_said():
    numpy = pytest.importorskip("numpy")
    subject = signature(numpy.ndarray)
    for right, dtype in (([1, 2], "int64"), ([1, 0.5], "float64"), ([True, False], "bool"), (["NaN", 1], "float64")):
        assert subject.load({"x": right}, True)["x"].dtype.name == dtype
    for wrong in ([True, 1], [1, True], [1, "a"], [2**70]):
        with pytest.raises(Invalid):
            subject.load({"x": wrong}, True)
    # Lists of typed arrays, as JavaScript may send them.
    halves = [numpy.ones(2, "float16"), numpy.zeros(2, "float16")]
    singles = signature(numpy.ndarray[Any, numpy.dtype[numpy.float32]])
    assert singles.load({"x": halves})["x"].tolist() == [[1, 1], [0, 0]]
    with pytest.raises(Invalid, match="not one of float64"):
        singles.load({"x": [numpy.ones(2)]})


def test_lists_without_rows_have_the_dimensions_that_are_declared():
    numpy = pytest.importorskip("numpy")
    matrix = signature(numpy.ndarray[tuple[int, int], numpy.dtype[numpy.uint8]])
    for shape in ((0, 3), (3, 0), (0, 0)):
        empty = numpy.zeros(shape, "uint8")
        assert matrix.load({"x": matrix.dump(empty, True)}, True)["x"].ndim == 2
    for wrong in ([1, 2], [[[1]]], [[[]]]):
        with pytest.raises(Invalid, match="2 dimensions"):
            matrix.load({"x": wrong}, True)


def test_frames():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    for cls in (pandas.DataFrame, polars.DataFrame):
        subject = signature(cls)
        assert schema_of(cls) == {"type": "string", "contentEncoding": "base64", "x-diglot": "table"}
        frame = cls({"a": [1, 2], "b": ["x", "y"]})
        for back in (
            subject.load({"x": decode(encode(subject.dump(frame)))}),
            subject.load({"x": subject.dump(frame, True)}, True),
        ):
            assert type(back["x"]) is cls and back["x"].equals(frame)
        with pytest.raises(Invalid):
            subject.load({"x": "no table"})


def test_columns_of_a_frame_are_its_own_wherever_its_index_stands():
    pandas = pytest.importorskip("pandas")
    pyarrow = pytest.importorskip("pyarrow")
    numbers = pandas.ArrowDtype(pyarrow.int64())
    frame = pandas.DataFrame(
        {"a": [1, 2], "b": [10, 20]}, pandas.Index([100, 200], dtype=numbers, name="id"), dtype=numbers
    )
    table = pyarrow.Table.from_pandas(frame)
    for order in (["id", "a", "b"], ["a", "id", "b"], ["b", "a", "id"]):
        back = signature(pandas.DataFrame).load({"x": decode(encode(table.select(order)))})["x"]
        assert back["a"].tolist() == [1, 2]
        assert back["b"].tolist() == [10, 20]
        assert back.index.tolist() == [100, 200]
        assert set(map(str, back.dtypes)) == {"int64[pyarrow]"}


@pytest.mark.parametrize("package", ["pandas", "polars", "pyarrow"])
def test_a_table_that_is_cut_off_is_refused(package):
    module = pytest.importorskip(package)
    pytest.importorskip("pyarrow")
    cls = module.Table if package == "pyarrow" else module.DataFrame
    subject = signature(cls)
    frame = module.table({"a": [1, 2]}) if package == "pyarrow" else cls({"a": [1, 2]})
    whole = base64.b64decode(subject.dump(frame, True))
    # Messages are padded to eight bytes: none ends there.
    for length in range(1, len(whole) - 8, 24):
        with pytest.raises(Invalid):
            subject.load({"x": base64.b64encode(whole[:length]).decode()}, True)


def test_frames_come_back_as_they_were():
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    pyarrow = pytest.importorskip("pyarrow")
    lists = pandas.ArrowDtype(pyarrow.list_(pyarrow.int64()))
    for frame in (
        pandas.DataFrame({"a": pandas.Categorical([], categories=["y", "x"], ordered=True)}),
        pandas.DataFrame({"a": [1, 2], "b": pandas.Series([[1], None], dtype=lists)}, index=["p", "q"]),
    ):
        subject = signature(pandas.DataFrame)
        pandas.testing.assert_frame_equal(subject.load({"x": decode(encode(subject.dump(frame)))})["x"], frame)
    for dtype in (polars.Object, polars.Struct({"f": polars.List(polars.Int128)})):
        with pytest.raises(ValueError, match="column 'odd' is of"):
            encode(polars.DataFrame({"odd": polars.Series([], dtype=dtype)}))


# Functions


def refused(source, **scope):
    names = {"function": function, **globals(), **scope}
    exec(source, names)
    with pytest.raises(Unsupported) as caught:
        Signature(names["subject"], "subject", "here.py:1")
    return str(caught.value)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("def subject(item: 'Missing'): ...", 'there is no "Missing" when the program runs'),
        ("def subject(item: list['Missing']): ...", "TYPE_CHECKING"),
        ("def subject(item: Unknown): ...", "make it a dataclass"),
        ("def subject(item: Word): ...", "derives from str"),
        ("def subject(item: complex): ...", "no counterpart"),
        ("def subject(item: typing.Callable[[], int]): ...", "Callable[[], int]: a function cannot cross"),
        ("def subject(item: typing.Callable[[int], int]): ...", "Callable[[int], int]: a function cannot cross"),
        ("def subject(*args: int): ...", "make `*args` a list"),
        ("def subject(**options: int): ...", "make `**kwargs` a dict"),
        ("def subject(a: int, /): ...", "remove the `/`"),
        ("def subject(itemId: int): ...", "snake_case"),
        ("def subject(a: AsyncIterator[int], b: AsyncIterator[int]): ...", '"a" is a stream of items as well'),
        ("def subject(a: list[AsyncIterator[int]]): ...", "whole type"),
        ("def subject() -> Unknown: ...", "the result of the function subject"),
        ("async def subject() -> int:\n    yield 1", "annotated as Iterator[T] or AsyncIterator[T]"),
    ],
)
def test_what_cannot_be_expressed_is_named(source, message):
    text = refused(source)
    assert message in text and "of the function subject (here.py:1)" in text


def test_streams_and_defaults():
    async def subject(numbers: AsyncIterator[Node], k: int = 3, when: Any = object()) -> AsyncIterator[Page[int]]:  # noqa: B008
        """Counts."""
        yield Page([])

    offer = Signature(subject, "subject", "here.py:1").offer()
    assert offer["stream"] is True
    assert offer["result"]["$ref"] == "#/$defs/Page_int"
    assert offer["input"]["name"] == "numbers" and "Node" in offer["input"]["schema"]["$defs"]
    assert offer["params"]["properties"] == {"k": {"type": "integer", "default": 3}, "when": {}}
    assert "required" not in offer["params"]

    def plain(xs: Iterator[int]) -> list[int]: ...

    assert "stream" not in Signature(plain, "plain", "here.py:1").offer()


def test_what_is_not_annotated_is_said():
    def subject(a, b: int, c=1, *, d: Any = None): ...

    def typed(a: Any) -> None: ...

    assert Signature(subject, "subject", "here.py:1").offer()["untyped"] == {"params": ["a", "c"], "result": True}
    assert "untyped" not in Signature(typed, "typed", "here.py:1").offer()


@pytest.mark.parametrize(
    ("parameter", "message"),
    [
        ("k: int = 'a'", "expected an int, not 'a': give it another, or annotate what it may be"),
        ("k: int = None", "expected an int, not None: annotate it `... | None`"),
        ("k: list[int] = [1, 'b']", "[1]: expected an int, not 'b'"),
        ("k: Color = 'red'", "expected a member of Color, not 'red'"),
        ("k: Annotated[str, Field(max_length=1)] = 'ab'", "at most 1"),
        ("k: Annotated[int, Field(ge=1)] = 0", "must be at least 1: give it another"),
        ("k: int = True", "expected an int, not True"),
        ("k: Annotated[int, AfterValidator(lambda k: 1 // k)] = 0", "checking it failed: ZeroDivisionError('"),
    ],
)
def test_defaults_are_of_their_type(parameter, message):
    pydantic = pytest.importorskip("pydantic")
    text = refused(f"def subject({parameter}): ...", Field=pydantic.Field, AfterValidator=pydantic.AfterValidator)
    assert text.startswith('the default of the parameter "k" of the function subject (here.py:1): ')
    assert message in text


def test_defaults_are_told_where_json_has_a_word_for_them():
    numpy = pytest.importorskip("numpy")

    def subject(
        x: float = 1,
        color: Color = Color.RED,
        rows: numpy.typing.NDArray[numpy.float32] = numpy.zeros((1, 2), numpy.float32),  # noqa: B008
        when: datetime.date | None = None,
        node: Node = Node("a"),  # noqa: B008
        big: float | None = math.inf,
    ) -> None: ...

    properties = Signature(subject, "subject", "here.py:1", {"numpy": numpy}).offer()["params"]["properties"]
    assert properties["x"]["default"] == 1 and properties["color"]["default"] == "red"
    assert properties["when"]["default"] is None


def sides(annotation, title):
    """The fields that are required of what is taken, and of what is given; and the schema of the latter."""
    offer = signature(annotation).offer()
    taken, given = (offer[which]["$defs"][title] for which in ("params", "result"))
    return taken.get("required", []), given.get("required", []), given


def test_what_a_function_gives_has_the_fields_that_have_a_default():
    assert sides(Node, "Node")[:2] == (["name"], ["name", "children", "made"])
    assert sides(list[Page[Node]], "Page_Node")[:2] == (["items"], ["items", "next"])
    assert sides(Options, "Options")[:2] == (["depth"], ["depth"]), "a dict has what is in it"
    for value, title in ((Node("a"), "Node"), (Page([Node("a")]), "Page")):
        subject = signature(type(value))
        for is_json in (False, True):
            assert set(sides(type(value), title)[1]) == subject.dump(value, is_json).keys()
    # An exception has what its class has a value of, or not; what is within its data is as ever.
    failed = type("Failed", (Exception,), {"__annotations__": {"at": Node, "why": str}, "why": "so"})
    (error,) = Declared([failed], "subject", "here.py:1").offer()
    assert error["data"]["required"] == ["at"]
    assert error["data"]["$defs"]["Node"]["required"] == ["name", "children", "made"]


def test_what_attrs_gives_has_the_fields_that_have_a_default():
    attrs = pytest.importorskip("attrs")
    Thing = attrs.make_class("Thing", {"name": attrs.field(type=str), "size": attrs.field(type=int, default=3)})
    assert sides(Thing, "Thing")[:2] == (["name"], ["name", "size"])
    assert signature(Thing).dump(Thing("a")) == {"name": "a", "size": 3}


def test_models_of_pydantic_are_what_is_sent():
    pydantic = pytest.importorskip("pydantic")
    extensions = pytest.importorskip("typing_extensions")
    Label = extensions.TypedDict("Label", {"text": str, "size": extensions.NotRequired[int]})

    class Thing(pydantic.BaseModel):
        name: str
        note: str = "x"
        size: int = pydantic.Field(3, validation_alias="given_size", serialization_alias="sent_size")
        hidden: int = pydantic.Field(0, exclude=True)
        label: Label = pydantic.Field({"text": "a"})

        @pydantic.computed_field
        def length(self) -> int:
            return len(self.name)

    Thing.model_rebuild(_types_namespace={"Label": Label})
    taken, given, schema = sides(Thing, "Thing")
    assert taken == ["name"]
    assert set(given) == set(schema["properties"]) == {"name", "note", "sent_size", "label", "length"}
    for is_json in (False, True):
        for value in (Thing(name="ab"), {"name": "ab"}):
            assert signature(Thing).dump(value, is_json).keys() == set(given)
    assert signature(Thing).offer()["result"]["$defs"]["Label"]["required"] == ["text"]

    class Odd(pydantic.BaseModel):
        model_config = pydantic.ConfigDict(arbitrary_types_allowed=True)
        name: str

        @pydantic.computed_field
        def odd(self) -> Unknown: ...

    with pytest.raises(Unsupported, match=r"^the result of the function subject .*: Odd, which Pydantic cannot"):
        signature(Odd).offer()


def test_nothing_is_returned():
    def subject() -> None: ...

    assert Signature(subject, "subject", "here.py:1").offer()["result"] == {"type": "null", "x-diglot": "undefined"}

    def silent(): ...

    assert "result" not in Signature(silent, "silent", "here.py:1").offer()


def test_names_are_checked_when_a_function_is_registered():
    try:
        with pytest.raises(ValueError, match="snake_case"):
            function(lambda: 1)
        with pytest.raises(ValueError, match="above 0"):
            function(timeout=0)(test_table)
        with pytest.raises(TypeError, match="for functions"):
            function(3)

        @function(name="one")
        def first(): ...

        def second(): ...

        with pytest.raises(ValueError, match='two functions are called "one"'):
            function(second, name="one")
        assert first.__name__ == "first"
    finally:
        registry.functions.clear()


@pytest.mark.parametrize("kind", [set, frozenset])
def test_a_set_of_errors_is_offered_by_name(kind):
    names = [f"Error{number}" for number in range(10, 42)]

    def offered(errors):
        @function(name="subject", errors=errors)
        def subject() -> None: ...

        return [error["type"] for error in json.loads(registry.functions.pop("subject").offer())["errors"]]

    classes = [type(name, (Exception,), {}) for name in reversed(names)]
    assert offered(kind(classes)) == names
    assert offered(classes) == names[::-1], "those of a list have its order"


@pytest.mark.parametrize(
    ("limits", "takes_text"),
    [
        ({"ge": 0, "le": 9}, False),
        ({"gt": -(2**53), "lt": 2**53}, False),
        ({"ge": 0, "le": 2**53}, True),
        ({"ge": -(2**53), "le": 9}, True),
        ({"ge": 0}, True),
        ({"le": 9}, True),
    ],
)
def test_a_big_integer_within_what_a_number_holds_is_no_text(limits, takes_text):
    pydantic = pytest.importorskip("pydantic")
    taken = signature(Annotated[BigInt, pydantic.Field(**limits)])
    assert taken.load({"x": 5}, True) == {"x": 5}
    if takes_text:
        assert taken.load({"x": "5"}, True) == {"x": 5}
    else:
        with pytest.raises(Invalid, match="expected an int, not '5'"):
            taken.load({"x": "5"}, True)


def test_two_functions_of_one_name_in_a_module_are_an_error_but_a_module_loaded_anew_is_none(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    source = "from diglot import function\n\n@function\ndef card() -> int:\n    return 1\n"
    try:
        (tmp_path / "one_card.py").write_text(source)
        module = importlib.import_module("one_card")
        (tmp_path / "one_card.py").write_text(f"# edited\n{source}")
        importlib.reload(module)
        assert registry.functions["card"].place.endswith("one_card.py:4")
        function(module.card)

        registry.functions.clear()
        (tmp_path / "two_cards.py").write_text(f"{source}\n@function\ndef card() -> int:\n    return 2\n")
        both = r'called "card": .*two_cards\.py:3 and .*two_cards\.py:7: give one another'
        with pytest.raises(ValueError, match=both):
            importlib.import_module("two_cards")
    finally:
        registry.functions.clear()


def test_a_method_is_offered_of_an_object_and_not_of_its_class():
    class Shop:
        def price(self, item: int) -> int:
            return item

    try:
        with pytest.raises(TypeError, match=r'"price" \(.*test_types\.py:\d+\) is a method'):
            function(Shop.price)
        function(Shop().price)
        assert list(registry.functions["price"].signature.parameters) == ["item"]
    finally:
        registry.functions.clear()


@dataclasses.dataclass
class Leaf:
    v: int


@dataclasses.dataclass
class A:
    kind: Literal["a"]
    child: Union[A, B, Leaf]  # noqa: UP007


@dataclasses.dataclass
class B:
    kind: Literal["b"]
    child: Union[A, B, Leaf]  # noqa: UP007


@dataclasses.dataclass
class C:
    x: int
    child: Union[C, D, None] = None  # noqa: UP007


@dataclasses.dataclass
class D:
    y: int = 0
    child: Union[C, D, None] = None  # noqa: UP007
    x: int = 0


class E(TypedDict):
    x: int
    child: Union[E, F, None]  # noqa: UP007


class F(TypedDict):
    x: float
    child: Union[E, F, None]  # noqa: UP007


def chain(depth, inner, **outer):
    for _ in range(depth):
        inner = {**outer, "child": inner}
    return inner


@pytest.mark.parametrize("json", [False, True], ids=["cbor", "json"])
def test_unions_of_types_that_contain_themselves(json):
    """Each of these took two to the power of 40 steps."""

    def tagged(t: Union[A, B, Leaf]) -> Union[A, B, Leaf]: ...  # noqa: UP007

    def untagged(t: Union[C, D]) -> Union[C, D]: ...  # noqa: UP007

    def dicts(t: Union[E, F]) -> Union[E, F]: ...  # noqa: UP007

    tagged, untagged, dicts = (Signature(each, each.__name__, "here.py:1") for each in (tagged, untagged, dicts))
    loaded = tagged.load({"t": chain(40, {"v": 1}, kind="b")}, json)["t"]
    assert tagged.dump(loaded, json) == chain(40, {"v": 1}, kind="b")
    with pytest.raises(Invalid) as caught:
        tagged.load({"t": chain(40, {"v": "wrong"}, kind="b")}, json)
    assert caught.value.issues == ((("t", *["child"] * 40, "v"), "expected an int, not 'wrong'"),)
    loaded = untagged.load({"t": chain(40, {"x": 1}, x=1)}, json)["t"]
    assert type(loaded) is C
    with pytest.raises(Invalid, match="child"):
        untagged.load({"t": chain(40, 7, x=1)}, json)
    values = chain(40, {"x": 1.5, "child": None}, x=1)
    assert dicts.dump(dicts.load({"t": values}, json)["t"], json) == values
    with pytest.raises(Invalid):
        dicts.dump(chain(40, {"x": "wrong", "child": None}, x=1), json)


@dataclasses.dataclass
class Circle:
    kind: Literal["circle"]
    radius: float


@dataclasses.dataclass
class Square:
    kind: Literal["square", "box"]
    side: float


def test_the_constant_of_a_field_says_which_of_a_union_is_wrong():
    def subject(shape: Union[Circle, Square, None]) -> int: ...  # noqa: UP007

    signature = Signature(subject, "subject", "here.py:1")
    assert signature.load({"shape": {"kind": "box", "side": 2.0}}) == {"shape": Square("box", 2.0)}
    assert signature.load({"shape": None}) == {"shape": None}
    for shape, issue in [
        ({"kind": "circle"}, (("shape", "radius"), "is missing")),
        ({"kind": "box", "side": "x"}, (("shape", "side"), "expected a float, not 'x'")),
    ]:
        with pytest.raises(Invalid) as caught:
            signature.load({"shape": shape})
        assert caught.value.told() == (issue,)
    with pytest.raises(Invalid, match="kind"):
        signature.load({"shape": {"kind": ["circle"], "radius": 1.0}})
