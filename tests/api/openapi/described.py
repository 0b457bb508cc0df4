"""What the tests of the description share: validators of what it says of responses."""

from __future__ import annotations

from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

from app.jobs.api.openapi.schemas import shown_schemas

_EXACT: dict[str, Any] = {
    "components": {"schemas": {**dict(shown_schemas(is_open=False)), "Result": {}, "Document": {}}}
}


def complaints(name: str, value: Any) -> list[str]:
    """What of `value` the schema of that name does not describe: wrong, missing and further names."""
    schema = {**_EXACT, "$ref": f"#/components/schemas/{name}"}
    found = Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(value)
    return [f"{name}{error.json_path[1:]}: {error.message}" for error in found]
