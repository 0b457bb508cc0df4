"""Decides when a worker looks for due jobs, and which of them it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.transactions import AnyConnection
from ..store import claims, runs
from ..store.claims import SUSPECT_AFTER
from ..tasks.registry import Registry
from .running import Slots

LOOK_EVERY: Final = 0.1
"""Seconds between two looks of a busy worker, for requests to cancel and new queues."""


class Claimer:
    """Used by the dispatcher alone, but for `expect`."""

    def __init__(self, database: Database, registry: Registry, settings: Settings, clock: Clock) -> None:
        self._database, self._registry, self._settings, self._clock = database, registry, settings, clock
        self._changes = database.change_detector()
        self._called = True
        self._next_due: datetime | None = None
        self._queues: Sequence[str] = settings.queues or ()
        self._is_stale = True
        self._looked_at = float("-inf")
        self.found_unasked_at = float("-inf")
        """When it last found work that nobody in this process had told it of."""
        self._suspect_since: float | None = None

    def expect(self) -> None:
        """There may be work; from any thread."""
        self._called = True

    def look(self, slots: Slots, on_cancel: Callable[[str], None], is_busy: bool) -> bool:
        """Whether there is something to claim, looked up only where somebody wrote or a job comes due.

        What was asked to be cancelled is passed on by the way. A busy worker claims with its next write
        in any case, and looks now and then; one that is called does not look before it claims.
        """
        moment = self._clock.monotonic()
        has_looked = moment - self._looked_at < LOOK_EVERY
        if is_busy and has_looked:
            return False
        called, self._called = self._called, False
        if called and slots.room > 0 and (has_looked or not len(slots)):
            self._is_stale = True
            return True
        if not (self._has_news(slots) or called):
            return False
        found = self._look(slots, on_cancel, moment)
        if found and not called:
            self.found_unasked_at = moment
        return found

    def _has_news(self, slots: Slots) -> bool:
        return self._changes.has_changed() or (slots.room > 0 and self._has_come())

    def _look(self, slots: Slots, on_cancel: Callable[[str], None], moment: float) -> bool:
        self._looked_at = moment
        with self._database.raw_read() as conn:
            asked = runs.cancel_requested(conn, slots.ids)
            self._refresh(conn)
            found = slots.room > 0 and (self._has_come() or self._anything_due(conn))
        for job_id in asked:
            on_cancel(job_id)
        return found

    def choose(self, conn: AnyConnection, slots: Slots) -> Sequence[Any]:
        """The rows to claim now, locked: as many as threads are free, and jobs of short tasks ahead."""
        if slots.room <= 0:
            return []
        if self._has_come():
            claims.wake(conn, self._clock.now())
            self._refresh(conn)
        rows = slots.fitting(self._candidates(conn, slots))
        if not rows and self._is_stale:  # it may be in a queue that was empty until now
            self._refresh(conn)
            rows = slots.fitting(self._candidates(conn, slots))
        return rows

    def _refresh(self, conn: AnyConnection) -> None:
        self._next_due = claims.next_due(conn)
        # The queues of the last jobs are where the next one is looked for first.
        self._queues = self._settings.queues or claims.queues_due(conn) or self._queues
        self._is_stale = False

    def seconds_until_due(self, most: float) -> float:
        """Seconds until the next job comes due, `most` at most."""
        if self._next_due is None:
            return most
        return min(most, max(0.001, (self._next_due - self._clock.now()).total_seconds()))

    def _has_come(self) -> bool:
        return self._next_due is not None and self._next_due <= self._clock.now()

    def _anything_due(self, conn: AnyConnection) -> bool:
        return claims.anything_due(conn, self._queues, list(self._registry.tasks))

    def _candidates(self, conn: AnyConnection, slots: Slots) -> Sequence[Any]:
        """The head of the line. A job that took two processes down runs alone (promise 2):

        An idle worker takes it at once; a busy one passes it by, and after RESCUE_AFTER makes room for it.
        """
        tasks = list(self._registry.tasks)
        rows = claims.candidates(conn, self._queues, tasks, slots.room)
        suspects = [row for row in rows if row.crashes >= SUSPECT_AFTER]
        moment = self._clock.monotonic()
        if not suspects:
            self._suspect_since = None
            return rows
        if slots.are_idle:
            return suspects[:1]
        if self._suspect_since is None:
            self._suspect_since = moment
        if moment - self._suspect_since > self._settings.rescue_after:
            return []
        return claims.candidates(conn, self._queues, tasks, slots.room, SUSPECT_AFTER)
