"""Errors as `application/problem+json` (RFC 9457), and the table from our exceptions to problem types."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import uuid4

from flask import Blueprint, Flask, Response, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError

from .. import errors
from ..process.logs import get_logger

log = get_logger(__name__)

MEDIA_TYPE: Final = "application/problem+json"
MAX_ERRORS: Final = 100
"""The most entries of `errors`, so that a batch of a thousand bad jobs stays readable."""
MAX_TEXT: Final = 1_000
"""The most characters of a detail or a pointer: both may echo what the client sent."""

PROBLEM_TYPES: Final[dict[str, tuple[int, str]]] = {
    "malformed-request": (400, "The request is malformed"),
    "malformed-json": (400, "The body is not JSON"),
    "bad-parameter": (400, "A parameter is unknown or out of range"),
    "unauthorized": (401, "A valid token is needed"),
    "forbidden": (403, "This is not allowed"),
    "not-found": (404, "There is nothing here"),
    "method-not-allowed": (405, "The method is not allowed here"),
    "invalid-state": (409, "The state does not allow this"),
    "already-exists": (409, "The id is taken"),
    "unique-conflict": (409, "A job has this unique key"),
    "idempotency-in-flight": (409, "The first request with this key is still being handled"),
    "gone": (410, "It is gone"),
    "precondition-failed": (412, "It is not as If-Match or If-None-Match says"),
    "payload-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "The media type is not supported"),
    "range-not-satisfiable": (416, "The content does not have this range"),
    "validation": (422, "The request does not fit"),
    "unknown-task": (422, "There is no such task"),
    "idempotency-key-reused": (422, "The key was used with another body"),
    "internal": (500, "Something went wrong here"),
    "unavailable": (503, "The service cannot do this at the moment"),
    "queue-full": (503, "The backlog is full"),
}
"""Slug → (status, title)."""

SLUG_OF_ERROR: Final[tuple[tuple[type[errors.SimmerError], str], ...]] = (
    (errors.ArgumentsTooLarge, "payload-too-large"),
    (errors.InvalidArguments, "validation"),
    (errors.UnknownTask, "unknown-task"),
    (errors.JobNotFound, "not-found"),
    (errors.BatchNotFound, "not-found"),
    (errors.ScheduleNotFound, "not-found"),
    (errors.QueueNotFound, "not-found"),
    (errors.WorkerNotFound, "not-found"),
    (errors.FileNotFound, "not-found"),
    (errors.ScheduleExists, "already-exists"),
    (errors.ScheduleDeclared, "invalid-state"),
    (errors.InvalidState, "invalid-state"),
    (errors.UniqueConflict, "unique-conflict"),
    (errors.InvalidCursor, "bad-parameter"),
    (errors.QueueFull, "queue-full"),
    (errors.IdempotencyConflict, "idempotency-key-reused"),
    (errors.IdempotencyGone, "gone"),
    (errors.ResultExpired, "gone"),
    (errors.IdempotencyInFlight, "idempotency-in-flight"),
    (errors.DatabaseUnavailable, "unavailable"),
    (errors.TransactionConflict, "unavailable"),
    (errors.WorkerUnresponsive, "unavailable"),
    (errors.NotReady, "unavailable"),
)
"""Exception → slug; the first match counts. An exception that is not listed is a bug of ours: 500."""

RETRY_AFTER: Final[dict[str, int]] = {"queue-full": 5, "unavailable": 2, "idempotency-in-flight": 1}
"""Slug → seconds of its Retry-After header."""

_SLUG_OF_STATUS: Final[dict[int, str]] = {
    400: "malformed-request",
    401: "unauthorized",
    403: "forbidden",
    404: "not-found",
    405: "method-not-allowed",
    412: "precondition-failed",
    413: "payload-too-large",
    415: "unsupported-media-type",
    416: "range-not-satisfiable",
    503: "unavailable",
}


class Problem(Exception):
    """What a route raises to answer with a problem document; `slug` is a key of PROBLEM_TYPES."""

    def __init__(
        self,
        slug: str,
        detail: str,
        *,
        places: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.slug, self.detail, self.places = slug, detail, places
        self.headers = dict(headers or {})
        if slug in RETRY_AFTER:
            self.headers.setdefault("Retry-After", str(RETRY_AFTER[slug]))

    def response(self) -> Response:
        """The problem document."""
        return _problem_response(document_of(self.slug, self.detail), self.headers, self.places)


def document_of(slug: str, detail: str) -> dict[str, Any]:
    """The problem document of a type, without `errors`."""
    status, title = PROBLEM_TYPES[slug]
    kind = f"urn:flask-simmer:problem:{slug}"
    return {"type": kind, "title": title, "status": status, "detail": detail[:MAX_TEXT]}


def handle_problem(problem: Problem) -> Response:
    """Error handler: a problem that a route raised."""
    return problem.response()


def handle_simmer_error(error: errors.SimmerError) -> Response:
    """The problem document for an exception of the package, by SLUG_OF_ERROR; 500 for one not listed.

    JobNotFound is 404, InvalidArguments 422, QueueFull and DatabaseUnavailable 503 with Retry-After. In a
    host's own view it is `jobs.problem(error)`.
    """
    return problem_of(error).response()


def problem_of(error: Exception) -> Problem:
    """The problem that an exception means to the client; a bug, which is logged, for one not listed."""
    if isinstance(error, UnicodeDecodeError) and error.object == request.query_string:
        # Werkzeug decodes it when it is first asked for, strictly.
        return Problem("bad-parameter", "The query string is not UTF-8: encode its characters as %XX.")
    slug = next((slug for kind, slug in SLUG_OF_ERROR if isinstance(error, kind)), None)
    if slug is None:
        return _unexpected(error)
    detail, places = str(error), getattr(error, "errors", ())
    if PROBLEM_TYPES[slug][0] == 503:
        log.warning("%s %s answered 503: %s", request.method, request.path, detail)
    # By exact type: TablesMissing, a subclass, tells what to do and shows nothing of the driver.
    if type(error) is errors.DatabaseUnavailable:
        # The driver's message may name hosts and users: it is for the log only; the reason does not.
        reason = error.reason
        detail = f"The database said: {reason}. Try again." if reason else str(errors.DatabaseUnavailable())
    if isinstance(error, errors.UnknownTask):
        places = [errors.problem("#/task", detail)]
    headers = _location(error.job_id) if isinstance(error, errors.UniqueConflict) else {}
    return Problem(slug, detail, places=places, headers=headers)


def _location(job_id: str) -> dict[str, str]:
    """Where to poll the job; nothing where the API is switched off."""
    try:
        return {"Location": url_for("simmer.get_job", id=job_id)}
    except BuildError:
        return {}


def handle_errors(app: Flask | Blueprint) -> None:
    """Answer the exceptions of SLUG_OF_ERROR in the views of `app`, or of one blueprint, as the API does."""
    # Each by itself, not SimmerError: what is not listed is a bug, which the host's own handler may report.
    for kind, _ in SLUG_OF_ERROR:
        app.register_error_handler(kind, handle_simmer_error)
    app.register_error_handler(Problem, handle_problem)


def handle_http_error(error: HTTPException) -> Response:
    """Error handler: what Flask, Werkzeug or a host's `abort()` raised inside the blueprint."""
    answer = error.get_response()
    if error.response is not None or error.code is None or error.code < 400:
        # abort(response), or a redirect: the host has chosen the response, which is no error of the API's.
        return Response(answer.get_data(), answer.status_code, answer.headers)
    drop = ("Content-Type", "Content-Length")
    headers = {name: value for name, value in answer.headers if name not in drop}
    detail = error.description or error.name
    slug = _SLUG_OF_STATUS.get(error.code)
    if slug is not None:
        return Problem(slug, detail, headers=headers).response()
    document = {"type": "about:blank", "title": error.name, "status": error.code, "detail": detail}
    return _problem_response(document, headers)


def handle_unexpected(error: Exception) -> Response:
    """Error handler: a bug; the traceback is logged under an id that the response names."""
    return problem_of(error).response()


def _unexpected(error: Exception) -> Problem:
    incident = uuid4().hex[:12]
    log.error("%s %s failed (incident %s)", request.method, request.path, incident, exc_info=error)
    return Problem("internal", f"The log has the reason under incident {incident}.")


def _problem_response(
    document: dict[str, Any], headers: Mapping[str, str], places: Sequence[Mapping[str, str]] = ()
) -> Response:
    if places:
        shown = places[:MAX_ERRORS]
        document["errors"] = [{key: text[:MAX_TEXT] for key, text in place.items()} for place in shown]
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **headers}
    return Response(json.dumps(document) + "\n", document["status"], headers, mimetype=MEDIA_TYPE)
