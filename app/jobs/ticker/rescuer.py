"""Writes this worker's heartbeat, detects dead workers, and requeues their jobs (promise 4)."""

from __future__ import annotations

from typing import Any, Final

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.notifier import Notifier
from ..errors import DatabaseUnavailable
from ..process.identity import ProcessIdentity, own_identity
from ..process.logs import get_logger
from ..service.job_signals import JobSignals
from ..states import FAILED
from ..store import deliveries, rescue, workers
from ..worker.dispatcher import Dispatcher

log = get_logger(__name__)
CHECK_EVERY: Final = 1.0
"""Seconds between two checks of the other workers, at most."""
UNREGISTERED_CHECK_EVERY: Final = 0.1
"""Seconds between two checks whether this worker is registered: after a restart it rescues at once."""
RESCUE_BATCH: Final = 100
"""Jobs rescued in one transaction, at most."""


class Rescuer:
    """Heartbeat and rescue.

    A worker is dead when its process is proven to have ended, or when its heartbeat counter has not changed
    for RESCUE_AFTER on the observer's monotonic clock. Only time in which the observer could write itself
    counts: clock jumps, suspends and a locked database make nobody dead.
    """

    name = "rescuer"

    def __init__(
        self, dispatcher: Dispatcher, database: Database, settings: Settings, clock: Clock,
        notifier: Notifier, signals: JobSignals,
    ) -> None:  # fmt: skip
        self._dispatcher, self._database, self._clock, self._notifier = dispatcher, database, clock, notifier
        self._signals = signals
        self._alerts = settings.alert_url is not None
        self._rescue_after, self._heartbeat = settings.rescue_after, settings.heartbeat_seconds
        self._check_every = min(CHECK_EVERY, settings.heartbeat_seconds)
        self._last_beat: float | None = None
        self._last_check: float | None = None
        self._unchanged: dict[str, tuple[int, float]] = {}
        self._changes, self._is_alone = database.change_detector(), False

    def run_once(self) -> float:
        """Write the heartbeat if it is due, check the others, rescue the jobs of the dead."""
        if not self._dispatcher.is_registered:
            return UNREGISTERED_CHECK_EVERY
        try:
            self._beat()
            if self._changes.has_changed() or not self._is_alone:
                self._check_workers()
        except DatabaseUnavailable:
            self._reset_observation()
            raise
        return self._check_every

    def _check_workers(self) -> None:
        # False until the end: a failure on the way must not count as a check that found nothing.
        self._is_alone = False
        worker_id, is_registered = self._dispatcher.id, self._dispatcher.is_registered
        with self._database.read() as conn:
            rows, has_orphans = workers.all_workers(conn), rescue.has_orphans(conn)
        others = [row for row in rows if row.id != worker_id]
        if is_registered and len(others) == len(rows):
            # The tables were made anew; the next heartbeat would say so later.
            self._dispatcher.declared_dead(worker_id)
        is_alone = not others and not has_orphans
        for dead, why in self._find_dead(others):
            has_orphans = self._declare_dead(dead, why) or has_orphans
        while has_orphans:
            has_orphans = self._rescue_batch()
        self._is_alone = is_alone

    def _reset_observation(self) -> None:
        # What kept us from writing may have kept the others from it too: their silence is no evidence.
        self._unchanged, self._last_check = {}, None

    def _beat(self) -> None:
        moment = self._clock.monotonic()
        if self._last_beat is not None and moment - self._last_beat < self._heartbeat:
            return
        worker_id = self._dispatcher.id
        with self._database.write() as conn:
            was_alive = workers.beat(conn, worker_id, self._clock.now())
        self._last_beat = moment
        # Somebody may have removed our row while this process was suspended, and given its jobs away.
        if not was_alive:
            self._dispatcher.declared_dead(worker_id)

    def _find_dead(self, rows: list[Any]) -> list[tuple[Any, str]]:
        passed = self._observed_seconds()
        observer = own_identity() if rows else None
        found = []
        for row in rows:
            beat, silent = self._unchanged.get(row.id, (None, 0.0))
            silent = silent + passed if beat == row.beat else 0.0
            self._unchanged[row.id] = (row.beat, silent)
            if observer and _identity(row).proves_dead(observer):
                found.append((row, "its process is gone"))
            elif silent >= self._rescue_after:
                found.append((row, f"no heartbeat for {silent:.0f} s"))
        self._unchanged = {row.id: self._unchanged[row.id] for row in rows}
        return found

    def _observed_seconds(self) -> float:
        """Seconds since the last check, capped: a suspend or a stuck ticker shows as one long gap."""
        moment = self._clock.monotonic()
        passed = 0.0 if self._last_check is None else moment - self._last_check
        self._last_check = moment
        return min(passed, max(self._heartbeat, 2 * self._check_every))

    def _declare_dead(self, row: Any, why: str) -> bool:
        # Guarded by the counter that was seen: a heartbeat since then wins.
        with self._database.write() as conn:
            if dead := workers.declare_dead(conn, row.id, row.beat):
                log.warning("worker %s (pid %d on %s) is dead: %s", row.id, row.pid, row.host, why)
        return dead

    def _rescue_batch(self) -> bool:
        """Rescue some jobs of dead workers. False where none is left, or others have them locked."""
        with self._database.write() as conn:
            rescued = rescue.rescue(conn, now := self._clock.now(), RESCUE_BATCH)
            failed = {job_id: FAILED for job_id, verb in rescued.items() if verb == "failed"}
            if failed and self._alerts:
                deliveries.tell(conn, "alert", failed, now)
        self._notifier.notify(rescued)
        self._dispatcher.wake()
        if rescued:
            log.warning("rescued %d jobs: %s", len(rescued), ", ".join(sorted(rescued)[:5]))
        # One that had not begun was released: it was put back all the same.
        verbs = {job_id: "rescued" if verb == "released" else verb for job_id, verb in rescued.items()}
        self._signals.happened((verb, job_id) for job_id, verb in verbs.items())
        return bool(rescued)


def _identity(row: Any) -> ProcessIdentity:
    return ProcessIdentity(row.host, row.pid, row.boot_id, row.pid_namespace, row.process_start)
