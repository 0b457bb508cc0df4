"""Calls the package as its dispatcher, its ticker and its users do, in one thread, under a manual clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, select

from app.jobs import Simmer, current_job
from app.jobs.clock import ManualClock
from app.jobs.database.tables import JOBS, METADATA
from app.jobs.run import Outcome, Run
from app.jobs.service.submitted import Submitted
from app.jobs.store import claims, completion, parking, rescue, runs, workers
from app.jobs.ticker.expirer import Expirer
from app.jobs.ticker.pruner import Pruner
from app.jobs.worker.limiter import Limiter
from tests.store.factory import register

QUEUES = ("default", "other")
TASKS: dict[str, dict[str, Any]] = {
    "free": {}, "single": {"concurrency": 1}, "shared": {"concurrency": (1, "tenant")},
    "rated": {"rate": "2/m"}, "once": {"on_interrupt": "fail"}, "kept": {"unique_for": 100},
}  # fmt: skip
"""The tasks, each with an argument `tenant`."""
BACKOFF = 10.0
KEPT_FOR = 100
"""Seconds for which a job of `kept` has its unique key."""
RETENTION = 200.0


class ModelDriver:
    """On the database of an app with the manual engine."""

    def __init__(self, jobs: Simmer) -> None:
        self._behaviour: Callable[[], Any] = lambda: None
        for name, options in TASKS.items():

            @jobs.task(name, backoff=BACKOFF, **options)
            def task(tenant: str = "a") -> Any:
                return self._behaviour()

        self._jobs = jobs

    def reset(self) -> None:
        """Begin again with empty tables."""
        self.runtime = self._jobs.runtime
        assert isinstance(self.runtime.clock, ManualClock)
        self.clock, self.database = self.runtime.clock, self.runtime.database
        self._limiter = Limiter(self.runtime.registry, self.clock)
        self._expirer = Expirer(self.database, self.clock, self.runtime.notifier, self.runtime.signals)
        self._pruner = Pruner(self.database, self.runtime.settings, self.clock)
        with self.database.write() as conn:
            for table in METADATA.sorted_tables:
                conn.execute(delete(table))

    def start_worker(self, worker: str) -> None:
        """A process comes up."""
        with self.database.write() as conn:
            register(conn, worker)

    def end_worker(self, worker: str) -> None:
        """A process is found dead."""
        with self.database.write() as conn:
            workers.deregister(conn, worker)

    def submit(self, task: str, tenant: str, options: Any) -> Submitted:
        """Somebody submits a job."""
        return self.runtime.submissions.submit_or_find(task, {"tenant": tenant}, options)

    def claim(self, worker: str, most: int, is_ahead: bool) -> list[Run]:
        """A turn of a dispatcher; with `is_ahead` it has a thread for none of those that can wait for one."""
        with self.database.raw_write() as conn:
            now = self.clock.now()
            claims.wake(conn, now)
            parking.wake(conn, now)
            self._limiter.refresh(conn, claims.next_due(conn).controls)
            rows = self._limiter.select(conn, lambda most: self._candidates(conn, most), most)
            waits = [not row.rerun and row.on_interrupt == "retry" for row in rows]
            ahead = next((at for at, can in enumerate(reversed(waits)) if not can), len(rows))
            counted, engine = self._limiter.counted(conn, rows), "thread"
            return claims.claim(conn, rows, worker, engine, now, ahead if is_ahead else 0, counted)

    def has_begun(self, job_id: str) -> bool:
        """Whether there was a free thread for it at its claim."""
        with self.database.read() as conn:
            return not conn.scalar(select(JOBS.c.prefetched).where(JOBS.c.id == job_id))

    def begin(self, run: Run) -> None:
        """Its start is stored."""
        run.started_at = self.clock.now()
        with self.database.raw_write() as conn:
            runs.record_starts(conn, [run])

    def run(self, run: Run, behaviour: Callable[[], Any]) -> None:
        """Its task is called, which behaves so, and its outcome is stored."""
        self._behaviour = behaviour
        self.end(run, self.runtime.runner.run(run))

    def end(self, run: Run, outcome: Outcome) -> None:
        """The outcome is stored, if the run owns its job."""
        run.outcome, run.finished_at = outcome, self.clock.now()
        with self.database.raw_write() as conn:
            completed = completion.complete(conn, [run], run.worker)
        self.runtime.signals.ended([run], completed)

    def rescue(self) -> dict[str, str]:
        """The jobs of dead workers: what becomes of each."""
        with self.database.write() as conn:
            return rescue.rescue(conn, self.clock.now())

    def expire(self) -> None:
        """A turn of the ticker."""
        self._expirer.run_once()

    def prune(self) -> None:
        """Another turn of it."""
        self._pruner.run_once()

    def _candidates(self, conn: Any, most: int) -> Sequence[Any]:
        queues = self._limiter.unpaused(QUEUES)
        app, now = self.runtime.settings.app, self.clock.now()
        return claims.candidates(conn, queues, list(TASKS), most, now, app=app)


def sleep() -> None:
    """A task that sleeps once."""
    current_job.sleep(30)


def fail() -> None:
    """A task that fails."""
    raise ValueError("no")
