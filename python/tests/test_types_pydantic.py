"""What is told of Pydantic's models is what they are sent as."""

import collections
import datetime
import decimal
import enum
import ipaddress
import pathlib
import uuid
from typing import Annotated, Any, Literal, Optional, Union

import pytest

from diglot._calls.types.base import Invalid
from diglot._calls.types.prepared import completion
from diglot._calls.types.signature import Signature
from diglot._calls.values.kinds import AnyMap

pydantic = pytest.importorskip("pydantic")
fastjsonschema = pytest.importorskip("fastjsonschema")

#: Forms that a text is of, as JSON has them.
FORMATS = {"duration": r"^-?P", "decimal": r"^-?\d+(\.\d+)?$", "time": r"^\d\d:\d\d", "uuid": r"^[0-9a-f-]{36}$"}


def model(config=None, **members):
    """A model with these members: a tuple is an annotation and, where it has a second, a default."""
    annotations = {name: each for name, each in members.items() if isinstance(each, tuple)}
    body = {name: each[1] for name, each in annotations.items() if len(each) == 2}
    body |= {name: each for name, each in members.items() if name not in annotations}
    body["__annotations__"] = {name: each[0] for name, each in annotations.items()}
    if config:
        body["model_config"] = config
    return type("Thing", (pydantic.BaseModel,), {**body, "__module__": __name__})


def sent(Model, value):
    """The schema of what is told to be sent; and what is, in CBOR and in JSON."""

    def subject(): ...

    subject.__annotations__ = {"return": Model}
    signature = Signature(subject, "subject", "here.py:1")
    return signature.offer()["result"], signature.dump(value), signature.dump(value, True)


class Color(enum.Enum):
    RED = "red"


class Size(str, enum.Enum):
    SMALL = "small"


def text(value):
    return f"<{value}>"


def without_nothing(self, handler):
    return {name: value for name, value in handler(self).items() if value is not None}


def annotated(function, result):
    function.__annotations__ = {"return": result}
    return function


SECONDS = datetime.timedelta(seconds=3)
PLAIN, WRAP = pydantic.PlainSerializer, pydantic.WrapSerializer
#: What Pydantic would write in its own JSON, which is not what is sent.
ODD = {"ser_json_timedelta": "float", "ser_json_bytes": "hex", "ser_json_temporal": "seconds"}
INTEGER = {"type": "integer"}
DURATION = {"type": "string", "format": "duration"}
DECIMAL = {"type": "string", "format": "decimal", "x-diglot": "decimal"}


