"""Gives signs of life, watches those of others, and takes the jobs of the dead (promise 4)."""

from __future__ import annotations

import logging
from typing import Any, Final

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.notifier import Notifier
from ..errors import DatabaseUnavailable
from ..process.identity import ProcessIdentity, own_identity
from ..store import rescue, workers
from ..worker.dispatcher import Dispatcher

log = logging.getLogger(__name__)
LOOK_EVERY: Final = 1.0
AS_LONG_AS_NEW: Final = 0.1
"""Seconds between two looks whether the worker has its row: a restart rescues at once."""
RESCUED_AT_ONCE: Final = 100


class Rescuer:
    """Heartbeat and rescue.

    A worker is dead when its process is proven gone, or when its counter stood still for RESCUE_AFTER on
    our own monotonic clock. Only time during which we could write ourselves counts: a clock that jumps, a
    suspended machine or a locked database kills nobody.
    """

    name = "rescuer"

    def __init__(
        self, dispatcher: Dispatcher, database: Database, settings: Settings, clock: Clock, notifier: Notifier
    ) -> None:
        self._dispatcher, self._database, self._clock, self._notifier = dispatcher, database, clock, notifier
        self._rescue_after, self._heartbeat = settings.rescue_after, settings.heartbeat_seconds
        self._pause = min(LOOK_EVERY, settings.heartbeat_seconds)
        self._last_beat: float | None = None
        self._last_look: float | None = None
        self._silence: dict[str, tuple[int, float]] = {}
        self._changes, self._is_quiet = database.change_detector(), False

    def run_once(self) -> float:
        """Beat if it is time, look at the others, rescue what the dead left."""
        if not self._dispatcher.is_registered:
            return AS_LONG_AS_NEW
        try:
            self._beat()
            if self._changes.has_changed() or not self._is_quiet:
                self._look()
        except DatabaseUnavailable:
            self._start_watching_anew()
            raise
        return self._pause

    def _look(self) -> None:
        self._is_quiet = False
        with self._database.read() as conn:
            rows, has_orphans = workers.all_workers(conn), rescue.has_orphans(conn)
        others = [row for row in rows if row.id != self._dispatcher.id]
        # Where nobody else is, nothing comes about that nobody writes.
        is_quiet = not others and not has_orphans
        for dead, why in self._dead(others):
            has_orphans = self._declare_dead(dead, why) or has_orphans
        while has_orphans:
            has_orphans = self._rescue()
        self._is_quiet = is_quiet

    def _start_watching_anew(self) -> None:
        """What kept us from writing may have kept the others from it too."""
        self._silence, self._last_look = {}, None

    def _beat(self) -> None:
        moment = self._clock.monotonic()
        if self._last_beat is not None and moment - self._last_beat < self._heartbeat:
            return
        me = self._dispatcher.id
        with self._database.write() as conn:
            lives = workers.beat(conn, me, self._clock.now())
        self._last_beat = moment
        if not lives:
            self._dispatcher.declared_dead(me)

    def _dead(self, rows: list[Any]) -> list[tuple[Any, str]]:
        passed = self._time_passed()
        observer = own_identity() if rows else None
        found = []
        for row in rows:
            beat, silent = self._silence.get(row.id, (None, 0.0))
            silent = silent + passed if beat == row.beat else 0.0
            self._silence[row.id] = (row.beat, silent)
            if observer and _identity(row).proves_dead(observer):
                found.append((row, "its process is gone"))
            elif silent >= self._rescue_after:
                found.append((row, f"no sign of life for {silent:.0f} s"))
        self._silence = {row.id: self._silence[row.id] for row in rows}
        return found

    def _time_passed(self) -> float:
        """Since the last look; a gap in our own looks counts as one heartbeat at the most."""
        moment = self._clock.monotonic()
        passed = 0.0 if self._last_look is None else moment - self._last_look
        self._last_look = moment
        return min(passed, max(self._heartbeat, 2 * self._pause))

    def _declare_dead(self, row: Any, why: str) -> bool:
        with self._database.write() as conn:
            if dead := workers.declare_dead(conn, row.id, row.beat):
                log.warning("worker %s (pid %d on %s) is dead: %s", row.id, row.pid, row.host, why)
        return dead

    def _rescue(self) -> bool:
        """Take some jobs of the dead. Whether there may be more, and nobody else has them under lock."""
        with self._database.write() as conn:
            rescued = rescue.rescue(conn, self._clock.now(), RESCUED_AT_ONCE)
        self._notifier.notify(rescued)
        self._dispatcher.wake()
        if rescued:
            log.warning("rescued %d jobs: %s", len(rescued), ", ".join(sorted(rescued)[:5]))
        return bool(rescued)


def _identity(row: Any) -> ProcessIdentity:
    return ProcessIdentity(row.host, row.pid, row.boot_id, row.pid_namespace, row.process_start)
