"""Shared commits: those who submit at the same moment pay for one commit together.

Whoever comes first leads: writes and commits for all who have lined up by then, wakes them, and leaves the
lead to the first of those who came meanwhile. A lone submitter leads at once and wakes nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from .database import LOCK_WAIT, Database
from .errors import DatabaseUnavailable
from .sqlite import Statements
from .store.writes import Write


class Commits:
    """Commits what the threads of one process write."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._line: list[_Submitter] = []
        self._has_leader = False

    def commit(self, writes: Sequence[Write]) -> None:
        """Return once all of the writes are committed; what is wrong with them is raised here alone.

        Raises DatabaseUnavailable where the database was away, or others wrote, for LOCK_WAIT seconds.
        """
        mine = _Submitter(writes)
        if self._is_first(mine) or self._comes_to_lead(mine):
            self._lead(mine)
        if mine.error is not None:
            raise mine.error
        if mine.is_alone:
            self._database.apply(_statements([mine]))

    def _is_first(self, mine: _Submitter) -> bool:
        with self._lock:
            if not self._has_leader:
                self._has_leader = True
                return True
            mine.turn = threading.Lock()
            mine.turn.acquire()
            self._line.append(mine)
            return False

    def _comes_to_lead(self, mine: _Submitter) -> bool:
        """Wait until this one was served, or has the lead: whether it has."""
        is_over = False
        try:
            is_over = mine.turn.acquire(timeout=LOCK_WAIT)
        finally:
            if not is_over:
                self._leave(mine)
        return mine.leads

    def _leave(self, mine: _Submitter) -> None:
        mine.error = DatabaseUnavailable(f"others have been writing for {LOCK_WAIT:g} s")
        with self._lock:
            if mine in self._line:
                self._line.remove(mine)
            if mine.leads:
                mine.leads = False
                self._pass_on()

    def _lead(self, mine: _Submitter) -> None:
        together = [mine]
        try:
            self._serve(together)
        finally:
            with self._lock:
                self._pass_on()
            for each in together[1:]:
                each.turn.release()

    def _pass_on(self) -> None:
        self._has_leader = bool(self._line)
        if self._line:
            following = self._line.pop(0)
            following.leads = True
            following.turn.release()

    def _serve(self, together: list[_Submitter]) -> None:
        try:
            self._database.apply(self._statements(together))
        except DatabaseUnavailable as error:
            # Whoever came meanwhile need not try: it was away for as long as they have been waiting.
            together += self._newcomers()
            for each in together:
                each.refuse(type(error)(str(error)), error)
        except Exception as error:
            if len(together) == 1:
                together[0].error = error
            else:
                for each in together:
                    each.is_alone = True
        except BaseException as error:
            for each in together:
                each.refuse(DatabaseUnavailable("the commit was interrupted"), error)
            raise

    def _statements(self, together: list[_Submitter]) -> Statements:
        """What those together write; whoever comes while it is written joins them."""
        newcomers = together[:]
        while newcomers:
            yield from _statements(newcomers)
            newcomers = self._newcomers()
            together += newcomers

    def _newcomers(self) -> list[_Submitter]:
        with self._lock:
            newcomers, self._line = self._line, []
        return newcomers


class _Submitter:
    """One who commits, and how it went: served, to try alone, or refused with an error."""

    __slots__ = ("error", "is_alone", "leads", "turn", "writes")

    turn: threading.Lock
    """Held until it was served or is to lead, for those who stand in line; an Event costs twice as much."""

    def __init__(self, writes: Sequence[Write]) -> None:
        self.writes = writes
        self.leads = self.is_alone = False
        self.error: Exception | None = None

    def refuse(self, error: Exception, cause: BaseException) -> None:
        """Nothing of it is known to be stored; each has an exception of its own to raise."""
        error.__cause__ = cause
        self.error = error


def _statements(submitters: Sequence[_Submitter]) -> Statements:
    for write in submitters[0].writes if len(submitters) == 1 else _merged(submitters):
        yield from write.statements()


def _merged(submitters: Sequence[_Submitter]) -> Sequence[Write]:
    """Each statement once, with the rows of all."""
    merged: dict[str, Write] = {}
    for each in submitters:
        for sql, group, rows in each.writes:
            merged.setdefault(sql, Write(sql, group, [])).rows.extend(rows)
    return list(merged.values())
