"""Claiming: from due to running, under a fresh token that fences the run."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Connection,
    Insert,
    Select,
    Update,
    bindparam,
    case,
    false,
    func,
    insert,
    literal,
    or_,
    select,
    true,
    update,
)

from ..database.columns import Id, Time
from ..database.prepared import Prepared
from ..database.row_sets import as_given, given_texts, unindexed
from ..database.sqlite import Plain
from ..database.tables import ATTEMPTS, EVENTS, JOBS
from ..run import Run
from ..states import CLAIMABLE, RUNNING

SUSPECT_AFTER: Final = 2
"""From this many crashes on a job runs alone, so that a poison job takes no neighbour with it."""

_J = JOBS.c
_WANTED = (
    _J.id, _J.task, _J.queue, _J.args, _J.state, _J.priority, _J.run_at, _J.attempt, _J.max_attempts,
    _J.timeout, _J.run, _J.rerun, _J.crashes,
)  # fmt: skip


def _due(dialect: str, *columns: Any) -> Select[Any]:
    """Of the due jobs of a queue those whose tasks are known."""
    known = unindexed(_J.task).in_(given_texts(dialect, "tasks"))
    return select(*columns).where(_J.due, _J.queue == bindparam("queue"), known)


_HEAD = Prepared(
    lambda dialect: (
        _due(dialect, *_WANTED)
        .where(_J.crashes < bindparam("too_many"))
        .order_by(_J.priority, _J.run_at, _J.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True)
    )
)
_ANY = Prepared(lambda dialect: _due(dialect, _J.id).limit(1))
_FIRST = select(func.min(_J.queue).label("queue")).where(_J.due)
_HOP = _FIRST.cte("hop", recursive=True)
_HOPS = _HOP.union_all(
    select(_FIRST.where(_J.queue > _HOP.c.queue).scalar_subquery()).where(_HOP.c.queue.is_not(None))
)
_QUEUES = Prepared(select(_HOPS.c.queue).where(_HOPS.c.queue.is_not(None)))
_WAKE = Prepared(update(JOBS).where(_J.wake_at <= bindparam("now")).values(due=true(), wake_at=None))
_NEXT = Prepared(select(_J.wake_at).where(_J.wake_at.is_not(None)).order_by(_J.wake_at).limit(1))
_ME, _NOW = bindparam("worker_id", type_=Id), bindparam("now", type_=Time)
_NEXT_ATTEMPT = case((_J.rerun, _J.attempt), else_=_J.attempt + 1)


def wake(conn: Plain | Connection, now: datetime) -> int:
    """Mark scheduled and retrying jobs whose time has come as due. How many there were."""
    return _WAKE.apply(conn, now=now)


def next_due(conn: Plain | Connection) -> datetime | None:
    """When the next scheduled or retrying job comes due."""
    found: datetime | None = _NEXT.one(conn)
    return found


def anything_due(conn: Plain | Connection, queues: Iterable[str], tasks: Collection[str]) -> bool:
    """Whether a claim would find something; reads only."""
    names = as_given(tasks)
    return any(_ANY.rows(conn, queue=queue, tasks=names) for queue in queues)


def queues_due(conn: Plain | Connection) -> list[str]:
    """The queues that have due jobs, by hopping over the index from one to the next."""
    return [row.queue for row in _QUEUES.rows(conn)]


def candidates(
    conn: Plain | Connection, queues: Iterable[str], tasks: Collection[str], most: int,
    too_many_crashes: int = 1_000,
) -> Sequence[Any]:  # fmt: skip
    """The first `most` due jobs in claiming order, locked: by priority, then due time, then id."""
    names = as_given(tasks)
    rows: list[Any] = []
    for queue in queues:
        rows += _HEAD.rows(conn, queue=queue, tasks=names, most=most, too_many=too_many_crashes)
    rows.sort(key=lambda row: (row.priority, row.run_at, row.id))
    return rows[:most]


def the_job(conn: Connection, job_id: str) -> Sequence[Any]:
    """That job as a candidate, due or not; nothing where it cannot be claimed."""
    return conn.execute(
        select(*_WANTED).where(_J.id == job_id, _J.state.in_(CLAIMABLE)).with_for_update()
    ).all()


def claim(
    conn: Plain | Connection, rows: Sequence[Any], worker: str, engine: str, now: datetime
) -> list[Run]:
    """Claimed: the candidates `rows` become running jobs of `worker`, each with a new attempt row."""
    if not rows:
        return []
    token = secrets.token_hex(16)
    values = {"ids": as_given(row.id for row in rows), "now": now, "worker_id": worker}
    _NOTE.apply(conn, **values)
    applied = _TAKE.apply(conn, **values, token=token, engine_name=engine)
    assert applied == len(rows), "a candidate changed under our lock"
    _BEGIN.apply(conn, **values)
    return [_run_of(row, worker, token, now) for row in rows]


def _note(dialect: str) -> Insert:
    """The event rows; before the claim, because they read the states that it leaves."""
    seen = select(_J.id, _NOW, literal("claimed"), _J.state, literal(RUNNING), _NEXT_ATTEMPT, _ME)
    columns = ["job_id", "at", "type", "from_state", "to_state", "attempt", "worker"]
    return insert(EVENTS).from_select(columns, seen.where(_J.id.in_(given_texts(dialect, "ids"))))


def _take(dialect: str) -> Update:
    """The claim itself."""
    free = update(JOBS).where(
        _J.id.in_(given_texts(dialect, "ids")), or_(*(unindexed(_J.state) == state for state in CLAIMABLE))
    )
    return free.values(
        state=RUNNING, due=False, wake_at=None, claim=bindparam("token"), claimed_at=_NOW, worker=_ME,
        engine=bindparam("engine_name"), started_at=None, progress=None, run=_J.run + 1,
        attempt=_NEXT_ATTEMPT, rerun=false(), version=_J.version + 1,
    )  # fmt: skip


def _begin(dialect: str) -> Insert:
    """The attempt rows; after the claim, which counts the run."""
    made = select(_J.id, _J.run, _J.attempt, _ME, _NOW).where(_J.id.in_(given_texts(dialect, "ids")))
    return insert(ATTEMPTS).from_select(["job_id", "run", "attempt", "worker", "claimed_at"], made)


_NOTE, _TAKE, _BEGIN = Prepared(_note), Prepared(_take), Prepared(_begin)


def _run_of(row: Any, worker: str, token: str, now: datetime) -> Run:
    attempt = row.attempt if row.rerun else row.attempt + 1
    return Run(
        row.id, row.task, row.queue, row.args, attempt, row.max_attempts, row.timeout, row.run + 1, worker,
        token, now, row.crashes,
    )  # fmt: skip
