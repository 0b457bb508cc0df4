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
from ..states import QUEUED, RETRYING, SCHEDULED, WAITING
from ..store import dependencies, queries
from ..store.parents import waits_for
from ..store.workers import LiveWorker
from .hold_reasons import HoldReasons
from .live_workers import InCaller, LiveWorkers, all_overdue
from .unserved import NO_QUEUE, NO_TASK, NO_WORKER, unserved_reason

COUNTED_AFTER: Final = timedelta(seconds=1)
"""Jobs ahead are counted for one that has waited so long: most have begun by then, and need no count."""
MOST_AHEAD: Final = 100
"""Jobs that are counted, at most."""


class WaitingReasons:
    """Says of jobs why they wait. `has_workers`: jobs are for workers, not run inline or by a test."""

    def __init__(
        self, database: Database, clock: Clock, live: LiveWorkers | InCaller, has_workers: bool,
        holds: HoldReasons,
    ) -> None:  # fmt: skip
        self._database, self._clock, self._live, self._has_workers = database, clock, live, has_workers
        self._holds = holds

    def add_to(self, job: Job, *, counts: bool = True) -> Job:
        """The job with its waiting_reason, if there is one; `counts` the jobs ahead where all are busy."""
        if job.state == WAITING:
            return replace(job, waiting_reason=self._waits_for(job, counts))
        if job.state not in (QUEUED, SCHEDULED, RETRYING):
            return job
        reason = self._reason(job, self._clock.now(), counts)
        return job if reason is None else replace(job, waiting_reason=reason)

    def _waits_for(self, job: Job, counts: bool) -> str | None:
        if not counts:
            return "waits for what it depends on"
        with self._database.raw_read() as conn:
            unmet = dependencies.unmet(conn, job)
        return waits_for(unmet) if unmet else None  # the last one has ended since the job was read

    def _reason(self, job: Job, now: datetime, counts: bool) -> str | None:
        if job.state != QUEUED and job.run_at > now:
            return f"not due until {moment(job.run_at)}"
        if (pause := self._holds.pause_of(job)) is not None:
            return pause
        live = self._live.get()
        unserved = unserved_reason(live, job.queue, job.task)
        if unserved is None and counts and (limit := self._holds.limit_of(job)) is not None:
            return limit
        if unserved is None:
            able = [worker for worker in live if worker.serves(job.queue) and worker.knows(job.task)]
            return self._reason_if_busy(job, able, now, counts)
        return {
            NO_WORKER: "no worker is alive",
            NO_QUEUE: f"no worker serves the queue {job.queue!r}",
            NO_TASK: f"no worker knows the task {job.task!r}"
            if self._has_workers
            else f"no task is named {job.task!r} in this process",
        }[unserved]

    def _reason_if_busy(
        self, job: Job, workers: Sequence[LiveWorker], now: datetime, counts: bool
    ) -> str | None:
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
