"""The steps of jobs in the database, as a task's run stores and finds them."""

from __future__ import annotations

from typing import Any

from ..database.database import Database
from ..run import FinishedStep, Run
from ..store import steps
from ..store.group_commit import GroupCommit
from .session import refuse_in_task


class StoredSteps:
    """Implements `execution.steps.StepStore`. `host_db` is the app's Flask-SQLAlchemy, or None."""

    def __init__(self, database: Database, host_db: Any) -> None:
        self._database, self._host_db = database, host_db
        # Not that of submissions: these may wait for a job's row, which the dispatcher writes.
        self._commits = GroupCommit(database)

    def check_session(self) -> None:
        """Raise OpenTransaction where the task's session holds the lock that `save` would wait for."""
        refuse_in_task(self._host_db, self._database)

    def find(self, run: Run, kind: str, name: str) -> FinishedStep | None:
        """The step of that name of the run's job, if it is finished."""
        with self._database.raw_read() as conn:
            return steps.find(conn, run.job_id, kind, name)

    def save(self, run: Run, step: FinishedStep) -> None:
        """Return after the commit. Raises ClaimLost where the run does not own its job any more."""
        self.check_session()
        self._commits.commit([steps.bind_save(run, step)])
