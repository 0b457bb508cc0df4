"""Fire times of tasks whose jobs are unique: which of them get a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from ..store import placement
from ..store.fires import Decision, Move
from ..store.new_jobs import NewJob
from ..store.placement import Placement


def place(conn: Connection, moves: Sequence[Move], made: Sequence[NewJob], now: datetime) -> list[Move]:
    """Submit the jobs of the moves; returns these with what was decided by their unique keys.

    A fire time whose key is taken is skipped; one that replaces a job has that one. Nobody is there to be
    told of a conflict: `reject` is as `return`.
    """
    placements = placement.place(conn, [_without_reject(job) for job in made], now)
    placed = {job.id: at for job, at in zip(made, placements, strict=True)}
    return [
        replace(move, decisions=[_decided(decision, placed) for decision in move.decisions]) for move in moves
    ]


def _without_reject(job: NewJob) -> NewJob:
    if job.unique is None or job.unique.on_conflict != "reject":
        return job
    return job._replace(unique=job.unique._replace(on_conflict="return"))


def _decided(decision: Decision, placed: Mapping[str, Placement]) -> Decision:
    if decision.job_id is None:
        return decision
    job_id, outcome = placed[decision.job_id]
    if job_id == decision.job_id or outcome == "replaced":
        return replace(decision, job_id=job_id)
    reason = f"the job {job_id} has the unique key of this one"
    return replace(decision, decision="skipped", job_id=None, reason=reason)
