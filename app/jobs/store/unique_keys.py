"""Unique keys: one job has each, and no other gets it until it is free.

Nothing looks first: the INSERT of a key decides, and who has the others is read after it. Neither it nor a
release waits for whoever only met a key: a caller's long transaction must not hold up a worker.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Delete, Insert, String, bindparam, delete, select, true, update
from sqlalchemy.types import TypeEngine

from ..database.columns import Id, Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, as_text
from ..database.statements import Statement
from ..database.tables import JOBS, UNIQUE_KEYS
from ..database.transactions import AnyConnection
from ..errors import TransactionConflict
from ..states import is_final

MOST_TRIES: Final = 5
"""How often a key may change hands between two statements before the transaction is given up."""
_K = UNIQUE_KEYS.c
_COLUMNS: Final[dict[str, TypeEngine[Any]]] = {"key": String(), "job_id": Id, "expires_at": Time}


class UniqueKey(NamedTuple):
    """A key that a job is to have: `key` as it is stored, `text` as it is shown.

    Until `expires_at`, or where that is None until the job is final. `on_conflict` is the option.
    """

    key: str
    text: str
    expires_at: datetime | None
    on_conflict: str


class Wanted(NamedTuple):
    """The job that is to have a key, and until when; None is until it is final."""

    job_id: str
    expires_at: datetime | None


def stored_key(app: str | None, task: str, text: str) -> str:
    """The key as it is stored: another app's or task's is another one."""
    return hashlib.sha256(json.dumps([app, task, text]).encode()).hexdigest()


def _take(dialect: Dialect) -> Insert:
    rows = dialect.row_set("wanted", _COLUMNS).c
    # Sorted, so that two that take the same keys do not meet in a deadlock. WHERE true: see `counters`.
    source = select(rows.key, rows.job_id, rows.expires_at).where(true()).order_by(rows.key)
    made: Insert = dialect.insert_or_skip(UNIQUE_KEYS, source)
    return made


def _release(dialect: Dialect, *conditions: Any) -> Delete:
    # By key, and past what others have under lock: that changes hands now, or the next `take` finds it free.
    mine = select(_K.key).where(_K.job_id.in_(dialect.texts("ids")), *conditions)
    return delete(UNIQUE_KEYS).where(_K.key.in_(mine.order_by(_K.key).with_for_update(skip_locked=True)))


_TAKE = Statement(_take)
_HOLDERS = Statement(
    lambda dialect: (
        select(
            _K.key,
            _K.job_id,
            _K.expires_at,
            JOBS.c.state,
            JOBS.c.run,
            JOBS.c.expires_at.label("job_expires_at"),
        )
        .select_from(UNIQUE_KEYS.outerjoin(JOBS, JOBS.c.id == _K.job_id))
        .where(_K.key.in_(dialect.texts("keys")))
    )
)
_THIS_ONE = (_K.key == bindparam("its_key"), _K.job_id == bindparam("holder", type_=Id))
_FORGET = Statement(delete(UNIQUE_KEYS).where(*_THIS_ONE))
_LOCK = Statement(select(_K.key).where(*_THIS_ONE).with_for_update())
_HAND_OVER = Statement(
    update(UNIQUE_KEYS)
    .where(*_THIS_ONE)
    .values(job_id=bindparam("taker", type_=Id), expires_at=bindparam("until", type_=Time))
)
_RELEASE = Statement(lambda dialect: _release(dialect, _K.expires_at.is_(None)))
_REMOVE = Statement(_release)
_PRUNE = Statement(
    lambda dialect: delete(UNIQUE_KEYS).where(
        _K.key.in_(
            select(_K.key)
            .where(_K.expires_at.is_not(None), _K.expires_at <= bindparam("now"))
            .order_by(_K.expires_at)
            .limit(bindparam("most"))
            .with_for_update(skip_locked=True)
        )
    )
)


def take(conn: AnyConnection, wanted: Mapping[str, Wanted], now: datetime) -> dict[str, str]:
    """Take those of the keys that are free: each key → the job that has it now.

    A job that takes one is stored in the same transaction. Raises TransactionConflict.
    """
    rows = as_json((key, job_id, as_text(until)) for key, (job_id, until) in sorted(wanted.items()))
    for _ in range(MOST_TRIES):
        if _TAKE.execute(conn, wanted=rows) == len(wanted):
            return {key: job_id for key, (job_id, _) in wanted.items()}
        holders = _HOLDERS.rows(conn, keys=as_json(wanted))
        over = [row for row in holders if row.job_id != wanted[row.key].job_id and _is_over(row, now)]
        for row in sorted(over):
            forget(conn, row.key, row.job_id)
        if not over and len(holders) == len(wanted):
            return {row.key: row.job_id for row in holders}
        # One was given back between the two statements, or is over: it can be taken now.
    raise TransactionConflict()


def take_again(conn: AnyConnection, seen: Any, now: datetime) -> str:
    """Who has the unique key of a final job now: itself, where it is free; a job without one has its own.

    `seen` is its row, under lock, with id, app, task and unique_key.
    """
    if seen.unique_key is None:
        return str(seen.id)
    # Made anew, not kept: whoever has found its row to be over must not delete what is in force again.
    key = stored_key(seen.app, seen.task, seen.unique_key)
    forget(conn, key, seen.id)
    return take(conn, {key: Wanted(seen.id, None)}, now)[key]


def lock(conn: AnyConnection, key: str, holder: str) -> bool:
    """Keep others from giving the key of job `holder` to another one. Whether that still had it.

    Those who wait for it come in turn, as this row stays what it is; those who would wait for the row of the
    job, which each of them changes, might be overtaken for ever.
    """
    return bool(_LOCK.rows(conn, its_key=key, holder=holder))


def hand_over(conn: AnyConnection, key: str, holder: str, taker: Wanted) -> None:
    """Give the key of job `holder`, which is locked, to another one, or to the same for another time."""
    done = _HAND_OVER.execute(conn, its_key=key, holder=holder, taker=taker.job_id, until=taker.expires_at)
    assert done == 1, f"the key of job {holder} changed under our lock"


def forget(conn: AnyConnection, key: str, holder: str) -> None:
    """Free the key if it is that of job `holder`, whoever has it under lock."""
    _FORGET.execute(conn, its_key=key, holder=holder)


def release(conn: AnyConnection, job_ids: Iterable[str]) -> None:
    """Free the keys of jobs that have become final, but for those that are theirs until a certain time."""
    _RELEASE.execute(conn, ids=as_json(job_ids))


def remove(conn: AnyConnection, job_ids: Iterable[str]) -> None:
    """Free all keys of jobs that are deleted, or that are not stored after all."""
    _REMOVE.execute(conn, ids=as_json(job_ids))


def prune(conn: AnyConnection, now: datetime, limit: int = 500) -> int:
    """Forget up to `limit` keys whose time is over. How many there were."""
    return _PRUNE.execute(conn, now=now, most=limit)


def _is_over(row: Any, now: datetime) -> bool:
    """Whether the key is nobody's any more: its time, or the job that was to free it, is over.

    A job has left its key behind where a worker of an earlier version ended it, or where somebody had the
    key under lock at that moment. One that has expired never runs, whenever it is cancelled.
    """
    if row.state is None or row.expires_at is not None:
        return row.state is None or bool(row.expires_at <= now)
    has_expired = row.run == 0 and row.job_expires_at is not None and row.job_expires_at <= now
    return has_expired or is_final(row.state)
