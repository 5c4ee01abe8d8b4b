"""What Pydantic (2) validates: its models, and types with its validators."""

import contextlib
import functools

from ..errors import article
from .base import ISSUES_MAX, Invalid, Type, Unsupported
from .plain_json import jsonable
from .prepared import FORMATS, completion, preparation, settled


class PydanticType(Type):
    """By Pydantic's own validation and schema. Fields cross by their aliases, if they have some."""

    def __init__(self, annotation, title):
        import pydantic

        self._pydantic = pydantic
        self.title = title
        with _describing(title):
            self._adapter = pydantic.TypeAdapter(annotation)
        self._schema = self._described("validation")
        is_model = isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel)
        self._model = annotation if is_model else None
        self.annotation = annotation
        self.name = f"{article(title)} {title}" if is_model else title

    def _described(self, mode):
        template, generator = "#/$defs/{model}", _generator()
        with _describing(self.title):
            return settled(self._adapter.json_schema(mode=mode, ref_template=template, schema_generator=generator))

    @functools.cached_property
    def _sent(self):
        return self._described("serialization")

    @functools.cached_property
    def _completed(self):
        return completion(self._sent)

    def schema(self, defs):
        schema = self._sent if defs.is_sent else self._schema
        # One that contains itself is among its own definitions.
        if self._model is None or "$ref" in schema:
            return defs.add(schema)

        def make():
            own = defs.add(schema)
            return {key: value for key, value in own.items() if key != "title"}

        return defs.refer(self.annotation, self._model.__name__, make)

    def load(self, json):
        validate, pydantic = self._adapter.validate_python, self._pydantic
        prepared = preparation(self._schema, json)

        def load(value):
            try:
                return validate(prepared(value))
            except pydantic.ValidationError as error:
                raise _invalid(error) from None

        return load

    def check(self, value):
        # Nothing is made of it: a default does not cross.
        if self._model is not None and isinstance(value, self._model):
            return
        try:
            self._adapter.validate_python(value)
        except self._pydantic.ValidationError as error:
            raise _invalid(error) from None

    def dump(self, json):
        model, adapter, pydantic = self._model, self._adapter, self._pydantic

        def dump(value):
            if model is None or not isinstance(value, model):
                try:
                    value = adapter.validate_python(value)
                except pydantic.ValidationError as error:
                    raise _invalid(error) from None
            dumped = self._completed(adapter.dump_python(value, by_alias=True))
            return jsonable(dumped, is_declared=True) if json else dumped

        return dump


@contextlib.contextmanager
def _describing(title):
    try:
        yield
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise Unsupported(f"{title}, which Pydantic cannot describe: {first}") from error


@functools.cache
def _generator():
    """What makes the schemas, with our words for what JSON Schema has none for."""
    from pydantic.json_schema import GenerateJsonSchema

    class Generator(GenerateJsonSchema):
        def field_is_required(self, field, total):
            if self.mode == "serialization" and field["type"] != "typed-dict-field":
                # Those with a default are sent as well.
                return field.get("serialization_exclude_if") is None
            return super().field_is_required(field, total)

        def ser_schema(self, schema):
            # Of serializers for JSON alone nothing is sent: `dump_python` is asked for both, CBOR and JSON.
            is_text = schema["type"] in ("format", "to-string")
            if schema.get("when_used", "json" if is_text else "always") in ("json", "json-unless-none"):
                return None
            if _is_untold(schema):
                return {}
            return super().ser_schema(schema)

        def default_schema(self, schema):
            # What is always sent has no default, which Pydantic would write as its serializer for JSON does.
            if self.mode == "serialization":
                return self.generate_inner(schema["schema"])
            told = super().default_schema(schema)
            if told.get("x-diglot") == "map" and told.pop("default", None) == {}:
                told["default"] = []
            return told

        def dict_schema(self, schema):
            return self._of_keys(schema, super().dict_schema(schema))

        # Of their own from Pydantic 2.13 on.
        def counter_schema(self, schema):
            return self._of_keys(schema, super().counter_schema(schema))

        def ordered_dict_schema(self, schema):
            return self._of_keys(schema, super().ordered_dict_schema(schema))

        def _of_keys(self, schema, told):
            keys = self.generate_inner(schema.get("keys_schema", {"type": "any"}))
            if self._are_text(keys):
                return told
            values = told.get("additionalProperties", {})
            values = {} if values is True else values
            pair = {"type": "array", "prefixItems": [keys, values], "minItems": 2, "maxItems": 2}
            limits = {"minItems": schema.get("min_length"), "maxItems": schema.get("max_length")}
            limits = {name: limit for name, limit in limits.items() if limit is not None}
            return {"type": "array", "items": pair, **limits, "x-diglot": "map"}

        def _are_text(self, keys):
            while keys and "$ref" in keys:
                keys = self.get_schema_from_definitions(keys["$ref"])
            if not keys:
                return keys == {}
            is_text = keys.get("type") == "string" and "contentEncoding" not in keys
            return is_text and keys.get("format") not in FORMATS

        def str_schema(self, schema):
            return {**super().str_schema(schema), "x-diglot": "text"}

        def bytes_schema(self, schema):
            return {"type": "string", "contentEncoding": "base64", "x-diglot": "bytes"}

        def decimal_schema(self, schema):
            return {"type": "string", "format": "decimal", "x-diglot": "decimal"}

        # Pydantic's own, but for `ser_json_temporal` and `ser_json_timedelta`, which make numbers of them in its JSON.
        def date_schema(self, schema):
            return {"type": "string", "format": "date"}

        def time_schema(self, schema):
            return {"type": "string", "format": "time"}

        def datetime_schema(self, schema):
            return {"type": "string", "format": "date-time"}

        def timedelta_schema(self, schema):
            return {"type": "string", "format": "duration"}

        def set_schema(self, schema):
            return {**super().set_schema(schema), "x-diglot": "set"}

        def frozenset_schema(self, schema):
            return {**super().frozenset_schema(schema), "x-diglot": "set"}

    return Generator


def _is_untold(schema):
    """Whether it is a program's serializer that does not say what it returns. Pydantic's own keep to the type."""
    if schema["type"] not in ("function-plain", "function-wrap") or "return_schema" in schema:
        return False
    module = getattr(schema["function"], "__module__", None) or ""
    return module.partition(".")[0] != "pydantic"


def _invalid(error):
    return Invalid(*((tuple(each["loc"]), each["msg"]) for each in error.errors(include_url=False)[:ISSUES_MAX]))
