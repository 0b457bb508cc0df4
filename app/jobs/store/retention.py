"""How long finished jobs are kept where their tasks say so, and results that go before their jobs.

A task's retention is stored by its name, not with each job: every process keeps to it, also one that does
not know the task, and a job has nothing more to be stored and no further index to be entered in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Select, delete, select, update

from ..database.statements import Statement
from ..database.supported import dialect_of
from ..database.tables import JOBS, RETENTIONS
from ..states import SUCCEEDED
from .distinct import distinct_values

_J = JOBS.c
_R = RETENTIONS.c
# As the partial index says it: its jobs alone are read.
_HAS_RESULT: Final = (_J.keep_result_for.is_not(None), _J.result.is_not(None))
_KEPT_FOR: Final = Statement(distinct_values(_J.keep_result_for, *_HAS_RESULT))
_TASKS: Final = Statement(distinct_values(_J.task))


def declare(conn: Connection, app: str, retentions: Mapping[str, float | None]) -> None:
    """Store the retention of each task that `app` knows, in seconds; None: as JOBS_RETENTION says.

    Of apps that have tasks of the same name the last one to say a number counts.
    """
    stored = {row.task: (row.app, row.seconds) for row in conn.execute(select(RETENTIONS))}
    for task, seconds in retentions.items():
        said_by, known = stored.get(task, (None, None))
        if seconds is None and said_by == app:
            conn.execute(delete(RETENTIONS).where(_R.task == task))
        elif seconds is not None and (said_by, known) != (app, seconds):
            given = dialect_of(conn).insert(RETENTIONS).values(task=task, app=app, seconds=seconds)
            changed = {"app": given.excluded.app, "seconds": given.excluded.seconds}
            conn.execute(given.on_conflict_do_update(index_elements=[_R.task], set_=changed))


def of_tasks(conn: Connection) -> dict[str, timedelta]:
    """The retention of each task that has one of its own."""
    return {row.task: timedelta(seconds=row.seconds) for row in conn.execute(select(RETENTIONS))}


def tasks_with_jobs(conn: Connection) -> list[str]:
    """The names of the tasks that there are jobs of."""
    return [row.value for row in _TASKS.rows(conn)]


def has_result(conn: Connection, job_id: str) -> bool:
    """Whether what its task returned is still there; that may be None."""
    kept = select(_J.id).where(_J.id == job_id, _J.result.is_not(None))
    return conn.execute(kept).first() is not None


def has_expired_results(conn: Connection, now: datetime) -> bool:
    """Whether `clear_results` has something to do; reads only."""
    return any(conn.execute(query.limit(1)).first() for query in _expired(conn, now))


def clear_results(conn: Connection, now: datetime, limit: int) -> int:
    """Forget up to `limit` results of jobs that ended longer ago than `keep_result_for`. How many."""
    cleared = 0
    for query in _expired(conn, now):
        ids = list(conn.scalars(query.limit(limit - cleared).with_for_update(skip_locked=True)))
        kept = update(JOBS).where(_J.id.in_(ids), _J.state == SUCCEEDED)
        cleared += conn.execute(kept.values(result=None, version=_J.version + 1)).rowcount if ids else 0
    return cleared


def _expired(conn: Connection, now: datetime) -> list[Select[Any]]:
    """For each `keep_result_for` that jobs have: those that ended longer ago, in the order of the index."""
    ready = select(_J.id).where(*_HAS_RESULT).order_by(_J.finished_at)
    return [
        ready.where(_J.keep_result_for == row.value, _J.finished_at < now - timedelta(seconds=row.value))
        for row in _KEPT_FOR.rows(conn)
    ]
