"""Cancels the jobs that expired before anybody claimed them, in small batches."""

from __future__ import annotations

from typing import Final

from ..clock import Clock
from ..database.database import Database
from ..database.notifier import Notifier
from ..service.job_signals import JobSignals
from ..store import expiry

CHECK_EVERY: Final = 1.0
"""Seconds between two looks, for jobs that another process submitted."""
AGAIN_AFTER: Final = 0.05
"""Seconds until the next batch while there is more: others get the write lock in between."""
BATCH: Final = 500


class Expirer:
    """Reads when the next job expires, and writes only where that has come."""

    name = "expirer"

    def __init__(self, database: Database, clock: Clock, notifier: Notifier, signals: JobSignals) -> None:
        self._database, self._clock = database, clock
        self._notifier, self._signals = notifier, signals

    def run_once(self) -> float:
        """Cancel up to one batch; returns the seconds until it is due again."""
        with self._database.raw_read() as conn:
            next_at = expiry.next_expiry(conn)
        if next_at is None:
            return CHECK_EVERY
        now = self._clock.now()
        if next_at > now:
            return min(CHECK_EVERY, (next_at - now).total_seconds())
        with self._database.write() as conn:
            expired = expiry.expire(conn, now, BATCH)
        self._notifier.notify(expired)
        self._signals.happened(("cancelled", job_id) for job_id in expired)
        return AGAIN_AFTER if len(expired) >= BATCH else CHECK_EVERY
