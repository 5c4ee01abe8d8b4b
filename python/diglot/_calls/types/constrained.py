"""`Annotated` with limits: those of annotated_types, and of Pydantic's `Field`."""

import datetime
import decimal
import math
import re

from .base import Invalid, Type, described
from .plain_json import SAFE_INTEGER_MAX, jsonable

#: An attribute of a piece of metadata, JSON Schema's word for it, what must hold, and how it is said.
_LIMITS = {
    "ge": ("minimum", lambda value, limit: value >= limit, "at least"),
    "gt": ("exclusiveMinimum", lambda value, limit: value > limit, "above"),
    "le": ("maximum", lambda value, limit: value <= limit, "at most"),
    "lt": ("exclusiveMaximum", lambda value, limit: value < limit, "below"),
}


class Constraint:
    """One limit: the schema's word and value, and a check, which returns what is wrong, or None."""

    def __init__(self, word, value, check):
        self.word, self.value, self.check = word, value, check


def constraints_of(metadata):
    """Of the metadata of an `Annotated`: the constraints, the description, and whether Pydantic must validate."""
    found, text, needs_pydantic = [], None, False
    for each in _flat(metadata):
        if isinstance(each, str):
            text = each
            continue
        module = type(each).__module__.partition(".")[0]
        doc = getattr(each, "documentation", None)
        if isinstance(doc, str):
            text = doc
        elif module in ("annotated_types", "pydantic") or type(each).__name__ in _KNOWN_NAMES:
            constraints = list(_of_one(each))
            found += constraints
            if not constraints and module == "pydantic" and type(each).__name__ not in ("FieldInfo", "Strict"):
                needs_pydantic = True
            if isinstance(getattr(each, "description", None), str):
                text = each.description
    return found, text, needs_pydantic


_KNOWN_NAMES = ("Ge", "Gt", "Le", "Lt", "MultipleOf", "MinLen", "MaxLen", "Interval", "Len")


def _flat(metadata):
    for each in metadata:
        if type(each).__name__ == "FieldInfo":
            yield from _flat(each.metadata)
            yield each
        elif type(each).__name__ in ("Interval", "Len") and hasattr(each, "__iter__"):
            yield from each
        else:
            yield each


def _of_one(each):
    for attribute, (word, holds, said) in _LIMITS.items():
        limit = _attribute(each, attribute)
        if limit is not None:
            yield Constraint(word, limit, _limit_check(holds, limit, said))
    step = _attribute(each, "multiple_of")
    if step is not None:
        yield Constraint("multipleOf", step, _multiple_check(step))
    for attribute, word, is_min in (("min_length", "minLength", True), ("max_length", "maxLength", False)):
        limit = _attribute(each, attribute)
        if limit is not None and not (attribute == "min_length" and limit == 0):
            yield Constraint(word, limit, _length_check(limit, is_min))
    pattern = _attribute(each, "pattern")
    if pattern is not None:
        compiled = re.compile(pattern)
        yield Constraint("pattern", compiled.pattern, _pattern_check(compiled))


def are_held(constraints):
    """Whether within these limits each integer is a number of JavaScript's."""
    beyond = SAFE_INTEGER_MAX + 1
    holds = {
        "minimum": lambda limit: limit > -beyond,
        "exclusiveMinimum": lambda limit: limit >= -beyond,
        "maximum": lambda limit: limit < beyond,
        "exclusiveMaximum": lambda limit: limit <= beyond,
    }
    held = {
        each.word
        for each in constraints
        if each.word in holds and _is_number(each.value) and holds[each.word](each.value)
    }
    return bool(held & {"minimum", "exclusiveMinimum"}) and bool(held & {"maximum", "exclusiveMaximum"})


def _is_number(limit):
    return isinstance(limit, (int, float))


def _attribute(each, name):
    if type(each).__name__ == "FieldInfo":
        return None  # what it limits is in its metadata
    return getattr(each, name, None)


def _limit_check(holds, limit, said):
    def check(value):
        try:
            return None if holds(value, limit) else f"must be {said} {limit}"
        except TypeError:
            return f"cannot be compared with {limit!r}"

    return check


def _multiple_check(step):
    def check(value):
        if isinstance(value, float) or isinstance(step, float):
            parts = value / step
            return (
                None if math.isfinite(parts) and abs(parts - round(parts)) < 1e-9 else f"must be a multiple of {step}"
            )
        return None if value % step == 0 else f"must be a multiple of {step}"

    return check


def _length_check(limit, is_min):
    def check(value):
        length = len(value)
        if is_min:
            return None if length >= limit else f"must have at least {limit} items or characters, has {length}"
        return None if length <= limit else f"must have at most {limit} items or characters, has {length}"

    return check


def _pattern_check(compiled):
    def check(value):
        return None if compiled.search(value) else f"must match the pattern {compiled.pattern}"

    return check


#: JSON Schema's words for lengths, by the type of what has one.
_LENGTH_WORDS = {
    "array": {"minLength": "minItems", "maxLength": "maxItems"},
    "object": {"minLength": "minProperties", "maxLength": "maxProperties"},
}


class ConstrainedType(Type):
    def __init__(self, inner, constraints, text):
        self.inner, self.constraints, self.text = inner, constraints, text
        self.name = inner.name
        self.is_text = inner.is_text

    def schema(self, defs):
        schema = self.inner.schema(defs)
        words = _LENGTH_WORDS.get(schema.get("type"), {})
        limits = {
            words.get(constraint.word, constraint.word): _limit_json(constraint.value)
            for constraint in self.constraints
        }
        return described({**schema, **limits}, self.text)

    def load(self, json):
        return self._checked(self.inner.load(json), after=True)

    def dump(self, json):
        return self._checked(self.inner.dump(json), after=False)

    def _checked(self, function, after):
        checks = [constraint.check for constraint in self.constraints]
        if not checks:
            return function

        def apply(value):
            result = function(value)
            subject = result if after else value
            problems = [problem for problem in (check(subject) for check in checks) if problem]
            if problems:
                raise Invalid(*(((), problem) for problem in problems))
            return result

        return apply


def _limit_json(limit):
    if isinstance(limit, decimal.Decimal):
        return float(limit)
    if isinstance(limit, (int, float, str)):
        return limit
    if isinstance(limit, (datetime.date, datetime.timedelta, datetime.time)):
        return jsonable(limit)
    return str(limit)
