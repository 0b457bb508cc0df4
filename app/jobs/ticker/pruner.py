"""Deletes what is kept no longer in small batches: jobs, results, decisions, keys, requests, history."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..options.limits import LONGEST_PERIOD
from ..states import CANCELLED, FAILED, FINAL, SUCCEEDED
from ..store import (
    batches,
    counters,
    fires,
    history,
    idempotency,
    jobs,
    limits,
    retention,
    thread_dumps,
    unique_keys,
)
from ..store.jobs import Expired

PRUNE_EVERY: Final = 60.0
AGAIN_AFTER: Final = 0.05
"""Seconds until the next batch while there is more to delete: others get the write lock in between."""
BATCH: Final = 500


class Pruner:
    """Deletes one batch in a transaction, so that no other writer waits long for the write lock."""

    name = "pruner"

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self.deleted = 0
        """Jobs that it has deleted."""
        self._retention = timedelta(seconds=settings.retention)
        self._kept = {
            (SUCCEEDED, CANCELLED): self._retention,
            (FAILED,): timedelta(seconds=settings.retention_failed),
        }

    def run_once(self) -> float:
        """Delete up to one batch of each kind; returns the seconds until it is due again."""
        now = self._clock.now()
        deleted = 0
        for expired in self._expired(now):
            with self._database.write() as conn:
                pruned = jobs.prune(conn, expired, BATCH)
            self.deleted += pruned
            deleted = max(deleted, pruned)
        deleted = max(deleted, self._clear_results(now))
        with self._database.write() as conn:
            idempotency.prune(conn, now)
            thread_dumps.prune(conn, now)
            deleted = max(deleted, unique_keys.prune(conn, now, BATCH))
            limits.prune(conn, now - timedelta(seconds=LONGEST_PERIOD))
            deleted = max(deleted, fires.prune_decisions(conn, now - self._retention, BATCH))
            deleted = max(deleted, batches.prune(conn, now - self._retention, BATCH))
            deleted = max(deleted, history.prune(conn, now, BATCH))
            counters.fold(conn)
        return AGAIN_AFTER if deleted >= BATCH else PRUNE_EVERY

    def _expired(self, now: datetime) -> Iterable[Expired]:
        """What there may be to delete: of all tasks at once, unless one has a retention of its own."""
        with self._database.read() as conn:
            if not (own := retention.of_tasks(conn)):
                return list(self._by_settings(now))
            # By task: a search over all would go through every job that is kept for longer each time.
            found = [
                expired
                for task in retention.tasks_with_jobs(conn)
                for expired in (
                    [Expired(FINAL, now - own[task], task)] if task in own else self._by_settings(now, task)
                )
            ]
            return [expired for expired in found if jobs.has_expired(conn, expired)]

    def _by_settings(self, now: datetime, task: str | None = None) -> Iterator[Expired]:
        for states, kept in self._kept.items():
            yield Expired(states, now - kept, task)

    def _clear_results(self, now: datetime) -> int:
        with self._database.read() as conn:
            if not retention.has_expired_results(conn, now):
                return 0
        with self._database.write() as conn:
            return retention.clear_results(conn, now, BATCH)
