"""The module that `diglot types` has written, in a worker that is started only to be asked what its program offers.

A type that has got another name, or is yet to come, keeps no program from being loaded then: the module that has the
names as they are now is written when all programs have been asked.
"""

import os
import sys
from importlib.machinery import PathFinder
from typing import Any


def know_all_names(path):
    """Has the module in this file know every name, and load whatever is in it."""
    sys.meta_path.insert(0, _Finder(path))


class _Finder:
    def __init__(self, path):
        self._path = os.path.realpath(path)
        self._stem = os.path.splitext(os.path.basename(path))[0]

    def find_spec(self, name, path=None, target=None):
        if name.rpartition(".")[2] != self._stem:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is None or spec.origin is None or os.path.realpath(spec.origin) != self._path:
            return None
        spec.loader = _Loader(spec.loader)
        return spec


class _Loader:
    def __init__(self, loader):
        self._loader = loader

    def __getattr__(self, name):
        return getattr(self._loader, name)

    def create_module(self, spec):
        return self._loader.create_module(spec)

    def exec_module(self, module):
        try:
            self._loader.exec_module(module)
        except Exception:
            # As a merge has left it, say. It is about to be written anew.
            from diglot import services

            module.services = services
        module.__getattr__ = _of_any_type


def _of_any_type(name):
    if name.startswith("_"):
        raise AttributeError(name)
    return Any