@pytest.mark.parametrize(
    ("type", "value", "told"),
    [
        (Annotated[int, PLAIN(text, return_type=str, when_used="json")], 3, INTEGER),
        (Annotated[Optional[int], PLAIN(text, return_type=str, when_used="json-unless-none")], 3, None),  # noqa: UP045
        (Annotated[int, PLAIN(text, return_type=str)], 3, {"type": "string"}),
        (Annotated[Optional[int], PLAIN(text, return_type=str, when_used="unless-none")], None, None),  # noqa: UP045
        (Annotated[int, PLAIN(text)], 3, {}),
        (Annotated[int, PLAIN(str)], 3, {"type": "string"}),
        (Annotated[int, WRAP(lambda value, handler: text(handler(value)))], 3, {}),
        (
            Annotated[decimal.Decimal, PLAIN(float, return_type=float, when_used="json")],
            decimal.Decimal("1.5"),
            DECIMAL,
        ),
        (Annotated[decimal.Decimal, PLAIN(float, return_type=float)], decimal.Decimal("1.5"), {"type": "number"}),
        (datetime.timedelta, SECONDS, DURATION),
        (datetime.date, datetime.date(2026, 11, 20), {"type": "string", "format": "date"}),
        (datetime.time, datetime.time(10, 30), {"type": "string", "format": "time"}),
        (datetime.datetime, datetime.datetime(2026, 11, 20, tzinfo=datetime.timezone.utc), None),
        (bytes, b"ab", None),
        (uuid.UUID, uuid.UUID(int=5), None),
        (set[int], {1, 2}, None),
        (tuple[int, str], (1, "a"), None),
        (Color, Color.RED, None),
        (Literal["a", 3], 3, None),
        (Union[int, str], "a", None),  # noqa: UP007
        (dict[str, list[int]], {"a": [1]}, None),
        (pydantic.Json[list[int]], "[1]", {"type": "array", "items": INTEGER}),
        (pydantic.HttpUrl, "http://a.example/", None),
        (pydantic.AnyUrl, "redis://a.example", None),
        (pathlib.Path, "/etc/hosts", {"type": "string", "format": "path"}),
        (ipaddress.IPv4Address, "10.0.0.1", None),
        (ipaddress.IPv6Network, "2001:db8::/32", None),
        (dict[int, list[str]], {3: ["a"]}, None),
        (dict[uuid.UUID, int], {uuid.UUID(int=5): 1}, None),
        (dict[Color, int], {Color.RED: 1}, None),
        (dict[Size, int], {Size.SMALL: 1}, None),
        (dict[pathlib.Path, int], {pathlib.Path("/etc"): 1}, None),
        (dict[Literal["a"], int], {"a": 1}, None),
        (dict[Any, int], {"a": 1}, None),
    ],
)
@pytest.mark.parametrize("config", [{}, ODD], ids=["plain", "odd"])
def test_a_field_is_told_as_what_is_sent(type, value, told, config):
    Thing = model(config=config, field=(type, value), others=(list[type],))
    schema, cbor, json = sent(Thing, {"field": value, "others": [value]})
    fastjsonschema.compile(schema, formats=FORMATS)(json)
    assert sent(Any, cbor)[2] == json, "JSON is made of what is sent as CBOR"
    own = schema["$defs"]["Thing"]
    assert own["required"] == ["field", "others"]
    if told is not None:
        within = {key: each for key, each in own["properties"]["field"].items() if key != "title"}
        assert within == told == own["properties"]["others"].get("items", {})


def test_dicts_of_any_keys_are_maps():
    Thing = model(
        by_id=(dict[int, bytes], {}),
        by_day=(dict[datetime.date, list[int]], pydantic.Field({}, max_length=1)),
        by_name=(dict[str, int], {}),
        either=(Union[int, dict[uuid.UUID, int]], 0),  # noqa: UP007
    )

    def subject(thing): ...

    subject.__annotations__ = {"thing": Thing, "return": Thing}
    signature = Signature(subject, "subject", "here.py:1")
    schema = signature.offer()["params"]["$defs"]["Thing"]["properties"]
    assert {name: each.get("x-diglot") for name, each in schema.items()} == {
        "by_id": "map",
        "by_day": "map",
        "by_name": None,
        "either": None,
    }
    assert (schema["by_day"]["maxItems"], schema["by_day"]["default"]) == (1, [])
    day, id = datetime.date(2026, 11, 22), uuid.UUID(int=3)
    thing = Thing(by_id={3: b"ab"}, by_day={day: [1]}, by_name={"a": 1}, either={id: 3})
    cbor, json = signature.dump(thing), signature.dump(thing, True)
    assert cbor == {"by_id": {3: b"ab"}, "by_day": {day: [1]}, "by_name": {"a": 1}, "either": {id: 3}}
    pairs = {"by_id": [[3, "YWI="]], "by_day": [["2026-11-22", [1]]], "either": [[str(id), 3]]}
    assert json == {**pairs, "by_name": {"a": 1}}
    fastjsonschema.compile(signature.offer()["result"], formats=FORMATS)(json)
    assert signature.load({"thing": cbor}) == signature.load({"thing": json}, True) == {"thing": thing}
    # As pages write them, whose objects have text keys alone.
    assert signature.load({"thing": {"by_id": {"3": "YWI="}}}, True)["thing"].by_id == {3: b"ab"}
    # One that is empty is a map as well.
    cbor, json = signature.dump(Thing()), signature.dump(Thing(), True)
    assert [type(cbor[name]) for name in ("by_id", "by_day", "by_name")] == [AnyMap, AnyMap, dict]
    assert json == {"by_id": [], "by_day": [], "by_name": {}, "either": 0}
    for pairs, problem in (
        ([[{}, "YWI="]], "a key has no hash in Python"),
        ([[3, ""], [3, ""]], "the key 3 is there twice"),
    ):
        with pytest.raises(Invalid, match=problem):
            signature.load({"thing": {"by_id": pairs}}, True)


