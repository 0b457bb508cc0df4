"""Jobs on their way into the database, and what a submission has led to."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

from ..database.statements import BoundStatement
from ..database.transactions import AnyConnection
from ..errors import TransactionConflict
from ..job import Job
from ..store import dependencies, new_jobs, queries
from ..store.dependencies import Step
from ..store.new_jobs import NewJob
from ..store.placement import Outcome
from ..store.snapshots import as_submitted

Also = Callable[[Sequence[str]], list[BoundStatement]]
"""Returns what is to be committed with jobs of these ids."""


class Submitted(NamedTuple):
    """The job that a submission has led to: stored by it, replaced by it, or the one that has its key."""

    job: Job
    outcome: Outcome

    @property
    def is_new(self) -> bool:
        """Whether the job was not there before."""
        return self.outcome == "stored"


def nothing(_ids: Sequence[str]) -> list[BoundStatement]:
    """Nothing else is to be committed."""
    return []


def are_unique(made: Sequence[NewJob]) -> bool:
    """Whether any of the jobs is to have a unique key, so that it must not be stored blindly."""
    return any(new.unique is not None for new in made)


def are_plain(steps: Sequence[Step]) -> bool:
    """Whether all jobs can be enqueued as they are: none has a unique key or a callback, or depends on
    anything.
    """
    # A loop, as each submission passes through it: a generator for each question would cost it twice as much.
    for step in steps:
        if step.batch is not None:
            return False
        for new in step.jobs:
            if new.unique is not None or new.callback_url is not None or dependencies.is_dependent(new):
                return False
    return True


def as_stored(made: Sequence[NewJob]) -> list[Submitted]:
    """What it has led to that the jobs were stored just now."""
    return [Submitted(as_submitted(new), "stored") for new in made]


def store(conn: AnyConnection, steps: Sequence[Step], now: datetime) -> list[Submitted]:
    """Submit the jobs in the caller's transaction.

    Raises UniqueConflict, TransactionConflict, UnknownParents.
    """
    made = [new for step in steps for new in step.jobs]
    if are_plain(steps):
        new_jobs.enqueue(conn, made)
        return as_stored(made)
    placements = dependencies.enqueue(conn, steps, now)
    # Others decide about the state of what depends on them.
    ids = [
        at.job_id
        for new, at in zip(made, placements, strict=True)
        if at != (new.id, "stored") or dependencies.is_dependent(new)
    ]
    found = queries.jobs_by_id(conn, ids)
    found.update((new.id, as_submitted(new)) for new in made if new.id not in found)
    if not all(at.job_id in found for at in placements):  # it was over, and is deleted by now
        raise TransactionConflict()
    return [Submitted(found[at.job_id], at.outcome) for at in placements]
