"""Submissions with unique keys: each job is stored, or stands for another, or changes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from ..database.transactions import AnyConnection
from ..errors import TransactionConflict, UniqueConflict
from . import unique_keys
from .new_jobs import NewJob, enqueue
from .replacement import replace
from .unique_keys import MOST_TRIES, UniqueKey, Wanted

Outcome = Literal["stored", "replaced", "existing"]


class Placement(NamedTuple):
    """Which job a submission has led to: one that was stored or replaced by it, or one that was there."""

    job_id: str
    outcome: Outcome


def place(conn: AnyConnection, made: Sequence[NewJob], now: datetime) -> list[Placement]:
    """Submitted or replaced: what becomes of each of the jobs, in the caller's transaction.

    Of those with one key among them the first is it, with `replace` the last. Raises UniqueConflict, and
    nothing is done; TransactionConflict.
    """
    unique = _one_of_each_key(made)
    wanted = {key: Wanted(job.id, of.expires_at) for key, (job, of) in unique.items()}
    holders = unique_keys.take(conn, wanted, now) if wanted else {}
    _refuse_rejected(conn, unique, holders)
    placed = {
        key: _place(conn, job, of, holders[key], now) for key, (job, of) in sorted(unique.items())
    }  # fmt: skip
    placements = [
        Placement(job.id, "stored") if job.unique is None else placed[job.unique.key] for job in made
    ]
    if new := [job for job, at in zip(made, placements, strict=True) if at == (job.id, "stored")]:
        enqueue(conn, new)
    return placements


_Unique = Mapping[str, tuple[NewJob, UniqueKey]]


def _one_of_each_key(made: Sequence[NewJob]) -> _Unique:
    found: dict[str, tuple[NewJob, UniqueKey]] = {}
    for job in made:
        if (of := job.unique) is None:
            continue
        if of.key not in found or of.on_conflict == "replace":
            found[of.key] = job, of
        elif of.on_conflict == "reject":
            raise _conflict(found[of.key][0].id)
    return found


def _refuse_rejected(conn: AnyConnection, unique: _Unique, holders: Mapping[str, str]) -> None:
    for key, (job, of) in unique.items():
        if of.on_conflict == "reject" and holders[key] != job.id:
            # The transaction may be the caller's, who may go on with it: what was taken is given back.
            unique_keys.remove(conn, [job.id for job, _ in unique.values()])
            raise _conflict(holders[key])


def _place(conn: AnyConnection, job: NewJob, of: UniqueKey, holder: str, now: datetime) -> Placement:
    for _ in range(MOST_TRIES):
        if holder == job.id:
            return Placement(job.id, "stored")
        if of.on_conflict != "replace":
            return Placement(holder, "existing")
        if unique_keys.lock(conn, of.key, holder):
            return _replace(conn, job, of, holder, now)
        holder = unique_keys.take(conn, {of.key: Wanted(job.id, of.expires_at)}, now)[of.key]
    raise TransactionConflict()


def _replace(conn: AnyConnection, job: NewJob, of: UniqueKey, holder: str, now: datetime) -> Placement:
    if replace(conn, holder, job, now):
        if of.expires_at is not None:
            unique_keys.hand_over(conn, of.key, holder, Wanted(holder, of.expires_at))
        return Placement(holder, "replaced")
    # It has begun, with the arguments of before: the last ones are to run as well.
    unique_keys.hand_over(conn, of.key, holder, Wanted(job.id, of.expires_at))
    return Placement(job.id, "stored")


def _conflict(holder: str) -> UniqueConflict:
    return UniqueConflict(f"the job {holder} has this unique key already", holder)
