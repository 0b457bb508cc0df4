"""Tells of each schedule that becomes overdue: by a signal, from one process, and by an alert."""

from __future__ import annotations

from typing import Final

from .. import signals
from ..clock import Clock
from ..database.database import Database
from ..execution.receivers import Receivers
from ..service.job_factory import JobFactory
from ..store import deliveries, leases, new_jobs, schedules
from ..store.overdue import alert, forget_alerts, overdue, unalerted
from ..worker.dispatcher import Dispatcher

CHECK_EVERY: Final = 5.0
"""Seconds between two looks."""
HELD_FOR: Final = 3 * CHECK_EVERY


class OverdueSchedules:
    """Looks for them where somebody is told.

    The signal is sent under a lease that its worker holds; the others look too, so that whoever takes over
    sends only what is new. The delivery of an alert is submitted once, whoever sees it first.
    """

    name = "overdue schedules"

    def __init__(
        self, dispatcher: Dispatcher, database: Database, receivers: Receivers, clock: Clock,
        factory: JobFactory, alerts: bool,
    ) -> None:  # fmt: skip
        self._dispatcher, self._database, self._clock = dispatcher, database, clock
        self._receivers, self._factory, self._alerts = receivers, factory, alerts
        self._known: frozenset[str] = frozenset()

    def run_once(self) -> float:
        """Send what is new; returns the seconds until it is due again."""
        if self._receivers.are_there(signals.schedule_overdue):
            self._look()
        if self._alerts:
            self._alert()
        return CHECK_EVERY

    def _alert(self) -> None:
        now, app = self._clock.now(), self._factory.app
        with self._database.read() as conn:
            new, over = unalerted(conn, overdue(conn, now), app)
        if over:
            with self._database.write() as conn:
                forget_alerts(conn, over)
        for schedule_id in new:
            args = {"to": "alert", "event": "schedule_overdue", "at": now, "schedule_id": schedule_id}
            delivery = self._factory.make_internal_job(deliveries.TASK, args, now)
            with self._database.write() as conn:
                if alert(conn, schedule_id, now):
                    new_jobs.enqueue(conn, [delivery])
        if new:
            self._dispatcher.wake()

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
