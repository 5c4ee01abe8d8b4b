"""Annotations to types."""

import array
import collections
import collections.abc
import dataclasses
import enum
import inspect
import sys
import types
import typing
from typing import Annotated, Any, ForwardRef, Literal, TypeVar, Union, get_args, get_origin

from ..values.kinds import is_text
from .arrays import ArrayType, NumpyType, TableType
from .base import Unsupported
from .choices import EnumType, LiteralType
from .constrained import ConstrainedType, are_held, constraints_of
from .containers import ListType, MapType, SetType, TupleType
from .pydantics import PydanticType
from .records import Field, RecordType
from .recursive import RecursiveType
from .scalars import TEXTUAL, AnyType, BigIntType, BoolType, BytesType, FloatType, IntType, NoneType, StrType, is_big
from .unions import UnionType

ANY = AnyType()
_SIMPLE = {
    Any: ANY,
    object: ANY,
    inspect.Parameter.empty: ANY,
    None: NoneType(),
    type(None): NoneType(),
    bool: BoolType(),
    int: IntType(),
    float: FloatType(),
    str: StrType(),
    bytes: BytesType(),
    bytearray: BytesType(bytearray),
    memoryview: BytesType(memoryview),
    BigIntType: BigIntType(),
    array.array: ArrayType(),
    **TEXTUAL,
}

_abc = collections.abc
_LISTS = (list, _abc.Sequence, _abc.MutableSequence, _abc.Collection, _abc.Iterable, _abc.Reversible)
_SETS = {set: set, frozenset: frozenset, _abc.Set: set, _abc.MutableSet: set}
_MAPS = (dict, _abc.Mapping, _abc.MutableMapping)
#: An argument or result annotated so is a stream of items.
ASYNC_STREAMS = (_abc.AsyncIterator, _abc.AsyncIterable, _abc.AsyncGenerator)
SYNC_STREAMS = (_abc.Iterator, _abc.Generator)


