"""Values of Python's by a JSON Schema, as the language that offers the function has written it."""

import numpy
from anything import bits, datetimes, decimals, integers, of_bits, timedeltas, times
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy

#: How deep what contains itself is made.
DEPTH_MAX = 4
SAFE_INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
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
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "anyOf" in schema:
        return st.one_of([of(part) for part in schema["anyOf"]])
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
        "integer": SAFE_INTEGERS,
        "number": st.floats(),
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
        return st.builds(of_bits, st.just(numpy.dtype(schema["dtype"])), shapes, bits)
    return FORMATS["decimal"] if word == "decimal" else None


def _array(schema, of, depth):
    if "prefixItems" in schema:
        return st.tuples(*map(of, schema["prefixItems"]))
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
