"""Values that fit a JSON Schema, to be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ...arguments.fields import JsonSchema
from .schemas import Schemas

_OF_FORMAT: Final = {
    "date-time": "2030-01-31T09:00:00Z",
    "date": "2030-01-31",
    "uuid": "01a219ca-1ea3-7c87-9aab-c2aec5f97b4a",
    "decimal": "12.50",
}
_OF_TYPE: Final[Mapping[str, Any]] = {
    "string": "text", "integer": 1, "number": 1.5, "boolean": True, "null": None, "array": [], "object": {},
}  # fmt: skip


def example_of(schema: JsonSchema, schemas: Schemas) -> Any:
    """A value that `schema` describes as far as its type, choices and required names say."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    for known in ("example", "default", "const"):
        if known in schema:
            return schema[known]
    if "enum" in schema:
        return schema["enum"][0]
    if inside := schema.get("oneOf") or schema.get("anyOf"):
        return example_of(inside[0], schemas)
    kinds = schema.get("type", "string")
    kind = kinds if isinstance(kinds, str) else kinds[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example_of(properties[name], schemas) for name in sorted(schema.get("required", ()))}
    if kind == "array":
        first = [example_of(each, schemas) for each in schema.get("prefixItems", ())]
        rest = [example_of(schema["items"], schemas)] if schema.get("minItems", 0) > len(first) else []
        return first + rest
    if kind in ("integer", "number"):
        return schema.get("minimum", _OF_TYPE[kind])
    return _OF_FORMAT.get(schema.get("format", ""), _OF_TYPE[kind])
