"""What stands in for a service in tests. Values pass through the codec, as on the real way."""

import inspect
import traceback

from . import errors, thrown, values
from .names import crossing

#: Service -> function's name -> `Stub`.
_stubs = {}


class Stub:
    """A function in the place of a remote one."""

    def __init__(self, service, name, function):
        self.service, self.name, self.function = service, name, function

    def _call(self, arguments):
        given = {name: self._crossed("the argument", value, name) for name, value in arguments.items()}
        try:
            return self.function(**given)
        except Exception as error:
            raise self._remote(error) from None

    def _crossed(self, what, value, name=None):
        if hasattr(value, "__aiter__") or (hasattr(value, "__next__") and hasattr(value, "__iter__")):
            return value  # a stream of items
        try:
            crossed = values.decode(values.encode({name: value} if name else value))
        except values.UnsupportedError as error:
            text = errors.unsupported_text(what, error)
            raise errors.UnsupportedValue(text, service=self.service, function=self.name) from None
        return crossed[name] if name else crossed

    def _remote(self, error):
        """What a caller sees of an error."""
        if isinstance(error, errors.CallError):
            if error.service is None:
                error.service, error.function = self.service, self.name
            return error
        text = thrown.thrown(error, lambda error: "".join(traceback.format_exception(error)))
        return errors.from_throw(text, self.service, self.name)

    async def result(self, arguments):
        result = self._call(arguments)
        if inspect.isawaitable(result):
            try:
                result = await result
            except Exception as error:
                raise self._remote(error) from None
        return self._crossed("the result", result)

    async def items(self, arguments):
        found = self._call(arguments)
        if inspect.iscoroutine(found):
            found = await found
        try:
            if hasattr(found, "__aiter__"):
                async for item in found:
                    yield self._crossed("an item", item)
            else:
                for item in found:
                    yield self._crossed("an item", item)
        except Exception as error:
            raise self._remote(error) from None

    def sync(self, arguments):
        import asyncio

        result = self._call(arguments)
        if inspect.isasyncgen(result):
            return iter(asyncio.run(_collected(self.items_of(result))))
        if inspect.isgenerator(result):
            return (self._crossed("an item", item) for item in result)
        if inspect.isawaitable(result):
            result = asyncio.run(_awaited(result))
        return self._crossed("the result", result)

    async def items_of(self, found):
        async for item in found:
            yield self._crossed("an item", item)


async def _collected(items):
    return [item async for item in items]


async def _awaited(awaitable):
    return await awaitable


def find(service, name):
    """The stub of a function, or None if its service has none. Of a service that has, others are unknown."""
    functions = _stubs.get(service)
    if functions is None:
        return None
    stub = functions.get(name)
    if stub is None:
        message = f"its stub has no function {name!r}: it has {', '.join(functions) or 'none'}"
        raise errors.UnknownFunction(message, service=service, function=name)
    return stub


def beside(service):
    """What tells a test of a service's name that is misspelt: whose stubs there are."""
    if not _stubs:
        return ""
    names = ", ".join(f'"{name}"' for name in _stubs)
    return f'there is no stub of "{service}": there is one of {names}; '


def put(service, functions):
    """Puts stubs in a service's place, and returns what was there before."""
    service = crossing(service)
    before = _stubs.get(service)
    named = {crossing(name): function for name, function in functions.items()}
    _stubs[service] = {name: Stub(service, name, function) for name, function in named.items()}
    return before


def restore(service, before):
    service = crossing(service)
    if before is None:
        _stubs.pop(service, None)
    else:
        _stubs[service] = before
