"""Shared commits: those who submit at the same moment pay for one commit together."""

from __future__ import annotations

from collections.abc import Sequence

from ..database.batching import Line, Member
from ..database.database import Database
from ..database.sqlite import Statements
from ..database.writes import Write
from ..errors import DatabaseUnavailable


class _Submitter(Member):
    """One who commits: served, to try alone, or refused."""

    __slots__ = ("is_alone", "writes")

    def __init__(self, writes: Sequence[Write]) -> None:
        super().__init__()
        self.writes, self.is_alone = writes, False


class GroupCommit(Line[_Submitter]):
    """Commits what the threads of one process write."""

    work = "writing"

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def commit(self, writes: Sequence[Write]) -> None:
        """Return once all of the writes are committed; what is wrong with them is raised here alone.

        Raises DatabaseUnavailable where the database was away, or others wrote, for LOCK_WAIT seconds.
        """
        mine = _Submitter(writes)
        self.pass_through(mine)
        if mine.is_alone:
            self._database.apply(_statements([mine]))

    def serve(self, together: list[_Submitter]) -> None:
        """Commit what they write."""
        try:
            self._database.apply(self._statements(together))
        except DatabaseUnavailable:
            # Whoever came meanwhile need not try: it was away for as long as they have been waiting.
            together += self.newcomers()
            raise

    def fail(self, together: list[_Submitter], error: Exception) -> None:
        """Each of several tries alone: what is wrong with one is not for the others."""
        if len(together) == 1:
            super().fail(together, error)
            return
        for each in together:
            each.is_alone = True

    def _statements(self, together: list[_Submitter]) -> Statements:
        """What those together write; whoever comes while it is written joins them."""
        newcomers = together[:]
        while newcomers:
            yield from _statements(newcomers)
            newcomers = self.newcomers()
            together += newcomers


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
