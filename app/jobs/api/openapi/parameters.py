"""`components.parameters` and `components.headers`, and the parameters of one route."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from marshmallow import Schema

from ...arguments.fields import JsonSchema
from ...arguments.json_schema import JsonSchemaConverter
from ...checks import QUEUE_NAME, SLUG_IN_JSON, TASK_NAME
from ...store.json_filters import MOST_STEPS
from ..requests import MAX_KEY
from ..route import Route
from ..schemas import Paths
from .operations import Operation
from .schemas import ref

_STEP: Final = "[A-Za-z_][A-Za-z0-9_-]{0,99}"
_TEXT: Final[JsonSchema] = {"type": "string"}
EXAMPLE_ID: Final = "01a219ca-1ea3-7c87-9aab-c2aec5f97b4a"
_ID: Final[JsonSchema] = {"type": "string", "format": "uuid"}
_NAMED: Final = {
    "schedules": {"type": "string", "pattern": SLUG_IN_JSON},
    "queues": {"type": "string", "pattern": f"^{QUEUE_NAME.pattern}$"},
    "tasks": {"type": "string", "pattern": f"^{TASK_NAME.pattern}$"},
}
"""What a name in a path is, by the first part of the path; elsewhere the first one is an id."""

HEADERS: Final[dict[str, dict[str, Any]]] = {
    name: {"description": meaning, "schema": schema}
    for name, meaning, schema in (
        ("ETag", "The version of what the response shows.", _TEXT),
        ("Location", "Where what was made is.", {"type": "string", "format": "uri-reference"}),
        ("Retry-After", "Seconds after which to ask again.", {"type": "integer"}),
        ("Link", "The first page and the next one (RFC 8288).", _TEXT),
        ("Vary", "What the response depends on.", _TEXT),
        ("Preference-Applied", "The wait that was honoured, `wait=20`.", _TEXT),
        ("Idempotency-Replayed", "It is the response to a repeated request.", {"enum": ["true"]}),
        ("Content-Disposition", "The name of the file.", _TEXT),
        ("Content-Range", "Which part of the content it is.", _TEXT),
        ("WWW-Authenticate", "The scheme of credentials.", _TEXT),
    )
}
"""Headers of responses."""

PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    name: {"name": name, "in": "header", "description": meaning, "schema": schema}
    for name, meaning, schema in (
        (
            "Idempotency-Key",
            "Repeating the request with the same key within 24 hours gives the first answer again.",
            {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": r"^[\x20-\x7e]+$"},
        ),
        (
            "If-Match",
            "An ETag: the change is made only to what has it, or with `*` only to what is there.",
            _TEXT,
        ),
        ("If-None-Match", "An ETag: 304 while what would be answered has it.", _TEXT),
        ("Prefer", "`wait=20`: answer when there is something new, or after so many seconds.", _TEXT),
        ("Range", "`bytes=0-99`: this part of the content alone.", _TEXT),
    )
}
"""Headers of requests."""
_BY_TRAIT: Final = {
    "once": "Idempotency-Key", "guarded": "If-Match", "cached": "If-None-Match", "waits": "Prefer",
}  # fmt: skip


def parameters_of(route: Route, operation: Operation) -> list[dict[str, Any]]:
    """The parameters of a route: of its path, its query and its headers."""
    headers = [name for trait, name in _BY_TRAIT.items() if getattr(operation, trait)]
    if 206 in operation.answers:
        headers.append("Range")
    references = [ref(name, "parameters") for name in headers]
    return [*_of_path(route.path), *_of_query(operation.query), *references]


def _of_path(path: str) -> Iterator[dict[str, Any]]:
    kind = path.split("/")[1]
    for at, name in enumerate(re.findall(r"<(\w+)>", path)):
        schema = _NAMED.get(kind, _ID) if at == 0 else {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": schema}


def _of_query(schema: type[Schema] | None) -> Iterator[dict[str, Any]]:
    if schema is None:
        return
    converter = JsonSchemaConverter()
    for name, field in schema().fields.items():
        described = converter.field2property(field)
        if isinstance(field, Paths):
            yield _of_paths(name, described["additionalProperties"])
        else:
            yield {"name": name, "in": "query", "schema": _not_null(described)}


def _of_paths(name: str, values: JsonSchema) -> dict[str, Any]:
    """Parameters `args.<path>`: OpenAPI has no names that vary, but those of an object do."""
    return {
        "name": name,
        "in": "query",
        "description": f"`{name}.<path>=value`: jobs with that value there.",
        "style": "form",
        "explode": True,
        "schema": {
            "type": "object",
            "patternProperties": {rf"^{name}(\.{_STEP}){{1,{MOST_STEPS}}}$": values},
            "additionalProperties": False,
        },
    }


def _not_null(described: JsonSchema) -> JsonSchema:
    """Without null, which no query string can say."""
    made = {name: value for name, value in described.items() if (name, value) != ("default", None)}
    if isinstance(made.get("type"), list):
        (made["type"],) = (kind for kind in made["type"] if kind != "null")
    if "enum" in made:
        made["enum"] = [value for value in made["enum"] if value is not None]
    return made


def example_path(path: str) -> str:
    """A path with values in place of its parameters."""
    kind = path.split("/")[1]
    first = "nightly" if kind in _NAMED else EXAMPLE_ID
    return re.sub(r"{\w+}", "report.csv", re.sub(r"{\w+}", first, path, count=1))
