"""Forms from JSON Schema: which input asks for what, and what is sent."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.datastructures import MultiDict

from app.jobs.dashboard.argument_form import args_of, fields_of


def schema(of: dict[str, Any], required: bool = False) -> dict[str, Any]:
    """The schema of a task with one argument."""
    return {"type": "object", "properties": {"x": of}, "required": ["x"] if required else []}


@pytest.mark.parametrize(
    ("of", "kind", "choices"),
    [
        ({"type": "integer"}, "number", ()),
        ({"type": ["number", "null"]}, "number", ()),
        ({"type": "boolean"}, "select", ("true", "false")),
        ({"enum": ["a", 2, None]}, "select", ('"a"', "2", "null")),
        ({"type": "string"}, "text", ()),
        ({"type": "string", "format": "date"}, "date", ()),
        ({"type": "array"}, "json", ()),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "json", ()),
        ({}, "json", ()),
    ],
)
def test_the_kind_of_an_input_is_that_of_its_schema(
    of: dict[str, Any], kind: str, choices: tuple[str, ...]
) -> None:
    """What has a fitting input gets it; all else is typed as JSON."""
    [field] = fields_of(schema(of), None, {})
    assert (field.kind, field.choices) == (kind, choices)


@pytest.mark.parametrize(
    ("of", "typed", "sent"),
    [
        ({"type": "integer"}, "5", {"x": 5}),
        ({"type": "integer"}, "five", {"x": "five"}),
        ({"type": "boolean"}, "true", {"x": True}),
        ({"enum": ["a", 2]}, '"a"', {"x": "a"}),
        ({"type": "string"}, "5", {"x": "5"}),
        ({"type": "string"}, "", {}),
        ({"type": "array"}, "[1, 2]", {"x": [1, 2]}),
        ({}, "no JSON", {"x": "no JSON"}),
        ({}, '"text"', {"x": "text"}),
    ],
)
def test_what_is_typed_becomes_json(of: dict[str, Any], typed: str, sent: dict[str, Any]) -> None:
    """Of the type that the schema names; what does not fit goes on as text, for the schema to refuse."""
    assert args_of(schema(of), MultiDict({"arg.x": typed})) == sent


def test_a_required_text_may_be_empty() -> None:
    """It is given, as the empty text; a required number that is empty is missing."""
    assert args_of(schema({"type": "string"}, required=True), MultiDict()) == {"x": ""}
    assert args_of(schema({"type": "integer"}, required=True), MultiDict()) == {}
