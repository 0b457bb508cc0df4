"""What a task takes, as JSON Schema."""

from __future__ import annotations

import json
from typing import Any

import pytest
from marshmallow import Schema, fields

from app.jobs.arguments.check import Arguments

from .annotations import DESCRIBED, Mode, ReportArgs, anything, build, report, takes


@pytest.mark.parametrize(("annotation", "expected"), DESCRIBED)
def test_json_schema_of_annotations(annotation: Any, expected: dict[str, Any]) -> None:
    """Each annotation has its JSON Schema (2020-12, as in OpenAPI 3.1), nested ones inline."""
    assert Arguments.of(takes(annotation)).json_schema() == {
        "type": "object",
        "properties": {"x": expected},
        "required": ["x"],
        "additionalProperties": False,
    }


def test_json_schema_of_functions() -> None:
    """Defaults are shown where JSON can hold them, further names as additionalProperties."""

    def task(
        a: int = 1, b: Any = object, c: str | None = None, d: Mode = Mode.FAST, **rest: bool
    ) -> None: ...

    task.__annotations__ = {"a": int, "b": Any, "c": str | None, "d": Mode, "rest": bool}
    assert Arguments.of(task).json_schema() == {
        "type": "object",
        "properties": {
            "a": {"type": "integer", "default": 1},
            "b": {},
            "c": {"type": ["string", "null"], "default": None},
            "d": {"enum": ["fast"], "default": "fast"},
        },
        "additionalProperties": {"type": "boolean"},
    }
    assert Arguments.of(anything).json_schema()["additionalProperties"] == {}


def test_json_schema_of_a_schema_of_the_hosts() -> None:
    """A marshmallow schema is translated with its validators and data keys, to plain JSON."""
    shown = Arguments.of(report, ReportArgs).json_schema()
    assert json.loads(json.dumps(shown)) == shown
    assert shown["required"] == ["month"]
    assert shown["properties"]["copies"] == {"type": "integer", "default": 1, "minimum": 1, "maximum": 9}
    assert shown["properties"]["price"] == {"type": "number", "default": 1.5}
    assert shown["properties"]["displayName"] == {"type": "string"}
    assert shown["properties"]["limits"] == {"type": "object", "additionalProperties": {"type": "integer"}}


class Endlessly(Schema):
    inner = fields.Nested("Endlessly")


class Unshowable(Schema):
    x = fields.Nested("NoSuchSchema")


def test_json_schema_of_odd_schemas() -> None:
    """A schema within itself ends as "an object", and one that cannot be shown says so."""
    assert Arguments.of(report, Endlessly).json_schema()["properties"] == {"inner": {"type": "object"}}
    assert "cannot be shown" in Arguments.of(report, Unshowable).json_schema()["description"]


def test_json_schema_is_the_callers_own() -> None:
    """Writing into what was returned changes nothing for the next caller."""
    arguments = Arguments.of(build)
    arguments.json_schema()["properties"].clear()
    assert list(arguments.json_schema()["properties"]) == ["month", "items", "limit"]
