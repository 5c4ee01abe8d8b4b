"""The services without their types: `diglot_services` before `diglot types` has written the module of this name."""

from typing import Any

from diglot import services

__all__ = ["services"]


def __getattr__(name):
    if name.startswith("_"):
        raise AttributeError(name)
    # A type that is to be written: a program that names it can be loaded, and be asked what it offers.
    return Any
