"""Use case of a job that has not begun: change it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypedDict

from ..clock import Clock
from ..database.conflicts import retry_conflicts
from ..database.database import Database
from ..database.notifier import Notifier
from ..errors import InvalidState
from ..job import Job, Stamp
from ..serialization.encoding import stored as loaded
from ..states import EDITABLE
from ..store import edits
from .job_factory import JobFactory
from .jobs import Jobs
from .preconditions import Precondition
from .threads import LocalThreads


class JobChanges(TypedDict, total=False):
    """What of a job can be changed, each as a whole."""

    priority: int
    queue: str
    run_at: datetime
    tags: list[str] | tuple[str, ...]
    args: Mapping[str, Any]


Changes = Mapping[str, Any] | Callable[[Job], Mapping[str, Any]]
"""The words of JobChanges, or what makes them of the job that is stored."""


class Edits:
    """Changes jobs that have not begun."""

    def __init__(
        self, *, database: Database, factory: JobFactory, jobs: Jobs, clock: Clock, notifier: Notifier,
        threads: LocalThreads,
    ) -> None:  # fmt: skip
        self._database, self._factory, self._jobs, self._clock = database, factory, jobs, clock
        self._notifier, self._threads = notifier, threads

    def edit(
        self, job_id: str, changes: Changes, precondition: Precondition[Stamp] | None = None, *,
        by: str | None = None,
    ) -> Job:  # fmt: skip
        """Change what is named and keep the rest; nothing happens where all of it is so already.

        `changes` may be made of the job as it is stored; nobody changes it in between. A `run_at` that has
        passed means now. Raises JobNotFound, InvalidState once it has begun, InvalidArguments, UnknownTask.
        """
        if self._edit(job_id, changes, precondition, by):
            self._threads.jobs_submitted([job_id])
            self._notifier.notify([job_id])
        return self._jobs.get(job_id)

    @retry_conflicts
    def _edit(
        self, job_id: str, changes: Changes, precondition: Precondition[Stamp] | None, by: str | None
    ) -> bool:
        with self._database.write() as conn:
            job, now = self._jobs.locked(conn, job_id, precondition), self._clock.now()
            if job.state not in EDITABLE or job.attempt:
                words = f"the job is {job.state}, attempt {job.attempt}"
                raise InvalidState(f"{words}: only one that has not begun can be changed", job.state)
            wanted = changes(job) if callable(changes) else changes
            checked = self._factory.check_changes(job.task, wanted, now)
            changed = {name: value for name, value in checked.items() if value != _stored(job, name, value)}
            fair_key = self._factory.fair_key(job.task, checked["args"]) if "args" in changed else None
            return bool(changed) and edits.edit(conn, job, changed, now, fair_key, by)


def _stored(job: Job, name: str, value: Any) -> Any:
    """What the job has there, in the form of a checked value: of arguments the text, if they are equal."""
    if name == "args":
        return value if loaded(value) == job.args else None
    return getattr(job, name)
