"""Doing together what several threads ask for at the same moment.

Whoever comes first leads: it does the work for all who have lined up by then, wakes them, and leaves the lead
to the first of those who came meanwhile. One who comes alone leads at once and wakes nobody.
"""

from __future__ import annotations

import threading
from typing import ClassVar, Generic, TypeVar

from ..errors import DatabaseUnavailable
from .database import LOCK_WAIT


class Member:
    """One who stands in line, and the error that it got, if any."""

    __slots__ = ("error", "leads", "turn")

    turn: threading.Lock
    """Held until it was served or is to lead, for those who stand in line; an Event costs twice as much."""

    def __init__(self) -> None:
        self.leads = False
        self.error: Exception | None = None

    def refuse(self, error: Exception, cause: BaseException) -> None:
        """It was not served; each has an exception of its own to raise."""
        error.__cause__ = cause
        self.error = error


M = TypeVar("M", bound=Member)


class Line(Generic[M]):
    """The line before one piece of work, in one process."""

    work: ClassVar[str]
    """What the others have been doing, where one had to wait too long."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line: list[M] = []
        self._has_leader = False

    def serve(self, together: list[M]) -> None:
        """Do the work for those together, and the `newcomers` that are added; they get what it raises."""
        raise NotImplementedError

    def fail(self, together: list[M], error: Exception) -> None:
        """The work could not be done, and not because the database was away."""
        for each in together:
            each.error = error

    def newcomers(self) -> list[M]:
        """Whoever has lined up by now."""
        with self._lock:
            newcomers, self._line = self._line, []
        return newcomers

    def pass_through(self, mine: M) -> None:
        """Return once `mine` was served; raises its error, DatabaseUnavailable after LOCK_WAIT seconds."""
        if self._is_first(mine) or self._comes_to_lead(mine):
            self._lead(mine)
        if mine.error is not None:
            raise mine.error

    def _is_first(self, mine: M) -> bool:
        with self._lock:
            if not self._has_leader:
                self._has_leader = True
                return True
            mine.turn = threading.Lock()
            mine.turn.acquire()
            self._line.append(mine)
            return False

    def _comes_to_lead(self, mine: M) -> bool:
        """Wait until this one was served, or has the lead: whether it has."""
        is_over = False
        try:
            is_over = mine.turn.acquire(timeout=LOCK_WAIT)
        finally:
            if not is_over:
                self._leave(mine)
        return mine.leads

    def _leave(self, mine: M) -> None:
        mine.error = DatabaseUnavailable(f"others have been {self.work} for {LOCK_WAIT:g} s")
        with self._lock:
            if mine in self._line:
                self._line.remove(mine)
            if mine.leads:
                mine.leads = False
                self._pass_on()

    def _lead(self, mine: M) -> None:
        together = [mine]
        try:
            self._attend(together)
        finally:
            with self._lock:
                self._pass_on()
            for each in together[1:]:
                each.turn.release()

    def _attend(self, together: list[M]) -> None:
        try:
            self.serve(together)
        except DatabaseUnavailable as error:
            for each in together:
                each.refuse(type(error)(str(error)), error)
        except Exception as error:
            self.fail(together, error)
        except BaseException as error:
            for each in together:
                each.refuse(DatabaseUnavailable(f"{self.work} was interrupted"), error)
            raise

    def _pass_on(self) -> None:
        self._has_leader = bool(self._line)
        if self._line:
            following = self._line.pop(0)
            following.leads = True
            following.turn.release()
