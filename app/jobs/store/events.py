"""The append-only history: one row for each transition, written in the transaction that makes it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Insert, Select, bindparam, insert, select, update

from ..database.columns import name_of
from ..database.statements import BoundStatement, InsertStatement, Statement
from ..database.supported import dialect_of
from ..database.tables import EVENTS
from ..database.transactions import AnyConnection

_E = EVENTS.c
COLUMNS: Final = ("job_id", "at", "type", "from_state", "to_state", "attempt", "worker", "reason")
SUBMITTED: Final = InsertStatement(EVENTS, "job_id", "at", "type", "to_state", "attempt")
"""The first events of jobs. Not with all of COLUMNS: three NULLs a row take as long as the rest of it."""
REPLACED: Final = InsertStatement(EVENTS, "job_id", "at", "type", "from_state", "to_state", "attempt")
"""Events of jobs that no worker has had yet."""
_RECORD: Final = InsertStatement(EVENTS, *COLUMNS)
_RECORD_BY: Final = InsertStatement(EVENTS, *COLUMNS, "done_by")
_SUBMITTED_BY: Final = Statement(
    update(EVENTS)
    .where(_E.job_id == bindparam("submitted"), _E.type == "submitted")
    .values(done_by=bindparam("name"))
)


class Cause(NamedTuple):
    """Why something is done to jobs, and the name of who asked for it; None where that is not known."""

    reason: str | None = None
    by: str | None = None


NO_CAUSE: Final = Cause()


class Event(NamedTuple):
    """One transition of a job, from state `source` to state `target`."""

    job_id: str
    type: str
    source: str
    target: str
    attempt: int
    worker: str | None = None
    reason: str | None = None


def record(conn: AnyConnection, at: datetime, events: Iterable[Event], by: str | None = None) -> None:
    """Write events of the moment `at`, of what `by` asked for."""
    moment = dialect_of(conn).to_driver(at)
    rows = [(job_id, moment, *rest) for job_id, *rest in events]
    if rows and by is None:
        _RECORD.execute_rows(conn, rows)
    elif rows:
        _RECORD_BY.execute_rows(conn, [(*row, name_of(by)) for row in rows])


def bind_submitted_by(job_id: str, by: str | None) -> list[BoundStatement]:
    """What adds to the first event of a job that `by` asked for it, to be executed after `enqueue`."""
    return [] if by is None else [_SUBMITTED_BY.bind(submitted=job_id, name=name_of(by))]


def insert_from(source: Select[Any]) -> Insert:
    """The event rows that `source` selects, in the order of COLUMNS."""
    return insert(EVENTS).from_select(COLUMNS, source)


def submitted_by(conn: Connection, job_id: str) -> str | None:
    """The name of who asked for the job, None where that is not known."""
    found: str | None = conn.scalar(select(_E.done_by).where(_E.job_id == job_id, _E.type == "submitted"))
    return found


def events_of(conn: Connection, job_id: str, after: int = 0, most: int | None = None) -> list[dict[str, Any]]:
    """The history of a job behind the event `after`, oldest first, under the contract's names."""
    rows = select(EVENTS).where(_E.job_id == job_id, _E.id > after).order_by(_E.id).limit(most)
    return [_named(row) for row in conn.execute(rows)]


def newest(conn: Connection, job_id: str, most: int = 1) -> list[dict[str, Any]]:
    """The last `most` events of a job, oldest first."""
    rows = select(EVENTS).where(_E.job_id == job_id).order_by(_E.id.desc()).limit(most)
    return [_named(row) for row in reversed(conn.execute(rows).all())]


def _named(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "at": row.at,
        "type": row.type,
        "from": row.from_state,
        "to": row.to_state,
        "attempt": row.attempt,
        "worker": row.worker,
        "reason": row.reason,
        "by": row.done_by,
    }
