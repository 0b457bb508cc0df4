"""Use cases of a batch that exists."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.notifier import Notifier
from ..errors import BatchNotFound
from ..states import CANCELLABLE, FAILED, RUNNING
from ..store import batches, jobs
from ..values import Batch
from .threads import LocalThreads

AT_ONCE: Final = 500
"""Jobs that are cancelled or retried in one transaction, so that no other writer waits long."""

Change = Callable[[Connection, Sequence[Any]], object]


class Batches:
    """Get, cancel, retry."""

    def __init__(
        self, *, database: Database, clock: Clock, notifier: Notifier, threads: LocalThreads
    ) -> None:  # fmt: skip
        self._database, self._clock, self._notifier, self._threads = database, clock, notifier, threads

    def get(self, batch_id: str) -> Batch:
        """The batch with its counts and progress. Raises BatchNotFound."""
        with self._database.read() as conn:
            found = batches.get(conn, batch_id)
        if found is None:
            raise BatchNotFound(f"no batch has the id {batch_id!r}")
        return found

    def cancel(self, batch_id: str, reason: str | None = None) -> Batch:
        """Cancel those of its jobs that do not run, and request that the running ones stop.

        Raises BatchNotFound.
        """
        self.get(batch_id)
        self._change_all(
            batch_id, CANCELLABLE,
            lambda conn, locked: jobs.cancel_locked(conn, locked, self._clock.now(), reason),
        )  # fmt: skip
        # In this order: a job claimed between the two is running, and gets the request.
        running = self._change_all(
            batch_id, (RUNNING,),
            lambda conn, locked: jobs.request_cancel_locked(conn, locked, self._clock.now()),
        )  # fmt: skip
        for job_id in running:
            self._threads.cancel_requested(job_id)
        return self.get(batch_id)

    def retry(self, batch_id: str, reason: str | None = None) -> Batch:
        """Queue those of its jobs that failed once more, their history kept. Raises BatchNotFound.

        A job that waited for its success and was cancelled waits again.
        """
        self.get(batch_id)
        retried = self._change_all(
            batch_id, (FAILED,),
            lambda conn, locked: jobs.retry_locked(conn, locked, self._clock.now(), reason),
        )  # fmt: skip
        self._threads.jobs_submitted(retried)
        return self.get(batch_id)

    def _change_all(self, batch_id: str, states: Sequence[str], change: Change) -> list[str]:
        """Change its jobs in these states, some at a time: their ids."""
        changed: list[str] = []
        while ids := self._change_some(batch_id, states, changed[-1] if changed else "", change):
            changed += ids
        self._notifier.notify(changed)
        return changed

    @retry_conflicts
    def _change_some(
        self, batch_id: str, states: Sequence[str], after: str, change: Change
    ) -> Sequence[str]:  # fmt: skip
        with self._database.write() as conn:
            ids = batches.jobs_in(conn, batch_id, states, after, AT_ONCE)
            if ids:
                change(conn, jobs.lock(conn, ids))
        return ids
