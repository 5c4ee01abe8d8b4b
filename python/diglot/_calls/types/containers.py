"""Lists, tuples, sets and dicts."""

from collections import deque
from collections.abc import Mapping, Sequence, Set

from ..values import AnyMap
from .base import ISSUES_MAX, Invalid, Type, expected
from .scalars import AnyType, StrType


def _each(function, items):
    """`function` of each item, with the issues of all that have some."""
    issues = []
    found = []
    for index, item in enumerate(items):
        try:
            found.append(function(item))
        except Invalid as invalid:
            issues += invalid.within(index).issues
            if len(issues) >= ISSUES_MAX:
                break
    if issues:
        raise Invalid(*issues)
    return found


def _all(function):
    """As `_each`, but quick where nothing is wrong."""

    def apply(items):
        try:
            return [function(item) for item in items]
        except Invalid:
            return _each(function, items)

    return apply


class ListType(Type):
    name = "a list"

    def __init__(self, item, cls=list):
        self.item, self.cls = item, cls

    def schema(self, defs):
        item = self.item.schema(defs)
        return {"type": "array", "items": item} if item else {"type": "array"}

    def load(self, json):
        apply, cls = _all(self.item.load(json)), self.cls

        def load(value):
            # As a key, and in a set, a list comes as a tuple.
            if type(value) not in (list, tuple):
                if not hasattr(value, "tolist"):  # a typed array
                    raise expected("a list", value)
                value = value.tolist()
            found = apply(value)
            return found if cls is list else cls(found)

        return load

    def dump(self, json):
        apply = _all(self.item.dump(json))

        def dump(value):
            if isinstance(value, (list, tuple)):
                return apply(value)
            if hasattr(value, "tolist") and hasattr(value, "dtype"):
                return apply(value.tolist())
            if isinstance(value, (Sequence, deque)) and not isinstance(value, (str, bytes, bytearray, memoryview)):
                return apply(value)
            raise expected("a list", value)

        return dump


class TupleType(Type):
    """A tuple of these items; a class of named tuples has `cls`."""

    name = "a tuple"

    def __init__(self, items, cls=tuple, names=()):
        self.items, self.cls, self.names = items, cls, names

    def schema(self, defs):
        count = len(self.items)
        parts = [item.schema(defs) for item in self.items]
        if self.names:
            parts = [{"title": name, **part} for name, part in zip(self.names, parts, strict=True)]
        schema = {"type": "array", "minItems": count, "maxItems": count}
        return {**schema, "prefixItems": parts, "items": False} if parts else schema

    def load(self, json):
        functions, cls = [item.load(json) for item in self.items], self.cls
        make = tuple if cls is tuple else lambda found: cls(*found)
        return self._function(functions, (list, tuple), make)

    def dump(self, json):
        return self._function([item.dump(json) for item in self.items], (tuple, list), list)

    def _function(self, functions, classes, make):
        count = len(functions)

        def apply(value):
            if not isinstance(value, classes):
                raise expected(f"a tuple of {count}", value)
            if len(value) != count:
                raise Invalid(((), f"expected {count} items, not {len(value)}"))
            issues, found = [], []
            for index, function in enumerate(functions):
                try:
                    found.append(function(value[index]))
                except Invalid as invalid:
                    issues += invalid.within(index).issues
            if issues:
                raise Invalid(*issues)
            return make(found)

        return apply


class SetType(Type):
    name = "a set"

    def __init__(self, item, cls=set):
        self.item, self.cls = item, cls

    def schema(self, defs):
        schema = {"type": "array", "uniqueItems": True, "x-diglot": "set"}
        item = self.item.schema(defs)
        return {**schema, "items": item} if item else schema

    def load(self, json):
        apply, cls = _all(self.item.load(json)), self.cls

        def load(value):
            if type(value) is not set and not (json and type(value) is list):
                raise expected("a set", value)
            try:
                return cls(apply(value))
            except TypeError:
                raise Invalid(((), "an item has no hash in Python")) from None

        return load

    def dump(self, json):
        apply = _all(self.item.dump(json))

        def dump(value):
            if not isinstance(value, Set):
                raise expected("a set", value)
            if json:
                return apply(value)
            return {hashable(item) for item in apply(value)}

        return dump


class MapType(Type):
    """A dict: an object where its keys are text, else a map of any keys. One of undeclared keys is what they are."""

    name = "a dict"

    def __init__(self, key, value):
        self.key, self.value = key, value
        self.is_object = key.is_text or isinstance(key, AnyType)

    def schema(self, defs):
        value = self.value.schema(defs)
        if self.is_object:
            schema = {"type": "object", "additionalProperties": value} if value else {"type": "object"}
            names = {} if type(self.key) in (StrType, AnyType) else self.key.schema(defs)
            return {**schema, "propertyNames": names} if names else schema
        pair = {"type": "array", "prefixItems": [self.key.schema(defs), value], "minItems": 2, "maxItems": 2}
        return {"type": "array", "items": pair, "x-diglot": "map"}

    def load(self, json):
        load_key, load_value = _of_keys(self.key.load(json)), self.value.load(json)
        takes_pairs = json and not self.key.is_text

        def load(value):
            if takes_pairs and type(value) is list:
                if not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
                    raise Invalid(((), "expected pairs of key and value"))
                return _entries(((load_key(key), key, item) for key, item in value), load_value)
            if not isinstance(value, dict):
                raise expected("pairs of key and value" if takes_pairs else "a dict", value)
            return _entries(((load_key(key), key, item) for key, item in value.items()), load_value)

        return load

    def dump(self, json):
        dump_key, dump_value = self.key.dump(json), self.value.dump(json)
        is_object = self.is_object

        def dump(value):
            if not isinstance(value, Mapping):
                raise expected("a dict", value)
            if json and (not is_object or not all(isinstance(dump_key(key), str) for key in value)):
                return [[dump_key(key), dump_value(item)] for key, item in value.items()]
            found = _entries(((hashable(dump_key(key)), key, item) for key, item in value.items()), dump_value)
            return found if is_object else AnyMap(found)

        return dump


def _of_keys(load):
    """The same, which says that what is wrong is a key."""

    def load_key(key):
        try:
            return load(key)
        except Invalid as invalid:
            raise Invalid(*(((), f"a key: {problem}") for _, problem in invalid.issues)) from None

    return load_key


def _entries(entries, function):
    issues, found = [], {}
    for key, shown, item in entries:
        try:
            if key in found:
                raise Invalid(((), "the key is there twice"))
            found[key] = function(item)
        except Invalid as invalid:
            issues += invalid.within(shown).issues
            if len(issues) >= ISSUES_MAX:
                break
        except TypeError:
            raise Invalid(((), "a key has no hash in Python")) from None
    if issues:
        raise Invalid(*issues)
    return found


def hashable(value):
    """As a key, or an item of a set: a list comes as a tuple."""
    return tuple(map(hashable, value)) if isinstance(value, list) else value
