"""Claiming: from due to running, under a fresh token that fences the run."""

from __future__ import annotations

import functools
import secrets
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Insert,
    Update,
    bindparam,
    case,
    false,
    func,
    insert,
    literal,
    select,
    true,
    update,
)

from ..columns import Id, Time
from ..models import ATTEMPTS, EVENTS, JOBS
from ..states import CLAIMABLE, RUNNING
from .given import as_given, given_ids, unindexed

SUSPECT_AFTER: Final = 2
"""From this many crashes on a job runs alone, so that a poison job takes no neighbour with it."""

_J = JOBS.c
_WANTED = (
    _J.id, _J.task, _J.queue, _J.args, _J.state, _J.priority, _J.run_at, _J.attempt, _J.max_attempts,
    _J.timeout, _J.run, _J.rerun, _J.crashes,
)  # fmt: skip
_HEAD = (
    select(*_WANTED)
    .where(_J.due, _J.queue == bindparam("queue"), _J.task.in_(bindparam("tasks", expanding=True)))
    .where(_J.crashes < bindparam("too_many"))
    .order_by(_J.priority, _J.run_at, _J.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_ANY = (
    select(_J.id)
    .where(_J.due, _J.queue == bindparam("queue"), _J.task.in_(bindparam("tasks", expanding=True)))
    .limit(1)
)
_FIRST = select(func.min(_J.queue).label("queue")).where(_J.due)
_HOP = _FIRST.cte("hop", recursive=True)
_HOPS = _HOP.union_all(
    select(_FIRST.where(_J.queue > _HOP.c.queue).scalar_subquery()).where(_HOP.c.queue.is_not(None))
)
_QUEUES = select(_HOPS.c.queue).where(_HOPS.c.queue.is_not(None))
_WAKE = update(JOBS).where(_J.wake_at <= bindparam("now")).values(due=true(), wake_at=None)
_NEXT = select(_J.wake_at).where(_J.wake_at.is_not(None)).order_by(_J.wake_at).limit(1)
_NEXT_ATTEMPT = case((_J.rerun, _J.attempt), else_=_J.attempt + 1)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a job once. `token` fences every write of this run; `args` is JSON text."""

    id: str
    task: str
    queue: str
    args: str
    attempt: int
    max_attempts: int
    timeout: float | None
    run: int
    worker: str
    token: str
    claimed_at: datetime
    crashes: int = 0

    @property
    def is_suspect(self) -> bool:
        """Whether it killed its process often enough that it must run alone."""
        return self.crashes >= SUSPECT_AFTER


def wake(conn: Connection, now: datetime) -> int:
    """Mark scheduled and retrying jobs whose time has come as due. How many there were."""
    return conn.execute(_WAKE, {"now": now}).rowcount


def next_due(conn: Connection) -> datetime | None:
    """When the next scheduled or retrying job comes due."""
    return conn.scalar(_NEXT)


def anything_due(conn: Connection, queues: Iterable[str], tasks: Collection[str]) -> bool:
    """Whether a claim would find something; reads only."""
    return any(conn.scalar(_ANY, {"queue": queue, "tasks": tasks}) is not None for queue in queues)


def queues_due(conn: Connection) -> list[str]:
    """The queues that have due jobs, by hopping over the index from one to the next."""
    return list(conn.scalars(_QUEUES))


def candidates(
    conn: Connection, queues: Iterable[str], tasks: Collection[str], most: int, too_many_crashes: int = 1_000
) -> Sequence[Any]:
    """The first `most` due jobs in claiming order, locked: by priority, then due time, then id."""
    values = {"tasks": tasks, "most": most, "too_many": too_many_crashes}
    rows: list[Any] = []
    for queue in queues:
        rows += conn.execute(_HEAD, {**values, "queue": queue}).all()
    rows.sort(key=lambda row: (row.priority, row.run_at, row.id))
    return rows[:most]


def the_job(conn: Connection, job_id: str) -> Sequence[Any]:
    """That job as a candidate, due or not; nothing where it cannot be claimed."""
    return conn.execute(
        select(*_WANTED).where(_J.id == job_id, _J.state.in_(CLAIMABLE)).with_for_update()
    ).all()


def claim(conn: Connection, rows: Sequence[Any], worker: str, engine: str, now: datetime) -> list[Claim]:
    """Claimed: the candidates `rows` become running jobs of `worker`, each with a new attempt row."""
    if not rows:
        return []
    token = secrets.token_hex(16)
    values = {**as_given((row.id,) for row in rows), "now": now, "worker_id": worker}
    note, take, begin = _statements(conn.dialect.name)
    conn.execute(note, values)
    applied = conn.execute(take, {**values, "token": token, "engine_name": engine}).rowcount
    assert applied == len(rows), "a candidate changed under our lock"
    conn.execute(begin, values)
    return [_claim_of(row, worker, token, now) for row in rows]


@functools.cache
def _statements(dialect: str) -> tuple[Insert, Update, Insert]:
    """The event rows, which read the states that are left; the claim; and the attempt rows."""
    here = _J.id.in_(given_ids(dialect))
    me, now = bindparam("worker_id", type_=Id), bindparam("now", type_=Time)
    take = (
        update(JOBS)
        .where(here, unindexed(_J.state).in_(CLAIMABLE))
        .values(
            state=RUNNING, due=False, wake_at=None, claim=bindparam("token"), claimed_at=now,
            worker=me, engine=bindparam("engine_name"), started_at=None, progress=None,
            run=_J.run + 1, attempt=_NEXT_ATTEMPT, rerun=false(), version=_J.version + 1,
        )
    )  # fmt: skip
    seen = select(_J.id, now, literal("claimed"), _J.state, literal(RUNNING), _NEXT_ATTEMPT, me)
    note = insert(EVENTS).from_select(
        ["job_id", "at", "type", "from_state", "to_state", "attempt", "worker"], seen.where(here)
    )
    made = select(_J.id, _J.run, _J.attempt, me, now).where(here)
    begin = insert(ATTEMPTS).from_select(["job_id", "run", "attempt", "worker", "claimed_at"], made)
    return note, take, begin


def _claim_of(row: Any, worker: str, token: str, now: datetime) -> Claim:
    attempt = row.attempt if row.rerun else row.attempt + 1
    return Claim(
        row.id, row.task, row.queue, row.args, attempt, row.max_attempts, row.timeout, row.run + 1, worker,
        token, now, row.crashes,
    )  # fmt: skip
