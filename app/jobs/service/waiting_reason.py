"""The `waiting_reason` of a job. Computed when it is read, not stored: workers come and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from ..clock import Clock
from ..database.database import Database
from ..job import Job
from ..serialization.presenter import moment
from ..states import QUEUED, RETRYING, SCHEDULED
from ..store import queries
from ..store.workers import LiveWorker
from ..tasks.registry import Registry
from .live_workers import LiveWorkers, all_overdue

COUNTED_AFTER: Final = timedelta(seconds=1)
"""Jobs ahead are counted for one that has waited so long: most have begun by then, and need no count."""
MOST_AHEAD: Final = 100
"""Jobs that are counted, at most."""


class WaitingReasons:
    """Says of jobs why they wait. `has_workers`: jobs are for workers, not run inline or by a test."""

    def __init__(
        self, database: Database, registry: Registry, clock: Clock, live: LiveWorkers, has_workers: bool
    ) -> None:
        self._database, self._registry, self._clock = database, registry, clock
        self._live, self._has_workers = live, has_workers

    def add_to(self, job: Job, *, counts: bool = True) -> Job:
        """The job with its waiting_reason, if there is one; `counts` the jobs ahead where all are busy."""
        if job.state not in (QUEUED, SCHEDULED, RETRYING):
            return job
        reason = self._reason(job, self._clock.now(), counts)
        return job if reason is None else replace(job, waiting_reason=reason)

    def _reason(self, job: Job, now: datetime, counts: bool) -> str | None:
        if job.state != QUEUED and job.run_at > now:
            return f"not due until {moment(job.run_at)}"
        if not self._has_workers:
            known = job.task in self._registry.tasks
            return None if known else f"no task is named {job.task!r} in this process"
        workers = [worker for worker in self._live.get() if worker.serves(job.queue)]
        if not workers:
            return f"no worker serves the queue {job.queue!r}" if self._live.get() else "no worker is alive"
        workers = [worker for worker in workers if worker.knows(job.task)]
        if not workers:
            return f"no worker knows the task {job.task!r}"
        if job.run_at > now - COUNTED_AFTER:
            return None
        if not counts:
            return _busy(workers)
        with self._database.read() as conn:
            return self._counted_reason(conn, job, workers)

    def _counted_reason(self, conn: Connection, job: Job, workers: Sequence[LiveWorker]) -> str | None:
        app = queries.app_of(conn, job.id)
        workers = [worker for worker in workers if worker.runs_jobs_of(app)]
        if not workers:
            is_alive = any(worker.app == app for worker in self._live.get())
            return f"no worker of the app {app!r} {'takes it' if is_alive else 'is alive'}"
        if (busy := _busy(workers)) is None:
            return None
        ahead = queries.ahead(conn, job, MOST_AHEAD + 1)
        return f"{busy}, {ahead if ahead <= MOST_AHEAD else f'over {MOST_AHEAD}'} jobs ahead"


def _busy(workers: Sequence[LiveWorker]) -> str | None:
    if any(worker.busy < worker.threads for worker in workers):
        return None
    return all_overdue(workers) or f"all {sum(worker.threads for worker in workers)} threads are busy"
