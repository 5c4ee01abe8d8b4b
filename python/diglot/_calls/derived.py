"""Classes derived from `RemoteError`, and the one that an error arrives as: all that stand for it catch it."""

import functools

#: Of joined classes, those that are kept.
_JOINED_MAX = 256

#: By service (or None) and type. Of a module that is loaded anew, a class takes the place of the one before.
_derived = {}


def add(cls, services, type):
    """A class that stands for errors of this type; of all services where none is named."""
    for service in services or (None,):
        _derived.setdefault((service, type), {})[cls.__module__, cls.__qualname__] = cls


def class_of(service, type, otherwise):
    """What an error of this type, of that service, is to be an instance of."""
    found = {}
    for key in ((service, type), (None, type)):
        found.update((cls, None) for cls in _derived.get(key, {}).values())
    # One that another derives from is there with that.
    leaves = tuple(cls for cls in found if not any(other is not cls and issubclass(other, cls) for other in found))
    if len(leaves) > 1:
        return joined(leaves)
    return leaves[0] if leaves else otherwise


@functools.lru_cache(_JOINED_MAX)
def joined(classes):
    """All of these classes in one: `except` looks at what a class derives from, and at nothing else."""
    first = classes[0]
    members = {"__module__": first.__module__, "__qualname__": first.__qualname__, "__doc__": first.__doc__}
    try:
        return type(first.__name__, classes, {**members, "_is_joined": True})
    except TypeError:
        return first  # they cannot be one


def is_joined(cls):
    return "_is_joined" in vars(cls)


def annotated(cls, base):
    """What the class, and those between it and `base`, say that there is."""
    for each in cls.__mro__:
        if each is not base and issubclass(each, base):
            yield from getattr(each, "__annotations__", ())
