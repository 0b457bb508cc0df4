"""The OpenAPI 3.1 document (https://spec.openapis.org/oas/v3.1.0) of routes and tasks."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ...tasks.registry import TaskDefinition
from ..access import OPEN
from ..requests import JSON, MERGE_PATCH
from ..route import Route
from .examples import example_of
from .operations import OPERATIONS, Operation
from .parameters import HEADERS, PARAMETERS, parameters_of
from .responses import problem_responses, responses_of
from .schemas import Schemas, all_schemas, ref

Document = dict[str, Any]

_SUMMARY: Final = re.compile(r"`(\w+) (/\S*)`: (.+)", re.DOTALL)
_TAGS: Final = {
    "tasks": "What there is to submit, and its limits.",
    "jobs": "Submit jobs, and see what becomes of them.",
    "batches": "Jobs that were submitted together.",
    "schedules": "What is submitted by the clock.",
    "queues": "The lines in which jobs wait.",
    "operating": "Numbers, workers, health, and this description.",
}
_ABOUT: Final = (
    "Background jobs: submit one, get its id at once, poll it. Times are RFC 3339 in UTC, durations are"
    " seconds, errors are `application/problem+json` (RFC 9457). A response may show more than stands here."
)


def build_document(
    routes: Sequence[Route], tasks: Mapping[str, TaskDefinition], *, title: str, needs_token: bool
) -> Document:
    """The document, but for its `servers`.

    `needs_token`: a token is the only way in; else what the app or its address decides is another.
    """
    known = [(route, OPERATIONS[route.endpoint]) for route in routes]
    schemas = {**all_schemas(tasks), "Result": {}, "Document": {"type": "object"}}
    paths: dict[str, dict[str, Any]] = {}
    for route, operation in known:
        made = _operation(route, operation, schemas, needs_token)
        paths.setdefault(re.sub(r"<(\w+)>", r"{\1}", route.path), {})[route.method.lower()] = made
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": _ABOUT},
        "tags": [{"name": name, "description": meaning} for name, meaning in _TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": problem_responses(known),
            "parameters": PARAMETERS,
            "headers": HEADERS,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of JOBS_API_TOKENS with the right `read`, `submit` or `operate`.",
                }
            },
        },
    }


def summary_of(route: Route, docstring: str | None) -> str:
    """What a route does: its view's `docstring`, which begins with the verb and the path.

    Raises ValueError for one that says something else.
    """
    found = _SUMMARY.fullmatch(docstring or "")
    if found is None or found[1] != route.method or found[2] != re.sub(r"<(\w+)>", r"{\1}", route.path):
        raise ValueError(f"{route.endpoint}: its docstring must begin with `{route.method} {route.path}`: …")
    return found[3][0].upper() + found[3][1:]


def _operation(route: Route, operation: Operation, schemas: Schemas, needs_token: bool) -> dict[str, Any]:
    summary, _, description = summary_of(route, inspect.getdoc(route.load_view())).partition("\n")
    first = route.path.split("/")[1]
    made: dict[str, Any] = {
        "operationId": route.endpoint,
        "summary": summary.strip(),
        **({"description": description.strip()} if description.strip() else {}),
        "tags": [first if first in _TAGS else "operating"],
        "security": []
        if route.right == OPEN
        else [*([] if needs_token else [{}]), {"bearer": [route.right]}],
        "x-right": route.right,
        "parameters": parameters_of(route, operation),
        "responses": responses_of(route, operation),
    }
    if operation.body is not None:
        made["requestBody"] = {"required": True, "content": _contents(route, operation.body, schemas)}
    if operation.empty_body:
        nothing = {"type": "object", "additionalProperties": False}
        made["requestBody"] = {"required": False, "content": {JSON: {"schema": nothing}}}
    return made


def _contents(route: Route, body: str, schemas: Schemas) -> dict[str, Any]:
    shown = {"schema": ref(body), "example": example_of(ref(body), schemas)}
    # In a merge patch null removes: what it may hold follows from the schema, but is not that.
    patch = {MERGE_PATCH: {"schema": {"type": "object"}}} if route.method == "PATCH" else {}
    return {JSON: shown, **patch}
