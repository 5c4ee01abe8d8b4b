"""Where a Python worker begins: the server runs this file with the service's own interpreter.

It leaves the interpreter as `python` would have it for a program in the service's root, and hands over to
`diglot._worker`, which it loads by its path: the name `diglot` stays free for a module of the user's.
"""

import os
import sys


def main():
    sdk = os.path.dirname(os.path.abspath(__file__))
    if sys.path and not getattr(sys.flags, "safe_path", False):
        del sys.path[0]
    from importlib import util

    name = "_diglot_worker"
    package = os.path.join(sdk, "diglot", "_worker")
    spec = util.spec_from_file_location(
        name, os.path.join(package, "__init__.py"), submodule_search_locations=[package]
    )
    module = util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    module.run(sdk)


if __name__ == "__main__":
    main()