class Texts(pydantic.BaseModel):
    of: dict[str, int]


class Numbers(pydantic.BaseModel):
    of: dict[int, int]


class Loose(pydantic.BaseModel):
    kind: Literal["a"]
    data: Any
    blob: bytes
    by_id: dict[int, bytes] = pydantic.Field(default_factory=dict)


Name = Annotated[str, pydantic.StringConstraints(pattern="^[a-z]+$")]


@pytest.mark.parametrize(
    ("type", "value"),
    [
        (dict[tuple[int, str], int], {(1, "a"): 1}),
        (dict[frozenset[int], int], {frozenset([1]): 1}),
        (collections.Counter[int], collections.Counter([1, 1, 2])),
        (collections.OrderedDict[int, int], collections.OrderedDict({1: 2})),
        (collections.defaultdict[int, int], {1: 2}),
        (collections.Counter[str], collections.Counter("abc")),
        (Union[Texts, Numbers], Numbers(of={1: 1})),  # noqa: UP007
        (Union[Texts, Numbers], Texts(of={"1": 1})),  # noqa: UP007
        (Union[list[dict[int, int]], dict[int, int]], {1: 2}),  # noqa: UP007
        (Union[list[dict[int, int]], dict[int, int]], [{1: 2}]),  # noqa: UP007
        (dict[Name, dict[int, bytes]], {"b": {1: b"ab"}}),
        (Union[Loose, Numbers], Loose(kind="a", data={"x": 1}, blob=b"ab", by_id={1: b"c"})),  # noqa: UP007
        (Union[Loose, Numbers], Loose(kind="a", data=[1], blob=b"ab")),  # noqa: UP007
        (Optional[Loose], Loose(kind="a", data=[[1, 2]], blob=b"ab", by_id={1: b"c"})),  # noqa: UP045
        (dict[int, dict[int, datetime.date]], {1: {2: datetime.date(2026, 11, 22)}}),
    ],
)
def test_maps_come_back(type, value):
    def subject(thing): ...

    Thing = model(field=(type,))
    subject.__annotations__ = {"thing": Thing, "return": Thing}
    signature = Signature(subject, "subject", "here.py:1")
    thing = Thing(field=value)
    for is_json in (False, True):
        given = signature.dump(thing, is_json)
        assert signature.load({"thing": given}, is_json) == {"thing": thing}
    fastjsonschema.compile(signature.offer()["result"], formats=FORMATS)(given)


def test_only_what_has_maps_is_walked():
    Thing = model(names=(dict[str, list[float]], {}), by_id=(dict[int, int], {}), more=(Optional["Thing"], None))
    Thing.model_rebuild(_types_namespace={"Thing": Thing})
    schema, _, _ = sent(Thing, Thing())
    inner = {"names": {"a": [1.5]}, "by_id": {}, "more": None}
    value = {"names": {"a": [1.5]}, "by_id": {}, "more": inner}
    made = completion(schema)(value)
    assert made == value and made["names"] is value["names"] and made["more"]["names"] is inner["names"]
    assert type(made["by_id"]) is type(made["more"]["by_id"]) is AnyMap
    short = Annotated[str, pydantic.StringConstraints(max_length=9)]
    Plain = model(names=(dict[str, list[float]], {}), by_id=(dict[short, int], {}))
    schema, _, _ = sent(Plain, Plain())
    assert completion(schema)(value) is value


def test_what_is_too_deep_is_told():
    class Chain(pydantic.BaseModel):
        of: dict[int, int] = pydantic.Field(default_factory=dict)
        next: Any = None

    Chain.model_fields["next"].annotation = Optional[Chain]  # noqa: UP045
    Chain.model_rebuild(force=True)
    chain = None
    for _ in range(20):
        chain = Chain(next=chain)
    assert type(sent(Chain, chain)[1]["next"]["next"]["of"]) is AnyMap
    schema = sent(Chain, chain)[0]
    value = None
    for _ in range(2_000):
        value = {"of": {}, "next": value}
    with pytest.raises(Invalid, match="not as deep"):
        completion(schema)(value)


