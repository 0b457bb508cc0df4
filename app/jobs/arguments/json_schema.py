"""Converts marshmallow schemas to JSON Schema."""

from __future__ import annotations

from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow.common import make_schema_key, resolve_schema_instance
from apispec.ext.marshmallow.openapi import OpenAPIConverter

from .fields import Field, JsonSchema, StrictField


class JsonSchemaConverter(OpenAPIConverter):
    """apispec's converter to OpenAPI 3.1, with the fields of this package and inline nested schemas."""

    # OpenAPI 3.1 is JSON Schema 2020-12; 3.0 has a dialect of its own (`nullable`).

    def __init__(self) -> None:
        super().__init__("3.1.0", lambda schema: None, APISpec("", "", "3.1.0"))
        self._enclosing: list[Any] = []

    def field2property(self, field: Field) -> JsonSchema:
        """The JSON Schema of one field."""
        schema = super().field2property(field)
        if isinstance(field, StrictField):
            schema |= field.describe(self.field2property)
            return _nullable(schema) if field.allow_none else schema
        return schema

    def resolve_nested_schema(self, schema: Any) -> JsonSchema:
        """The JSON Schema of a nested schema; "an object" where it contains itself."""
        key = make_schema_key(resolve_schema_instance(schema))
        if key in self._enclosing:
            return {"type": "object"}
        self._enclosing.append(key)
        try:
            return dict(super().resolve_nested_schema(schema))  # type: ignore[no-untyped-call]
        finally:
            self._enclosing.pop()


def _nullable(schema: JsonSchema) -> JsonSchema:
    if "anyOf" in schema:
        return {**schema, "anyOf": [*schema["anyOf"], {"type": "null"}]}
    if "enum" in schema:
        return {**schema, "enum": [*schema["enum"], None]}
    kinds = schema.get("type", [])
    return {**schema, "type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]} if kinds else schema
