"""Unions."""

import threading

from .arrays import ArrayType, NumpyType
from .base import Invalid, Type, expected
from .records import RecordType
from .scalars import BytesType, FloatType, IntType, NoneType

#: Trying values of these costs nothing.
_SIMPLE = frozenset((str, int, float, bool, bytes))
#: What came of the values within the outermost union that this thread is at.
_outcomes = threading.local()


class UnionType(Type):
    """One of several. An int is tried before a float, which takes ints as well.

    Records that are told apart by the constant of one field are decided by that. Others are tried; what came of a value
    is kept until the outermost union is done, since types that contain themselves would be tried two to the power of
    their depth times.
    """

    def __init__(self, members):
        self.members = members
        self.name = " or ".join(member.name for member in members)

    def schema(self, defs):
        return {"anyOf": [member.schema(defs) for member in self.members]}

    def load(self, json):
        return self._function("load", json)

    def dump(self, json):
        return self._function("dump", json)

    def check(self, value):
        for member in self.members:
            try:
                return member.check(value)
            except Invalid:
                continue
        return self.dump(False)(value)  # which says what is wrong

    def _function(self, which, json):
        members = sorted((member for member in self.members if not isinstance(member, NoneType)), key=_rank)
        if any(isinstance(member, BytesType) for member in members):
            # An array takes them as well, where they are not what they are.
            members.sort(key=lambda member: 3 if isinstance(member, (ArrayType, NumpyType)) else _rank(member))
        functions = [getattr(member, which)(json) for member in members]
        if len(functions) == 1:
            (function,) = functions
        else:
            function = self._of_several(members, functions, (id(self), which, json))
        if len(members) == len(self.members):
            return function
        return lambda value: None if value is None else function(value)

    def _of_several(self, members, functions, key):
        told = None

        def attempt(value):
            failures = []
            for function in functions:
                try:
                    return function(value)
                except Invalid as invalid:
                    failures.append(invalid)
            # What got furthest, with the least that is wrong, was probably meant.
            furthest = max(failures, key=lambda each: (max(len(path) for path, _ in each.issues), -len(each.issues)))
            if any(path for path, _ in furthest.issues):
                raise furthest
            raise expected(self.name, value)

        def apply(value):
            nonlocal told
            if type(value) in _SIMPLE:
                return attempt(value)
            if told is None:  # not before: a record that contains this union has no fields when the functions are made
                told = _Told(members, functions)
            function = told.find(value)
            return _kept(key, attempt, value) if function is None else function(value)

        return apply


def _rank(member):
    return {NoneType: 0, IntType: 1}.get(type(member), 4 if isinstance(member, FloatType) else 2)


def _kept(key, attempt, value):
    """`attempt(value)`, made once."""
    outcomes = getattr(_outcomes, "found", None)
    if outcomes is None:
        _outcomes.found = {}
        try:
            return attempt(value)
        finally:
            _outcomes.found = None
    place = (key, id(value))
    if place not in outcomes:
        try:
            outcome = (attempt(value), None)
        except Invalid as invalid:
            outcome = (None, invalid)
        # With the value, so that no other gets its identity.
        outcomes[place] = (*outcome, value)
    found, invalid, _ = outcomes[place]
    if invalid is not None:
        raise Invalid(*invalid.issues)
    return found


class _Told:
    """Which of several records a value is, by the constant of a field that all of them require."""

    def __init__(self, members, functions):
        self._name, self._functions = None, {}
        if not all(isinstance(member, RecordType) for member in members):
            return
        for name in members[0].required_constants():
            constants = [member.required_constants().get(name) for member in members]
            if None not in constants and len(frozenset().union(*constants)) == sum(map(len, constants)):
                self._name = name
                for some, function in zip(constants, functions, strict=True):
                    self._functions.update(dict.fromkeys(some, function))
                return

    def find(self, value):
        """What loads or dumps it, or None if that is not told."""
        if self._name is None or type(value) is not dict:
            return None
        constant = value.get(self._name)
        try:
            return self._functions.get((type(constant), constant))
        except TypeError:  # it has no hash
            return None