class Compiler:
    """Makes types of annotations. Classes that come more than once, or contain themselves, become one type."""

    def __init__(self):
        #: Classes, with the types of their arguments.
        self._known = {}
        #: Annotations without variables.
        self._compiled = {}
        #: Named tuples and aliases whose parts are being compiled: what stands for them there.
        self._open = {}

    def compile(self, annotation, scope=None, variables=None):
        """The type of an annotation. `scope` resolves names in text; `variables` are those of generic classes."""
        try:
            known = _SIMPLE.get(annotation)
        except TypeError:
            known = None
        if known is not None:
            return known
        if isinstance(annotation, (str, ForwardRef)):
            return self.compile(resolved(annotation, scope), scope, variables)
        if variables:
            return self._made(annotation, scope, variables)
        try:
            # Literal[1] and Literal[True] are equal, and their texts are not.
            key = (annotation, str(annotation))
            if key not in self._compiled:
                self._compiled[key] = self._made(annotation, scope, None)
            return self._compiled[key]
        except TypeError:  # what is in an Annotated need have no hash
            return self._made(annotation, scope, None)

    def _made(self, annotation, scope, variables):
        if isinstance(annotation, TypeVar):
            return self._variable(annotation, scope, variables)
        origin = get_origin(annotation)
        if origin is not None:
            return self._generic(annotation, origin, get_args(annotation), scope, variables)
        supertype = getattr(annotation, "__supertype__", None)
        if supertype is not None:  # a NewType
            return self.compile(supertype, scope, variables)
        if hasattr(annotation, "__value__") and type(annotation).__name__ == "TypeAliasType":
            return self._alias(annotation, (), annotation.__value__, scope, variables)
        if isinstance(annotation, type):
            return self._class(annotation, scope, variables, ())
        raise Unsupported(f"{_text(annotation)} has no counterpart in the other language")

    def _variable(self, variable, scope, variables):
        if variables and variable in variables:
            return variables[variable]
        if variable.__bound__ is not None:
            return self.compile(variable.__bound__, scope, variables)
        if variable.__constraints__:
            return UnionType([self.compile(each, scope, variables) for each in variable.__constraints__])
        return ANY

    def _generic(self, annotation, origin, arguments, scope, variables):
        def inner(index=0):
            return self.compile(arguments[index], scope, variables) if len(arguments) > index else ANY

        if hasattr(origin, "__value__"):  # a generic alias of `type`, as numpy's NDArray where Python has them
            return self._alias(origin, arguments, origin.__value__[arguments], scope, variables)
        if origin in (Union, types.UnionType):
            return UnionType(_distinct(self.compile(each, scope, variables) for each in arguments))
        if origin is Literal:
            return LiteralType(arguments)
        if origin is Annotated:
            return self._annotated(annotation, arguments, scope, variables)
        if origin in (typing.ClassVar, typing.Final) or _is_qualifier(origin):
            return inner()
        if origin is tuple:
            if len(arguments) == 2 and arguments[1] is Ellipsis:
                return ListType(inner(), tuple)
            return TupleType([self.compile(each, scope, variables) for each in arguments if each != ()])
        if origin in _LISTS:
            return ListType(inner())
        if origin is collections.deque:
            return ListType(inner(), collections.deque)
        if origin in _SETS:
            return SetType(inner(), _SETS[origin])
        if origin in _MAPS or origin in (collections.defaultdict, collections.OrderedDict):
            return MapType(inner(), inner(1))
        if origin is _abc.Callable:
            raise Unsupported(f"{_text(annotation)}: a function cannot cross: pass what it works on")
        if origin in (*ASYNC_STREAMS, *SYNC_STREAMS):
            raise Unsupported(
                f"{_text(annotation)}: a stream of items is a parameter's or the result's whole type, not a part of one"
            )
        if getattr(origin, "__module__", "").partition(".")[0] == "numpy":
            return _numpy(annotation, arguments)
        if isinstance(origin, type):
            return self._class(origin, scope, variables, arguments)
        raise Unsupported(f"{_text(annotation)} has no counterpart in the other language")

    def _alias(self, alias, arguments, value, scope, variables):
        # As text: what is in an Annotated need have no hash.
        key = alias, str(arguments)
        return self._within(key, alias.__name__, lambda: self.compile(value, scope, variables))

    def _within(self, key, title, make):
        """What `make()` makes; in its own parts a type stands for it that learns later what it is."""
        standing = self._open.get(key)
        if standing is None:
            standing = self._open[key] = RecursiveType(key, title)
            try:
                made = make()
            finally:
                del self._open[key]
            if not standing.is_used:
                return made
            if made is standing:
                raise Unsupported(f"{title} is itself, and nothing beside")
            standing.inner = made
        standing.is_used = True
        return standing

    def _annotated(self, annotation, arguments, scope, variables):
        if arguments[0] is int and any(map(is_big, arguments[1:])):
            arguments = (BigIntType, *(each for each in arguments[1:] if not is_big(each)))
        constraints, text, needs_pydantic = constraints_of(arguments[1:])
        if needs_pydantic:
            return PydanticType(annotation, _text(arguments[0]))
        inner = self.compile(arguments[0], scope, variables)
        if isinstance(inner, BigIntType) and are_held(constraints):
            inner = BigIntType(is_held=True)
        return ConstrainedType(inner, constraints, text) if constraints or text else inner

    def _class(self, cls, scope, variables, arguments):
        given = [self.compile(each, scope, variables) for each in arguments]
        key = (cls, *given) if given else cls
        if key not in self._known:
            self._known[key] = self._new_class(cls, key, given, arguments)
        return self._known[key]

    def _new_class(self, cls, key, given, arguments):
        if cls in _LISTS:
            return ListType(ANY)
        if cls in _SETS:
            return SetType(ANY, _SETS[cls])
        if cls in _MAPS:
            return MapType(ANY, ANY)
        if cls is tuple:
            return ListType(ANY, tuple)
        if issubclass(cls, enum.Enum):
            return EnumType(cls)
        if hasattr(cls, "__get_pydantic_core_schema__") or hasattr(cls, "__pydantic_core_schema__"):
            return PydanticType(cls[arguments] if arguments else cls, cls.__name__)
        package = cls.__module__.partition(".")[0]
        if package == "numpy":
            return _numpy_class(cls)
        if package in ("pandas", "polars", "pyarrow") and cls.__name__ in ("DataFrame", "Table"):
            return TableType(cls)
        title = cls.__name__ + (f"[{', '.join(map(_text, arguments))}]" if arguments else "")
        variables = dict(zip(getattr(cls, "__parameters__", ()), given, strict=False))
        if dataclasses.is_dataclass(cls):
            # The text that dataclasses are given is their signature.
            doc = cls.__doc__ if cls.__doc__ and not cls.__doc__.startswith(f"{cls.__name__}(") else None
            return self._record(RecordType(key, title, cls, _doc(doc)), cls, variables, self._dataclass_fields)
        if hasattr(cls, "__attrs_attrs__"):
            return self._record(RecordType(key, title, cls, _doc(cls.__doc__)), cls, variables, self._attrs_fields)
        if typing.is_typeddict(cls) or hasattr(cls, "__required_keys__"):
            return self._record(RecordType(key, title, None, _doc(cls.__doc__)), cls, variables, self._dict_fields)
        if issubclass(cls, tuple) and hasattr(cls, "_fields"):
            return self._within(key, title, lambda: self._named_tuple(cls, variables))
        for base in (str, int, float):
            if issubclass(cls, base):
                raise Unsupported(f"{title} derives from {base.__name__}: declare {base.__name__}, or a NewType of it")
        if is_text(cls):
            raise Unsupported(f"{title} crosses as its text alone: declare str, and make one of it in the function")
        raise Unsupported(
            f"the class {cls.__module__}.{title} has no counterpart in the other language: make it a dataclass, a"
            " TypedDict, a NamedTuple, or a model of Pydantic's or attrs'"
        )

    def _named_tuple(self, cls, variables):
        hints = hints_of(cls)
        parts = [self._field(cls, name, hints.get(name, Any), variables) for name in cls._fields]
        return TupleType(parts, cls, cls._fields)

    def _record(self, record, cls, variables, fields):
        self._known[record.key] = record  # before its fields: it may contain itself
        try:
            record.fields = tuple(fields(cls, variables))
        except BaseException:
            del self._known[record.key]
            raise
        return record

    def _field(self, cls, name, annotation, variables):
        try:
            return self.compile(annotation, vars(sys.modules.get(cls.__module__, typing)), variables)
        except Unsupported as problem:
            raise Unsupported(f"{cls.__name__}.{name}: {problem}") from None

    def _dataclass_fields(self, cls, variables):
        hints = hints_of(cls)
        for field in dataclasses.fields(cls):
            if not field.init:
                continue
            has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
            compiled = self._field(cls, field.name, hints[field.name], variables)
            doc = field.metadata.get("doc") or getattr(field, "doc", None)
            yield Field(field.name, compiled, has_default=has_default, doc=doc)

    def _attrs_fields(self, cls, variables):
        # They are resolved where `attrs.resolve_types()` was called.
        is_resolved = not any(isinstance(field.type, str) for field in cls.__attrs_attrs__)
        hints = {} if is_resolved else hints_of(cls)
        for field in cls.__attrs_attrs__:
            if not field.init:
                continue
            annotation = hints.get(field.name, field.type or Any)
            has_default = type(field.default).__name__ != "_Nothing" and repr(field.default) != "NOTHING"
            compiled = self._field(cls, field.name, annotation, variables)
            yield Field(field.name, compiled, has_default=has_default, argument=getattr(field, "alias", None))

    def _dict_fields(self, cls, variables):
        for name, annotation in hints_of(cls).items():
            required = name in cls.__required_keys__
            while _is_qualifier(get_origin(annotation)):
                # Written as text, 3.10 takes them for a part of the type.
                required = required if _qualifier(annotation) == "ReadOnly" else _qualifier(annotation) == "Required"
                annotation = get_args(annotation)[0]
            yield Field(name, self._field(cls, name, annotation, variables), has_default=not required)


