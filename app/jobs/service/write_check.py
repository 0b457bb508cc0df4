"""Whether the database can be written, once a write has failed."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC, datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from ..database.database import Database
from ..errors import SimmerError
from ..ids import new_id
from ..options import DEFAULTS, NO_OPTIONS, stored_values
from ..store import new_jobs
from ..store.new_jobs import NewJob

TRY_EVERY: Final = 1.0
"""Seconds between two trials, at least."""
TRIAL_BYTES: Final = 32 * 1024
"""Of arguments: more than the free space in the tables' last pages, and random, so that it stays as much."""


class WriteCheck:
    """Costs nothing until a write fails; from then on `problem` tries to store a job, which it rolls back."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._tried_at: float | None = None

    def problem(self) -> str | None:
        """Why a job cannot be stored; None where it can, or where no write has failed since one could."""
        transactions = self._database.transactions
        # A trial may wait for a lock for seconds: whoever asks meanwhile gets the last answer.
        if transactions.write_failure is not None and self._lock.acquire(blocking=False):
            try:
                if self._tried_at is None or time.monotonic() - self._tried_at >= TRY_EVERY:
                    self.failure()
                    self._tried_at = time.monotonic()
            finally:
                self._lock.release()
        return transactions.write_failure

    def failure(self) -> str | None:
        """Why a job cannot be stored, by trying to; None where it can."""
        now = datetime.now(UTC)
        args = f'{{"trial": "{os.urandom(TRIAL_BYTES).hex()}"}}'
        job = NewJob(new_id(now), "simmer.trial", args, stored_values(NO_OPTIONS, DEFAULTS), now, now)
        transactions = self._database.transactions
        try:
            with self._database.write() as conn:
                with self._database.dialect.trial(conn):
                    new_jobs.enqueue(conn, [job])
                conn.rollback()
        except (SimmerError, SQLAlchemyError) as error:
            transactions.record_write_failure(error)
        else:
            transactions.write_failure = None
        return transactions.write_failure
