"""A worker without threads, for tests: claims, runs and completes jobs in the calling thread."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ..clock import Clock
from ..config import Settings
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.notifier import Notifier
from ..database.row_sets import as_json
from ..engines.base import Engine, OnEnd
from ..run import Outcome, Run
from ..service.job_signals import JobSignals
from ..store import claims, completion, controls, deliveries, dependencies, parking, queries
from ..tasks.registry import Registry
from .end_log import log_ends
from .limiter import Limiter

MAX_RUNS: Final = 1_000
"""Runs of one job in a row after which it is taken to snooze for ever."""


class InlineWorker:
    """Runs a job to its end (JOBS_ENGINE="inline"), or all that is due ("manual")."""

    def __init__(
        self, *, make_engine: Callable[[OnEnd], Engine], database: Database, registry: Registry,
        settings: Settings, clock: Clock, notifier: Notifier, signals: JobSignals,
    ) -> None:  # fmt: skip
        self._signals = signals
        self._id = str(uuid.uuid4())
        self._database, self._registry = database, registry
        self._settings, self._clock, self._notifier = settings, clock, notifier
        self._engine = make_engine(self._end)
        self._limiter = Limiter(registry, clock)

    def run_to_end(self, job_id: str) -> None:
        """Run the job until it is final, delays and backoff ignored, and then those that waited for it.

        Raises what its task raised where JOBS_INLINE_RAISES is set.
        """
        due = [job_id]
        while due:
            self._run_one_to_end(job_id := due.pop(0))
            with self._database.read() as conn:
                due += dependencies.ready_dependants(conn, job_id)

    def _run_one_to_end(self, job_id: str) -> None:
        for _ in range(MAX_RUNS):
            run = self._run_next(lambda conn: claims.candidate(conn, job_id))
            if run is None:
                return
            cause = run.outcome.cause if run.outcome else None
            if cause is not None and self._settings.inline_raises and self._is_final(job_id):
                raise cause
        raise RuntimeError(f"job {job_id} snoozed {MAX_RUNS} times: the inline engine does not wait")

    def drain(self) -> int:
        """Run all due jobs, and those that they submit, in order; returns the number of runs."""
        count = 0
        # None may run of those that one look has read, because of limits, while others are behind them.
        while (run := self._run_next(self._first_due)) is not None or self._limiter.is_unfinished:
            count += run is not None
        return count

    def _first_due(self, conn: Connection) -> Any:
        now = self._clock.now()
        claims.wake(conn, now)
        parking.wake(conn, now)
        self._limiter.refresh(conn, controls.version(conn))
        named, app, tasks = self._settings.queues, self._settings.app, list(self._registry.runnable)
        all_queues, in_order = named or claims.queues_due(conn), named is not None

        def read(most: int) -> Sequence[Any]:
            queues = self._limiter.unpaused(all_queues)
            rows = claims.candidates(conn, queues, tasks, most, now, app=app, in_order=in_order)
            if not self._limiter.fair:
                return rows
            names, too_many = as_json(tasks), claims.ANY_CRASHES
            return self._limiter.deal(conn, rows, tasks=names, now=now, too_many=too_many, app=app)

        return self._limiter.select(conn, read, 1)

    def _run_next(self, find: Callable[[Connection], Any]) -> Run | None:
        claimed = self._claim(find)
        self._engine.start(claimed)
        return claimed[0] if claimed else None

    @retry_conflicts
    def _claim(self, find: Callable[[Connection], Any]) -> list[Run]:
        with self._database.write() as conn:
            rows = [row for row in find(conn) if row.task in self._registry.runnable]
            now, counted = self._clock.now(), self._limiter.counted(conn, rows)
            return claims.claim(conn, rows, self._id, self._engine.name, now, counted=counted)

    @retry_conflicts
    def _end(self, run: Run, outcome: Outcome) -> None:
        run.outcome, run.finished_at = outcome, self._clock.now()
        with self._database.write() as conn:
            completed = completion.complete(conn, [run])
            if self._settings.alert_url is not None:
                deliveries.alert(conn, completed, run.finished_at)
        log_ends([run], completed)
        self._notifier.notify([run.job_id])
        self._signals.ended([run], completed)

    def _is_final(self, job_id: str) -> bool:
        with self._database.read() as conn:
            found = queries.read(conn, queries.STAMP, job_id)
        return found is not None and found.is_final
