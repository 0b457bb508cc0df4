"""What a task takes: checked when a job is submitted, loaded when it runs, shown as JSON Schema."""

from __future__ import annotations

import copy
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, cast

from marshmallow import Schema, ValidationError

from ..errors import InvalidArguments, TaskDefinitionError, UnencodableArguments, pointer, problem
from ..serialization.encoding import NotEncodable, loads, text_of, to_json
from .fields import JsonSchema
from .json_schema import JsonSchemaConverter
from .loading import Loader
from .signature import OpenSchema, name_of, schema_of

MOST_PROBLEMS: Final = 100
"""Misfits that an InvalidArguments lists at most."""


class Arguments:
    """The arguments of one task, by a marshmallow schema; immutable, for any thread."""

    def __init__(self, schema: Schema, loader: Schema | Loader | None = None) -> None:
        self.schema, self._loader = schema, loader or schema

    @classmethod
    def of(cls, function: Callable[..., Any], schema: Schema | type[Schema] | None = None) -> Arguments:
        """By `schema`, else by the annotations of `function`; TaskDefinitionError where they will not do."""
        if schema is None:
            own = schema_of(function)
            return cls(own, None if isinstance(own, OpenSchema) else Loader(own))
        made = schema() if isinstance(schema, type) and issubclass(schema, Schema) else schema
        if not isinstance(made, Schema) or made.many:
            raise TaskDefinitionError(
                f"{name_of(function)}: schema= takes a marshmallow Schema of one object"
            )
        return cls(made)

    def check(self, args: Mapping[str, Any], where: str = "#/args") -> str:
        """The JSON text of `args` as they were given, once it is known that it loads.

        Raises InvalidArguments with a pointer below `where` for each misfit; for what JSON cannot hold
        it is UnencodableArguments, which is a TypeError too and names the argument.
        """
        try:
            plain = to_json(dict(args), "args")
        except NotEncodable as exc:
            found = problem(pointer(where, *reversed(exc.path)), exc.reason)
            raise UnencodableArguments([found], str(exc)) from exc.__cause__
        text = text_of(plain)
        # The hooks of a schema that we did not make may change what they are given.
        self._load(plain if isinstance(self._loader, Loader) else loads(text), where)
        return text

    def load(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """What the function is called with, from the JSON that was stored; raises InvalidArguments."""
        return self._load(stored, "#/args")

    def json_schema(self) -> JsonSchema:
        """The JSON Schema of the arguments, an object; nested schemas stand inline."""
        return copy.deepcopy(self._json_schema)

    @functools.cached_property
    def _json_schema(self) -> JsonSchema:
        converter = JsonSchemaConverter()
        try:
            described = converter.resolve_nested_schema(self.schema)
            if isinstance(self.schema, OpenSchema):
                described["additionalProperties"] = converter.field2property(self.schema.extra)
        except Exception as exc:  # a schema that cannot be shown can still check
            described = {"type": "object", "description": f"This schema cannot be shown: {exc}"}
        return cast(JsonSchema, _shown(described))

    def _load(self, values: Mapping[str, Any], where: str) -> dict[str, Any]:
        try:
            loaded = self._loader.load(values)
        except ValidationError as exc:
            found = itertools.islice(_problems(exc.messages, where, values), MOST_PROBLEMS)
            raise InvalidArguments(list(found)) from None
        except RecursionError:
            raise InvalidArguments([problem(where, "Nested too deeply.")]) from None
        if not isinstance(loaded, dict):
            detail = f"The schema loads {type(loaded).__name__}, but a task takes a dict of arguments."
            raise InvalidArguments([problem(where, detail)])
        return loaded


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(name): _shown(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(item) for item in value]
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
