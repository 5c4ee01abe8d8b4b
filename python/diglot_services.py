"""The services, before `diglot types` has written a module of this name that has their types as well."""

from diglot._calls.unwritten import __getattr__, services

__all__ = ["__getattr__", "services"]
