"""Status: workers, counts, readiness."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from sqlalchemy import Connection

from ..clock import Clock
from ..database.database import Database
from ..errors import DatabaseUnavailable
from ..store import claims, controls, counters, leases, parking, queries, stuck_runs, workers
from ..store.loads import loads
from ..store.overdue import overdue
from ..store.overruns import overdue_runs
from ..tasks.registry import Registry
from ..values import Worker
from .live_workers import InCaller, LiveWorkers, all_overdue
from .numbers import oldest_of, present_load, present_totals, seconds_since
from .thread_dumps import read_threads
from .threads import LocalThreads
from .unserved import count_unserved
from .write_check import WriteCheck

MAX_NAMED: Final = 20
"""Overdue schedules that a readiness check names, and overdue runs that the counts do, at most."""


class Status:
    """Read-only use cases of the whole service."""

    def __init__(
        self, *, database: Database, registry: Registry, clock: Clock, threads: LocalThreads,
        live: LiveWorkers | InCaller, app: str | None, needs_workers: bool, fires_schedules: bool,
    ) -> None:  # fmt: skip
        self._database, self._registry, self._clock, self._threads = database, registry, clock, threads
        self._app = app
        self._live, self._needs_workers, self._fires_schedules = live, needs_workers, fires_schedules
        self._write_check = WriteCheck(database)

    def workers(self) -> list[Worker]:
        """The processes that run jobs, oldest first."""
        with self._database.read() as conn:
            rows, running = workers.all_workers(conn), workers.running_jobs(conn)
            leaders, stuck = leases.holders(conn, leases.SCHEDULES), stuck_runs.count_by_worker(conn)
        return [
            workers.to_worker(row, running.get(row.id, []), stuck[row.id], row.id in leaders) for row in rows
        ]

    def threads(self, worker_id: str) -> dict[str, Any]:
        """What the threads of a worker do. Raises WorkerNotFound, WorkerUnresponsive."""
        return read_threads(self._database, self._clock, worker_id)

    def stats(self) -> dict[str, Any]:
        """Counts by state (each capped), the age of the backlog in seconds, workers and their threads,
        what is overdue, what is to be done by queue and task, and what has been done by task."""
        now = self._clock.now()
        with self._database.read() as conn:
            set_now = controls.read(conn)
            states, todo, done = queries.state_counts(conn), loads(conn, now), counters.totals(conn)
            rows, stuck = workers.all_workers(conn), stuck_runs.count_by_worker(conn)
            late, runs = overdue(conn, now), overdue_runs(conn, now)
        return {
            "states": states,
            "oldest_queued_seconds": seconds_since(oldest_of(todo), now),
            "workers": len(rows),
            "threads": sum(row.threads for row in rows),
            "stuck_threads": stuck.total(),
            "overdue_schedules": len(late),
            "overdue_runs": {"count": len(runs), "items": [run.as_dict() for run in runs[:MAX_NAMED]]},
            "unserved": count_unserved(self._live.get(), todo, set_now),
            "backlog": [present_load(load, now) for load in todo],
            "tasks": present_totals(done),
        }

    def has_work(self, worker: str, queues: Sequence[str] | None) -> bool:
        """Whether `worker` runs a job, or could claim one of `queues` (None: of all) now."""
        with self._database.read() as conn:
            # Due jobs twice: one may fail and be due again between the first two reads.
            return (
                self._is_due(conn, queues)
                or worker in workers.running_jobs(conn)
                or self._is_due(conn, queues)
            )

    def _is_due(self, conn: Connection, queues: Sequence[str] | None) -> bool:
        next_due, set_now = claims.next_due(conn).job_at, controls.read(conn)
        if next_due is not None and next_due <= self._clock.now():
            return True
        paused = set_now.paused(controls.QUEUE)
        if parking.has_parked(conn, paused, set_now.paused(controls.TASK)):
            return True
        queues = [name for name in queues or claims.queues_due(conn) if name not in paused]
        tasks = list(self._registry.runnable)
        return claims.anything_due(conn, queues, tasks, self._clock.now(), app=self._app)

    def warnings(self, is_reachable: bool) -> dict[str, str]:
        """What keeps nobody from being served and no job from being stored, but jobs from running.

        A database that is not reachable is not asked: whoever waits has waited for it already.
        """
        found = {} if self._fires_schedules else {"schedules": "JOBS_SCHEDULES is off: none fires here"}
        with suppress(DatabaseUnavailable):  # a check says so
            live = [each for each in self._live.get() if each.runs_jobs_of(self._app)] if is_reachable else ()
            if is_reachable and self._needs_workers and not live:
                whose = "" if self._app is None else f" of the app {self._app!r}"
                found["workers"] = f"no worker{whose} is alive: jobs are stored, and wait"
            if overdue_threads := all_overdue(live):
                found["threads"] = overdue_threads
        return found

    def ready(self) -> tuple[bool, dict[str, Any]]:
        """Whether this process can serve, and each check as {ok, detail?}."""
        checks: dict[str, Any] = {"database": {"ok": True}}
        try:
            with self._database.read() as conn:
                late = overdue(conn, self._clock.now())
            # Always ok: a load balancer that took this process out would not make a schedule succeed.
            if (failure := self._write_check.problem()) is not None:
                checks["database"] = {"ok": False, "detail": f"writes fail: {failure}"}
            checks["schedules"] = {"ok": True, **({"overdue": late[:MAX_NAMED]} if late else {})}
        except DatabaseUnavailable as error:
            checks["database"] = {"ok": False, "detail": str(error)}
        for name, detail in self._threads.problems().items():
            checks[name] = {"ok": False, "detail": detail}
        return all(check["ok"] for check in checks.values()), checks
