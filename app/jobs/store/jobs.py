"""The verbs that people use on jobs: enqueue, cancel, retry, delete, prune."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, or_, select, update

from ..database.dialect import Dialect
from ..database.statements import BoundStatement, InsertStatement, execute_all
from ..database.supported import dialect_of
from ..database.tables import ATTEMPTS, DEPENDENCIES, EVENTS, JOBS, TAGS
from ..database.transactions import AnyConnection
from ..ids import first_id_at
from ..options import STORED
from ..states import CANCELLABLE, CANCELLED, FINAL, QUEUED, RUNNING, SCHEDULED, WAITING
from . import counters, finals
from .events import SUBMITTED, Event, record

_J = JOBS.c
_D = DEPENDENCIES.c
_INSERT = InsertStatement(
    JOBS, "id", "task", "state", "args", *STORED, "created_at", "run_at", "schedule_id", "fire_time",
    "batch_id", "app", "due", "wake_at", "attempt", "version", "run", "rerun", "crashes",
)  # fmt: skip
_TAGS: Final = tuple(STORED).index("tags")
_INSERT_TAG = InsertStatement(TAGS, "tag", "job_id")
_SEEN = (
    select(_J.id, _J.task, _J.state, _J.attempt, _J.worker, _J.awaited, _J.batch_id)
    .where(_J.id.in_(bindparam("ids", expanding=True)))
    .order_by(_J.id)  # locked in one order, so that those who delete the same jobs do not meet in a deadlock
    .with_for_update()
)


class NewJob(NamedTuple):
    """Everything that is known of a job at its submission; `args` is JSON text, times are UTC.

    `options` are the values of `options.STORED`, in that order and as their columns hold them. `app` is the
    one whose workers alone run it, None for all. `unmet` is for how many it waits of those that it depends
    on, `result_into` the argument that takes their results: for `dependencies.enqueue`.
    """

    id: str
    task: str
    args: str
    options: tuple[Any, ...]
    created_at: datetime
    run_at: datetime
    schedule_id: str | None = None
    fire_time: datetime | None = None
    batch_id: str | None = None
    app: str | None = None
    unmet: int = 0
    result_into: str | None = None

    @property
    def state(self) -> str:
        """waiting for those it depends on, scheduled where the time has not come, else queued."""
        if self.unmet:
            return WAITING
        return SCHEDULED if self.run_at > self.created_at else QUEUED


def enqueue(conn: AnyConnection, jobs: Sequence[NewJob]) -> None:
    """Submitted: the jobs, their tags and their first events, in the caller's transaction."""
    execute_all(conn, bind_enqueue(dialect_of(conn), jobs))


def bind_enqueue(dialect: Dialect, jobs: Sequence[NewJob]) -> list[BoundStatement]:
    """The statements of `enqueue`, to be executed in one transaction."""
    time = dialect.to_driver
    rows, events = [], []
    for job in jobs:
        created, state = time(job.created_at), job.state
        run_at = created if job.run_at is job.created_at else time(job.run_at)
        rows.append(_row(job, state, created, run_at, time(job.fire_time)))
        events.append((job.id, created, "submitted", state, 0))
    bound = [_INSERT.bind(rows), SUBMITTED.bind(events)]
    tagged = [(job.id, text) for job in jobs if (text := job.options[_TAGS]) != "[]"]
    if tags := [(tag, job_id) for job_id, text in tagged for tag in dict.fromkeys(json.loads(text))]:
        bound.append(_INSERT_TAG.bind(tags))
    return bound


def cancel(conn: Connection, job_id: str, now: datetime, reason: str | None = None) -> bool:
    """Cancel at once a job that does not run. Whether it did."""
    return bool(cancel_all(conn, [job_id], now, reason))


def cancel_all(conn: Connection, job_ids: Sequence[str], now: datetime, reason: str | None = None) -> int:
    """Cancel at once those of the jobs that do not run. How many there were."""
    seen = [row for row in conn.execute(_SEEN, {"ids": job_ids}) if row.state in CANCELLABLE]
    if not seen:
        return 0
    # Not `unmet`, above 0: one that somebody has cancelled does not wait again.
    _change(
        conn, seen, CANCELLED, due=False, wake_at=None, finished_at=now, cancel_requested_at=now, unmet=None
    )
    record(
        conn,
        now,
        [Event(row.id, "cancelled", row.state, CANCELLED, row.attempt, None, reason) for row in seen],
    )
    counters.add_verbs(conn, [(row.task, "cancelled") for row in seen])
    finals.follow(conn, [finals.cancelled(row) for row in seen], now)
    return len(seen)


