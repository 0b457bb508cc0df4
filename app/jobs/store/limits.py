"""Limits inside a claim: keys are locked, and what runs or was claimed under them is counted.

What counts is rows of jobs: a dead worker holds nothing once its jobs are rescued. Who is over a limit is
parked, see `parking`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Connection,
    Insert,
    Integer,
    Select,
    String,
    Update,
    bindparam,
    delete,
    func,
    literal,
    select,
    true,
    update,
)

from ..database.columns import Id, Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, as_text
from ..database.statements import Statement
from ..database.tables import JOBS, LIMIT_KEYS, RATE_CLAIMS, STUCK_RUNS
from ..database.transactions import AnyConnection
from .controls import QUEUE, TASK

_J = JOBS.c
_K = LIMIT_KEYS.c
_R = RATE_CLAIMS.c
KEY: Final = String(400)
"""The type of a key."""


class LockedKey(NamedTuple):
    """The row of a key that this transaction has locked; `wake_at` is None where no job is parked there."""

    key: str
    wake_at: datetime | None
    wake_count: int


class Counted(NamedTuple):
    """The keys that a claim of a job counts against; `since` is the beginning of its rate's window."""

    job_id: str
    limit_key: str | None = None
    queue_key: str | None = None
    rate_key: str | None = None
    since: datetime | None = None


def keys(dialect: Dialect) -> Select[Any]:
    """The rows of the keys in the parameter `keys`, as LockedKey, to be locked."""
    found = select(_K.key, _K.wake_at, _K.wake_count).where(_K.key.in_(dialect.texts("keys")))
    return found.order_by(_K.key)  # locked in one order, so that two do not wait for each other


def _add_keys(dialect: Dialect) -> Insert:
    rows = dialect.row_set("rows", {"key": KEY, "subject": String(210)}).c
    # WHERE true: without one SQLite takes ON CONFLICT for the ON of a join.
    source = select(rows.key, rows.subject, literal(1)).where(true()).order_by(rows.key)
    insert = dialect.insert(LIMIT_KEYS).from_select(["key", "subject", "wake_count"], source)
    made: Insert = insert.on_conflict_do_nothing()
    return made


def _running(column: Any) -> Statement:
    return Statement(
        lambda dialect: (
            select(column.label("key"), func.count().label("jobs"))
            .where(column.in_(dialect.texts("keys")), column.is_not(None), _J.claim.is_not(None))
            .group_by(column)
        )
    )


def _stuck(column: Any) -> Statement:
    # The job has ended, but keeps the key of its last claim: its thread still does the work.
    return Statement(
        lambda dialect: (
            select(column.label("key"), func.count().label("jobs"))
            .where(STUCK_RUNS.c.job_id == _J.id, column.in_(dialect.texts("keys")))
            .group_by(column)
        )
    )


def _claimed(dialect: Dialect) -> Select[Any]:
    rows = dialect.row_set("rows", {"key": KEY, "since": Time}).c
    found = select(_R.key, _R.at, _R["count"]).where(_R.key == rows.key, _R.at >= rows.since)
    return found.order_by(_R.key, _R.at)


def _count(dialect: Dialect) -> Update:
    rows = dialect.row_set("rows", {"job_id": Id, "limit_key": KEY, "queue_key": String(210)}).c
    counted = update(JOBS).where(_J.id == rows.job_id)
    return counted.values(limit_key=rows.limit_key, queue_key=rows.queue_key)


def _add_claims(dialect: Dialect) -> Insert:
    rows = dialect.row_set("rows", {"key": KEY, "count": Integer()}).c
    source = select(rows.key, bindparam("now", type_=Time).label("at"), rows["count"]).where(true())
    added: Insert = dialect.insert_or_add(RATE_CLAIMS, source.order_by(rows.key), "count")
    return added


