"""Jobs with unique keys on their way into the database, and what a submission has led to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ..database.transactions import AnyConnection
from ..errors import TransactionConflict
from ..job import Job
from ..store import jobs, queries
from ..store.jobs import NewJob
from ..store.placement import Outcome, place
from ..store.snapshots import as_submitted


class Submitted(NamedTuple):
    """The job that a submission has led to: stored by it, replaced by it, or the one that has its key."""

    job: Job
    outcome: Outcome

    @property
    def is_new(self) -> bool:
        """Whether the job was not there before."""
        return self.outcome == "stored"


def are_unique(made: Sequence[NewJob]) -> bool:
    """Whether any of the jobs is to have a unique key, so that it must not be stored blindly."""
    return any(new.unique is not None for new in made)


def as_stored(made: Sequence[NewJob]) -> list[Submitted]:
    """What it has led to that the jobs were stored just now."""
    return [Submitted(as_submitted(new), "stored") for new in made]


def store(conn: AnyConnection, made: Sequence[NewJob], now: datetime) -> list[Submitted]:
    """Submit the jobs in the caller's transaction. Raises UniqueConflict, TransactionConflict."""
    if not are_unique(made):
        jobs.enqueue(conn, made)
        return as_stored(made)
    placements = place(conn, made, now)
    ids = [at.job_id for new, at in zip(made, placements, strict=True) if at != (new.id, "stored")]
    found = queries.jobs_by_id(conn, ids)
    found.update((new.id, as_submitted(new)) for new in made if new.id not in found)
    if not all(at.job_id in found for at in placements):  # it was over, and is deleted by now
        raise TransactionConflict()
    return [Submitted(found[at.job_id], at.outcome) for at in placements]
