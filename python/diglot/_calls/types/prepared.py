"""What Pydantic is given, and what is made of what it gives: it knows neither the bytes of our JSON nor that another
language has a type for a text, and its dicts of any keys are dicts as others.
"""

import base64
import binascii
import datetime
import decimal
import uuid

from ..values.kinds import AnyMap
from .base import Invalid
from .plain_json import jsonable

#: Forms of text that languages have types for.
FORMATS = ("date-time", "date", "time", "duration", "decimal", "uuid")
_ITEMS = (list, tuple, set, frozenset)
_OF_FORMATS = (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)


def settled(schema):
    """The schema of a model, in which every `str` says that it is text: only those of such a form have to."""
    if isinstance(schema, list):
        return [settled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    is_plain = schema.get("x-diglot") == "text" and schema.get("format") not in FORMATS
    return {key: settled(each) for key, each in schema.items() if not (is_plain and key == "x-diglot")}


def preparation(schema, json):
    """A function from what came to what Pydantic takes."""
    word = "bytes" if json else "text"
    return _walking(schema, word, dict) if _has(schema, word) or (json and _has(schema, "map")) else _as_it_is


def completion(schema):
    """A function from what Pydantic gives to what is sent: also an empty map is one, and keys told as text are text."""
    is_due = _has(schema, "map") or "'propertyNames'" in repr(schema)
    return _walking(schema, "", AnyMap) if is_due else _as_it_is


def _has(schema, word):
    return f"'x-diglot': '{word}'" in repr(schema)


def _as_it_is(value):
    return value


def _walking(schema, word, map_type):
    prepare = _Preparation(schema, word, map_type).prepare
    return lambda value: prepare(value, schema)


class _Preparation:
    """Walks values by their schema. `word` is what it converts beside maps: `bytes`, `text`, or nothing."""

    def __init__(self, root, word, map_type):
        self.root, self.word, self.map_type = root, word, map_type

    def prepare(self, value, schema):
        schema = self._behind(schema)
        if schema.get("x-diglot") == self.word:
            return _bytes(value) if self.word == "bytes" else _text(value)
        if schema.get("x-diglot") == "map":
            return self._map(value, *schema["items"]["prefixItems"])
        for part in schema.get("allOf", ()):
            value = self.prepare(value, part)
        branch = self._chosen(value, schema.get("anyOf") or schema.get("oneOf") or ())
        if branch is not None:
            return self.prepare(value, branch)
        if type(value) is dict:
            return self._object(value, schema)
        if type(value) in _ITEMS:
            return self._items(value, schema)
        return value

    def _behind(self, schema):
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self.root["$defs"][schema["$ref"].rpartition("/")[2]]
        return schema if isinstance(schema, dict) else {}

    def _object(self, value, schema):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        found = {key: self._at(key, each, properties.get(key, others)) for key, each in value.items()}
        return {jsonable(key): each for key, each in found.items()} if "propertyNames" in schema else found

    def _map(self, value, keys, items):
        """A dict of any keys, which JSON has as pairs."""
        if isinstance(value, dict):
            pairs = value.items()
        elif _are_pairs(value):
            pairs = value
        else:
            return value
        try:
            return self.map_type((self.prepare(key, keys), self._at(key, item, items)) for key, item in pairs)
        except TypeError:
            raise Invalid(((), "a key has no hash in Python")) from None

    def _items(self, value, schema):
        first, others = schema.get("prefixItems", ()), schema.get("items", {})
        made = (
            self._at(index, each, first[index] if index < len(first) else others) for index, each in enumerate(value)
        )
        return type(value)(made)

    def _at(self, part, value, schema):
        try:
            return self.prepare(value, schema)
        except Invalid as invalid:
            raise invalid.within(part) from None

    def _chosen(self, value, branches):
        """Of a union: the first that may be meant, and of texts the one that takes them as they are."""
        fitting = [branch for branch in map(self._behind, branches) if self._may_be(value, branch)]
        return min(fitting, key=lambda branch: branch.get("x-diglot") == self.word, default=None)

    def _may_be(self, value, branch):
        union = branch.get("anyOf") or branch.get("oneOf")
        if union:
            return any(self._may_be(value, each) for each in map(self._behind, union))
        if type(value) is dict:
            if branch.get("x-diglot") == "map":
                return not any(isinstance(key, str) for key in value)
            return branch.get("type") == "object" and self._has_its_fields(value, branch)
        if type(value) in _ITEMS:
            return branch.get("type") == "array" and (branch.get("x-diglot") != "map" or _are_pairs(value))
        return branch.get("type") == "string" and (isinstance(value, (str, *_OF_FORMATS)))

    def _has_its_fields(self, value, branch):
        if not set(branch.get("required", ())) <= value.keys():
            return False
        constants = {key: each for key, each in branch.get("properties", {}).items() if "const" in each}
        return all(value.get(key, each["const"]) == each["const"] for key, each in constants.items())


def _are_pairs(value):
    return type(value) is list and all(type(pair) is list and len(pair) == 2 for pair in value)


def _bytes(value):
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(((), "expected bytes in base64")) from None


def _text(value):
    return jsonable(value) if isinstance(value, _OF_FORMATS) else value