# Whoever claims never waits for a key, since it holds others: what somebody else decides on is left to him.
_TRY_LOCK: Final = Statement(lambda dialect: keys(dialect).with_for_update(skip_locked=True))
_ADD_KEYS: Final = Statement(_add_keys)
_RUNNING: Final = tuple(
    make(column) for make in (_running, _stuck) for column in (_J.limit_key, _J.queue_key)
)
_CLAIMED: Final = Statement(_claimed)
_COUNT: Final = Statement(_count)
_ADD_CLAIMS: Final = Statement(_add_claims)
_FORGET_CLAIMS: Final = Statement(
    delete(RATE_CLAIMS).where(_R.key == bindparam("key"), _R.at < bindparam("since"))
)


def try_lock(conn: AnyConnection, subjects: Mapping[str, str]) -> dict[str, LockedKey]:
    """Those of the keys that nobody else has locked, locked until the transaction ends.

    `subjects` says of each key whose limit it is, as "task add".
    """
    found = _try_lock(conn, subjects)
    if new := {key: subject for key, subject in subjects.items() if key not in found}:
        add_keys(conn, new)
        found |= _try_lock(conn, new)
    return found


def add_keys(conn: AnyConnection, subjects: Mapping[str, str]) -> None:
    """Make a row for each of the keys that has none."""
    _ADD_KEYS.execute(conn, rows=as_json(subjects.items()))


def running(conn: AnyConnection, keys: Sequence[str]) -> Counter[str]:
    """How many jobs run under each of the keys, those included that were ended while their thread goes on."""
    found: Counter[str] = Counter()
    for statement in _RUNNING:
        for row in statement.rows(conn, keys=as_json(keys)):
            found[row.key] += row.jobs
    return found


def claimed(conn: AnyConnection, since: Mapping[str, datetime]) -> dict[str, list[tuple[datetime, int]]]:
    """The claims under each of the keys since that moment: when, and how many; the oldest first."""
    found: dict[str, list[tuple[datetime, int]]] = defaultdict(list)
    rows = as_json((key, as_text(moment)) for key, moment in since.items())
    for key, at, count in _CLAIMED.rows(conn, rows=rows):
        found[key].append((at, count))
    return found


def count(conn: AnyConnection, counted: Sequence[Counted], now: datetime) -> None:
    """The jobs are claimed `now`, and count against their keys from now on."""
    _count_under(conn, counted)
    windows = {each.rate_key: each.since for each in counted if each.rate_key is not None}
    if windows:
        claims = Counter(each.rate_key for each in counted if each.rate_key is not None)
        _FORGET_CLAIMS.execute_rows(conn, [{"key": key, "since": since} for key, since in windows.items()])
        _ADD_CLAIMS.execute(conn, rows=as_json(claims.items()), now=now)


def recount(conn: Connection, kind: str, name: str, counted: Callable[[Any], Counted]) -> None:
    """Limits of a queue or task have changed: what runs of it counts against those that hold now."""
    its = select(_J.id, _J.task, _J.queue, _J.args).where(
        _J.claim.is_not(None), {QUEUE: _J.queue, TASK: _J.task}[kind] == name
    )
    # Whoever ends a run has it locked, and may wait for one that is locked here.
    rows = conn.execute(its.order_by(_J.id).with_for_update(skip_locked=True)).all()
    _count_under(conn, [counted(row) for row in rows])


def prune(conn: Connection, before: datetime) -> None:
    """Forget claims before that moment, and keys under which no job is parked."""
    conn.execute(delete(RATE_CLAIMS).where(_R.at < before))
    unused = select(_K.key).where(_K.wake_at.is_(None)).with_for_update(skip_locked=True)
    gone = list(conn.scalars(unused.limit(1_000)))
    if gone:
        conn.execute(delete(LIMIT_KEYS).where(_K.key.in_(gone)))


def _try_lock(conn: AnyConnection, keys: Mapping[str, str]) -> dict[str, LockedKey]:
    return {row.key: LockedKey(*row) for row in _TRY_LOCK.rows(conn, keys=as_json(keys))}


def _count_under(conn: AnyConnection, counted: Sequence[Counted]) -> None:
    _COUNT.execute(conn, rows=as_json((each.job_id, each.limit_key, each.queue_key) for each in counted))
