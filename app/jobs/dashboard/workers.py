"""The processes that run jobs, and what the threads of one do."""

from __future__ import annotations

from typing import Final

from werkzeug import Response

from ..api.long_poll import waiting_slot
from ..api.problems import Problem
from ..api.requests import worker_id
from ..service import runtime
from .rendering import page

MOST_RUNNING: Final = 1_000
"""Running jobs that are shown with their task."""


def list_workers() -> Response:
    """`GET /workers`: the processes, with who fires schedules and what runs over its time."""
    stats = runtime().status.stats()
    tasks = {each.job_id: each.task for each in runtime().overview.running(MOST_RUNNING)}
    workers = runtime().status.workers()
    return page("workers.html", workers=workers, tasks=tasks, overdue=stats["overdue_runs"])


def show_threads(id: str) -> Response:
    """`GET /workers/{id}/threads`: asked of the worker now; 503 where it does not answer."""
    with waiting_slot() as has_slot:
        if not has_slot:
            raise Problem("unavailable", "In this process too many requests wait for something already.")
        return page("threads.html", dump=runtime().status.threads(worker_id(id)))
