"""`components.responses`: the problem documents; and the responses of one route."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ...arguments.fields import JsonSchema
from ..access import OPEN
from ..problems import MEDIA_TYPE, PROBLEM_TYPES, RETRY_AFTER, document_of
from ..requests import JSON
from ..route import Route
from .operations import Answer, Operation
from .schemas import ref

_OF_EVERY_BODY: Final = (
    "malformed-request", "malformed-json", "unsupported-media-type", "payload-too-large", "validation",
)  # fmt: skip
_OF_A_KEY: Final = ("idempotency-key-reused", "idempotency-in-flight", "gone")
_HEADERS: Final = {401: ("WWW-Authenticate",), 503: ("Retry-After",)}
_BARE: Final = {304: "What was sent in If-None-Match is the newest."}


def responses_of(route: Route, operation: Operation) -> dict[str, Any]:
    """The responses of a route by status, successes first."""
    made = {str(status): _success(answer) for status, answer in operation.answers.items()}
    if operation.cached:
        made["304"] = {"description": _BARE[304], "headers": _headers(("ETag",))}
    for status, slugs in _refusals(route, operation).items():
        made.setdefault(str(status), ref(_name(slugs), "responses"))
    return made


def problem_responses(routes: Sequence[tuple[Route, Operation]]) -> dict[str, Any]:
    """Each response that is a problem document, by its name."""
    found = {tuple(slugs) for each in routes for slugs in _refusals(*each).values()}
    return {_name(slugs): _problem(slugs) for slugs in sorted(found)}


def _refusals(route: Route, operation: Operation) -> Mapping[int, list[str]]:
    """What a route may refuse: its slugs by their status."""
    by_status: defaultdict[int, list[str]] = defaultdict(list)
    for slug in dict.fromkeys(_slugs(route, operation)):
        by_status[PROBLEM_TYPES[slug][0]].append(slug)
    return dict(sorted(by_status.items()))


def _slugs(route: Route, operation: Operation) -> Iterator[str]:
    if route.right != OPEN:
        yield from ("bad-parameter", "unauthorized", "forbidden")
    if "<" in route.path:
        yield "not-found"
    yield from operation.refusals
    if operation.body is not None or operation.empty_body:
        yield from _OF_EVERY_BODY
    if operation.once:
        yield from _OF_A_KEY
    if operation.guarded:
        yield "precondition-failed"
    if operation.needs_database:
        yield "unavailable"
    yield "internal"


def _name(slugs: Sequence[str]) -> str:
    return ".".join(slugs)


def _success(answer: Answer) -> dict[str, Any]:
    content: dict[str, JsonSchema] = {name: {} for name in answer.media_types}
    if answer.schema is not None:
        content = {JSON: {"schema": ref(answer.schema)}, **content}
    made: dict[str, Any] = {"description": answer.meaning}
    if answer.headers:
        made["headers"] = _headers(answer.headers)
    return {**made, "content": content} if content else made


def _problem(slugs: Sequence[str]) -> dict[str, Any]:
    status = PROBLEM_TYPES[slugs[0]][0]
    examples = {slug: {"value": document_of(slug, "What is wrong, in words.")} for slug in slugs}
    made = {
        "description": "; ".join(PROBLEM_TYPES[slug][1] for slug in slugs),
        "content": {MEDIA_TYPE: {"schema": ref("Problem"), "examples": examples}},
    }
    names = (*_HEADERS.get(status, ()), *(["Retry-After"] if RETRY_AFTER.keys() & {*slugs} else []))
    return {**made, "headers": _headers(dict.fromkeys(names))} if names else made


def _headers(names: Any) -> dict[str, Any]:
    return {name: ref(name, "headers") for name in names}
