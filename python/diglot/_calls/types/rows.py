"""Lists of numbers, which stand in one another, as arrays of numpy: each is what it was, or refused with its path."""

import array

from ..values import kinds
from .base import Invalid, expected


def made(numpy, given, dtype, dimensions, json):
    """An array of `dtype`, by its name, and of so many dimensions; `None`: any."""
    try:
        taken = _taken(given, _takes(numpy, dtype, json))
        with numpy.errstate(over="raise"):
            rows = numpy.asarray(taken, dtype)
    except (ValueError, TypeError, OverflowError, FloatingPointError) as error:
        raise Invalid(((), f"is not {named(dtype)}: {error}")) from None
    if rows.dtype.name not in kinds.TYPED_ARRAY_TAGS:
        raise expected(named(dtype), given)
    if dimensions is not None and rows.size == 0 and rows.ndim < dimensions:
        # How many columns there are where there is no row, a list does not say.
        rows = rows.reshape(rows.shape + (0,) * (dimensions - rows.ndim))
    return rows


def named(dtype):
    return f"an array of {dtype}" if dtype else "an array of numbers"


def fits(numpy, value, wanted):
    """Whether numbers of one type are numbers of another without loss."""
    if numpy.can_cast(value.dtype, numpy.dtype(wanted), "safe"):
        return True
    if wanted != "float16" or value.dtype.name != "float32":
        return False
    # JavaScript may have no halves, and sends them so.
    with numpy.errstate(over="ignore"):
        halves = value.astype("float16")
    return numpy.array_equal(halves.astype("float32"), value, equal_nan=True)


def _taken(value, takes):
    if not isinstance(value, list):
        return takes(value)
    if takes.all_of(value):
        return value
    taken = []
    for index, each in enumerate(value):
        try:
            taken.append(_taken(each, takes))
        except Invalid as invalid:
            raise invalid.within(index) from None
    return taken


def _takes(numpy, dtype, json):
    """What makes a number of an item, or refuses it: numpy would cut off its fraction, or make one of text."""
    kind = "any" if dtype is None else numpy.dtype(dtype).kind
    limits = numpy.iinfo(dtype) if kind in "iu" else None
    of_item = _of_integers(limits, dtype) if limits is not None else _alike({"any": None, "b": True}.get(kind, False))

    def takes(item):
        if isinstance(item, (numpy.ndarray, array.array)):
            row = numpy.asarray(item)
            if dtype is not None and not fits(numpy, row, dtype):
                raise Invalid(((), f"expected {named(dtype)}, not one of {row.dtype.name}"))
            return row
        if json and isinstance(item, str) and kind not in "iub":
            item = kinds.NON_FINITE.get(item, item)
        return of_item(item)

    def all_of(row):
        """Whether all of them are so, as is most often so, and none has to be looked at by itself."""
        types = set(map(type, row))
        if kind in "iu":
            return types == {int} and limits.min <= min(row) and max(row) <= limits.max
        return types == {bool} if kind == "b" else kind == "f" and bool(types) and types <= {int, float}

    takes.all_of = all_of
    return takes


def _of_integers(limits, dtype):
    least, most = int(limits.min), int(limits.max)

    def of_integer(item):
        if type(item) is float and item.is_integer():
            item = int(item)
        if type(item) is int and least <= item <= most:
            return item
        raise expected(f"a number of {dtype}", item)

    return of_integer


def _alike(is_bool):
    """What takes numbers or truth values; where it is not said which (`None`), such as the first one is."""

    def alike(item):
        nonlocal is_bool
        if is_bool is None:
            is_bool = type(item) is bool
        if (type(item) is bool) if is_bool else type(item) in (int, float):
            return item
        raise expected("a bool" if is_bool else "a number", item)

    return alike