def request_cancel(conn: Connection, job_id: str, now: datetime) -> bool:
    """Ask a running job to stop. Whether it runs; asking twice changes nothing."""
    if request_cancel_all(conn, [job_id], now):
        return True
    seen = _lock_one(conn, job_id)
    return seen is not None and seen.state == RUNNING


def request_cancel_all(conn: Connection, job_ids: Sequence[str], now: datetime) -> int:
    """Ask those of the jobs to stop that run and were not asked. How many there were."""
    asked = update(JOBS).where(_J.id.in_(job_ids), _J.state == RUNNING, _J.cancel_requested_at.is_(None))
    return conn.execute(asked.values(cancel_requested_at=now, version=_J.version + 1)).rowcount


def retry(conn: Connection, job_id: str, now: datetime, reason: str | None = None) -> bool:
    """Queue a final job once more: goes on counting and allows one more attempt. Whether it did."""
    return bool(retry_all(conn, [job_id], now, reason))


def retry_all(conn: Connection, job_ids: Sequence[str], now: datetime, reason: str | None = None) -> int:
    """Queue those of the jobs that are final once more, as `retry`. How many there were."""
    seen = [row for row in conn.execute(_SEEN, {"ids": job_ids}) if row.state in FINAL]
    if not seen:
        return 0
    one_more = case((_J.max_attempts > _J.attempt, _J.max_attempts), else_=_J.attempt + 1)
    _change(
        conn, seen, QUEUED, due=True, run_at=now, started_at=None, finished_at=None, cancel_requested_at=None,
        result=None, max_attempts=one_more, rerun=False, crashes=0, worker=None, progress=None, unmet=None,
    )  # fmt: skip
    record(
        conn, now, [Event(row.id, "retried", row.state, QUEUED, row.attempt, None, reason) for row in seen]
    )
    finals.go_on(conn, [finals.Final(row.id, row.state, row.awaited, row.batch_id) for row in seen], now)
    return len(seen)


def delete_final(conn: Connection, job_ids: Sequence[str]) -> int:
    """Delete those of the jobs that are final, with their history. How many there were."""
    gone = [row.id for row in conn.execute(_SEEN, {"ids": job_ids}) if row.state in FINAL]
    for table in (ATTEMPTS, EVENTS, TAGS):
        conn.execute(delete(table).where(table.c.job_id.in_(gone)))
    conn.execute(delete(DEPENDENCIES).where(or_(_D.job_id.in_(gone), _D.depends_on.in_(gone))))
    return (
        conn.execute(delete(JOBS).where(JOBS.c.id.in_(gone), JOBS.c.state.in_(FINAL))).rowcount if gone else 0
    )


def prune(conn: Connection, states: Iterable[str], before: datetime, limit: int = 500) -> int:
    """Delete up to `limit` jobs of `states` that ended before `before`. How many there were."""
    old = (
        select(_J.id)
        # Nothing ends before it was made, and ids are made in the order of time: the index bounds the scan.
        .where(_J.state.in_(list(states)), _J.id < first_id_at(before), _J.finished_at < before)
        .order_by(_J.id)
        .limit(limit)
    )
    ids = list(conn.scalars(old))
    return delete_final(conn, ids) if ids else 0


def _row(job: NewJob, state: str, created: Any, run_at: Any, fire_time: Any) -> tuple[Any, ...]:
    """The values of _INSERT, in its order; times as the driver takes them."""
    return (
        job.id, job.task, state, job.args, *job.options, created, run_at,
        job.schedule_id, fire_time, job.batch_id, job.app, state == QUEUED,
        run_at if state == SCHEDULED else None, 0, 1, 0, False, 0,
    )  # fmt: skip


def _lock_one(conn: Connection, job_id: str) -> Any:
    return conn.execute(_SEEN, {"ids": [job_id]}).one_or_none()


def _change(conn: Connection, seen: Sequence[Any], state: str, **values: Any) -> None:
    """The guarded statement: applies only from the states that were seen under the lock."""
    guarded = update(JOBS).where(
        _J.id.in_([row.id for row in seen]), _J.state.in_({row.state for row in seen})
    )
    applied = conn.execute(guarded.values(state=state, version=_J.version + 1, **values)).rowcount
    assert applied == len(seen), "a job left its state under our lock"
