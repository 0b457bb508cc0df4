"""A worker that claims within limits, turn by turn and under a clock that stands still."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.database.row_sets import as_json
from app.jobs.database.tables import JOBS
from app.jobs.run import Run
from app.jobs.states import CLAIMABLE
from app.jobs.store import claims, completion, controls, new_jobs, parking
from app.jobs.tasks.limits import keys_of, subject_of
from app.jobs.tasks.registry import Registry, TaskDefinition
from app.jobs.worker.limiter import Limiter

from ..store.factory import NOW, OUTCOMES, ended, new_job, register


class Claimer:
    """Its tasks are `add(tenant)`, with those options, and `free`."""

    def __init__(self, database: Database, worker: str = "worker-1", **options: Any) -> None:
        self.database, self.worker, self.clock = database, worker, ManualClock(NOW)
        self.registry = Registry()
        self.registry.add(TaskDefinition("add", lambda tenant=None: tenant, options))
        self.registry.add(TaskDefinition("free", lambda: None))
        self.limiter = Limiter(self.registry, self.clock)
        with database.write() as conn:
            register(conn, worker)

    def submit(self, count: int = 1, task: str = "add", args: str = "{}", **values: Any) -> list[str]:
        """Store so many jobs; their ids."""
        values = {"fair_key": self.registry.get(task).fair_key(args), **values}
        made = [new_job(task=task, args=args, **values) for _ in range(count)]
        with self.database.write() as conn:
            new_jobs.enqueue(conn, made)
        return [job.id for job in made]

    def claim(self, most: int = 8, queues: tuple[str, ...] = ("default",)) -> list[Run]:
        """A turn of a dispatcher: what comes due is woken, and up to `most` jobs are claimed."""
        tasks = list(self.registry.tasks)
        with self.database.write() as conn:
            claims.wake(conn, self.clock.now())
            parking.wake(conn, self.clock.now())
            self.limiter.refresh(conn, claims.next_due(conn).controls)

            def find(most: int) -> Any:
                now = self.clock.now()
                rows = claims.candidates(conn, self.limiter.unpaused(queues), tasks, most, now)
                filters = {"now": now, "too_many": claims.ANY_CRASHES, "app": None, "tasks": as_json(tasks)}
                return self.limiter.deal(conn, rows, **filters) if self.limiter.fair else rows

            rows = self.limiter.select(conn, find, most)
            counted, now = self.limiter.counted(conn, rows), self.clock.now()
            return claims.claim(conn, rows, self.worker, "thread", now, counted=counted)

    def end(self, runs: list[Run], verb: str = "succeeded") -> None:
        """The runs end by that verb."""
        with self.database.write() as conn:
            completion.complete(conn, [ended(run, OUTCOMES[verb]) for run in runs])

    def set(self, kind: str, name: str, **settings: Any) -> None:
        """What an operator sets, from another process."""
        with self.database.write() as conn:
            controls.change(conn, kind, name, settings, "ada", self.clock.now())
            parking.reconsider(conn, subject_of(kind, name), keys_of(kind, name), self.clock.now())

    def parked(self) -> int:
        """How many jobs are parked; each of them can be claimed otherwise, and is not due."""
        with self.database.read() as conn:
            rows = conn.execute(select(JOBS.c.state, JOBS.c.due).where(JOBS.c.parked.is_not(None))).all()
        assert all(row.state in CLAIMABLE and not row.due for row in rows)
        return len(rows)
