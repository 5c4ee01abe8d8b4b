"""Packages whose classes are known here, and need not be there."""

_KNOWN = ("numpy", "pandas", "polars", "pyarrow", "pydantic")


def package_of(cls):
    """The package that a class or one it derives from is of, if it is one that matters here."""
    for each in cls.__mro__:
        package = str(each.__module__).partition(".")[0]
        if package in _KNOWN:
            return package
    return None
