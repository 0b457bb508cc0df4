"""A fast path for valid values, which nearly all are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, missing


class Loader:
    """Loads with a schema that refuses unknown names, has no hooks, and calls its fields by their names.

    Schema.load visits every field of the schema for each object; this visits the values that are given.
    Invalid values are left to Schema.load, which makes the messages.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._fields = schema.load_fields
        self._required = [name for name, field in self._fields.items() if field.required]
        self._defaults = {
            name: field.load_default
            for name, field in self._fields.items()
            if field.load_default is not missing
        }

    def load(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """What `Schema.load` would make of `values`; raises ValidationError."""
        fields = self._fields
        try:
            loaded = {name: fields[name].deserialize(value) for name, value in values.items()}
        except (AttributeError, KeyError, ValidationError):
            return self._load_with_schema(values)
        if any(name not in loaded for name in self._required):
            return self._load_with_schema(values)
        for name, default in self._defaults.items():
            if name not in loaded:
                loaded[name] = default() if callable(default) else default
        return loaded

    def _load_with_schema(self, values: Mapping[str, Any]) -> dict[str, Any]:
        loaded: dict[str, Any] = self._schema.load(values)
        return loaded
