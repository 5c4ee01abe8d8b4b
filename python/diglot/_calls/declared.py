"""Errors that a function says it raises: what is said of their data, and whether it is so."""

import inspect
import json
import sys

from . import errors
from .types import Invalid, Unsupported
from .types.base import Definitions
from .types.compile import Compiler, hints_of

#: What errors of calls have beside their data.
_OF_CALLS = ("code", "data", "function", "message", "service", "stack", "type")


class Declared:
    """The classes in `errors=` of a function."""

    def __init__(self, classes, name, place):
        self.errors = {errors.type_of(cls): _Error(cls, name, place) for cls in classes}
        self._function = f"{name} ({place})"
        self._told = set()

    def offer(self):
        return [{"type": type, "data": error.schema()} for type, error in self.errors.items()]

    def check(self, thrown):
        """Tells the log, once, that the data of an error is not what its class says: callers count on that.

        :param thrown: the JSON of a THROW, of what the function has raised.
        """
        told = json.loads(thrown)
        type = told.get("type")
        error = self.errors.get(type)
        if error is None or told["code"] != "error" or "service" in told or type in self._told:
            return
        data = told.get("data")
        issues = errors.issues_text(errors.issues_of(Invalid(*error.issues({} if data is None else data))))
        if issues:
            self._told.add(type)
            problem = f"{self._function} raised {type} with other data than the class declares to callers: {issues}"
            print(f"diglot: {problem}", file=sys.stderr, flush=True)


class _Error:
    """One of them: what it annotates crosses as its data."""

    def __init__(self, cls, function, place):
        try:
            compiler = Compiler()
            self._types = {
                name: compiler.compile(hint)
                for name, hint in hints_of(cls).items()
                if name[:1] != "_" and not (issubclass(cls, errors.RemoteError) and name in _OF_CALLS)
            }
        except Unsupported as problem:
            raise Unsupported(f"the error {cls.__name__} of the function {function} ({place}): {problem}") from None
        # What the class itself has a value of, an error need not.
        self._required = [name for name in self._types if not _has_value(cls, name)]
        self._loads = {}

    def schema(self):
        defs = Definitions(is_sent=True)
        schema = {"type": "object", "properties": {name: type.schema(defs) for name, type in self._types.items()}}
        if self._required:
            schema["required"] = self._required
        if defs.schemas:
            schema["$defs"] = defs.schemas
        return schema

    def issues(self, data):
        """What is wrong with it, as JSON has it."""
        if not isinstance(data, dict):
            return [((), f"expected an object, not {errors.shown(data)}")]
        found = [((name,), "is missing") for name in self._required if name not in data]
        for name in self._types.keys() & data.keys():
            try:
                self._load(name)(data[name])
            except Invalid as invalid:
                found += invalid.within(name).issues
            except Exception as problem:
                # A class of the program's that raises when it is made.
                found.append(((name,), f"{type(problem).__name__}: {problem}"))
        return found

    def _load(self, name):
        load = self._loads.get(name)
        if load is None:
            load = self._loads[name] = self._types[name].load(True)
        return load


def _has_value(cls, name):
    owner = next((each for each in cls.__mro__ if name in vars(each)), None)
    if owner is None:
        return False
    # A slot is no value, but where an error has its own. Those of exceptions that Python has itself are none.
    return not (inspect.ismemberdescriptor(vars(owner)[name]) and "__slots__" in vars(owner))
