"""Deletes finished jobs and decisions about fire times that are older than RETENTION, in small batches."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..states import CANCELLED, FAILED, SUCCEEDED
from ..store import batches, counters, fires, idempotency, jobs, thread_dumps

PRUNE_EVERY: Final = 60.0
AGAIN_AFTER: Final = 0.05
"""Seconds until the next batch while there is more to delete: others get the write lock in between."""
BATCH: Final = 500


class Pruner:
    """Deletes one batch in a transaction, so that no other writer waits long for the write lock."""

    name = "pruner"

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._retention = timedelta(seconds=settings.retention)
        self._kept = {
            (SUCCEEDED, CANCELLED): self._retention,
            (FAILED,): timedelta(seconds=settings.retention_failed),
        }

    def run_once(self) -> float:
        """Delete up to one batch of each kind; returns the seconds until it is due again."""
        now = self._clock.now()
        deleted = 0
        for states, kept in self._kept.items():
            with self._database.write() as conn:
                deleted = max(deleted, jobs.prune(conn, states, now - kept, BATCH))
        with self._database.write() as conn:
            idempotency.prune(conn, now)
            thread_dumps.prune(conn, now)
            deleted = max(deleted, fires.prune_decisions(conn, now - self._retention, BATCH))
            deleted = max(deleted, batches.prune(conn, now - self._retention, BATCH))
            counters.fold(conn)
        return AGAIN_AFTER if deleted >= BATCH else PRUNE_EVERY
