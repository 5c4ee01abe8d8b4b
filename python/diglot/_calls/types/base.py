"""What a type of a parameter, a result or an item is: its schema, and what checks and converts its values."""

from ..errors import shown


class Unsupported(Exception):
    """An annotation that no type of a call is; the text says what, and what to do."""


class Invalid(Exception):
    """A value is not what its type says: each issue is a path, as a tuple, and a message, which `str()` makes."""

    def __init__(self, *issues):
        self.issues = issues

    def told(self):
        return tuple((path, str(message)) for path, message in self.issues)

    def within(self, part):
        """The same, seen from what holds the value."""
        return Invalid(*(((part, *path), message) for path, message in self.issues))


#: Of one value no more is told.
ISSUES_MAX = 16


def expected(what, value):
    return Invalid(((), f"expected {what}, not {shown(value)}"))


class Type:
    """A type. `load` and `dump` make functions: from a decoded value to the program's, and from that to one to encode.

    With `json` the values are those of JSON's text (`docs/internals/calls.md`, "JSON"), else those of the codec.
    """

    #: How messages call it.
    name = "a value"
    #: Its values cross as text: a dict with such keys is an object.
    is_text = False
    #: Of a type that is one of a few constants: those, as they cross, each with its class.
    constants = None

    def schema(self, defs):
        """JSON Schema; types with a name put theirs into `defs`."""
        raise NotImplementedError

    def load(self, json):
        raise NotImplementedError

    def dump(self, json):
        raise NotImplementedError

    def check(self, value):
        """Raises `Invalid` where a default is no value of the type."""
        self.dump(False)(value)


class Definitions:
    """The `$defs` of a schema, each type with a name once. With `is_sent` they are of what the function gives."""

    def __init__(self, *, is_sent=False):
        self.is_sent = is_sent
        self.schemas = {}
        self._names = {}

    def refer(self, key, title, make):
        """A reference to the definition of `key`, which `make()` makes when it is first asked for."""
        name = self._names.get(key)
        if name is None:
            stem = "".join(character if character.isalnum() else "_" for character in title).strip("_") or "Type"
            name, number = stem, 1
            while name in self.schemas:
                number += 1
                name = f"{stem}{number}"
            self._names[key] = name
            self.schemas[name] = {}
            self.schemas[name] = {"title": title, **make()}
        return {"$ref": f"#/$defs/{name}"}

    def add(self, schema):
        """A schema with `$defs` of its own, which become ours."""
        schema = dict(schema)
        own = schema.pop("$defs", {})
        names = {}
        for name, each in own.items():
            key = ("schema", name, repr(each))
            if key not in self._names:
                free, number = name, 1
                while free in self.schemas:
                    number += 1
                    free = f"{name}{number}"
                self._names[key] = free
                self.schemas[free] = {}
            names[f"#/$defs/{name}"] = f"#/$defs/{self._names[key]}"
        for name, each in own.items():
            self.schemas[self._names["schema", name, repr(each)]] = _renamed(each, names)
        return _renamed(schema, names)


def _renamed(schema, names):
    if isinstance(schema, dict):
        return {
            key: names.get(value, value) if key == "$ref" and isinstance(value, str) else _renamed(value, names)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_renamed(each, names) for each in schema]
    return schema


def described(schema, text):
    return {**schema, "description": text} if text else schema
