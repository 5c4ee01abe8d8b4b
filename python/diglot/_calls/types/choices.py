"""Unions, literals and enumerations."""

import enum

from ..errors import shown
from .base import Invalid, Type, described, expected
from .plain_json import jsonable
from .scalars import FloatType, IntType, NoneType


class UnionType(Type):
    """One of several. An int is tried before a float, which takes ints as well."""

    def __init__(self, members):
        self.members = members
        self.name = " or ".join(member.name for member in members)

    def schema(self, defs):
        return {"anyOf": [member.schema(defs) for member in self.members]}

    def load(self, json):
        return self._first([member.load(json) for member in self._ordered()])

    def dump(self, json):
        return self._first([member.dump(json) for member in self._ordered()])

    def _ordered(self):
        return sorted(self.members, key=_rank)

    def _first(self, functions):
        is_optional = any(isinstance(member, NoneType) for member in self.members)
        if is_optional:
            functions = functions[1:]  # of None, which ranks first
        if is_optional and len(functions) == 1:
            (function,) = functions
            return lambda value: None if value is None else function(value)

        def apply(value):
            if is_optional and value is None:
                return None
            failures = []
            for function in functions:
                try:
                    return function(value)
                except Invalid as invalid:
                    failures.append(invalid)
            # What got furthest was probably meant.
            furthest = max(failures, key=lambda invalid: max(len(path) for path, _ in invalid.issues))
            if any(path for path, _ in furthest.issues):
                raise furthest
            raise expected(self.name, value)

        return apply


def _rank(member):
    return {NoneType: 0, IntType: 1}.get(type(member), 3 if isinstance(member, FloatType) else 2)


class LiteralType(Type):
    def __init__(self, values):
        self.values = values
        self.is_text = all(isinstance(_plain(value), str) for value in values)
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
