"""Responses: JSON with its headers, and those that show a job."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode

from flask import Request, Response, request
from werkzeug.datastructures import Headers

from ..job import Job, Stamp
from ..serialization.presenter import Redact, dump, present, present_explanation
from ..serialization.redaction import redactor_of
from ..service import runtime
from ..service.submitted import Submitted
from ..values import Explanation
from .conditional import etag_headers, job_tag
from .links import BY_LINK
from .requests import JSON

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

MAX_RETRY_AFTER: Final = 30
"""Seconds: the longest Retry-After of a job."""

NO_STORE: Final = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


class FinalResponse(Response):
    """A response whose headers are complete: nothing is added or corrected when it is sent."""

    default_mimetype = None

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        """The headers as they are."""
        # Werkzeug copies them and looks at each to correct Location and Content-Length; ours are right.
        return self.headers


def json_response(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`value` as JSON; not to be cached unless `headers` say otherwise."""
    body = dump(value) + b"\n"
    fixed = {"Content-Type": JSON, "Content-Length": str(len(body)), **NO_STORE}
    return FinalResponse([body], status, Headers({**fixed, **(headers or {})}))


def job_response(job: Job, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """The job, with its ETag, and Retry-After until it is final."""
    req = request._get_current_object()  # type: ignore[attr-defined]
    shown = present(job, redactor(), jobs_url(req))
    if BY_LINK in req.environ:
        shown["links"] = req.environ[BY_LINK].sign(shown["links"])
    return json_response(shown, status, {**job_headers(job), **(headers or {})})


def explained_response(job: Job, explanation: Explanation, headers: Mapping[str, str]) -> Response:
    """The job and why it waits; its ETag is that of the job, whatever is said of it."""
    shown = {**present(job, redactor(), jobs_url()), "explain": present_explanation(explanation)}
    # no-store: a browser that kept it would be told by 304 that it is still true.
    return json_response(shown, headers={**job_headers(job), **headers, "Cache-Control": "no-store"})


def accepted(job: Job, headers: Mapping[str, str] | None = None) -> Response:
    """The response to a submission, 202: the job, where to poll it, and when."""
    base = jobs_url()
    location = {"Location": f"{base}/{job.id}"} if base else {}
    own = {**etag_headers(job_tag(job)), "Retry-After": "1", **location}
    return json_response(present(job, redactor(), base), 202, {**own, **(headers or {})})


def submitted(to: Submitted, headers: Mapping[str, str] | None = None) -> Response:
    """As `accepted`; 200 where the job was there before."""
    if to.is_new:
        return accepted(to.job, headers)
    return job_response(to.job, 200, {"Location": f"{jobs_url()}/{to.job.id}", **(headers or {})})


def not_modified(headers: Mapping[str, str]) -> Response:
    """304: the client has the newest version; `headers` are those that a 200 would have."""
    return empty_response(304, headers)


def empty_response(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """A response without a body."""
    return FinalResponse([], status, Headers(headers))


def job_headers(job: Job | Stamp) -> dict[str, str]:
    """ETag and caching of a job; Retry-After where it is not final."""
    headers = etag_headers(job_tag(job))
    if not job.is_final:
        headers["Retry-After"] = str(retry_after(job, runtime().clock.now()))
    return headers


def retry_after(job: Job | Stamp, now: datetime) -> int:
    """Whole seconds after which to poll again: a tenth of the job's age, or until it is due."""
    age = (now - job.created_at).total_seconds() / 10
    until_due = (job.run_at - now).total_seconds() if job.state in ("scheduled", "retrying") else 0.0
    return max(1, min(MAX_RETRY_AFTER, math.ceil(max(age, until_due))))


def redactor() -> Redact:
    """The function that redacts the secrets in a JSON value, by the app's settings."""
    return redactor_of(runtime().settings.redact).redact


def restore_secrets(args: Mapping[str, Any], stored: Mapping[str, Any]) -> dict[str, Any]:
    """`args` of a body, with what a response shows as redacted of `stored` as it is stored.

    Raises InvalidArguments for "[redacted]" at any other place.
    """
    restored: dict[str, Any] = redactor_of(runtime().settings.redact).restore(
        dict(args), dict(stored), "#/args"
    )
    return restored


def jobs_url(request: Request = request) -> str | None:
    """The path of the list of jobs; None where the API is switched off."""
    # Not url_for: this is built for every submission and poll, and only the prefixes vary.
    prefix = runtime().settings.api_prefix
    return None if prefix is None else f"{request.script_root}{quoted(prefix)}/jobs"


@functools.cache
def quoted(prefix: str) -> str:
    """The path of the API as it stands in a URL."""
    return quote(prefix, safe="!$&'()*+,/:;=@~")


def page_links(next_cursor: str | None) -> str:
    """The Link header of a page of jobs: the first page, and the next if there is one (RFC 8288)."""
    kept = [(name, value) for name, value in request.args.items(multi=True) if name != "cursor"]
    queries = {"first": kept} | ({} if next_cursor is None else {"next": [*kept, ("cursor", next_cursor)]})
    texts = {rel: f"?{urlencode(query)}" if query else "" for rel, query in queries.items()}
    base = jobs_url()
    return ", ".join(f'<{base}{text}>; rel="{rel}"' for rel, text in texts.items())
