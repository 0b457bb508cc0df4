"""The page of one job."""

from __future__ import annotations

import json
import shlex
from itertools import pairwise
from typing import Any, Final

from flask import request

from ..api.requests import job_id
from ..api.responses import jobs_url
from ..job import Job
from ..service import runtime
from ..states import EDITABLE, RUNNING
from ..values import Explanation, LogPage
from . import tracebacks
from .formatting import redacted
from .rendering import page, path_of

LEVELS: Final = ("debug", "info", "warning", "error", "critical")
SHOWN_RUNS: Final = 50
SHOWN_EVENTS: Final = 100
"""Of a job that snoozes or retries for weeks the latest are shown; the API has all of them."""
MANY_LINES: Final = 500
"""From so many on the log of a running job has a next page."""
OPTIONS: Final = ("queue", "priority", "max_attempts")
"""Options of a job that the command to submit it again repeats."""


def show_job(id: str) -> Any:
    """`GET /jobs/{id}`: all that is known of the job."""
    jobs = runtime().jobs
    job = jobs.get(job_id(id))
    level = request.args.get("level") or None
    after = request.args.get("after") or None
    logs = runtime().logs.read(job.id, after, level if level in LEVELS else None)
    return page(
        "job.html",
        job=job, attempts=list(reversed(jobs.attempts(job.id, SHOWN_RUNS))),
        timeline=_timeline(jobs.events(job.id, SHOWN_EVENTS)),
        steps=[step for step, _ in jobs.steps(job.id)], files=runtime().files.files_of(job.id), logs=logs,
        shown_runs=SHOWN_RUNS, shown_events=SHOWN_EVENTS,
        next_lines=_next_lines(job, logs, level), after=after, level=level, levels=LEVELS,
        explained=_explained(job), parse=tracebacks.parse, curl=_curl(job),
        can_cancel=not job.is_final and (job.state != RUNNING or job.cancel_requested_at is None),
        can_edit=job.state in EDITABLE and not job.attempt,
    )  # fmt: skip


def _timeline(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The transitions, each with the seconds until the next one; None for the last."""
    seconds = [(after["at"] - before["at"]).total_seconds() for before, after in pairwise(events)]
    return [{**event, "seconds": length} for event, length in zip(events, [*seconds, None], strict=False)]


def _next_lines(job: Job, logs: LogPage, level: str | None) -> str | None:
    """The page with what was logged after these; None where that is nothing, or nothing yet."""
    if not logs or logs.is_last or not (job.is_final or len(logs) >= MANY_LINES):
        return None
    return path_of("show_job", id=job.id, level=level, after=logs.next_cursor, _anchor="logs")


def _explained(job: Job) -> Explanation | None:
    """Why it waits and about when it runs; None where it has ended."""
    return None if job.is_final else runtime().explanations.explain(job)


def _curl(job: Job) -> str | None:
    """The command that submits it again; None where the API is switched off."""
    if (address := jobs_url()) is None:
        return None
    body = {
        "task": job.task,
        "args": redacted(dict(job.args)),
        **{name: getattr(job, name) for name in OPTIONS},
    }
    token = " -H 'Authorization: Bearer <token>'" if runtime().settings.api_tokens else ""
    url = request.host_url.rstrip("/") + address.removeprefix(request.script_root)
    return (
        f"curl -X POST {shlex.quote(url)}{token} -H 'Content-Type: application/json'"
        f" -d {shlex.quote(json.dumps(body, ensure_ascii=False))}"
    )
