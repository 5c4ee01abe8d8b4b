"""A function's parameters and result, as types."""

import inspect
import sys
from typing import get_args, get_origin

from ..errors import shown
from .base import ISSUES_MAX, Definitions, Invalid
from .compile import ANY, ASYNC_STREAMS, SYNC_STREAMS, Compiler, Unsupported, resolved
from .plain_json import jsonable

#: Of a name that is compared with those there are.
_NAME_CHARACTERS_MAX = 100
_KEYWORD_KINDS = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


class Signature:
    """What a function takes and returns.

    `stream` says that it answers with items, of type `result`; `input` is the name of the parameter that is a stream of
    items, of type `input_type`, or None. Raises `Unsupported`, which names function, place and parameter.
    """

    def __init__(self, function, name, place, frame_locals=None):
        self.name = name
        self.is_async = inspect.iscoroutinefunction(function)
        self.is_async_generator = inspect.isasyncgenfunction(function)
        self.is_generator = inspect.isgeneratorfunction(function)
        self._place = place
        self._compiler = Compiler()
        target = inspect.unwrap(function)
        module = sys.modules.get(target.__module__)
        self._scope = {**(vars(module) if module else {}), **getattr(target, "__globals__", {}), **(frame_locals or {})}
        self.parameters = {}
        self.required = set()
        self.input = None
        self.input_type = None
        #: Parameters without an annotation, which may be anything; so may the result where `has_result` is not.
        self.untyped = []
        self._item_loads = {}
        self._defaults = {}
        signature = inspect.signature(function)
        for parameter in signature.parameters.values():
            self._add(parameter)
        self._read_result(signature.return_annotation)
        self._loads = {False: self._functions("load", False)}
        self.dumps = {False: self.result.dump(False)}

    def _functions(self, which, json):
        return {name: getattr(type, which)(json) for name, type in self.parameters.items()}

    def _fail(self, what, problem):
        return Unsupported(f"{what} of the function {self.name} ({self._place}): {problem}")

    def _add(self, parameter):
        what = f'the parameter "{parameter.name}"'
        if parameter.kind not in _KEYWORD_KINDS:
            how = {
                inspect.Parameter.POSITIONAL_ONLY: "arguments are passed by name: remove the `/`",
                inspect.Parameter.VAR_POSITIONAL: "arguments are passed by name: make `*args` a list",
                inspect.Parameter.VAR_KEYWORD: "which parameters there are must be known: make `**kwargs` a dict",
            }
            raise self._fail(what, how[parameter.kind])
        if not is_snake_case(parameter.name):
            raise self._fail(what, "names cross in snake_case: lower-case letters, digits and underscores")
        try:
            annotation = self._resolved(parameter.annotation)
            item = _stream_item(annotation)
            if item is not None:
                if self.input is not None:
                    raise Unsupported(f'"{self.input}" is a stream of items as well, and there can be one')
                self.input, self.input_type = parameter.name, self._compiler.compile(item[0], self._scope)
                return
            type = self.parameters[parameter.name] = self._compiler.compile(annotation, self._scope)
        except Unsupported as problem:
            raise self._fail(what, problem) from None
        if annotation is inspect.Parameter.empty:
            self.untyped.append(parameter.name)
        if parameter.default is inspect.Parameter.empty:
            self.required.add(parameter.name)
        else:
            self._check_default(what, parameter, type)
            self._defaults[parameter.name] = parameter.default

    def _check_default(self, what, parameter, type):
        try:
            if type is not ANY:  # which may be a sentinel of the program's
                type.check(parameter.default)
        except Invalid as invalid:
            path, problem = invalid.told()[0]
            where = "".join(f"[{part!r}]" for part in path)
            is_left_out = parameter.default is None
            what_to_do = "annotate it `... | None`" if is_left_out else "give it another, or annotate what it may be"
            problem = f"{where}{': ' if where else ''}{problem}: {what_to_do}"
            raise self._fail(f"the default of {what}", problem) from None
        except Unsupported as problem:
            raise self._fail(f"the default of {what}", str(problem)) from None
        except Exception as error:  # of a validator of the program's
            raise self._fail(f"the default of {what}", f"checking it failed: {shown(error)}") from error

    def _read_result(self, annotation):
        self.stream = self.is_async_generator or self.is_generator
        self.has_result = annotation is not inspect.Signature.empty
        try:
            annotation = self._resolved(annotation)
            item = _stream_item(annotation, also_iterable=self.stream)
            self.stream = self.stream or item is not None
            if item is not None:
                annotation = item[0]
            elif self.stream and self.has_result:
                raise Unsupported("a generator is annotated as Iterator[T] or AsyncIterator[T]")
            self.result = self._compiler.compile(annotation, self._scope) if self.has_result else ANY
        except Unsupported as problem:
            raise self._fail("the result", problem) from None

    def _resolved(self, annotation):
        return resolved(annotation, self._scope) if isinstance(annotation, str) else annotation

    def offer(self):
        """The members of OFFER that say what it takes and returns."""
        defs = Definitions()
        properties = {}
        for name, type in self.parameters.items():
            properties[name] = type.schema(defs)
            if name in self._defaults:
                properties[name] = self._with_default(name, properties[name])
        params = {"type": "object", "properties": properties, "additionalProperties": False}
        required = [name for name in self.parameters if name in self.required]
        if required:
            params["required"] = required
        offer = {"params": _with_definitions(params, defs)}
        if self.has_result:
            defs = Definitions(is_sent=True)
            try:
                result = self.result.schema(defs)
            except Unsupported as problem:
                raise self._fail("the result", problem) from None
            if result == {"type": "null"}:
                result["x-diglot"] = "undefined"
            offer["result"] = _with_definitions(result, defs)
        if self.stream:
            offer["stream"] = True
        if self.input is not None:
            defs = Definitions()
            item = self.input_type.schema(defs)
            offer["input"] = {"name": self.input, "schema": _with_definitions(item, defs)}
        if self.untyped or not self.has_result:
            offer["untyped"] = {"params": self.untyped, "result": not self.has_result}
        return offer

    def _with_default(self, name, schema):
        try:
            default = jsonable(self.parameters[name].dump(True)(self._defaults[name]))
        except Exception:  # such as a sentinel of the program's, or what JSON has no word for; of its serializers any
            return schema
        return {**schema, "default": default}

    def load(self, arguments, json=False):
        """The arguments as the function takes them, by keyword."""
        loads = self._loads.get(json)
        if loads is None:
            loads = self._loads[json] = self._functions("load", json)
        if type(arguments) is not dict:
            raise Invalid(((), "the arguments are no map of names to values"))
        found, issues = {}, []
        for name, value in arguments.items():
            try:
                found[name] = loads[name](value)
            except KeyError:
                if name in loads:
                    raise
                issues.append(((name,), self._unknown(name, json)))
            except Invalid as invalid:
                issues += invalid.within(name).issues
            if len(issues) >= ISSUES_MAX:
                raise Invalid(*issues)
        if not self.required <= found.keys():
            problems = {path[0] for path, _ in issues}
            missing = [name for name in self.parameters if name in self.required - found.keys() - problems]
            issues += [((name,), "is missing") for name in missing]
        if issues:
            raise Invalid(*issues)
        return found

    def _unknown(self, name, json):
        if name == self.input:
            return stream_expected(json)
        import difflib

        near = difflib.get_close_matches(str(name)[:_NAME_CHARACTERS_MAX], self.parameters, n=1)
        return f"there is no such parameter{f': did you mean {near[0]!r}?' if near else ''}"

    def load_item(self, json=False):
        """What makes an item of the parameter that is a stream."""
        load = self._item_loads.get(json)
        if load is None:
            load = self._item_loads[json] = self.input_type.load(json)
        return load

    def dump(self, value, json=False):
        """A result, or an item of the stream, as what can be encoded."""
        dump = self.dumps.get(json)
        if dump is None:
            dump = self.dumps[json] = self.result.dump(json)
        return dump(value)


def stream_expected(json):
    """What is said where a value, or nothing, stands for a stream. JSON comes from who has none to give."""
    if json:
        return "is a stream of items, which only a service can give: call the function from one"
    return "is a stream of items: give an (async) iterator of them"


def _with_definitions(schema, defs):
    return {**schema, "$defs": defs.schemas} if defs.schemas else schema


def _stream_item(annotation, also_iterable=False):
    """The annotation of a stream's items, in a tuple; None if it is no stream."""
    import collections.abc

    origin = get_origin(annotation) or annotation
    streams = (*ASYNC_STREAMS, *SYNC_STREAMS, *((collections.abc.Iterable,) if also_iterable else ()))
    if origin not in streams:
        return None
    return (get_args(annotation) or (inspect.Parameter.empty,))[:1]


def is_snake_case(name):
    return name.isascii() and name[:1].isalpha() and name == name.lower() and name.replace("_", "a").isalnum()
