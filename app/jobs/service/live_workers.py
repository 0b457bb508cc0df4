"""The workers that are alive, read at most once a second."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from ..clock import Clock
from ..database.database import Database
from ..store import workers
from ..store.workers import LiveWorker

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
                now = self._clock.now()
                with self._database.read() as conn:
                    self._found = workers.live_workers(conn, now - self._rescue_after, now)
                self._read_at = moment
            return self._found


def all_overdue(workers: Sequence[LiveWorker]) -> str | None:
    """What there is to say where every thread of `workers` is in a job beyond its timeout; None elsewhere."""
    if not workers or any(worker.overdue < worker.threads for worker in workers):
        return None
    return f"all {sum(worker.threads for worker in workers)} threads are in jobs that exceeded their timeout"