def hints_of(cls):
    """The annotations of a class and its bases, as objects."""
    try:
        return typing.get_type_hints(cls, include_extras=True)
    except NameError as error:
        raise Unsupported(_missing(error, cls.__name__)) from None
    except TypeError as error:
        raise Unsupported(f"{cls.__name__}: {error}") from None


def resolved(annotation, scope):
    """What an annotation in text says."""
    text = annotation if isinstance(annotation, str) else annotation.__forward_arg__
    try:
        return eval(text, dict(scope or {}))
    except NameError as error:
        raise Unsupported(_missing(error, text)) from None
    except Exception as error:
        raise Unsupported(f"{text!r} cannot be read: {type(error).__name__}: {error}") from None


def _missing(error, text):
    name = getattr(error, "name", None) or str(error)
    return f'{text}: there is no "{name}" when the program runs: import it outside of `if TYPE_CHECKING:`'


def _distinct(members):
    found = []
    for member in members:
        if not any(member is other for other in found):
            found.append(member)
    return found


def _qualifier(annotation):
    return getattr(get_origin(annotation), "_name", None) or getattr(get_origin(annotation), "__name__", "")


def _is_qualifier(origin):
    name = getattr(origin, "_name", None) or getattr(origin, "__name__", None)
    module = getattr(origin, "__module__", "")
    return name in ("Required", "NotRequired", "ReadOnly") and module in ("typing", "typing_extensions")


def _numpy(annotation, arguments):
    """`NDArray[np.float32]` is `ndarray[shape, dtype[float32]]`."""
    dimensions = None
    if len(arguments) == 2:
        shape = get_args(arguments[0])
        if shape and Ellipsis not in shape:
            dimensions = len(shape)
        inner = get_args(arguments[1])
        scalar = inner[0] if inner else Any
    else:
        scalar = Any
    if scalar is Any or isinstance(scalar, TypeVar):
        return NumpyType(None, dimensions)
    try:
        return NumpyType(_dtype_name(scalar), dimensions)
    except KeyError:
        raise Unsupported(f"{_text(annotation)}: arrays of {_text(scalar)} have no counterpart in JavaScript") from None


def _numpy_class(cls):
    numpy = sys.modules["numpy"]
    if issubclass(cls, numpy.ndarray):
        return NumpyType()
    if issubclass(cls, numpy.bool_):
        return _SIMPLE[bool]
    if issubclass(cls, numpy.integer):
        return _SIMPLE[int]
    if issubclass(cls, numpy.floating):
        return _SIMPLE[float]
    raise Unsupported(f"numpy.{cls.__name__} has no counterpart in the other language")


def _dtype_name(scalar):
    from ..values.kinds import TYPED_ARRAY_TAGS

    numpy = sys.modules["numpy"]
    name = numpy.dtype(scalar).name
    TYPED_ARRAY_TAGS[name]
    return name


def _doc(text):
    return inspect.cleandoc(text) if text else None


def _text(annotation):
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("collections.abc.", "")
