"""The arguments of a task: checked at submission, loaded when it runs, described as JSON Schema."""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, cast

from marshmallow import INCLUDE, Schema, ValidationError

from ..checks import MUST_BE_MAPPING
from ..errors import InvalidArguments, TaskDefinitionError, UnencodableArguments, pointer, problem
from ..serialization.encoding import NotEncodable, loads, text_of, to_json
from .fields import JsonSchema
from .loading import Loader
from .signature import OpenSchema, name_of, schema_of

MAX_PROBLEMS: Final = 100
"""Entries of InvalidArguments.errors, at most."""


class Arguments:
    """Checks and loads the arguments of one task by a marshmallow schema; immutable, for any thread."""

    def __init__(self, schema: Schema, loader: Schema | Loader | None = None) -> None:
        self.schema, self._loader = schema, loader or schema

    @classmethod
    def of(cls, function: Callable[..., Any], schema: Schema | type[Schema] | None = None) -> Arguments:
        """By `schema`, else by the annotations of `function`. Raises TaskDefinitionError."""
        if schema is None:
            own = schema_of(function)
            return cls(own, None if isinstance(own, OpenSchema) else Loader(own))
        made = schema() if isinstance(schema, type) and issubclass(schema, Schema) else schema
        if not isinstance(made, Schema) or made.many:
            raise TaskDefinitionError(
                f"{name_of(function)}: schema= takes a marshmallow Schema of one object"
            )
        return cls(made)

    @property
    def required(self) -> Mapping[str, bool]:
        """The names of the arguments, in order, but for `**kwargs`: whether a value must be given."""
        return {field.data_key or name: field.required for name, field in self.schema.load_fields.items()}

    def takes(self, name: str) -> bool:
        """Whether there is an argument of that name."""
        return name in self.required or self.schema.unknown == INCLUDE

    def check(self, args: Mapping[str, Any], where: str = "#/args", later: str | None = None) -> str:
        """Check that `args` load, and return them as JSON text; the value of `later` need not be there yet.

        Raises InvalidArguments with a pointer below `where` for each invalid value, UnencodableArguments,
        which is a TypeError too, for one that cannot be encoded.
        """
        if type(args) is not dict and not isinstance(args, Mapping):
            raise InvalidArguments([problem(where, f"{MUST_BE_MAPPING}, not {type(args).__name__}")])
        try:
            plain = to_json(dict(args), "args")
        except NotEncodable as exc:
            found = problem(pointer(where, *reversed(exc.path)), exc.reason)
            raise UnencodableArguments([found], str(exc)) from exc.__cause__
        text = text_of(plain)
        # A copy for a schema of the host's: its hooks may change what they are given.
        self._load(plain if isinstance(self._loader, Loader) else loads(text), where, later)
        return text

    def load(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """The keyword arguments of the function, from stored JSON; raises InvalidArguments."""
        return self._load(stored, "#/args")

    def json_schema(self) -> JsonSchema:
        """The JSON Schema of the arguments, an object; nested schemas are inline."""
        return copy.deepcopy(self._json_schema)

    @functools.cached_property
    def _json_schema(self) -> JsonSchema:
        # Imported here: apispec takes a while, and most processes describe nothing.
        from .json_schema import JsonSchemaConverter

        converter = JsonSchemaConverter()
        try:
            described = converter.resolve_nested_schema(self.schema)
            if isinstance(self.schema, OpenSchema):
                described["additionalProperties"] = converter.field2property(self.schema.extra)
        except Exception as exc:  # a custom field that apispec cannot describe can still check
            described = {"type": "object", "description": f"This schema cannot be shown: {exc}"}
        return cast(JsonSchema, _json_safe(described))

    def _load(self, values: Mapping[str, Any], where: str, later: str | None = None) -> dict[str, Any]:
        try:
            loaded = (
                self._loader.load(values) if later is None else self.schema.load(values, partial=(later,))
            )
        except ValidationError as exc:
            found = itertools.islice(_problems(exc.messages, where, values), MAX_PROBLEMS)
            raise InvalidArguments(list(found)) from None
        except RecursionError:
            raise InvalidArguments([problem(where, "Nested too deeply.")]) from None
        if not isinstance(loaded, dict):
            detail = f"The schema loads {type(loaded).__name__}, but a task takes a dict of arguments."
            raise InvalidArguments([problem(where, detail)])
        return loaded


def _json_safe(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _json_safe(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_safe(item) for item in value]
    try:
        return float(value) if isinstance(value, Decimal) else to_json(value)
    except TypeError:
        return str(value)


def _problems(messages: Any, where: str, value: Any) -> Iterator[dict[str, str]]:
    if not isinstance(messages, dict):
        yield from (problem(where, text) for text in (messages if isinstance(messages, list) else [messages]))
        return
    for key, below in messages.items():
        # marshmallow's own Dict says "key" or "value" between the name and the messages.
        if key == "_schema" or (key in ("key", "value") and not isinstance(value, dict | list)):
            yield from _problems(below, where, value)
        else:
            yield from _problems(below, pointer(where, key), _item(value, key))


def _item(value: Any, key: Any) -> Any:
    try:
        return value[key]
    except (LookupError, TypeError):
        return None
