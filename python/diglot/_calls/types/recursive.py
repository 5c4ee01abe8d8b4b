"""Types without fields of their own that contain themselves: named tuples, and aliases."""

from ..errors import article
from .base import Type


class RecursiveType(Type):
    """Stands for a type among its own parts. `inner` is that type, and set when it is made."""

    def __init__(self, key, title):
        self.key, self.title = key, title
        self.name = f"{article(title)} {title}"
        self.inner = None
        self.is_used = False
        self._functions = {}

    def schema(self, defs):
        return defs.refer(self.key, self.title, lambda: self.inner.schema(defs))

    def load(self, json):
        return self._once("load", json)

    def dump(self, json):
        return self._once("dump", json)

    def _once(self, which, json):
        """One function of each kind: it is known before those of its parts are, which need it."""
        key = which, json
        if key not in self._functions:
            functions = []

            def apply(value):
                return functions[0](value)

            self._functions[key] = apply
            functions.append(getattr(self.inner, which)(json))
        return self._functions[key]
