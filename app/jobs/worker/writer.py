"""The transactions of a worker: outcomes and progress go in, claims come out, its row is deleted at last."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..engines.base import Engine
from ..errors import DatabaseUnavailable
from ..run import Failure, Outcome, Run
from ..service.job_signals import JobSignals
from ..store import claims, completion, deliveries, logs, runs, stuck_runs, workers
from ..store.completion import Completed
from ..tasks.registry import Registry
from .end_log import log_ends
from .fetcher import Fetcher
from .registration import Registration
from .running import Reports, Running


class Writer:
    """The only writer of a worker's runs, one transaction at a time.

    `on_declared_dead` is called with the worker's id where its row is gone. With `alerts` a delivery is
    submitted for each job that fails.
    """

    def __init__(
        self, *, database: Database, registry: Registry, clock: Clock, registration: Registration,
        fetcher: Fetcher, running: Running, engine: Engine, on_declared_dead: Callable[[str], None],
        signals: JobSignals, alerts: bool,
    ) -> None:  # fmt: skip
        self._database, self._registry, self._clock = database, registry, clock
        self._registration, self._fetcher, self._running = registration, fetcher, running
        self._engine, self._on_declared_dead, self._signals = engine, on_declared_dead, signals
        self._alerts = alerts
        self._lock = threading.Lock()
        self._is_closed = False
        self.has_unknown_runs = False
        """The last reply to a commit was lost: rows may be claimed for runs that were never made here."""
        self._recorded_stuck = (registration.id, running.stuck.version)
        self.is_draining = False
        """Whether nothing more is claimed; set from any thread."""

    def register(self) -> bool:
        """Store what of the worker is not stored yet. Whether its row is new. Raises DatabaseUnavailable."""
        with self._lock:  # `close` may have deleted the row while this turn waited for something
            return not self._is_closed and self._registration.update(self.is_draining)

    @property
    def is_behind(self) -> bool:
        """Whether there is something to write that no run has ended for."""
        return self.has_unknown_runs or self._stuck != self._recorded_stuck

    def write(self, ended: Sequence[Run], reports: Reports) -> tuple[Completed, list[Run]]:
        """Store outcomes and reports, and claim what there is room for. Raises DatabaseUnavailable.

        Returns the event of each run that still owned its job, and the claimed runs.
        """
        (started, progress, logged), stuck = reports, self._stuck
        has_unknown, self.has_unknown_runs = self.has_unknown_runs, True
        with self._lock:
            with self._database.raw_write() as conn:
                runs.record_progress(conn, progress)
                runs.record_starts(conn, started)
                if logged:
                    logs.record_owned(conn, logged)
                if stuck != self._recorded_stuck:
                    # In the transaction of their ends: what counts them never misses one in between.
                    stuck_runs.replace(conn, self._registration.id, self._running.stuck.runs)
                if has_unknown:
                    completion.complete(conn, self._unknown_runs(conn), self._registration.id)
                completed = completion.complete(conn, ended, self._registration.id)
                if self._alerts:
                    deliveries.alert(conn, completed, self._clock.now())
                claimed = self._claim(conn)
            self.has_unknown_runs, self._recorded_stuck = False, stuck
            self._running.mark_recorded(reports)
            self._running.remove(ended)
            for run in claimed:
                self._running.add(run)
                # In this order: a drain that begins between the two finds the run, or is seen here.
                run.stop_requested = self.is_draining
        return completed, claimed

    def close(self, timeout: float) -> list[Run]:
        """Store the outcomes that came in, release what still runs, and delete the worker's row.

        Returns the runs that ended by that. Raises DatabaseUnavailable, also where a turn still waits for
        the database after `timeout` seconds: it owns the outcomes of its commit.
        """
        if not self._lock.acquire(timeout=timeout):
            raise DatabaseUnavailable("the dispatcher still waits for the database")
        try:
            return self._deregister()
        finally:
            self._lock.release()

    @property
    def _stuck(self) -> tuple[str, int]:
        """Tells whether what is stored of stuck runs is right: for this worker's id, and unchanged since."""
        return self._registration.id, self._running.stuck.version

    def _claim(self, conn: Any) -> list[Run]:
        if self.is_draining or not self._registration.is_stored or self._engine.is_closed:
            return []
        worker_id = self._registration.id
        rows = self._fetcher.fetch(conn, worker_id, self._running)
        if not rows:
            return []
        # Not before: a run that had ended when the limits were counted must not seem to overlap with these.
        now = self._clock.now()
        # In the claim's own transaction: a worker that was declared dead must not claim under its old id.
        if not workers.beat(conn, worker_id, now):
            self._on_declared_dead(worker_id)
            return []
        prefetched = max(0, len(rows) - self._running.free)
        counted = self._fetcher.counted(conn, rows)
        return claims.claim(conn, rows, worker_id, self._engine.name, now, prefetched, counted)

    def _unknown_runs(self, conn: Any) -> list[Run]:
        found = runs.unknown_runs(conn, self._registration.id, self._running)
        released = Outcome("released", reason="the reply to its claim was lost")
        return [replace(run, outcome=released, finished_at=self._clock.now()) for run in found]

    @retry_conflicts
    def _deregister(self) -> list[Run]:
        self._is_closed = True
        ended, now = self._running.collect(), self._clock.now()
        # Copies: the runs themselves stay without an outcome, by which `stop` knows that threads are stuck.
        unended = self._running.unended()
        ended += [replace(run, outcome=self._interruption(run), finished_at=now) for run in unended]
        with self._database.raw_write() as conn:
            every = [*ended, *self._unknown_runs(conn)]
            completed = completion.complete(conn, every, self._registration.id)
            if self._alerts:
                deliveries.alert(conn, completed, now)
            workers.deregister(conn, self._registration.id)
        log_ends(ended, completed)
        self._signals.ended(ended, completed)
        return ended

    def _interruption(self, run: Run) -> Outcome:
        """A task that is at most once must not run again; what had not begun was released before."""
        if self._registry.get_runnable(run.task).options["on_interrupt"] == "retry":
            return Outcome("released", reason="the worker was stopped")
        return Outcome("failed", failure=Failure("WorkerLost", "the worker was stopped while the task ran"))
