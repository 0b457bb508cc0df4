"""Converts marshmallow schemas to JSON Schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from apispec import APISpec
from apispec.ext.marshmallow.common import make_schema_key, resolve_schema_instance
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import RAISE, Schema

from .fields import Field, JsonList, JsonSchema, StrictField

_RENAMED: Final = {"x-minimum": "minimum", "x-maximum": "maximum"}
_RENAMED_IN_LISTS: Final = {"minLength": "minItems", "maxLength": "maxItems"}
"""What apispec makes of a validator of a field whose type it does not know, and what it is."""


class JsonSchemaConverter(OpenAPIConverter):
    """apispec's converter to OpenAPI 3.1, with the fields of this package and inline nested schemas."""

    # OpenAPI 3.1 is JSON Schema 2020-12; 3.0 has a dialect of its own (`nullable`).

    def __init__(self, named: Mapping[type[Schema], str] | None = None) -> None:
        """`named` are schemas that are referred to, by where each of them stands."""
        super().__init__("3.1.0", lambda schema: None, APISpec("", "", "3.1.0"))
        self._enclosing: list[Any] = []
        self._named = named or {}

    def field2property(self, field: Field) -> JsonSchema:
        """The JSON Schema of one field."""
        schema = super().field2property(field)
        if isinstance(field, StrictField):
            renamed = _RENAMED_IN_LISTS if isinstance(field, JsonList) else _RENAMED
            schema = {renamed.get(name, name): value for name, value in schema.items()}
            schema |= field.describe(self.field2property)
            return _nullable(schema) if field.allow_none else schema
        return schema

    def resolve_nested_schema(self, schema: Any) -> JsonSchema:
        """The JSON Schema of a nested schema, or where it stands; "an object" where it contains itself."""
        schema = resolve_schema_instance(schema)
        if type(schema) in self._named:
            return {"$ref": self._named[type(schema)]}
        key = make_schema_key(schema)
        if key in self._enclosing:
            return {"type": "object"}
        self._enclosing.append(key)
        try:
            described = dict(super().resolve_nested_schema(schema))  # type: ignore[no-untyped-call]
        finally:
            self._enclosing.pop()
        if schema.unknown == RAISE:
            described.setdefault("additionalProperties", False)
        return described


def _nullable(schema: JsonSchema) -> JsonSchema:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    nullable = dict(schema)
    if "enum" in schema:
        nullable["enum"] = [*schema["enum"], None]
    if kinds := schema.get("type"):
        nullable["type"] = [*([kinds] if isinstance(kinds, str) else kinds), "null"]
    return nullable
