"""The services, before `diglot types` has written a module of this name that has their types as well."""

from typing import Any

from diglot import services

__all__ = ["services"]


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    # A type that is to be written: a program that names it can be loaded, and be asked what it offers.
    return Any
