"""Types of named fields: dataclasses, typed dicts, attrs."""

from ..errors import article
from .base import Invalid, Type, described, expected

#: Of a value with more keys nobody is told that one of them may be meant to be another.
_KEYS_MAX = 64
_KEY_CHARACTERS_MAX = 100


class Field:
    """A field: its name, its type, whether it may be left out, and the name of the argument that makes it."""

    __slots__ = ("argument", "doc", "has_default", "name", "type")

    def __init__(self, name, type, *, has_default=False, argument=None, doc=None):
        self.name, self.type, self.has_default, self.doc = name, type, has_default, doc
        self.argument = argument or name


class RecordType(Type):
    """A class with fields, or a typed dict (`cls` is None). Fields it does not know are passed over.

    `fields` may be set after the type is made: it may contain itself.
    """

    def __init__(self, key, title, cls, doc=None):
        self.key, self.title, self.cls, self.doc = key, title, cls, doc
        self.name = f"{article(title)} {title}" if cls is not None else f"a dict of {title}"
        self.fields = ()
        self._functions = {}

    def schema(self, defs):
        def make():
            schema = {
                "type": "object",
                "properties": {field.name: described(field.type.schema(defs), field.doc) for field in self.fields},
            }
            # An object has all its fields when it is sent; a dict has those that are in it.
            has_all = defs.is_sent and self.cls is not None
            required = [field.name for field in self.fields if has_all or not field.has_default]
            if required:
                schema["required"] = required
            return described(schema, self.doc)

        return defs.refer(self.key, self.title, make)

    def required_constants(self):
        """The fields that may not be left out and are one of a few constants: name -> those."""
        return {
            field.name: field.type.constants
            for field in self.fields
            if field.type.constants is not None and not field.has_default
        }

    def load(self, json):
        return self._once(("load", json), self._make_load)

    def dump(self, json):
        return self._once(("dump", json), self._make_dump)

    def _once(self, key, make):
        """One function of each kind: it is known before those of its fields are, which may need it."""
        if key not in self._functions:
            fields = []
            self._functions[key] = make(fields)
            for field in self.fields:
                function = field.type.load(key[1]) if key[0] == "load" else field.type.dump(key[1])
                fields.append((field.name, field.argument, function, field.has_default))
        return self._functions[key]

    def _make_load(self, fields):
        make = self.cls or dict
        name = self.name
        constants = None

        def load(value):
            nonlocal constants
            if type(value) is not dict:
                raise expected(name, value)
            if constants is None:
                told = self.required_constants()
                constants = [(key, function) for key, _, function, _ in fields if key in told]
            for key, function in constants:
                # What tells it from others: where that is wrong, nobody looks at the rest.
                if key in value:
                    _within(key, function, value[key])
            found, issues = {}, None
            for key, argument, function, has_default in fields:
                try:
                    found[argument] = function(value[key])
                except KeyError:
                    if key in value:
                        raise
                    if not has_default:
                        issues = (issues or []) + [((key,), _Missing(key, value, fields))]
                except Invalid as invalid:
                    issues = (issues or []) + list(invalid.within(key).issues)
            if issues:
                raise Invalid(*issues)
            try:
                return make(**found)
            except (ValueError, TypeError) as error:
                # What the class itself checks when it is made.
                raise Invalid(((), f"is not {name}: {error}")) from None

        return load

    def _make_dump(self, fields):
        cls, name = self.cls, self.name

        def dump(value):
            if not isinstance(value, cls if cls is not None else dict):
                raise expected(name, value)
            found, issues = {}, None
            for key, _, function, has_default in fields:
                try:
                    if cls is not None:
                        found[key] = function(getattr(value, key))
                    elif key in value:
                        found[key] = function(value[key])
                    elif not has_default:
                        issues = (issues or []) + [((key,), "is missing")]
                except Invalid as invalid:
                    issues = (issues or []) + list(invalid.within(key).issues)
            if issues:
                raise Invalid(*issues)
            return found

        return dump


class _Missing:
    """A message that is made where it is told: of most values that are tried for a union nobody asks what they lack."""

    __slots__ = ("fields", "key", "value")

    def __init__(self, key, value, fields):
        self.key, self.value, self.fields = key, value, fields

    def __str__(self):
        import difflib

        if len(self.value) > _KEYS_MAX:
            return "is missing"
        known = {field[0] for field in self.fields}
        others = [key[:_KEY_CHARACTERS_MAX] for key in self.value if type(key) is str and key not in known]
        near = difflib.get_close_matches(self.key, others, n=1)
        return f"is missing: did you mean it by {near[0]!r}?" if near else "is missing"


def _within(key, function, value):
    try:
        return function(value)
    except Invalid as invalid:
        raise invalid.within(key) from None
