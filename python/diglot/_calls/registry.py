"""The functions that this program offers."""

import functools
import inspect
import json
import os
import sys

from . import errors as call_errors
from .declared import Declared
from .types import Signature
from .types.signature import is_snake_case

#: Characters of a name.
NAME_CHARACTERS_MAX = 128
#: What the numbers of an OFFER go up to; of a timeout these are milliseconds, 49 days.
NUMBER_MAX = 0xFFFFFFFF


class Function:
    """A function that is offered, and how."""

    def __init__(self, function, name, options, place, frame_locals, defined_in):
        self.function = function
        self.name = name
        self.place = place
        self.options = options
        #: The code that defines it: that of its module, or of the function around it.
        self.defined_in = defined_in
        self._frame_locals = frame_locals
        self._signature = None
        self._declared = None

    @property
    def declared(self):
        """The errors it says it raises, or None. Made as the signature is."""
        if self._declared is None and self.options["errors"]:
            self._declared = Declared(self.options["errors"], self.name, self.place)
        return self._declared

    @property
    def signature(self):
        """Made when it is first asked for: annotations may name what stands below the function."""
        if self._signature is None:
            self._signature = Signature(self.function, self.name, self.place, self._frame_locals)
            self._frame_locals = None
        return self._signature

    @property
    def stack(self):
        """Where it stands, as a traceback has it."""
        code = inspect.unwrap(self.function).__code__
        return f'  File "{code.co_filename}", line {code.co_firstlineno}, in {self.name}\n'

    def offer(self):
        """The JSON of an OFFER."""
        options = self.options
        offer = {"name": self.name, **self.signature.offer()}
        if self.declared is not None:
            offer["errors"] = self.declared.offer()
        doc = inspect.getdoc(self.function)
        if doc:
            offer["doc"] = doc
        for member in ("concurrency", "queue"):
            if options[member] is not None:
                offer[member] = options[member]
        if options["idempotent"]:
            offer["idempotent"] = True
        if options["timeout"] is not None:
            offer["timeout_ms"] = max(1, round(options["timeout"] * 1000))
        file, _, line = self.place.rpartition(":")
        return json.dumps({**offer, "file": file, "line": int(line)}, ensure_ascii=False).encode()


#: By name.
functions = {}
#: Called with a function that is registered once the program runs.
listeners = []


def function(target=None, /, *, name=None, timeout=None, concurrency=None, queue=None, idempotent=False, errors=()):
    """Offers a function to the other services: `@function`, or `@function(timeout=5.0, ...)`. It stays as it is.

    Parameters and result are typed by their annotations. A sync function runs on a thread, an async one on the event
    loop; a generator, of either kind, answers with a stream of items.

    :param name: as others call it; the function's own if none is given. Lower-case letters, digits and underscores.
    :param timeout: seconds a call may take whose caller sets no limit.
    :param concurrency: calls at a time in one worker. More wait.
    :param queue: calls that may wait, in all workers.
    :param idempotent: a call may be begun once more when the worker that had it was lost.
    :param errors: classes of exceptions that callers are to know the data of.
    """
    options = {
        "timeout": _checked_timeout(timeout),
        "concurrency": _checked_count("concurrency", concurrency, 1),
        "queue": _checked_count("queue", queue, 0),
        "idempotent": bool(idempotent),
        "errors": _checked_errors(errors),
    }
    if target is None:
        return functools.partial(_register, name=name, options=options, frame=sys._getframe(1))
    return _register(target, name=name, options=options, frame=sys._getframe(1))


def _checked_errors(value):
    found = tuple(value) if isinstance(value, (list, tuple, set, frozenset)) else (value,)
    if all(isinstance(each, type) and issubclass(each, Exception) for each in found) and found != (value,):
        # A set has the order of addresses, another in each process.
        return tuple(sorted(found, key=_place_of)) if isinstance(value, (set, frozenset)) else found
    raise TypeError(
        f"@function(errors={call_errors.shown(value)}): it is a list of classes of exceptions, such as [OutOfStock]"
    )


def _place_of(cls):
    return cls.__qualname__, cls.__module__


def _checked_timeout(value):
    if value is None or (is_seconds(value) and value * 1000 <= NUMBER_MAX):
        return value
    raise ValueError(
        f"@function(timeout={value!r}): it is a number of seconds above 0, at most {NUMBER_MAX // 1000:,} (49 days)"
    )


def _checked_count(name, value, least):
    is_count = isinstance(value, int) and not isinstance(value, bool) and least <= value <= NUMBER_MAX
    if value is None or is_count:
        return value
    raise ValueError(f"@function({name}={value!r}): it is a whole number from {least} to {NUMBER_MAX:,}")


def is_seconds(value):
    """Whether it is a number above 0, perhaps infinite."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _register(target, *, name, options, frame):
    if not inspect.isroutine(target):
        raise TypeError(f"@function is for functions, not for {call_errors.shown(target)}")
    given = name or target.__name__
    code = inspect.unwrap(target).__code__
    place = f"{os.path.relpath(code.co_filename)}:{code.co_firstlineno}"
    if not is_snake_case(given) or len(given) > NAME_CHARACTERS_MAX:
        raise ValueError(
            f'the function "{given}" ({place}): names cross in snake_case, lower-case letters, digits and underscores,'
            f' at most {NAME_CHARACTERS_MAX}: give it another with @function(name="...")'
        )
    frame_locals = frame.f_locals if frame.f_locals is not frame.f_globals else None
    if _takes_self(target):
        raise TypeError(
            f'the function "{given}" ({place}) is a method, and nobody who calls it has an object for it: write a'
            " function of the module that calls it, or offer it of one object, function(shop.price)"
        )
    defined_in = _defining_code(target, frame)
    known = functions.get(given)
    if known is not None and known.place != place and not _is_reloaded(known, target, defined_in):
        raise ValueError(f'two functions are called "{given}": {known.place} and {place}: give one another with name=')
    registered = functions[given] = Function(target, given, options, place, frame_locals, defined_in)
    for listener in listeners:
        listener(registered)
    return target


def _takes_self(target):
    return next(iter(inspect.signature(target).parameters), None) in ("self", "cls")


def _defining_code(target, frame):
    """The code that is running the function's definition, perhaps through a decorator of another module; else None."""
    scope = getattr(inspect.unwrap(target), "__globals__", None)
    while frame is not None and frame.f_globals is not scope:
        frame = frame.f_back
    return None if frame is None else frame.f_code


def _is_reloaded(known, target, defined_in):
    """Whether it is the same one, of a module that has been loaded anew: its code is another then."""
    before = known.function
    if before.__module__ != target.__module__ or before.__qualname__ != target.__qualname__:
        return False
    return defined_in is None or defined_in is not known.defined_in
