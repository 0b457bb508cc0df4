"""Rescue: what becomes of the jobs of dead workers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, true, update

from ..database.tables import ATTEMPTS, JOBS, WORKERS
from ..states import CANCELLED, FAILED, FINAL, QUEUED, RUNNING
from . import counters, finals, parking
from .events import Event, record
from .runs import limit_keys

_J = JOBS.c
_A = ATTEMPTS.c
_W = WORKERS.c
MOST_CRASHES: Final = 3
"""The crash with this number fails the job with WorkerLost."""

_ORPHAN = select(_J.id).where(_J.claim.is_not(None), _J.worker.not_in(select(_W.id))).limit(1)
_ORPHAN_COLUMNS = (
    _J.id, _J.task, _J.claim, _J.run, _J.attempt, _J.crashes, _J.on_interrupt, _J.worker,
    _J.cancel_requested_at, _J.started_at, _J.prefetched, _J.limit_key, _J.queue_key, _J.unique_key,
    _J.awaited, _J.batch_id,
)  # fmt: skip
_ORPHANS = (
    select(*_ORPHAN_COLUMNS)
    .where(_J.claim.is_not(None), _J.worker.not_in(select(_W.id)))
    .limit(bindparam("most"))
    # What is locked is being completed, claimed or rescued by somebody at this moment.
    .with_for_update(of=JOBS, skip_locked=True)
)
_ENDED = (
    update(JOBS)
    .where(_J.id == bindparam("job_id"), _J.state == RUNNING, _J.claim == bindparam("token"))
    .values(claim=None, version=_J.version + 1)
)
_ONE_CRASH = _ENDED.values(crashes=_J.crashes + 1)
_RESCUE = {
    "released": _ENDED.values(state=QUEUED, due=true(), rerun=true()),
    "rescued": _ONE_CRASH.values(state=QUEUED, due=true(), rerun=true()),
    "failed": _ONE_CRASH.values(state=FAILED, finished_at=bindparam("ended"), error=bindparam("failure")),
    "cancelled": _ONE_CRASH.values(state=CANCELLED, finished_at=bindparam("ended")),
}
_TARGET = {"released": QUEUED, "rescued": QUEUED, "failed": FAILED, "cancelled": CANCELLED}
_LOST = (
    update(ATTEMPTS)
    .where(_A.job_id == bindparam("id_of_job"), _A.run == bindparam("run_no"), _A.outcome.is_(None))
    .values(outcome=bindparam("how"), finished_at=bindparam("ended"), error=bindparam("failure"))
)


def has_orphans(conn: Connection) -> bool:
    """Whether a running job's owner has no row; reads only."""
    return conn.execute(_ORPHAN).first() is not None


def rescue(conn: Connection, now: datetime, limit: int = 100) -> dict[str, str]:
    """Take up to `limit` running jobs from owners that have no row: id → what became of it.

    So of what waited for one of them and was cancelled.
    A crash spends no attempt; it is counted where the run had begun, and the third one fails the job with
    WorkerLost (so does the first one of a task that is at most once). What only waited for a thread is
    released; if it had begun unseen, the next crash counts, because a rerun is never prefetched.
    """
    orphans = _still_orphans(conn, conn.execute(_ORPHANS, {"most": limit}).all())
    verbs = {row.id: _verb(row) for row in orphans}
    for verb, statement in _RESCUE.items():
        if rows := [_values(row, verb, now) for row in orphans if verbs[row.id] == verb]:
            applied = conn.execute(statement, rows).rowcount
            assert applied == len(rows), f"{verb}: an orphan changed under our lock"
    if orphans:
        conn.execute(_LOST, [_attempt_values(row, verbs[row.id], now) for row in orphans])
        record(conn, now, (_event(row, verbs[row.id]) for row in orphans))
        counters.add_verbs(conn, [(row.task, verbs[row.id]) for row in orphans])
        ended = [row for row in orphans if _is_final(verbs[row.id])]
        followers = finals.follow(conn, [finals.Final.of(row, _TARGET[verbs[row.id]]) for row in ended], now)
        verbs |= dict.fromkeys(followers, "cancelled")
        parking.release(conn, [key for row in orphans for key in limit_keys(row)], now)
    return verbs


def _still_orphans(conn: Connection, locked: Sequence[Any]) -> list[Any]:
    """Whose owners still have no row: a job may be claimed by a new worker while we wait for its lock."""
    owners = {row.worker for row in locked}
    alive = set(conn.scalars(select(_W.id).where(_W.id.in_(owners)))) if owners else set()
    return [row for row in locked if row.worker not in alive]


def _verb(row: Any) -> str:
    has_begun = not row.prefetched or row.started_at is not None
    if row.on_interrupt == "fail" or (has_begun and row.crashes + 1 >= MOST_CRASHES):
        return "failed"
    if row.cancel_requested_at is not None:
        return "cancelled"
    return "rescued" if has_begun else "released"


def _values(row: Any, verb: str, now: datetime) -> dict[str, Any]:
    values = {"job_id": row.id, "token": row.claim}
    if _is_final(verb):
        values["ended"] = now
    if verb == "failed":
        values["failure"] = _failure(row)
    return values


def _attempt_values(row: Any, verb: str, now: datetime) -> dict[str, Any]:
    is_lost = verb != "released"
    return {
        "id_of_job": row.id, "run_no": row.run, "ended": now,
        "how": "lost" if is_lost else verb, "failure": _failure(row) if is_lost else None,
    }  # fmt: skip


def _is_final(verb: str) -> bool:
    return _TARGET[verb] in FINAL


def _event(row: Any, verb: str) -> Event:
    return Event(row.id, verb, RUNNING, _TARGET[verb], row.attempt, row.worker, "WorkerLost")


def _failure(row: Any) -> str:
    message = f"worker {row.worker} died while it had claimed the job (crash {row.crashes + 1})"
    return json.dumps({"type": "WorkerLost", "message": message})
