"""Decides when a worker queries for due jobs, and which of them it claims."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.row_sets import as_json
from ..database.transactions import AnyConnection
from ..store import claims, parking, runs
from ..store.limits import Counted
from ..tasks.registry import Registry
from .limiter import Limiter
from .quarantine import Quarantine
from .running import Running

CHECK_EVERY: Final = 0.1
"""Seconds between two checks of a busy worker, for cancel requests and new queues."""


class Fetcher:
    """Used by the dispatcher alone, but for `notify`."""

    def __init__(self, database: Database, registry: Registry, settings: Settings, clock: Clock) -> None:
        self._database, self._registry, self._settings, self._clock = database, registry, settings, clock
        self._changes = database.change_detector()
        self._notified = True
        self._next_due: datetime | None = None
        self._is_any_parked = False
        self._queues: Sequence[str] = settings.queues or ()
        self._queues_are_stale = True
        self._checked_at = float("-inf")
        self.found_by_poll_at = float("-inf")
        """Monotonic time at which a poll last found work that this process had not been notified of."""
        self._quarantine = Quarantine(clock)
        self._limiter = Limiter(registry, clock)

    def notify(self) -> None:
        """There may be work; from any thread."""
        self._notified = True

    def poll(self, running: Running, on_cancel: Callable[[str], None], is_busy: bool) -> bool:
        """Whether there may be jobs to claim; queries only after a commit or at a due time.

        Cancel requests found here are forwarded to `on_cancel`.
        """
        moment = self._clock.monotonic()
        has_checked = moment - self._checked_at < CHECK_EVERY
        # A busy worker claims with its next write anyway; it checks for cancel requests and new queues.
        if is_busy and has_checked:
            return False
        # Reset before the query: a job that is stored during it notifies for the next turn.
        notified, self._notified = self._notified, False
        has_room = running.room > 0
        if has_room and self._quarantine.is_due():
            return True
        has_room = has_room and not self._quarantine.is_emptying
        # Notified, it claims without checking first: one query less between submission and start.
        if notified and has_room and (has_checked or not len(running)):
            self._queues_are_stale = True
            return True
        if not (notified or self._changes.has_changed() or (has_room and self._is_due())):
            return False
        found = self._check(running, on_cancel, moment) and has_room
        if found and not notified:
            self.found_by_poll_at = moment
        return found

    def fetch(self, conn: AnyConnection, worker: str, running: Running) -> Sequence[Any]:
        """The rows for `worker` to claim, locked: as many as threads are free, jobs of short tasks ahead."""
        if running.room <= 0:
            return []
        if self._is_due():
            now = self._clock.now()
            woken = claims.wake(conn, now)
            if self._is_any_parked:
                woken += parking.wake(conn, now)
            self._refresh(conn)
            if not woken and self._is_due():  # others have those rows under lock
                self._next_due = now + timedelta(seconds=CHECK_EVERY)
        rows = self._claimable(conn, worker, running)
        if not rows and self._queues_are_stale:  # it may be in a queue that was empty until now
            self._refresh(conn)
            rows = self._claimable(conn, worker, running)
        if self._limiter.is_unfinished:
            self.notify()
        return rows

    def counted(self, conn: AnyConnection, rows: Sequence[Any]) -> list[Counted]:
        """Those of the rows of the last `fetch`, which are about to be claimed, that count against limits."""
        return self._limiter.counted(conn, rows)

    def seconds_until_due(self, most: float) -> float:
        """Seconds until the next job comes due, `most` at most."""
        most = min(most, max(0.001, self._quarantine.look_at - self._clock.monotonic()))
        if self._next_due is None:
            return most
        return min(most, max(0.001, (self._next_due - self._clock.now()).total_seconds()))

    def _check(self, running: Running, on_cancel: Callable[[str], None], moment: float) -> bool:
        self._checked_at = moment
        with self._database.raw_read() as conn:
            to_cancel = runs.cancel_requested(conn, running.job_ids)
            self._refresh(conn)
            found = running.room > 0 and (self._is_due() or self._anything_due(conn))
        for job_id in to_cancel:
            on_cancel(job_id)
        return found

    def _refresh(self, conn: AnyConnection) -> None:
        found = claims.next_due(conn)
        self._next_due, self._is_any_parked = found.at, found.parked_at is not None
        self._limiter.refresh(conn, found.controls)
        # Without due jobs the queues of the last ones are kept: the next job is most likely in one of them.
        self._queues = self._settings.queues or claims.queues_due(conn) or self._queues
        self._queues_are_stale = False

    def _is_due(self) -> bool:
        """Whether the time of the next scheduled or retrying job has come."""
        return self._next_due is not None and self._next_due <= self._clock.now()

    def _anything_due(self, conn: AnyConnection) -> bool:
        queues, tasks = self._limiter.unpaused(self._queues), list(self._registry.runnable)
        now, limit = self._clock.now(), self._quarantine.limit
        return claims.anything_due(conn, queues, tasks, now, limit, self._settings.app)

    def _claimable(self, conn: AnyConnection, worker: str, running: Running) -> Sequence[Any]:
        return running.claimable(self._candidates(conn, worker, running), self._limiter.is_limited)

    def _candidates(self, conn: AnyConnection, worker: str, running: Running) -> Sequence[Any]:
        def find(too_many_crashes: int) -> Sequence[Any]:
            def read(most: int) -> Sequence[Any]:
                # Asked each time: what is paused may be news of the time before.
                queues = self._limiter.unpaused(self._queues)
                rows = claims.candidates(conn, queues, tasks, most, now, too_many_crashes, app, in_order)
                if not self._limiter.fair:
                    return rows
                names, too_many = as_json(tasks), too_many_crashes
                return self._limiter.deal(conn, rows, tasks=names, now=now, too_many=too_many, app=app)

            tasks, app, now = list(self._registry.runnable), self._settings.app, self._clock.now()
            in_order = self._settings.queues is not None
            return self._limiter.select(conn, read, running.room)

        return self._quarantine.select(conn, worker, running, find)
