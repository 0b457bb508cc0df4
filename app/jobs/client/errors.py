"""What a request may raise: problem documents (RFC 9457) as exceptions, and no answer at all."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from .. import errors
from .answer import Answer

T = TypeVar("T")

_TYPE: Final = "urn:flask-simmer:problem:"
MAX_TEXT: Final = 200
"""Characters of a response that is no problem document, in a message."""


class ServerUnreachable(errors.SimmerError):
    """The server does not answer; the message says what happened at last."""


class ApiError(errors.SimmerError):
    """The server refused the request.

    `status` is that of HTTP, `type` the last part of the problem's type, such as "validation", or "" for a
    response that is no problem document; `errors` is a list of `{"pointer": …, "detail": …}`. What has an
    exception of its own in the package is raised as both, so that `except JobNotFound` catches it too.
    """

    state: str = ""
    """Of InvalidState: the API does not say it."""

    def __init__(self, status: int, document: Mapping[str, Any], job_id: str = "") -> None:
        self.status = status
        self.type = str(document.get("type", "")).removeprefix(_TYPE)
        self.title = str(document.get("title", ""))
        self.detail = str(document.get("detail", ""))
        errors_of = document.get("errors")
        self.errors = errors_of if isinstance(errors_of, list) else []
        self.job_id = job_id  # of UniqueConflict
        # Not super(): the next one may be InvalidArguments, which takes something else.
        errors.SimmerError.__init__(self, f"{status} {self.title}: {self.detail}")


def read(answer: Answer, reader: Callable[[Any], T]) -> T:
    """What `reader` makes of the JSON of a success; raises ApiError for what no API answers."""
    try:
        return reader(answer.json())
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        raise error_of(answer, "/") from None


def error_of(answer: Answer, path: str) -> ApiError:
    """The exception for a response that is no success to a request of `path`."""
    try:
        document = json.loads(answer.body)
        if not isinstance(document, dict) or "title" not in document:
            raise ValueError("no problem document")
    except (ValueError, RecursionError):
        said = answer.headers.get("Location") or answer.body[:MAX_TEXT].decode(errors="replace").strip()
        if answer.status == 404:
            said = f"no API is at this address, one is like https://jobs.example.com/api/v1: {said}"
        document = {"type": "", "title": "The server answered what the API does not", "detail": said}
    slug = str(document.get("type", "")).removeprefix(_TYPE)
    kind = _BY_SLUG.get(slug, ApiError)
    if slug == "not-found":
        kind = _NOT_FOUND.get(path.split("/")[1], ApiError)
    job_id = answer.headers.get("Location", "").rpartition("/")[2] if slug == "unique-conflict" else ""
    return kind(answer.status, document, job_id)


def _both(kind: type[errors.SimmerError]) -> type[ApiError]:
    """An exception that is an ApiError and a `kind`."""
    return type(kind.__name__, (ApiError, kind), {"__doc__": kind.__doc__, "__module__": kind.__module__})


_NOT_FOUND: Final = {
    "jobs": _both(errors.JobNotFound),
    "batches": _both(errors.BatchNotFound),
    "schedules": _both(errors.ScheduleNotFound),
}
"""By the first part of the path."""
_BY_SLUG: Final = {
    "validation": _both(errors.InvalidArguments),
    "payload-too-large": _both(errors.ArgumentsTooLarge),
    "unknown-task": _both(errors.UnknownTask),
    "invalid-state": _both(errors.InvalidState),
    "already-exists": _both(errors.ScheduleExists),
    "unique-conflict": _both(errors.UniqueConflict),
    "queue-full": _both(errors.QueueFull),
    "idempotency-key-reused": _both(errors.IdempotencyConflict),
    "idempotency-in-flight": _both(errors.IdempotencyInFlight),
}
