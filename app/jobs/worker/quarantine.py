"""Quarantine: one worker at a time runs suspects, one after the other and alone in its process (promise 2).

A suspect is a job that ended with its process twice. Which worker is the quarantine a lease in the database
says, which ends with the worker's row. It takes turns: a suspect alone, then other work for as long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf
from typing import Any, Final

from ..clock import Clock
from ..database.transactions import AnyConnection
from ..store import leases
from ..store.claims import ANY_CRASHES, SUSPECT_AFTER
from .running import Running

LOOK_EVERY: Final = 1.0
"""Seconds until a worker looks again at suspects that it could not take; one without work needs no more."""
FIRST_WAIT: Final = 1.0
"""Seconds for which a busy worker claims nothing, to become idle for a suspect; doubled each time in vain."""
LONGEST_WAIT: Final = 300.0
"""Seconds: what goes on for longer is not waited for, and the suspect runs beside it."""

Find = Callable[[int], Sequence[Any]]
"""The due jobs with fewer crashes than that, in claiming order, locked."""


class Quarantine:
    """When this worker claims a suspect, and when nothing for its sake; used by the dispatcher alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entered_at: float | None = None
        self._has_run = False
        self._closed_until = self._busy_at = -inf
        self._was_busy = False
        self._wait = FIRST_WAIT
        self.look_at = inf
        """Monotonic time at which suspects that were passed by are looked at again."""

    @property
    def is_emptying(self) -> bool:
        """Whether nothing is claimed, so that what runs can end."""
        return self._entered_at is not None and not self._has_run

    @property
    def limit(self) -> int:
        """Jobs with so many crashes are not claimed now."""
        return SUSPECT_AFTER if self._clock.monotonic() < self.look_at < inf else ANY_CRASHES

    def is_due(self) -> bool:
        """Whether to look again at suspects now; once for each time that this is so."""
        if (moment := self._clock.monotonic()) < self.look_at:
            return False
        self.look_at = moment + LOOK_EVERY
        return True

    def select(self, conn: AnyConnection, worker: str, running: Running, find: Find) -> Sequence[Any]:
        """The jobs to claim now: one suspect, or what `find` finds of others; called where there is room."""
        moment = self._clock.monotonic()
        if self._has_run:  # there is room again: it has ended
            self._leave(conn, worker, moment)
        if not self.is_emptying and moment < self._closed_until:
            rows = find(SUSPECT_AFTER)
            self._note_work(moment, bool(rows) or not running.is_idle)
            if moment < self.look_at:
                return rows
        rows = find(ANY_CRASHES)
        suspects = [row for row in rows if row.crashes >= SUSPECT_AFTER]
        if suspects:
            return self._select(conn, worker, running, find, suspects[:1])
        if self._entered_at is not None:
            self._leave(conn, worker, moment)
        self.look_at = inf
        return rows

    def _select(
        self, conn: AnyConnection, worker: str, running: Running, find: Find, suspect: Sequence[Any]
    ) -> Sequence[Any]:
        moment, is_first_look = self._clock.monotonic(), self.look_at == inf
        if not running.is_idle and self._entered_at is None and is_first_look:
            self._close(moment, LOOK_EVERY)  # an idle worker may take it
        elif not leases.occupy(conn, leases.QUARANTINE, worker, self._clock.now()):
            self._entered_at = None
            self._close(moment, LOOK_EVERY)
        else:
            self._entered_at = moment if self._entered_at is None else self._entered_at
            if running.is_idle or self._wait > LONGEST_WAIT:
                self._has_run, self._wait, self.look_at = True, FIRST_WAIT, inf
                return suspect
            self.look_at = self._entered_at + self._wait
            if moment < self.look_at:
                return ()
            self._wait *= 2
            self._leave(conn, worker, moment)
        return find(SUSPECT_AFTER)

    def _note_work(self, moment: float, is_busy: bool) -> None:
        # Who has just become idle has others' work a moment later, more often than not.
        if is_busy or self._was_busy:
            self._busy_at = moment
        self._was_busy = is_busy
        self.look_at = min(self._closed_until, self._busy_at + LOOK_EVERY)

    def _leave(self, conn: AnyConnection, worker: str, moment: float) -> None:
        """Other work from now on, for as long as this has taken."""
        leases.release(conn, leases.QUARANTINE, worker)
        assert self._entered_at is not None
        self._close(moment, moment - self._entered_at)
        self._entered_at, self._has_run = None, False

    def _close(self, moment: float, seconds: float) -> None:
        self._closed_until = moment + seconds
        self._note_work(moment, is_busy=True)
