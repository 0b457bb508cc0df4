"""A job as JSON, for HTTP and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ..job import Job, Progress
from ..states import RUNNING
from ..values import Explanation, Step

TIMES: Final = (
    "created_at", "run_at", "started_at", "finished_at", "cancel_requested_at", "expires_at", "fire_time",
)  # fmt: skip

Redact = Callable[[Any], Any]
"""Returns a JSON value with the values of secret keys redacted."""

MAX_LIST_BYTES: Final = 2 * 1024
"""Bytes of JSON above which `args`, `meta` and `result` are left out of lists."""


def present(job: Job, redact: Redact, jobs_url: str | None = None) -> dict[str, Any]:
    """All attributes of a job, in their order, secrets redacted.

    `jobs_url` is the URL of the list of jobs; without one, outside HTTP, `links` is None.
    """
    # vars, not asdict, which deep-copies args and result at each poll.
    shown = dict(vars(job))
    for key in TIMES:
        if (value := shown[key]) is not None:
            shown[key] = moment(value)
    shown["args"] = redact(dict(job.args))
    shown["result"] = redact(job.result)
    shown["meta"] = redact(dict(job.meta))
    shown["progress"] = present_progress(job.progress, redact)
    shown["error"] = _error(job.error)
    shown["links"] = None if jobs_url is None else links(job, jobs_url)
    return shown


def present_in_list(job: Job, redact: Redact, jobs_url: str | None = None) -> dict[str, Any]:
    """As `present`, but large `args`, `meta` and `result` are None and named in `truncated`."""
    shown = present(job, redact, jobs_url)
    shown["truncated"] = [name for name in ("args", "meta", "result") if _is_large(shown[name])]
    for name in shown["truncated"]:
        shown[name] = None
    return shown


def present_attempt(attempt: Mapping[str, Any], with_traceback: bool) -> dict[str, Any]:
    """One run of a job; the traceback of its error only for who may see code and what it says of values."""
    error = _error(attempt["error"])
    if error is not None and with_traceback:
        error["traceback"] = attempt["error"].get("traceback") or None
    return {**attempt, "error": error}


def present_progress(progress: Progress, redact: Redact) -> dict[str, Any]:
    """A progress, secrets in its data redacted."""
    return {
        "current": progress.current,
        "total": progress.total,
        "percent": progress.percent,
        "message": progress.message,
        "eta": progress.eta,
        "data": redact(progress.data),
    }


def present_step(step: Step, is_long: bool, redact: Redact) -> dict[str, Any]:
    """A step of a job; its name counts as the key of its result. What `is_long` is named in `truncated`."""
    shown = step.as_dict()
    shown["result"] = None if step.result is None else redact({step.name: step.result})[step.name]
    return {**shown, "truncated": ["result"] if is_long else []}


def present_explanation(explanation: Explanation) -> dict[str, Any]:
    """Why a job waits and when it will run, all keys always."""
    limit = explanation.limit
    return {**explanation.as_dict(), "limit": None if limit is None else limit.as_dict()}


def links(job: Job, jobs_url: str) -> dict[str, str]:
    """URLs of the job's resources, and of the actions that its state allows."""
    own = f"{jobs_url}/{job.id}"
    addresses = {
        "self": own, "result": f"{own}/result", "attempts": f"{own}/attempts", "events": f"{own}/events",
        "logs": f"{own}/logs", "steps": f"{own}/steps", "files": f"{own}/files", "stream": f"{own}/stream",
    }  # fmt: skip
    if job.is_final:
        addresses["retry"] = f"{own}/retry"
    elif job.state != RUNNING or job.cancel_requested_at is None:
        addresses["cancel"] = f"{own}/cancel"
    return addresses


def moment(value: datetime | None) -> str | None:
    """RFC 3339, UTC, microseconds, ending in Z."""
    if value is None:
        return None
    # Always with microseconds: isoformat drops zero ones, and the texts would no longer sort by time.
    return value.astimezone(UTC).isoformat("T", "microseconds")[:26] + "Z"


def dump(value: Any) -> bytes:
    """`value` as JSON text in UTF-8; datetimes become RFC 3339."""
    try:
        return _ENCODER.encode(value).encode()
    except UnicodeEncodeError:
        # A lone surrogate cannot be encoded, only escaped.
        return json.dumps(value, default=_default, separators=(",", ":")).encode()


def _error(error: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return None if error is None else {"type": error["type"], "message": error["message"]}


def _is_large(value: Any) -> bool:
    return isinstance(value, str | dict | list) and len(dump(value)) > MAX_LIST_BYTES


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


_ENCODER: Final = json.JSONEncoder(default=_default, ensure_ascii=False, separators=(",", ":"))
