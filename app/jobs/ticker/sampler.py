"""Keeps the history: stores once a minute by how much the counters have grown."""

from __future__ import annotations

from typing import Final

from ..clock import Clock
from ..database.database import Database
from ..store import history
from .ticker import MAX_EARLY

AFTER: Final = MAX_EARLY
"""Seconds after a full minute for which a sample is due: a duty may be called that much earlier."""


class Sampler:
    """Of all processes the first to come to a new minute stores it; the others see that, and only read."""

    name = "sampler"

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def run_once(self) -> float:
        """Take a sample if none was in this minute; returns the seconds until the next is due."""
        now = self._clock.now()
        with self._database.read() as conn:
            last = history.sampled_at(conn)
        if history.is_due(last, now):
            with self._database.write() as conn:
                history.sample(conn, last, now)
        return history.MINUTE - now.timestamp() % history.MINUTE + AFTER
