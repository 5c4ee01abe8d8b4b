"""What Pydantic is given, and what is made of what it gives: it knows neither the bytes of our JSON nor that another
language has a type for a text, and its dicts of any keys are dicts as others.
"""

import base64
import binascii
import datetime
import decimal
import uuid

from ..errors import shown
from ..values.kinds import AnyMap
from .base import Invalid, expected
from .containers import hashable
from .plain_json import jsonable

#: Forms of text that languages have types for.
FORMATS = ("date-time", "date", "time", "duration", "decimal", "uuid")
_ITEMS = (list, tuple, set, frozenset)
_OF_FORMATS = (datetime.date, datetime.time, datetime.timedelta, decimal.Decimal, uuid.UUID)


def settled(schema):
    """The schema of a model, in which every `str` says that it is text: only those of such a form have to, and keys
    that are text need not be told.
    """
    if isinstance(schema, list):
        return [settled(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    is_plain = schema.get("x-diglot") == "text" and schema.get("format") not in FORMATS
    told = {key: settled(each) for key, each in schema.items() if not (is_plain and key == "x-diglot")}
    if told.get("propertyNames") == {}:
        del told["propertyNames"]
    return told


def preparation(schema, json):
    """A function from what came to what Pydantic takes."""
    if json:
        return _walking(_Walk(schema, "bytes", dict, takes_pairs=True))
    return _walking(_Walk(schema, "text", dict))


def completion(schema):
    """A function from what Pydantic gives to what is sent: also an empty map is one, and keys told as text are text."""
    return _walking(_Walk(schema, None, AnyMap, takes_pairs=True, tells_keys=True))


def _walking(walk):
    schema = walk.root
    if not walk.is_due(schema):
        return lambda value: value

    def walked(value):
        try:
            return walk.prepare(value, schema)
        except RecursionError:
            raise expected("a value that is not as deep", value) from None

    return walked


class _Walk:
    """Through values, by their schema, as far as there is something to do: texts are made bytes, or what is told as one
    is made text (`word`); maps are made (`takes_pairs`), and keys text (`tells_keys`).
    """

    def __init__(self, root, word, map_type, *, takes_pairs=False, tells_keys=False):
        self.root, self.word, self.map_type = root, word, map_type
        self._takes_pairs, self._tells_keys = takes_pairs, tells_keys
        #: Whether something is to be done below a part of the schema, by its id: the root keeps them all.
        self._found = {}

    def is_due(self, schema):
        if not schema or schema is True:
            return False
        found = self._found.get(id(schema))
        if found is None:
            found = self._found[id(schema)] = self._leads_to_due(schema)
        return found

    def _leads_to_due(self, schema):
        parts, seen = [schema], set()
        while parts:
            part = parts.pop()
            word = part.get("x-diglot")
            if word is not None and (word == self.word or (word == "map" and self._takes_pairs)):
                return True
            if self._tells_keys and _may_be_no_text(part.get("propertyNames", {})):
                return True
            reference = part.get("$ref")
            if reference is not None and reference not in seen:
                seen.add(reference)
                parts.append(self._behind(part))
            parts += _parts(part)
        return False

    def prepare(self, value, schema):
        if not self.is_due(schema):
            return value
        schema = self._behind(schema)
        if self.word is not None and schema.get("x-diglot") == self.word:
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
        # Pydantic has one pattern for all keys of a dict.
        others = next(iter(schema.get("patternProperties", {}).values()), schema.get("additionalProperties", {}))
        properties = schema.get("properties", {})
        found = {key: self._at(key, each, properties.get(key, others)) for key, each in value.items()}
        if not (self._tells_keys and _may_be_no_text(schema.get("propertyNames", {}))):
            return found
        return {jsonable(key): each for key, each in found.items()}

    def _map(self, value, keys, items):
        """A dict of any keys, which JSON has as pairs."""
        if isinstance(value, dict):
            pairs = value.items()
        elif _are_pairs(value):
            pairs = value
        else:
            return value
        found = self.map_type()
        for key, item in pairs:
            try:
                key = hashable(self.prepare(key, keys))
                is_new = key not in found
            except TypeError:
                raise Invalid(((), "a key has no hash in Python")) from None
            if not is_new:
                raise Invalid(((), f"the key {shown(key)} is there twice"))
            found[key] = self._at(key, item, items)
        return found

    def _items(self, value, schema):
        first, others = schema.get("prefixItems", ()), schema.get("items", {})
        if not first and not self.is_due(others):
            return value
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
        return min(fitting, key=lambda branch: branch.get("x-diglot", "") == self.word, default=None)

    def _may_be(self, value, branch):
        union = branch.get("anyOf") or branch.get("oneOf")
        if union:
            return any(self._may_be(value, each) for each in map(self._behind, union))
        if type(value) is dict and branch.get("x-diglot") != "map":
            return branch.get("type") == "object" and self._has_its_fields(value, branch)
        if type(value) in (dict, *_ITEMS):
            return self._is_of_kind(value, branch)
        return branch.get("type") == "string" and (isinstance(value, (str, *_OF_FORMATS)))

    def _has_its_fields(self, value, branch):
        if not set(branch.get("required", ())) <= value.keys():
            return False
        fields = branch.get("properties", {})
        constants = {key: each for key, each in fields.items() if "const" in each}
        if not all(value.get(key, each["const"]) == each["const"] for key, each in constants.items()):
            return False
        return all(self._is_of_kind(value[key], each) for key, each in fields.items() if key in value)

    def _is_of_kind(self, value, schema):
        """Whether it is an object, a map or an array where one is meant; what is within arrays by the first of it."""
        schema = self._behind(schema)
        union = schema.get("anyOf") or schema.get("oneOf")
        if union:
            return any(self._is_of_kind(value, each) for each in union)
        kind = schema.get("type")
        # What has none may be anything.
        if not isinstance(kind, str) or type(value) not in (dict, *_ITEMS):
            return True
        if type(value) is dict:
            if schema.get("x-diglot") == "map":
                return not any(isinstance(key, str) for key in value)
            return kind == "object"
        if schema.get("x-diglot") == "map":
            return _are_pairs(value)
        if kind != "array":
            return False
        items = schema["prefixItems"][0] if schema.get("prefixItems") else schema.get("items", {})
        return not value or self._is_of_kind(next(iter(value)), items)


def _parts(schema):
    """The schemas within one."""
    for word in ("properties", "patternProperties"):
        yield from schema.get(word, {}).values()
    for word in ("prefixItems", "anyOf", "oneOf", "allOf"):
        yield from schema.get(word, ())
    single = (schema.get(word) for word in ("items", "additionalProperties", "propertyNames"))
    yield from (part for part in single if isinstance(part, dict))


def _may_be_no_text(names):
    """Whether keys that are told as text may be something else in Python: members of enumerations, paths, addresses."""
    return any(word in names for word in ("$ref", "format", "const", "enum"))


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