@pytest.mark.parametrize("is_json", [False, True])
def test_fields_are_called_as_they_like(is_json):
    """Names, defaults and examples are no words of a schema."""
    Reference = model(
        config={"json_schema_extra": {"examples": [{"$ref": "nowhere", "x-diglot": "map"}]}},
        ref=(str, pydantic.Field(alias="$ref")),
        word=(int, pydantic.Field(3, alias="x-diglot")),
        names=(int, pydantic.Field(3, alias="propertyNames")),
        by_id=(dict[int, bytes], {}),
    )

    def subject(thing): ...

    subject.__annotations__ = {"thing": Reference, "return": Reference}
    signature = Signature(subject, "subject", "here.py:1")
    thing = Reference.model_validate({"$ref": "#/a", "by_id": {1: b"ab"}})
    assert signature.load({"thing": signature.dump(thing, is_json)}, is_json) == {"thing": thing}


def test_a_default_need_not_be_written():
    def no_database(self, value):
        raise RuntimeError("no database yet")

    Thing = model(a=(int, 1), later=pydantic.field_serializer("a")(annotated(no_database, int)))

    def subject(one=Thing(), other=None): ...  # noqa: B008

    subject.__annotations__ = {"one": Thing, "other": Optional[Thing]}  # noqa: UP045
    subject.__defaults__ = (Thing(), Thing())
    assert Signature(subject, "subject", "here.py:1").offer()["params"]["properties"].keys() == {"one", "other"}


def test_what_is_sent_as_cbor_has_its_type():
    Thing = model(
        config={"ser_json_temporal": "milliseconds"},
        length=(datetime.timedelta,),
        price=(Annotated[decimal.Decimal, PLAIN(float, return_type=float, when_used="json")],),
        id=(Annotated[int, PLAIN(text, return_type=str, when_used="json")], 3),
    )
    value = Thing(length=SECONDS, price="1.5")
    schema, cbor, json = sent(Thing, value)
    assert cbor == {"length": SECONDS, "price": decimal.Decimal("1.5"), "id": 3}
    assert json == {"length": "PT3S", "price": "1.5", "id": 3}
    properties = schema["$defs"]["Thing"]["properties"]
    assert {name: each.get("format") for name, each in properties.items()} == {
        "length": "duration",
        "price": "decimal",
        "id": None,
    }


@pytest.mark.parametrize(
    ("serializer", "told"),
    [
        (pydantic.field_serializer("price", when_used="json")(annotated(lambda self, value: 1.5, float)), DECIMAL),
        (pydantic.field_serializer("price")(annotated(lambda self, value: 1.5, float)), {"type": "number"}),
        (pydantic.field_serializer("price")(lambda self, value: 1.5), {}),
    ],
)
def test_serializers_of_fields(serializer, told):
    Thing = model(price=(decimal.Decimal, decimal.Decimal(2)), serializer=serializer)
    schema, _, json = sent(Thing, Thing())
    fastjsonschema.compile(schema, formats=FORMATS)(json)
    told = {"title": "Price", **told}
    assert schema["$defs"]["Thing"]["properties"]["price"] == told and "required" in schema["$defs"]["Thing"]


@pytest.mark.parametrize(
    ("serializer", "told"),
    [
        (pydantic.model_serializer(mode="wrap")(without_nothing), {}),
        (
            pydantic.model_serializer(mode="wrap")(
                annotated(lambda self, handler: without_nothing(self, handler), dict)
            ),
            {"type": "object", "additionalProperties": True},
        ),
        (pydantic.model_serializer()(annotated(lambda self: "a", str)), {"type": "string"}),
        (pydantic.model_serializer(when_used="json")(annotated(lambda self: "a", str)), None),
    ],
)
def test_serializers_of_models(serializer, told):
    Thing = model(a=(int, 1), b=(Optional[int], None), serializer=serializer)  # noqa: UP045
    for Outer, value in ((Thing, Thing()), (list[Thing], [Thing()])):
        schema, cbor, json = sent(Outer, value)
        fastjsonschema.compile(schema, formats=FORMATS)(json)
        assert cbor == json
    if told is None:
        assert schema["$defs"]["Thing"]["required"] == ["a", "b"] and json == [{"a": 1, "b": None}]
    else:
        assert {key: each for key, each in schema["$defs"]["Thing"].items() if key != "title"} == told
