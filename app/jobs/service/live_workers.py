"""The workers that are alive, read at most once a second."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..store import workers
from ..store.workers import LiveWorker
from ..tasks.registry import Registry
from .cached_read import CachedRead

MAX_AGE: Final = 1.0
"""Seconds for which what was read is used: many may poll jobs that wait."""


class LiveWorkers:
    """Workers with a heartbeat within the last `rescue_after` seconds that are not draining."""

    def __init__(self, database: Database, rescue_after: float, clock: Clock) -> None:
        since = timedelta(seconds=rescue_after)

        def query(conn: Connection) -> Sequence[LiveWorker]:
            now = clock.now()
            return workers.live_workers(conn, now - since, now)

        self._read = CachedRead(database, clock, MAX_AGE, query)

    def get(self) -> Sequence[LiveWorker]:
        """The workers as they were at most MAX_AGE seconds ago. Raises DatabaseUnavailable."""
        return self._read.get()


def all_overdue(workers: Sequence[LiveWorker]) -> str | None:
    """What there is to say where every thread of `workers` is in a job beyond its timeout; None elsewhere."""
    if not workers or any(worker.overdue < worker.threads for worker in workers):
        return None
    return f"all {sum(worker.threads for worker in workers)} threads are in jobs that exceeded their timeout"


class InCaller:
    """In place of the workers where jobs run in their caller: it knows the tasks of this process."""

    def __init__(self, registry: Registry, settings: Settings) -> None:
        self._registry, self._app = registry, settings.app
        self._queues = settings.queues

    def get(self) -> Sequence[LiveWorker]:
        """One that is always idle."""
        tasks = frozenset(self._registry.runnable)
        worker = LiveWorker(
            id="", threads=1, busy=0, overdue=0, queues=self._queues, tasks=tasks, app=self._app
        )
        return [worker]


def live_workers(
    settings: Settings, database: Database, registry: Registry, clock: Clock
) -> LiveWorkers | InCaller:
    """What runs the jobs of an app with these settings."""
    if settings.in_caller:
        return InCaller(registry, settings)
    return LiveWorkers(database, settings.rescue_after, clock)
