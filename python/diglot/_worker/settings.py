"""What the server tells a worker about itself, in the environment."""

import json
import os
import sys
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location


class Settings:
    """The worker's settings: the JSON of `DIGLOT_WORKER`, and the link's descriptor of `DIGLOT_LINK`."""

    def __init__(self, values, link_fd):
        self.link_fd = link_fd
        self.root = values["root"]
        self.entry = values["entry"]
        self.native = values["native"]
        self.interface = values.get("interface")
        self.threads = values.get("threads")
        self.loop = values.get("loop") or "auto"
        self.lifespan = values.get("lifespan") or "auto"
        self.asgi_spec = values.get("asgi_spec") or "2.3"
        self.pathsend = values.get("pathsend", False)
        self.functions = values.get("functions") or {}
        #: The module that `diglot types` writes, where the worker is there only to be asked what it offers.
        self.written = None

    @classmethod
    def take(cls):
        """Takes the settings out of the environment, so that what the application starts does not see them."""
        settings = cls(json.loads(os.environ.pop("DIGLOT_WORKER")), int(os.environ.pop("DIGLOT_LINK")))
        settings.written = os.environ.pop("DIGLOT_ASKED", None)
        return settings


def load_native(path):
    """Loads the native module from the library at `path`, whatever its file is called."""
    name = "diglot._native"
    spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, path))
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules[name] = module
    return module


def arrange_path(root, sdk):
    """Puts the service's root first on `sys.path`, as `python` does with a program's folder, and the SDK last."""
    if not getattr(sys.flags, "safe_path", False):
        sys.path.insert(0, root)
    sys.path.append(sdk)
