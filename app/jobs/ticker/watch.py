"""Warns, once a minute and from one process, of due jobs that no live worker serves."""

from __future__ import annotations

from typing import Final

from ..clock import Clock
from ..database.database import Database
from ..process.logs import get_logger
from ..service.live_workers import InCaller, LiveWorkers
from ..service.unserved import WARN_EVERY, describe_unserved
from ..store import controls, leases
from ..store.loads import loads
from ..worker.dispatcher import Dispatcher

log = get_logger(__name__)
HELD_FOR: Final = WARN_EVERY - 1.0
"""Seconds: less than until its holder looks again."""


class Watch:
    """Looks for them each WARN_EVERY seconds, under a lease that its worker holds."""

    name = "watch"

    def __init__(
        self, dispatcher: Dispatcher, database: Database, live: LiveWorkers | InCaller, clock: Clock
    ) -> None:
        self._dispatcher, self._database, self._live, self._clock = dispatcher, database, live, clock
        # Not at the start: workers that start together know nothing of each other yet.
        self._next_look = clock.monotonic() + WARN_EVERY

    def run_once(self) -> float:
        """Look if it is time; returns the seconds until the next time."""
        moment = self._clock.monotonic()
        if moment >= self._next_look:
            self._next_look = moment + WARN_EVERY
            self._look()
        return self._next_look - moment

    def _look(self) -> None:
        now = self._clock.now()
        with self._database.write() as conn:
            held_until = leases.take(conn, leases.UNSERVED, self._dispatcher.id, now, HELD_FOR)
        if held_until is not None:
            return
        with self._database.read() as conn:
            todo, set_now = loads(conn, now), controls.read(conn)
        if (warning := describe_unserved(self._live.get(), todo, set_now)) is not None:
            log.warning("%s", warning)
