"""The native module inside of the test's own process, as a worker has it."""

import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location

from front import native_library


def load():
    """Loads it as `diglot._native`, before anything imports `diglot._calls`."""
    name = "diglot._native"
    if name not in sys.modules:
        path = native_library()
        spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, path))
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        sys.modules[name] = module
