"""The workers that are alive, read at most once a second."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..store import workers
from ..store.workers import LiveWorker
from ..tasks.registry import Registry

MAX_AGE: Final = 1.0
"""Seconds for which what was read is used: many may poll jobs that wait."""


class LiveWorkers:
    """Workers with a heartbeat within the last `rescue_after` seconds that are not draining."""

    def __init__(self, database: Database, rescue_after: float, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._rescue_after = timedelta(seconds=rescue_after)
        self._lock = threading.Lock()
        self._found: Sequence[LiveWorker] = ()
        self._read_at: float | None = None

    def get(self) -> Sequence[LiveWorker]:
        """The workers as they were at most MAX_AGE seconds ago. Raises DatabaseUnavailable."""
        with self._lock:
            moment = self._clock.monotonic()
            if self._read_at is None or moment - self._read_at >= MAX_AGE:
                with self._database.read() as conn:
                    self._found = workers.live_workers(conn, self._clock.now() - self._rescue_after)
                self._read_at = moment
            return self._found


class InCaller:
    """In place of the workers where jobs run in their caller: it knows the tasks of this process."""

    def __init__(self, registry: Registry, queues: Sequence[str] | None) -> None:
        self._registry, self._queues = registry, None if queues is None else frozenset(queues)

    def get(self) -> Sequence[LiveWorker]:
        """One that is always idle."""
        tasks = frozenset(self._registry.tasks)
        return [LiveWorker(threads=1, busy=0, queues=self._queues, tasks=tasks)]


def live_workers(
    settings: Settings, database: Database, registry: Registry, clock: Clock
) -> LiveWorkers | InCaller:
    """What runs the jobs of an app with these settings."""
    if settings.in_caller:
        return InCaller(registry, settings.queues)
    return LiveWorkers(database, settings.rescue_after, clock)
