"""Functions that give back what comes, and `check`: values of every kind that hypothesis makes, to Node and back."""

import array
import dataclasses
import datetime
import decimal
import enum
import typing
import uuid
from typing import Any, Literal, NamedTuple, TypedDict

import anything
import attrs
import crossed
import hypothesis
import numpy
import of_schema
import pydantic
from numpy.typing import NDArray

from diglot import BigInt, InvalidArguments, function, services

#: Of one run of hypothesis, which remembers what it made.
EXAMPLES = 2_000


class Color(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


@dataclasses.dataclass
class Item:
    id: int
    price: decimal.Decimal
    parts: list["Item"] = dataclasses.field(default_factory=list)
    made: datetime.datetime | None = None


@attrs.define
class Thing:
    name: str
    color: Color
    sizes: tuple[int, float] = (0, 0.5)


class Options(TypedDict, total=False):
    depth: int
    label: typing.Required[str] if hasattr(typing, "Required") else str


class Tree(NamedTuple):
    name: str
    children: list["Tree"]


class Model(pydantic.BaseModel):
    data: bytes
    tags: set[str] = pydantic.Field(default_factory=set)
    inner: "Model | None" = None
    at: datetime.datetime | None = None
    length: datetime.timedelta = datetime.timedelta()


SCALARS = {name: getattr(numpy, f"{name}_" if name == "bool" else name) for name in crossed.DTYPES}

#: What the functions take and give, by the ends of their names.
TYPES = {
    "bool": bool,
    "int": int,
    "big_int": BigInt,
    "float": float,
    "str": str,
    "bytes": bytes,
    "bytearray": bytearray,
    "list": list[int],
    "pair": tuple[int, str],
    "tuple": tuple[float, ...],
    "set": set[str],
    "frozenset": frozenset[int],
    "dict": dict[str, float],
    "map": dict[int, list[str]],
    "map_of_pairs": dict[tuple[int, bool], str],
    "optional": int | None,
    "union": int | str | list[float] | None,
    "literal": Literal["a", 3, True],
    "enum": Color,
    "int_enum": Level,
    "datetime": datetime.datetime,
    "date": datetime.date,
    "time": datetime.time,
    "timedelta": datetime.timedelta,
    "decimal": decimal.Decimal,
    "uuid": uuid.UUID,
    "array": array.array,
    "ndarray": numpy.ndarray,
    **{f"array_of_{name}": NDArray[scalar] for name, scalar in SCALARS.items()},
    **{f"row_of_{name}": numpy.ndarray[tuple[int], numpy.dtype[scalar]] for name, scalar in SCALARS.items()},
    "row": numpy.ndarray[tuple[int], numpy.dtype[Any]],
    "item": Item,
    "items": dict[str, list[Item | None]],
    "thing": Thing,
    "options": Options,
    "tree": Tree,
    "model": Model,
    "anything": Any,
}


def offer(name, annotation):
    def echo(value: annotation) -> annotation:
        return value

    function(name=name)(echo)


offer("echo", Any)
for name, annotation in TYPES.items():
    offer(f"as_{name}", annotation)


def refused(call, value):
    try:
        back = call(value=value)
    except InvalidArguments:
        return
    raise AssertionError(f"{value!r} is not refused, and came back as {back!r}")


def check_each(function, strategy, is_typed, count, seed, facts, examples=()):
    """Values to a function of Node's, each of which has to come back."""
    call, name = function.sync, repr(function)

    def goes_there_and_back(value):
        try:
            expected = crossed.crossed(value, is_typed, facts)
        except crossed.NotTaken:
            return refused(call, value)
        back = call(value=value)
        assert crossed.same(back, expected), f"{name}: {expected!r} came back as {back!r}"

    for example in examples:
        goes_there_and_back(example)
    settings = hypothesis.settings(
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
        print_blob=False,
    )
    for start in range(0, count, EXAMPLES):
        run = hypothesis.given(strategy)(goes_there_and_back)
        run = hypothesis.seed(seed + start)(run)
        hypothesis.settings(settings, max_examples=min(EXAMPLES, count - start))(run)()
    return count


@function
def check(service: str, functions: list[dict[str, Any]], count: int, seed: int) -> dict[str, int]:
    """`functions` are those that the service offers; how many values went to each."""
    called = services[service]
    facts = called.facts.sync()
    typed = [offered for offered in functions if offered["name"].startswith("as_")]
    half, share = -(-count // 2), -(-count // 2 // len(typed))
    runs = {}
    if any(offered["name"] == "echo" for offered in functions):
        runs["echo"] = check_each(called.echo, anything.anything, False, half, seed, facts, anything.EDGES)
        runs["deep"] = check_each(called.echo, anything.deep, False, min(count, 300), seed, facts)
    for offered in typed:
        schema = offered["params"]["properties"]["value"]
        strategy = of_schema.of_schema(schema, offered["params"].get("$defs", {}))
        function = getattr(called, offered["name"])
        runs[offered["name"]] = check_each(function, strategy, True, share, seed, facts)
    return runs
