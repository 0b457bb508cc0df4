"""The verbs that people use on jobs: enqueue, cancel, retry, delete, prune."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, select, update

from ..database.dialect import Dialect
from ..database.statements import BoundStatement, InsertStatement, execute_all
from ..database.supported import dialect_of
from ..database.tables import ATTEMPTS, EVENTS, JOBS, TAGS
from ..database.transactions import AnyConnection
from ..errors import InvalidState
from ..ids import first_id_at
from ..options import STORED
from ..states import CANCELLABLE, CANCELLED, FINAL, QUEUED, RUNNING, SCHEDULED
from . import counters, finals, unique_keys
from .events import SUBMITTED, Event, record
from .unique_keys import UniqueKey, Wanted

_J = JOBS.c
_ALWAYS: Final = (
    "id", "task", "state", "args", *STORED, "created_at", "run_at", "schedule_id", "fire_time",
    "batch_id", "app", "due", "wake_at", "attempt", "version", "run", "rerun", "crashes",
)  # fmt: skip
_INSERT = InsertStatement(JOBS, *_ALWAYS)
_INSERT_LIMITED = InsertStatement(JOBS, *_ALWAYS, "unique_key", "expires_at")
"""For those that have one of the two: NULLs for all others would cost time."""
_TAGS: Final = tuple(STORED).index("tags")
_INSERT_TAG = InsertStatement(TAGS, "tag", "job_id")
_SEEN = (
    select(_J.id, _J.task, _J.state, _J.attempt, _J.worker, _J.app, _J.unique_key)
    .where(_J.id.in_(bindparam("ids", expanding=True)))
    .order_by(_J.id)  # locked in one order, so that those who delete the same jobs do not meet in a deadlock
    .with_for_update()
)


class NewJob(NamedTuple):
    """Everything that is known of a job at its submission; `args` is JSON text, times are UTC.

    `options` are the values of `options.STORED`, in that order and as their columns hold them. `app` is the
    one whose workers alone run it, None for all. `unique` is the key that it must have to be stored.
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
    expires_at: datetime | None = None
    unique: UniqueKey | None = None

    @property
    def state(self) -> str:
        """scheduled where the time has not come, else queued."""
        return SCHEDULED if self.run_at > self.created_at else QUEUED


def enqueue(conn: AnyConnection, jobs: Sequence[NewJob]) -> None:
    """Submitted: the jobs, their tags and their first events, in the caller's transaction."""
    execute_all(conn, bind_enqueue(dialect_of(conn), jobs))


def bind_enqueue(dialect: Dialect, jobs: Sequence[NewJob]) -> list[BoundStatement]:
    """The statements of `enqueue`, to be executed in one transaction."""
    time = dialect.to_driver
    rows, limited, events = [], [], []
    for job in jobs:
        created, state = time(job.created_at), job.state
        run_at = created if job.run_at is job.created_at else time(job.run_at)
        row = _row(job, state, created, run_at, time(job.fire_time))
        if job.unique is None and job.expires_at is None:
            rows.append(row)
        else:
            limited.append((*row, job.unique and job.unique.text, time(job.expires_at)))
        events.append((job.id, created, "submitted", state, 0))
    bound = [insert.bind(some) for insert, some in ((_INSERT, rows), (_INSERT_LIMITED, limited)) if some]
    return [*bound, SUBMITTED.bind(events), *bind_tags(jobs)]


def bind_tags(jobs: Sequence[NewJob]) -> list[BoundStatement]:
    """The statement that stores the tags of the jobs; none where they have none."""
    tagged = [(job.id, text) for job in jobs if (text := job.options[_TAGS]) != "[]"]
    tags = [(tag, job_id) for job_id, text in tagged for tag in dict.fromkeys(json.loads(text))]
    return [_INSERT_TAG.bind(tags)] if tags else []


def cancel(conn: Connection, job_id: str, now: datetime, reason: str | None = None) -> bool:
    """Cancel at once a job that does not run. Whether it did."""
    seen = _lock_one(conn, job_id)
    if seen is None or seen.state not in CANCELLABLE:
        return False
    _change(conn, seen, CANCELLED, due=False, wake_at=None, finished_at=now, cancel_requested_at=now)
    record(conn, now, [Event(job_id, "cancelled", seen.state, CANCELLED, seen.attempt, None, reason)])
    counters.add_verbs(conn, [(seen.task, "cancelled")])
    finals.follow(conn, [finals.Final(job_id, CANCELLED, seen.unique_key)], now)
    return True


def request_cancel(conn: Connection, job_id: str, now: datetime) -> bool:
    """Ask a running job to stop. Whether it runs; asking twice changes nothing."""
    asked = update(JOBS).where(_J.id == job_id, _J.state == RUNNING, _J.cancel_requested_at.is_(None))
    if conn.execute(asked.values(cancel_requested_at=now, version=_J.version + 1)).rowcount:
        return True
    seen = _lock_one(conn, job_id)
    return seen is not None and seen.state == RUNNING


def retry(conn: Connection, job_id: str, now: datetime, reason: str | None = None) -> bool:
    """Queue a final job once more: goes on counting and allows one more attempt. Whether it did.

    It has its unique key again until it is final; raises InvalidState where another job has that.
    """
    seen = _lock_one(conn, job_id)
    if seen is None or seen.state not in FINAL:
        return False
    if seen.unique_key is not None:
        _take_again(conn, seen, now)
    one_more = case((_J.max_attempts > _J.attempt, _J.max_attempts), else_=_J.attempt + 1)
    _change(
        conn, seen, QUEUED, due=True, run_at=now, started_at=None, finished_at=None, cancel_requested_at=None,
        result=None, max_attempts=one_more, rerun=False, crashes=0, worker=None, progress=None,
    )  # fmt: skip
    record(conn, now, [Event(job_id, "retried", seen.state, QUEUED, seen.attempt, None, reason)])
    return True


def delete_final(conn: Connection, job_ids: Sequence[str]) -> int:
    """Delete those of the jobs that are final, with their history. How many there were."""
    seen = [row for row in conn.execute(_SEEN, {"ids": job_ids}) if row.state in FINAL]
    gone = [row.id for row in seen]
    if unique := [row.id for row in seen if row.unique_key is not None]:
        unique_keys.remove(conn, unique)
    for table in (ATTEMPTS, EVENTS, TAGS):
        conn.execute(delete(table).where(table.c.job_id.in_(gone)))
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


def _take_again(conn: Connection, seen: Any, now: datetime) -> None:
    # Made anew, not kept: whoever has found its row to be over must not delete what is in force again.
    key = unique_keys.stored_key(seen.app, seen.task, seen.unique_key)
    unique_keys.forget(conn, key, seen.id)
    holder = unique_keys.take(conn, {key: Wanted(seen.id, None)}, now)[key]
    if holder != seen.id:
        raise InvalidState(
            f"the job is {seen.state}, and the job {holder} has its unique key now",
            seen.state,
        )


def _lock_one(conn: Connection, job_id: str) -> Any:
    return conn.execute(_SEEN, {"ids": [job_id]}).one_or_none()


def _change(conn: Connection, seen: Any, state: str, **values: Any) -> None:
    """The guarded statement: applies only from the state that was seen under the lock."""
    guarded = update(JOBS).where(_J.id == seen.id, _J.state == seen.state)
    applied = conn.execute(guarded.values(state=state, version=_J.version + 1, **values)).rowcount
    assert applied == 1, f"job {seen.id} left {seen.state} under our lock"
