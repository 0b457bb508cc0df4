"""The form of a task's arguments, made from their JSON Schema, and what it sends as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from ..serialization.decoding import loads_strict

PREFIX: Final = "arg."
_INPUTS: Final = {"date": "date", "date-time": "text", "email": "email", "uri": "url"}
"""Format of a text → the kind of its input."""
_NOT_GIVEN: Final = object()


@dataclass(frozen=True, slots=True)
class Field:
    """An argument: how it is asked for. `choices` are texts; `value` is what the input shows."""

    name: str
    kind: str
    is_required: bool
    schema: Mapping[str, Any]
    choices: tuple[str, ...]
    value: str
    error: str | None

    @property
    def hint(self) -> str:
        """What it takes, in a few words."""
        words = [str(self.schema.get("format") or _type_of(self.schema) or "JSON")]
        bounds = {"minimum": "at least", "maximum": "at most", "minLength": "characters: at least",
                  "maxLength": "characters: at most"}  # fmt: skip
        words += [f"{text} {self.schema[key]:,}" for key, text in bounds.items() if key in self.schema]
        if "default" in self.schema:
            words.append(f"default {json.dumps(self.schema['default'], ensure_ascii=False)}")
        return ", ".join(words)


def fields_of(
    schema: Mapping[str, Any], sent: MultiDict[str, str] | None, errors: Mapping[str, str]
) -> list[Field]:
    """A field for each argument; `sent` is what was typed, `errors` are by argument."""
    required = set(schema.get("required", ()))
    return [
        Field(
            name, _kind(each), name in required, each, _choices(each),
            "" if sent is None else sent.get(PREFIX + name, ""), errors.get(name),
        )
        for name, each in schema.get("properties", {}).items()
    ]  # fmt: skip


def args_of(schema: Mapping[str, Any], sent: MultiDict[str, str]) -> dict[str, Any]:
    """The arguments that the form sends; an empty field is none. What does not fit is sent as text.

    It is for the task's own schema to refuse it, with a pointer.
    """
    found = {}
    for name, each in schema.get("properties", {}).items():
        is_required = name in schema.get("required", ())
        value = _value(each, sent.get(PREFIX + name, ""), is_required)
        if value is not _NOT_GIVEN:
            found[name] = value
    return found


def _value(schema: Mapping[str, Any], text: str, is_required: bool) -> Any:
    if not text:
        # An empty text is a value only where something must be given.
        return "" if is_required and _type_of(schema) == "string" else _NOT_GIVEN
    if _type_of(schema) == "string" and "enum" not in schema:
        return text
    try:
        return loads_strict(text.encode())
    except ValueError:
        return text


def _kind(schema: Mapping[str, Any]) -> str:
    if _choices(schema):
        return "select"
    kind = _type_of(schema)
    if kind in ("integer", "number"):
        return "number"
    if kind == "string":
        return _INPUTS.get(schema.get("format", ""), "text")
    return "json"


def _choices(schema: Mapping[str, Any]) -> tuple[str, ...]:
    if "enum" in schema:
        return tuple(json.dumps(value, ensure_ascii=False) for value in schema["enum"])
    return ("true", "false") if _type_of(schema) == "boolean" else ()


def _type_of(schema: Mapping[str, Any]) -> str | None:
    """The only type that it takes beside null."""
    kinds = schema.get("type")
    kinds = [kinds] if isinstance(kinds, str) else [kind for kind in kinds or () if kind != "null"]
    return kinds[0] if len(kinds) == 1 else None
