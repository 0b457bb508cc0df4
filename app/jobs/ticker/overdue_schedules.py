"""Sends the signal of each schedule that becomes overdue, from one process."""

from __future__ import annotations

from typing import Final

from .. import signals
from ..clock import Clock
from ..database.database import Database
from ..execution.receivers import Receivers
from ..store import leases, schedules
from ..store.overdue import overdue
from ..worker.dispatcher import Dispatcher

CHECK_EVERY: Final = 5.0
"""Seconds between two looks."""
HELD_FOR: Final = 3 * CHECK_EVERY


class OverdueSchedules:
    """Looks for them where somebody listens, and sends under a lease that its worker holds.

    The others look too, so that whoever takes over sends only what is new.
    """

    name = "overdue schedules"

    def __init__(
        self, dispatcher: Dispatcher, database: Database, receivers: Receivers, clock: Clock
    ) -> None:
        self._dispatcher, self._database, self._clock = dispatcher, database, clock
        self._receivers = receivers
        self._known: frozenset[str] = frozenset()

    def run_once(self) -> float:
        """Send what is new; returns the seconds until it is due again."""
        if self._receivers.are_there(signals.schedule_overdue):
            self._look()
        return CHECK_EVERY

    def _look(self) -> None:
        now = self._clock.now()
        with self._database.write() as conn:
            held_until = leases.take(conn, leases.OVERDUE, self._dispatcher.id, now, HELD_FOR)
        with self._database.read() as conn:
            late = overdue(conn, now)
            rows = [schedules.get(conn, each) for each in late if each not in self._known]
        self._known = frozenset(late)
        if held_until is None:
            for row in rows:
                self._receivers.send(signals.schedule_overdue, schedule=schedules.to_schedule(row, late))
