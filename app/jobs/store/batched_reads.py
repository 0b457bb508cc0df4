"""Batched reads: requests for single jobs that arrive at the same moment are answered by one statement.

Python's SQLite driver releases the interpreter's lock four times a SELECT. Where a server's threads all want
that lock, this takes longer than everything else that a request does.
"""

from __future__ import annotations

from typing import Generic, TypeVar

from ..database.batching import Batcher, Request
from ..database.database import Database
from . import queries

T = TypeVar("T")


class _Read(Request):
    """A read of one job, and the row that it found."""

    __slots__ = ("job_id", "row")

    def __init__(self, job_id: str) -> None:
        super().__init__()
        self.job_id = job_id
        self.row: queries.Row | None = None


class BatchedReads(Batcher[_Read], Generic[T]):
    """Reads `reading` of single jobs for the threads of one process.

    Each thread sees what was committed before it asked.
    """

    work = "reading"

    def __init__(self, database: Database, reading: queries.Reading[T]) -> None:
        super().__init__()
        self._database, self._reading = database, reading

    def get(self, job_id: str) -> T | None:
        """What is read of the job as it is now, or None. Raises DatabaseUnavailable."""
        read = _Read(job_id)
        self.submit(read)
        return None if read.row is None else self._reading.make(read.row, self._database.dialect.from_driver)

    def serve(self, batch: list[_Read]) -> None:
        """Read the jobs of the batch."""
        batch += self.newcomers()
        with self._database.raw_read() as conn:
            rows = queries.rows(conn, self._reading, [read.job_id for read in batch])
        for read in batch:
            read.row = rows.get(read.job_id)
