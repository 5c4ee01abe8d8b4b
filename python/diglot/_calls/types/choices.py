"""Literals and enumerations."""

import enum

from ..errors import shown
from .base import Invalid, Type, described, expected
from .plain_json import jsonable


class LiteralType(Type):
    def __init__(self, values):
        self.values = values
        self.is_text = all(isinstance(_plain(value), str) for value in values)
        self.constants = frozenset((type(_plain(value)), _plain(value)) for value in values)
        self.name = " or ".join(repr(value) for value in values)

    def schema(self, defs):
        values = [_plain(value) for value in self.values]
        return {"const": values[0]} if len(values) == 1 else {"enum": values}

    def load(self, json):
        return self._lookup({(type(_plain(value)), _plain(value)): value for value in self.values})

    def dump(self, json):
        return self._lookup({(type(value), value): _plain(value) for value in self.values})

    def _lookup(self, table):
        def lookup(value):
            try:
                return table[type(value), value]
            except (KeyError, TypeError):
                raise expected(self.name, value) from None

        return lookup


def _plain(value):
    return value.value if isinstance(value, enum.Enum) else value


class EnumType(Type):
    def __init__(self, cls):
        self.cls = cls
        self.is_text = all(isinstance(member.value, str) for member in cls)
        self.name = f"one of {', '.join(repr(member.value) for member in cls)}"
        if len(self.name) > 200:
            self.name = f"a value of {cls.__name__}"

    def schema(self, defs):
        def make():
            schema = {"enum": [jsonable(member.value) for member in self.cls]}
            inherited = enum.Enum.__doc__
            text = self.cls.__doc__
            # 3.10 gives each enumeration the text "An enumeration."
            return described(schema, None if text in (inherited, "An enumeration.") else text)

        return defs.refer(self.cls, self.cls.__name__, make)

    def load(self, json):
        cls = self.cls
        by_json = {}
        if json:
            for member in cls:
                by_json[repr(jsonable(member.value))] = member

        def load(value):
            if json and repr(value) in by_json:
                return by_json[repr(value)]
            try:
                if isinstance(value, (bool, float)) and not any(type(member.value) is type(value) for member in cls):
                    raise ValueError
                return cls(tuple(value) if isinstance(value, list) else value)
            except (ValueError, TypeError):
                raise expected(self.name, value) from None

        return load

    def dump(self, json):
        cls = self.cls

        def dump(value):
            if not isinstance(value, cls):
                raise Invalid(((), f"expected a member of {cls.__name__}, not {shown(value)}"))
            return jsonable(value.value) if json else value.value

        return dump
