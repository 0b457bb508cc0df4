"""Why a job waits: computed when it is read, not stored, as workers come and go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final, Literal

from sqlalchemy import Connection

from ..clock import Clock
from ..database.database import Database
from ..job import Job
from ..serialization.presenter import moment
from ..states import CLAIMABLE, QUEUED, WAITING
from ..store import dependencies, leases, queries
from ..store.claims import SUSPECT_AFTER
from ..store.parents import waits_for
from ..store.workers import LiveWorker
from .hold_reasons import HoldReasons
from .live_workers import InCaller, LiveWorkers, all_overdue
from .reasons import DEPENDENCIES, NOT_DUE, QUARANTINE, READY, THREADS_BUSY, THREADS_OVERDUE, Reason
from .unserved import NO_APP, NO_QUEUE, NO_TASK, NO_WORKER, unserved_reason

COUNTED_AFTER: Final = timedelta(seconds=1)
"""Of one job that is read more is asked once it has waited so long: most have begun by then."""
MOST_AHEAD: Final = 100
"""Jobs that are counted, at most."""
ALONE: Final = "the worker with a free thread runs another job alone, that has ended with its process before"
NOTHING: Final = Reason(READY, "nothing holds it")

For = Literal["list", "job", "explanation"]
"""What a reason is for: in a list nothing is asked of the database, for an explanation everything at once."""


class WaitingReasons:
    """Says of jobs why they wait. `has_workers`: jobs are for workers, not run inline or by a test."""

    def __init__(
        self, database: Database, clock: Clock, live: LiveWorkers | InCaller, has_workers: bool,
        holds: HoldReasons,
    ) -> None:  # fmt: skip
        self._database, self._clock, self._live, self._has_workers = database, clock, live, has_workers
        self._holds = holds

    def add_to(self, job: Job, *, counts: bool = True) -> Job:
        """The job with its waiting_reason, if there is one; without `counts` as for a list."""
        if job.state != WAITING and job.state not in CLAIMABLE:
            return job
        reason = self.find(job, "job" if counts else "list")
        return job if reason.code == READY else replace(job, waiting_reason=reason.detail)

    def find(self, job: Job, use: For) -> Reason:
        """Why the job waits, which is in a state in which jobs do; NOTHING where that is not known."""
        if job.state == WAITING:
            return self._waits_for(job, use)
        if job.state != QUEUED and job.run_at > self._clock.now():
            return Reason(NOT_DUE, f"not due until {moment(job.run_at)}")
        return self.find_when_due(job, use)

    def find_when_due(self, job: Job, use: For) -> Reason:
        """Why it would wait if it were due."""
        if (pause := self._holds.pause_of(job)) is not None:
            return pause
        live = self._live.get()
        if (unserved := unserved_reason(live, job.queue, job.task)) is not None:
            return Reason(unserved, self._describe(unserved, job))
        if use != "list" and (limit := self._holds.limit_of(job)) is not None:
            return limit
        able = [worker for worker in live if worker.serves(job.queue) and worker.knows(job.task)]
        if use != "explanation" and job.run_at > self._clock.now() - COUNTED_AFTER:
            return NOTHING
        if use == "list":
            return _busy(able)
        with self._database.read() as conn:
            return self._look_closer(conn, job, able, use)

    def _waits_for(self, job: Job, use: For) -> Reason:
        if use == "list":
            return Reason(DEPENDENCIES, "waits for what it depends on")
        with self._database.raw_read() as conn:
            unmet = dependencies.unmet(conn, job)
        # None: the last one has ended since the job was read.
        return Reason(DEPENDENCIES, waits_for(unmet)) if unmet else NOTHING

    def _describe(self, unserved: str, job: Job) -> str:
        return {
            NO_WORKER: "no worker is alive",
            NO_QUEUE: f"no worker serves the queue {job.queue!r}",
            NO_TASK: f"no worker knows the task {job.task!r}"
            if self._has_workers
            else f"no task is named {job.task!r} in this process",
        }[unserved]

    def _has_room(self, conn: Connection, able: Sequence[LiveWorker]) -> bool:
        """Whether one of the workers has a free thread that it does not keep free for a suspect's sake."""
        alone = leases.holders(conn, leases.QUARANTINE)
        return any(worker.busy < worker.threads and worker.id not in alone for worker in able)

    def _look_closer(self, conn: Connection, job: Job, able: Sequence[LiveWorker], use: For) -> Reason:
        app, crashes = queries.app_and_crashes(conn, job.id)
        able = [worker for worker in able if worker.runs_jobs_of(app)]
        if not able:
            is_alive = any(worker.app == app for worker in self._live.get())
            return Reason(NO_APP, f"no worker of the app {app!r} {'takes it' if is_alive else 'is alive'}")
        if crashes >= SUSPECT_AFTER:
            detail = f"{crashes} of its runs ended with their process: it waits for a worker to run it alone"
            return Reason(QUARANTINE, detail)
        if not self._has_workers:
            return NOTHING
        busy = _busy(able)
        if busy.code == READY:
            return busy if self._has_room(conn, able) else Reason(QUARANTINE, ALONE)
        if use == "explanation":
            return busy
        ahead = queries.ahead(conn, job, MOST_AHEAD + 1)
        words = jobs_ahead(ahead) if ahead <= MOST_AHEAD else f"over {MOST_AHEAD} jobs ahead"
        return busy._replace(detail=f"{busy.detail}, {words} in its queue")


def jobs_ahead(number: int) -> str:
    """`3 jobs ahead`."""
    return "1 job ahead" if number == 1 else f"{number} jobs ahead"


def all_busy(threads: int) -> str:
    """What there is to say where none of so many threads is free."""
    return f"all {threads} threads are busy"


def _busy(workers: Sequence[LiveWorker]) -> Reason:
    if any(worker.busy < worker.threads for worker in workers):
        return NOTHING._replace(able=workers)
    if (overdue := all_overdue(workers)) is not None:
        return Reason(THREADS_OVERDUE, overdue, able=workers)
    return Reason(THREADS_BUSY, all_busy(sum(worker.threads for worker in workers)), able=workers)
