"""Use cases of a batch that exists."""

from __future__ import annotations

from ..database.database import Database
from ..errors import BatchNotFound
from ..states import FAILED
from ..store import batches
from ..store.job_filters import JobFilters
from ..values import Batch
from .bulk import BulkActions


class Batches:
    """Get, cancel, retry."""

    def __init__(self, database: Database, bulk: BulkActions) -> None:
        self._database, self._bulk = database, bulk

    def get(self, batch_id: str) -> Batch:
        """The batch with its counts and progress. Raises BatchNotFound."""
        with self._database.read() as conn:
            found = batches.get(conn, batch_id)
        if found is None:
            raise BatchNotFound(f"no batch has the id {batch_id!r}")
        return found

    def latest(self, most: int, before: str | None = None) -> list[Batch]:
        """Up to `most` batches, the newest first; those before the id `before`."""
        with self._database.read() as conn:
            found = [batches.get(conn, each) for each in batches.latest(conn, most, before)]
        return [batch for batch in found if batch is not None]

    def cancel(self, batch_id: str, by: str | None = None) -> Batch:
        """Cancel those of its jobs that do not run, and request that the running ones stop.

        Raises BatchNotFound.
        """
        self.get(batch_id)
        self._bulk.apply_to_all("cancel", JobFilters(batch_ids=(batch_id,)), by)
        return self.get(batch_id)

    def retry(self, batch_id: str, by: str | None = None) -> Batch:
        """Queue those of its jobs that failed once more, their history kept. Raises BatchNotFound.

        A job that waited for its success and was cancelled waits again.
        """
        self.get(batch_id)
        self._bulk.apply_to_all("retry", JobFilters(batch_ids=(batch_id,), states=(FAILED,)), by)
        return self.get(batch_id)
