"""Shared looks: those who ask for a job at the same moment are answered by one statement.

Python's SQLite driver lets go of the interpreter's lock four times a SELECT. Where a server's threads all
want that lock, this takes longer than everything else that a request does.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from ..database.batching import Line, Member
from ..database.columns import from_driver
from ..database.database import Database
from . import queries

T = TypeVar("T")


class _Looker(Member):
    """One who looks, and the row that it was given."""

    __slots__ = ("job_id", "row")

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id
        self.row: queries.Row | None = None


class BatchedReads(Line[_Looker], Generic[T]):
    """Reads `reading` of single jobs for the threads of one process.

    Each thread sees what was committed before it asked.
    """

    work = "reading"

    def __init__(self, database: Database, reading: queries.Reading[T]) -> None:
        super().__init__()
        self._database, self._reading = database, reading
        self._time = from_driver(database.engine.dialect)

    def get(self, job_id: str) -> T | None:
        """What is read of the job as it is now, or None. Raises DatabaseUnavailable."""
        mine = _Looker(job_id)
        self.pass_through(mine)
        return None if mine.row is None else self._reading.make(mine.row, self._time)

    def serve(self, together: list[_Looker]) -> None:
        """Read the jobs that they ask for."""
        together += self.newcomers()
        with self._database.look() as conn:
            rows = queries.rows(conn, self._reading, [each.job_id for each in together])
        for each in together:
            each.row = rows.get(each.job_id)
