"""The rows that an overview shows: what failed last, what runs, what fires next; and whether any has changed.

Each statement reads so many rows at most, however many jobs there are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, case, false, func, select

from ..database.dialect import Dialect
from ..database.statements import Statement
from ..database.tables import CONTROLS, EVENTS, JOBS, SCHEDULES, STUCK_RUNS, WORKERS
from ..states import FAILED
from . import queries

LONG: Final = 4_096
"""Characters of a stored error above which its message is not read."""

_J = JOBS.c
_S = SCHEDULES.c
_W = WORKERS.c


def _failed(dialect: Dialect) -> Select[Any]:
    error = case((func.length(_J.error) <= LONG, _J.error), else_=dialect.json_at(_J.error, ["type"]))
    columns = (_J.id, _J.task, _J.finished_at, error.label("error"))
    return select(*columns).where(_J.state == FAILED).order_by(_J.id.desc()).limit(bindparam("most"))


_FAILED: Final = Statement(_failed)
_RUNNING: Final = select(
    _J.id, _J.worker, _J.started_at, _J.claimed_at, _J.timeout, _J.version
).where(_J.claim.is_not(None))  # fmt: skip
# As the partial index says it: its schedules alone are read.
_LIVE: Final = (_S.paused == false(), _S.retired == false())
_NEXT: Final = select(_S.id, _S.task, _S.trigger, _S.next_fire_at).where(*_LIVE, _S.next_fire_at.is_not(None))
_MARKS: Final = select(
    select(func.max(EVENTS.c.id)).scalar_subquery().label("event"),
    select(func.sum(CONTROLS.c.version)).scalar_subquery().label("controls"),
    select(func.count()).select_from(STUCK_RUNS).scalar_subquery().label("stuck"),
    select(func.count()).select_from(SCHEDULES).scalar_subquery().label("schedules"),
    select(func.max(_S.updated_at)).scalar_subquery().label("changed_at"),
    select(func.min(_S.next_fire_at)).where(*_LIVE).scalar_subquery().label("next_fire_at"),
)
_WORKERS: Final = select(_W.id, _W.state, _W.threads, _W.queues, _W.tasks).order_by(_W.id)


def failed(conn: Connection, most: int) -> Sequence[Any]:
    """The jobs that have failed, the newest by creation first: id, task, finished_at, error.

    `error` is as it is stored, or the JSON of its type alone where it is LONG.
    """
    return _FAILED.rows(conn, most=most)


def running(conn: Connection) -> list[Any]:
    """The runs in progress, the oldest first: id, worker, started_at, timeout; as many as threads work."""
    # Sorted here: for an ORDER BY SQLite would read the whole table in that order.
    return sorted(conn.execute(_RUNNING), key=lambda row: (row.started_at or row.claimed_at, row.id))


def next_fires(conn: Connection, limit: int) -> Sequence[Any]:
    """The schedules that fire next, the soonest first: id, task, trigger, next_fire_at."""
    return conn.execute(_NEXT.order_by(_S.next_fire_at).limit(limit)).all()


def change_token(conn: Connection) -> str:
    """A digest that differs once anything is stored that the numbers are made of; heartbeats are not.

    Every transition is an event, and every progress a version of its job; what is deleted shows in the counts
    of states, as far as these go.
    """
    runs = [(row.id, row.version) for row in running(conn)]
    seen = [*conn.execute(_MARKS).one(), runs, conn.execute(_WORKERS).all(), queries.state_counts(conn)]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:16]
