"""Where a waiting job stands: what is claimed before it, and what occupies the threads or the limit it needs.

Nothing here reads more rows than it is told, however many wait.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select, tuple_

from ..database.tables import JOBS, RATE_CLAIMS, STUCK_RUNS
from ..job import Job

_J = JOBS.c
_R = RATE_CLAIMS.c
_PLACE: Final = (_J.priority, _J.run_at, _J.id)
_OCCUPANT: Final = (_J.id, _J.task, _J.started_at, _J.prefetched)


class Ahead(NamedTuple):
    """A due job that is before another one; `app` is the one whose workers alone run it, None for any."""

    id: str
    task: str
    app: str | None


class Occupant(NamedTuple):
    """A run that goes on. One that `is_in_line` was prefetched, and waits for a thread of its worker."""

    id: str
    task: str
    started_at: datetime | None
    is_in_line: bool


def due_ahead(
    conn: Connection, job: Job, before: Iterable[str], beside: Iterable[str], most: int
) -> list[Ahead]:
    """The due jobs that are claimed before `job`, in that order, `most` at most.

    These are all jobs of the queues `before`, and of those `beside` it what has its place before the job.
    """
    found: list[Any] = []
    for queue in before:
        if len(found) < most:
            found += conn.execute(_in_order(_J.due, _J.queue == queue).limit(most - len(found)))
    rest = [
        row
        for queue in beside
        if len(found) < most
        for row in conn.execute(_in_order(_J.due, _J.queue == queue, _is_before(job)).limit(most))
    ]
    rest.sort(key=lambda row: (row.priority, row.run_at, row.id))
    return [Ahead(row.id, row.task, row.app) for row in (*found, *rest)][:most]


def parked_ahead(conn: Connection, job: Job, key: str, most: int) -> list[Ahead]:
    """The jobs that are parked under `key` and let go before `job`, in that order, `most` at most."""
    rows = conn.execute(_in_order(_J.parked == key, _is_before(job)).limit(most))
    return [Ahead(row.id, row.task, row.app) for row in rows]


def running_on(conn: Connection, workers: Collection[str], most: int) -> list[Occupant]:
    """The runs of these workers that go on, `most` at most."""
    of_workers = select(*_OCCUPANT).where(_J.claim.is_not(None), _J.worker.in_(workers))
    return _occupants(conn.execute(of_workers.limit(most)))


def holders(conn: Connection, counts_as: str, key: str, most: int) -> list[Occupant]:
    """The runs that a limit counts under `key`, those of stuck threads included, `most` at most of either.

    `counts_as` names the column that has its key: limit_key or queue_key.
    """
    has_key = _J[counts_as] == key
    running = conn.execute(
        select(*_OCCUPANT).where(has_key, _J[counts_as].is_not(None), _J.claim.is_not(None)).limit(most)
    )
    stuck = conn.execute(select(*_OCCUPANT).where(STUCK_RUNS.c.job_id == _J.id, has_key).limit(most))
    return _occupants(sorted([*running, *stuck], key=lambda row: row.id))


def claims_since(conn: Connection, key: str, since: datetime, most: int) -> int:
    """How many claims a rate counts under `key`; of more than `most` moments at least so many."""
    window = select(_R["count"]).where(_R.key == key, _R.at >= since).limit(most).subquery()
    return conn.scalar(select(func.sum(window.c["count"]))) or 0


def _in_order(*conditions: ColumnElement[bool]) -> Select[Any]:
    return select(_J.id, _J.task, _J.app, _J.priority, _J.run_at).where(*conditions).order_by(*_PLACE)


def _is_before(job: Job) -> ColumnElement[bool]:
    return tuple_(*_PLACE) < tuple_(job.priority, literal(job.run_at, _J.run_at.type), job.id)


def _occupants(rows: Iterable[Any]) -> list[Occupant]:
    return [
        Occupant(id, task, started_at, bool(is_prefetched) and started_at is None)
        for id, task, started_at, is_prefetched in rows
    ]
