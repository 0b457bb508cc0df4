"""Writing answers: JSON with the right headers, and the ones that show a job."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from flask import Response, request
from werkzeug.datastructures import Headers

from ..job import Job, Stamp
from ..serialization.presenter import Redact, dump, present
from ..serialization.redaction import redactor_of
from ..service import runtime
from .requests import JSON

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

LONGEST_PAUSE: Final = 30
"""Seconds that we tell a client to wait before it asks again, at most."""

UNCACHED: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class Answer(Response):
    """A response that leaves here with its headers as they should be: nothing is added or corrected."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """The headers as they are; Werkzeug's own way would look at each again."""
        return self.headers


def answer(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as JSON; not to be cached unless `headers` say otherwise."""
    body = dump(value) + b"\n"
    about = {"Content-Type": JSON, "Content-Length": str(len(body)), **UNCACHED, **(headers or {})}
    return Answer([body], status, Headers(about))


def answer_job(job: Job, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The job, with its ETag, and Retry-After until it is final."""
    return _answer_job(job, jobs_url(), status, {**job_headers(job), **(headers or {})})


def accepted(job: Job, headers: Mapping[str, str] | None = None) -> Response:
    """The answer to a submission, 202: the job, where to poll it, and when."""
    base = jobs_url()
    location = {"Location": f"{base}/{job.id}"} if base else {}
    return _answer_job(job, base, 202, {**_tag(job), "Retry-After": "1", **location, **(headers or {})})


def _answer_job(job: Job, base: str | None, status: int, headers: dict[str, str]) -> Response:
    return answer(present(job, redactor(), base), status, headers)


def not_modified(job: Job | Stamp, headers: Mapping[str, str] | None = None) -> Response:
    """304: the client's copy of the job is the newest."""
    return empty(304, {**job_headers(job), **(headers or {})})


def empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body."""
    return Answer([], status, Headers(headers))


def job_headers(job: Job | Stamp) -> dict[str, str]:
    """ETag and caching of a job; Retry-After where it is not final."""
    headers = _tag(job)
    if not job.is_final:
        headers["Retry-After"] = str(pause(job, runtime().clock.now()))
    return headers


def _tag(job: Job | Stamp) -> dict[str, str]:
    return {"ETag": f'W/"{job.version}"', "Cache-Control": "no-cache"}


def pause(job: Job | Stamp, now: datetime) -> int:
    """After how many whole seconds asking again is worth it: longer for the old and for those not yet due."""
    age = (now - job.created_at).total_seconds() / 10
    until_due = (job.run_at - now).total_seconds() if job.state in ("scheduled", "retrying") else 0.0
    return max(1, min(LONGEST_PAUSE, math.ceil(max(age, until_due))))


def redactor() -> Redact:
    """What takes the secrets that the app's settings name out of a JSON value."""
    return redactor_of(runtime().settings.redact).redact


def jobs_url() -> str | None:
    """The address of the list of jobs; None where the API is switched off."""
    prefix = runtime().settings.api_prefix
    return None if prefix is None else f"{request.script_root}{_quoted(prefix)}/jobs"


@functools.cache
def _quoted(prefix: str) -> str:
    return quote(prefix, safe="!$&'()*+,/:;=@~")


def page_links(next_cursor: str | None) -> str:
    """The Link header of a page of jobs: the first one, and the next where there is one."""
    given = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    queries = {"first": given} | ({} if next_cursor is None else {"next": [*given, ("cursor", next_cursor)]})
    base = jobs_url()
    return ", ".join(f'<{base}?{urlencode(query)}>; rel="{rel}"' for rel, query in queries.items())
