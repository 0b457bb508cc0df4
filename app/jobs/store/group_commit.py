"""Group commit: threads that submit at the same moment share one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from ..database.batching import Batcher, Request
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.statements import BoundStatement, execute_all, merged
from ..errors import DatabaseUnavailable

MOST_SHARED: Final = 1_000
"""Rows of a table in one submission; for more others would wait longer than their own commit takes."""


class _Commit(Request):
    """What one thread writes: served, to be tried alone, or refused."""

    __slots__ = ("is_alone", "statements")

    def __init__(self, statements: Sequence[BoundStatement]) -> None:
        super().__init__()
        self.statements, self.is_alone = statements, False


class GroupCommit(Batcher[_Commit]):
    """Commits what the threads of one process write."""

    work = "writing"

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    def commit(self, statements: Sequence[BoundStatement]) -> None:
        """Return once all of the statements are committed; what is wrong with them is raised here alone.

        Raises DatabaseUnavailable where the database was away, or others wrote, for LOCK_WAIT seconds.
        """
        request = _Commit(statements)
        request.is_alone = any(len(each.rows) > MOST_SHARED for each in statements)
        try:
            if not request.is_alone:
                self.submit(request)
        except DatabaseUnavailable as error:  # it may never have come to a transaction
            self._database.transactions.record_write_failure(error)
            raise
        if request.is_alone:
            self._write([request], with_newcomers=False)

    def serve(self, batch: list[_Commit]) -> None:
        """Commit what they write."""
        self._write(batch, with_newcomers=True)

    def on_error(self, batch: list[_Commit], error: Exception) -> None:
        """Each of several tries alone: what is wrong with one is not for the others."""
        if len(batch) == 1:
            super().on_error(batch, error)
            return
        for request in batch:
            request.is_alone = True

    @retry_conflicts
    def _write(self, batch: list[_Commit], with_newcomers: bool) -> None:
        with self._database.raw_write() as conn:
            for requests in self._rounds(batch) if with_newcomers else (batch,):
                execute_all(conn, _statements(requests))

    def _rounds(self, batch: list[_Commit]) -> Iterator[Sequence[_Commit]]:
        """The batch, and then whoever comes while it is written: they join it."""
        requests = batch[:]
        while requests:
            yield requests
            requests = self.newcomers()
            batch += requests


def _statements(requests: Sequence[_Commit]) -> Iterable[BoundStatement]:
    if len(requests) == 1:
        return requests[0].statements
    return merged(chain.from_iterable(request.statements for request in requests))
