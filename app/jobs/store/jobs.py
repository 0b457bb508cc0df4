"""The verbs that people use on jobs that exist: cancel, retry, delete, prune.

`…_locked` are the same for many jobs: one set of statements for all that the caller has locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, bindparam, case, delete, or_, select, update

from ..database.columns import Time
from ..database.row_sets import as_json, unindexed
from ..database.statements import Statement
from ..database.tables import ATTEMPTS, CALLBACKS, DEPENDENCIES, EMITTED, EVENTS, JOBS, LOGS, STEPS, TAGS
from ..errors import InvalidState
from ..ids import first_id_at
from ..states import CANCELLABLE, CANCELLED, FINAL, QUEUED, RUNNING, SUCCEEDED
from . import cancellation, files, finals, logs, unique_keys
from .events import NO_CAUSE, Cause, Event, record

MOST_LOG_BYTES: Final = 16 * 1024 * 1024
"""Bytes of logs that are deleted in one transaction, unless a single job has more."""

_J = JOBS.c
_D = DEPENDENCIES.c
_SEEN = (
    select(
        _J.id,
        _J.task,
        _J.state,
        _J.attempt,
        _J.cancel_requested_at,
        _J.app,
        _J.unique_key,
        _J.awaited,
        _J.batch_id,
    )
    .where(_J.id.in_(bindparam("ids", expanding=True)))
    .order_by(_J.id)  # locked in one order, so that those who delete the same jobs do not meet in a deadlock
)
_ENDED: Final = (
    select(_J.id)
    .where(_J.id < bindparam("made_before"), _J.finished_at < bindparam("before", type_=Time))
    .order_by(_J.id)
    .limit(bindparam("most"))
)
_ENDED_OF_TASK: Final = Statement(
    lambda dialect: _ENDED.where(
        _J.task == bindparam("task_name"), unindexed(_J.state).in_(dialect.texts("states"))
    )
)


def lock(conn: Connection, job_ids: Sequence[str], *, wait: bool = True) -> Sequence[Any]:
    """The rows of the jobs that exist, locked until the transaction ends, by id.

    Without `wait` those are left out that somebody else has locked.
    """
    return conn.execute(_SEEN.with_for_update(skip_locked=not wait), {"ids": job_ids}).all()


def cancel(conn: Connection, job_id: str, now: datetime, cause: Cause = NO_CAUSE) -> list[str]:
    """Cancel at once a job that does not run. Its id and those of its followers; none if it runs or is final.

    Followers are jobs that waited for it and are cancelled with it.
    """
    return cancel_locked(conn, lock(conn, [job_id]), now, cause)


def cancel_locked(
    conn: Connection, locked: Sequence[Any], now: datetime, cause: Cause = NO_CAUSE
) -> list[str]:
    """Cancel at once those of the jobs that do not run. Their ids, and those of their followers."""
    seen = [row for row in locked if row.state in CANCELLABLE]
    cancellation.cancel(conn, [(row, cause.reason) for row in seen], now, is_requested=True, by=cause.by)
    followers = finals.follow(conn, [finals.Final.of(row, CANCELLED) for row in seen], now)
    return [*(row.id for row in seen), *followers]


def request_cancel(conn: Connection, job_id: str, now: datetime, cause: Cause = NO_CAUSE) -> bool:
    """Ask a running job to stop. Whether it runs; asking twice changes nothing."""
    locked = lock(conn, [job_id])
    request_cancel_locked(conn, locked, now, cause)
    return any(row.state == RUNNING for row in locked)


def request_cancel_locked(
    conn: Connection, locked: Sequence[Any], now: datetime, cause: Cause = NO_CAUSE
) -> list[str]:
    """Ask those of the jobs to stop that run and were not asked before. Their ids."""
    seen = [row for row in locked if row.state == RUNNING and row.cancel_requested_at is None]
    _change(conn, seen, (RUNNING,), RUNNING, cancel_requested_at=now)
    _record(conn, seen, "cancel_requested", RUNNING, now, cause)
    return [row.id for row in seen]


def retry(conn: Connection, job_id: str, now: datetime, cause: Cause = NO_CAUSE) -> bool:
    """Queue a final job once more: goes on counting and allows one more attempt. Whether it did.

    It does not expire any more. One that failed or was cancelled goes on after its last finished step, one
    that succeeded begins anew. It has its unique key again until it is final; raises InvalidState where
    another job has that.
    """
    seen = [row for row in lock(conn, [job_id]) if row.state in FINAL]
    for row in seen:
        if (holder := unique_keys.take_again(conn, row, now)) != row.id:
            words = f"the job is {row.state}, and the job {holder} has its unique key now"
            raise InvalidState(words, row.state)
    return bool(_retry(conn, seen, now, cause))


def retry_locked(
    conn: Connection, locked: Sequence[Any], now: datetime, cause: Cause = NO_CAUSE
) -> list[str]:
    """Queue those of the jobs once more that are final, and whose unique keys are free. Their ids."""
    seen = [row for row in locked if row.state in FINAL and unique_keys.take_again(conn, row, now) == row.id]
    return _retry(conn, seen, now, cause)


def _retry(conn: Connection, seen: Sequence[Any], now: datetime, cause: Cause) -> list[str]:
    one_more = case((_J.max_attempts > _J.attempt, _J.max_attempts), else_=_J.attempt + 1)
    _change(
        conn, seen, FINAL, QUEUED, due=True, run_at=now, started_at=None, finished_at=None,
        cancel_requested_at=None, expires_at=None, result=None, max_attempts=one_more, rerun=False,
        crashes=0, worker=None, progress=None, unmet=None,
    )  # fmt: skip
    if done := [row.id for row in seen if row.state == SUCCEEDED]:
        conn.execute(delete(STEPS).where(STEPS.c.job_id.in_(done)))
    _record(conn, seen, "retried", QUEUED, now, cause)
    finals.go_on(conn, [finals.Final.of(row, row.state) for row in seen], now)
    return [row.id for row in seen]


def delete_final(conn: Connection, job_ids: Sequence[str]) -> int:
    """Delete those of the jobs that are final, with their history. How many there were."""
    return len(delete_locked(conn, lock(conn, job_ids)))


def delete_locked(conn: Connection, locked: Sequence[Any]) -> list[str]:
    """Delete those of the jobs that are final, with their history. Their ids."""
    seen = [row for row in locked if row.state in FINAL]
    gone = [row.id for row in seen]
    if unique := [row.id for row in seen if row.unique_key is not None]:
        unique_keys.remove(conn, unique)
    if gone:
        for table in (ATTEMPTS, CALLBACKS, EMITTED, EVENTS, LOGS, STEPS, TAGS):
            conn.execute(delete(table).where(table.c.job_id.in_(gone)))
        conn.execute(delete(DEPENDENCIES).where(or_(_D.job_id.in_(gone), _D.depends_on.in_(gone))))
        files.release(conn, gone)
        conn.execute(delete(JOBS).where(_J.id.in_(gone), _J.state.in_(FINAL)))
    return gone


class Expired(NamedTuple):
    """Jobs of `states` that ended before `before`: of one task, or of all."""

    states: Sequence[str]
    before: datetime
    task: str | None = None


def prune(conn: Connection, expired: Expired, limit: int = 500) -> int:
    """Delete up to `limit` of the jobs. How many there were; `limit` if there are more.

    Fewer where their logs are large: nobody else writes to SQLite while rows are deleted.
    """
    ids = _find(conn, expired, limit)
    part = logs.first_within(conn, ids, MOST_LOG_BYTES) if ids else ids
    gone = delete_final(conn, part) if part else 0
    return gone if len(part) == len(ids) else limit


def has_expired(conn: Connection, expired: Expired) -> bool:
    """Whether there are such jobs; reads only."""
    return bool(_find(conn, expired, 1))


def _find(conn: Connection, expired: Expired, most: int) -> list[str]:
    # Nothing ends before it was made, and ids are made in the order of time: the index bounds the scan.
    ended_in_time = {"made_before": first_id_at(expired.before), "before": expired.before, "most": most}
    if expired.task is None:
        return list(conn.scalars(_ENDED.where(_J.state.in_(expired.states)), ended_in_time))
    states = as_json(expired.states)
    rows = _ENDED_OF_TASK.rows(conn, task_name=expired.task, states=states, **ended_in_time)
    return [row.id for row in rows]


def _change(conn: Connection, seen: Sequence[Any], sources: Iterable[str], state: str, **values: Any) -> None:
    """The guarded statement: applies only from the states that were seen under the lock."""
    if not seen:
        return
    guarded = update(JOBS).where(_J.id.in_([row.id for row in seen]), _J.state.in_(list(sources)))
    applied = conn.execute(guarded.values(state=state, version=_J.version + 1, **values)).rowcount
    assert applied == len(seen), f"jobs left their state for {state} under our lock"


def _record(
    conn: Connection, seen: Sequence[Any], verb: str, state: str, now: datetime, cause: Cause
) -> None:
    events = [Event(row.id, verb, row.state, state, row.attempt, None, cause.reason) for row in seen]
    record(conn, now, events, cause.by)
