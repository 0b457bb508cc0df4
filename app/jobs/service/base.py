"""What the use cases share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

from ..clock import Clock
from ..config import Settings
from ..database.database import Database
from ..database.notifier import Notices
from ..database.writes import Write
from ..errors import JobNotFound
from ..job import Job, Stamp
from ..states import QUEUED
from ..store import jobs
from ..store.batched_reads import Looks
from ..store.group_commit import Commits
from ..store.jobs import NewJob
from ..tasks.registry import Registry
from .backlog import Backlog
from .job_factory import Submitter

T = TypeVar("T")


class Host(Protocol):
    """The process that the use cases run in; told of what concerns its threads."""

    def submitted(self, job_ids: Iterable[str]) -> None:
        """Jobs were committed."""

    def cancel_requested(self, job_id: str) -> None:
        """A running job was asked to stop."""

    def schedules_changed(self) -> None:
        """A schedule was stored, resumed or removed."""

    def thread_problems(self) -> dict[str, str]:
        """What is wrong with the threads of this process, by name; empty where all is well."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every use case needs. `host_db` is the app's Flask-SQLAlchemy, if it has one."""

    database: Database
    commits: Commits
    looks: Looks[Job]
    stamps: Looks[Stamp]
    registry: Registry
    settings: Settings
    clock: Clock
    notices: Notices
    submitter: Submitter
    backlog: Backlog
    host: Host
    host_db: Any


class UseCases:
    """Base of the use cases."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def get(self, job_id: str) -> Job:
        """The job; raises JobNotFound."""
        return self._explained(_found(self._parts.looks.get(job_id), job_id))

    def stamp(self, job_id: str) -> Stamp:
        """What tells whether the job has changed; raises JobNotFound."""
        return _found(self._parts.stamps.get(job_id), job_id)

    def _enqueue(self, made: Sequence[NewJob], *more: Write) -> None:
        """Commit the jobs, and whatever else is to be committed with them, and tell the host."""
        parts = self._parts
        parts.commits.commit([*jobs.submitted(parts.database.engine.dialect, made), *more])
        parts.host.submitted([new.id for new in made])

    def _explained(self, job: Job) -> Job:
        """The job with the reason why it waits, where there is one."""
        if job.state == QUEUED and job.task not in self._parts.registry.tasks:
            return replace(job, waiting_reason=f"no task is named {job.task!r} in this process")
        return job


def _found(seen: T | None, job_id: str) -> T:
    if seen is None:
        raise JobNotFound(f"no job has the id {job_id!r}; it may have been deleted or pruned")
    return seen
