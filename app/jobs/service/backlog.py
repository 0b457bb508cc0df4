"""The limit of the backlog (JOBS_MAX_QUEUED), checked against a count at most a second old."""

from __future__ import annotations

import threading
from typing import Final

from sqlalchemy import Connection

from ..clock import Clock
from ..database.database import Database
from ..errors import QueueFull
from ..store import queries
from .cached_read import CachedRead

COUNT_MAX_AGE: Final = 1.0
"""Seconds for which a count of the backlog is used."""


class Backlog:
    """Counts the backlog, at most once in `max_age` seconds, and adds what this process submitted since."""

    def __init__(self, database: Database, limit: int, clock: Clock, max_age: float = COUNT_MAX_AGE) -> None:
        self._limit = limit
        self._read = CachedRead(database, clock, max_age, self._count)
        self._lock = threading.Lock()
        self._added = 0

    def is_full(self, more: int = 1) -> bool:
        """Whether `more` jobs are too many. Raises DatabaseUnavailable."""
        return self._read.get() + self._added + more > self._limit

    def admit(self, more: int = 1) -> None:
        """Add `more` jobs to the count; raises QueueFull if they exceed the limit."""
        if self.is_full(more):
            raise QueueFull(f"{self._limit} jobs are waiting, which is JOBS_MAX_QUEUED: try again later")
        # Not one step with the check: threads may pass it together, the limit is soft by their number.
        with self._lock:
            self._added += more

    def _count(self, conn: Connection) -> int:
        self._added = 0
        # Up to the limit: a count of millions would take longer than the submission.
        return queries.backlog(conn, self._limit + 1)
