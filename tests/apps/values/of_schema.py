"""Values of Python's by a JSON Schema, as the language that offers the function has written it."""

from anything import KINDS, OF_SAME_SHAPE, VIEWS, bits, datetimes, decimals, integers, of_bits, timedeltas, times
from crossed import Held, Refused
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

#: How deep what contains itself is made.
DEPTH_MAX = 4
SAFE_INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
INTEGERS_BEYOND = st.integers(2**53) | st.integers(max_value=-(2**53)) | st.just(10**400)


def seldom(often, value):
    """One time in sixteen `value`."""
    return st.tuples(st.integers(0, 15), often, value).map(lambda drawn: drawn[2 if drawn[0] == 15 else 1])


def _as_number(integer):
    """An integer beyond 2⁵³ to JavaScript's number: the same where that holds it, else none."""
    try:
        return Held(integer) if float(integer) == integer else Refused(integer)
    except OverflowError:
        return Refused(integer)


#: What is declared an integer is one that a number of JavaScript's holds.
INTS = seldom(SAFE_INTEGERS, INTEGERS_BEYOND.map(Refused))
NUMBERS = seldom(
    st.floats() | SAFE_INTEGERS, INTEGERS_BEYOND.map(_as_number) | st.integers(53, 1023).map(lambda bits: Held(2**bits))
)
FORMATS = {
    "date-time": datetimes,
    "date": st.dates(),
    "time": times,
    "duration": timedeltas,
    "decimal": decimals,
    "uuid": st.uuids(),
}


def of_schema(schema, definitions, depth=0):
    def of(part):
        return of_schema(part, definitions, depth + 1)

    if "$ref" in schema:
        return of_schema(definitions[schema["$ref"].rpartition("/")[2]], definitions, depth)
    if "const" in schema:
        return st.just(schema["const"])
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        # What no number holds is a bigint there.
        is_any = any(part.get("x-diglot") == "bigint" for part in schema["anyOf"])
        return st.one_of(
            [st.floats() if is_any and part.get("type") == "number" else of(part) for part in schema["anyOf"]]
        )
    special = _special(schema, of)
    if special is not None:
        return special
    kind = schema.get("type")
    if kind == "array":
        return _array(schema, of, depth)
    if kind == "object":
        return _object(schema, of, depth)
    plain = {
        "null": st.none(),
        "boolean": st.booleans(),
        "integer": INTS,
        "number": NUMBERS,
        "string": FORMATS.get(schema.get("format"), st.text()),
    }
    return plain.get(kind, st.integers() | st.text() | st.none())


def _special(schema, of):
    word = schema.get("x-diglot")
    if word == "bigint":
        return integers
    if word == "bytes":
        return st.binary()
    if word == "set":
        return st.sets(of(schema["items"]), max_size=5)
    if word == "map":
        return st.dictionaries(*map(of, schema["items"]["prefixItems"]), max_size=5)
    if word == "array":
        shape = schema.get("shape")
        shapes = of_numpy.array_shapes(min_dims=0, min_side=0, max_side=4)
        if shape is not None:
            shapes = st.tuples(*(st.integers(0, 4) if length is None else st.just(length) for length in shape))
        dtype = schema.get("dtype", "").removesuffix("_clamped")
        kinds = [kind for kind in KINDS if kind.name == dtype] or KINDS
        return st.builds(
            of_bits, st.sampled_from(kinds), shapes, bits, st.sampled_from(VIEWS if shape is None else OF_SAME_SHAPE)
        )
    return FORMATS["decimal"] if word == "decimal" else None


def _array(schema, of, depth):
    if "prefixItems" in schema:
        first, rest = st.tuples(*map(of, schema["prefixItems"])), schema["items"]
        return (
            st.tuples(first, st.lists(of(rest), max_size=3)).map(lambda parts: (*parts[0], *parts[1]))
            if rest
            else first
        )
    return st.just([]) if depth > DEPTH_MAX else st.lists(of(schema["items"]), max_size=3)


def _object(schema, of, depth):
    if "properties" not in schema:
        return (
            st.just({})
            if depth > DEPTH_MAX
            else st.dictionaries(st.text(), of(schema["additionalProperties"]), max_size=4)
        )
    required = schema.get("required", ())
    known = {name: part for name, part in schema["properties"].items() if depth <= DEPTH_MAX or name in required}
    return st.fixed_dictionaries(
        {name: of(part) for name, part in known.items() if name in required},
        optional={name: of(part) for name, part in known.items() if name not in required},
    )
