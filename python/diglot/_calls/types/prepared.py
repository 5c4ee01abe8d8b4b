"""What Pydantic is given: it knows neither the bytes of our JSON nor that another language has a type for a text."""

import base64
import binascii
import datetime
import decimal
import uuid

from .base import Invalid
from .plain_json import jsonable

#: Forms of text that languages have types for.
_FORMATS = ("date-time", "date", "time", "duration", "decimal", "uuid")
_OF_FORMATS = (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)


def settled(schema):
    """The schema of a model, in which every `str` says that it is text: only those of such a form have to."""
    if isinstance(schema, list):
        return [settled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    is_plain = schema.get("x-diglot") == "text" and schema.get("format") not in _FORMATS
    return {key: settled(each) for key, each in schema.items() if not (is_plain and key == "x-diglot")}


def preparation(schema, json):
    """A function from what came to what Pydantic takes."""
    word = "bytes" if json else "text"
    if f"'x-diglot': '{word}'" not in repr(schema):
        return lambda value: value
    prepare = _Preparation(schema, word).prepare
    return lambda value: prepare(value, schema)


class _Preparation:
    def __init__(self, root, word):
        self.root, self.word = root, word

    def prepare(self, value, schema):
        schema = self._behind(schema)
        if schema.get("x-diglot") == self.word:
            return _bytes(value) if self.word == "bytes" else _text(value)
        for part in schema.get("allOf", ()):
            value = self.prepare(value, part)
        branch = self._chosen(value, schema.get("anyOf") or schema.get("oneOf") or ())
        if branch is not None:
            return self.prepare(value, branch)
        if type(value) is dict:
            return self._object(value, schema)
        if type(value) in (list, set):
            return self._items(value, schema)
        return value

    def _behind(self, schema):
        while isinstance(schema, dict) and "$ref" in schema:
            schema = self.root["$defs"][schema["$ref"].rpartition("/")[2]]
        return schema if isinstance(schema, dict) else {}

    def _object(self, value, schema):
        properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
        return {key: self._at(key, each, properties.get(key, others)) for key, each in value.items()}

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
            return branch.get("type") == "object" and self._has_its_fields(value, branch)
        if type(value) in (list, set):
            return branch.get("type") == "array"
        return branch.get("type") == "string" and (isinstance(value, (str, *_OF_FORMATS)))

    def _has_its_fields(self, value, branch):
        if not set(branch.get("required", ())) <= value.keys():
            return False
        constants = {key: each for key, each in branch.get("properties", {}).items() if "const" in each}
        return all(value.get(key, each["const"]) == each["const"] for key, each in constants.items())


def _bytes(value):
    if not isinstance(value, str):
        return value
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Invalid(((), "expected bytes in base64")) from None


def _text(value):
    return jsonable(value) if isinstance(value, _OF_FORMATS) else value
