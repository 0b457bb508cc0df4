"""Jobs that wait for others, their parents: found under lock, unblocked, made to wait again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Integer, Update, or_, select, update
from sqlalchemy.types import TypeEngine

from ..database.columns import Id, Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, as_text, unindexed
from ..database.statements import Statement
from ..database.tables import DEPENDENCIES, JOBS
from ..database.transactions import AnyConnection
from ..states import CANCELLED, CLAIMABLE, QUEUED, SCHEDULED, WAITING
from .events import Event, record

_J = JOBS.c
_D = DEPENDENCIES.c
_COLUMNS: Final[dict[str, TypeEngine[Any]]] = {"job_id": Id, "unmet_now": Integer(), "due_at": Time}


_EDGES = Statement(
    lambda dialect: select(_D.depends_on, _D.job_id).where(_D.depends_on.in_(dialect.texts("parents")))
)
_FOUND = (
    _J.id, _J.task, _J.state, _J.attempt, _J.run_at, _J.unmet, _J.on_dependency, _J.depends_on, _J.awaited,
    _J.batch_id, _J.app, _J.unique_key,
)  # fmt: skip


def _in_state(state: str) -> Statement:
    return Statement(
        lambda dialect: (
            select(*_FOUND)
            .where(_J.id.in_(dialect.texts("ids")), unindexed(_J.state) == state)
            .order_by(_J.id)
            .with_for_update()
        )
    )


def _update(source: str, /, **values: Any) -> Statement:
    """An UPDATE of jobs in that state, by rows of _COLUMNS."""

    def make(dialect: Dialect) -> Update:
        rows = dialect.row_set("rows", _COLUMNS).c
        made = update(JOBS).where(_J.id == rows.job_id, unindexed(_J.state) == source)
        times = {"run_at": rows.due_at, "wake_at": rows.due_at}
        own = {name: times[name] for name, value in values.items() if value is _DUE_AT}
        return made.values(**{"unmet": rows.unmet_now, **values, **own})

    return Statement(make)


_DUE_AT: Final = object()
_NEXT: Final = _J.version + 1
_FIND = {state: _in_state(state) for state in (WAITING, CANCELLED)}
_CLAIMABLE = Statement(
    lambda dialect: (
        select(_J.id)
        .where(_J.id.in_(dialect.texts("ids")), or_(*(unindexed(_J.state) == state for state in CLAIMABLE)))
        .order_by(_J.id)
    )
)
_KEEP_WAITING = _update(WAITING)
_UNBLOCK = {
    QUEUED: _update(WAITING, state=QUEUED, due=True, run_at=_DUE_AT, version=_NEXT),
    SCHEDULED: _update(WAITING, state=SCHEDULED, wake_at=_DUE_AT, version=_NEXT),
}
_RESTORE = _update(CANCELLED, state=WAITING, finished_at=None, version=_NEXT)


def waiting(conn: AnyConnection, parents: Iterable[str]) -> tuple[list[tuple[Any, list[str]]], list[str]]:
    """The waiting jobs that depend on them, locked, by id, each with those of the parents that it has.

    And the ids of those of the parents that have a callback.
    """
    by_job, called = _by_job(conn, parents)
    return [(row, by_job[row.id]) for row in _locked(conn, WAITING, by_job)], called


def cancelled(conn: AnyConnection, parents: Iterable[str]) -> list[Any]:
    """The jobs that were cancelled while they waited for one of them or of others, locked, by id."""
    return [row for row in _locked(conn, CANCELLED, _by_job(conn, parents)[0]) if row.unmet]


def ready(conn: AnyConnection, parents: Iterable[str]) -> list[str]:
    """The jobs that depend on them and can be claimed, now or later."""
    ids, _ = _by_job(conn, parents)
    return [row.id for row in _CLAIMABLE.rows(conn, ids=as_json(ids))] if ids else []


def _by_job(conn: AnyConnection, parents: Iterable[str]) -> tuple[dict[str, list[str]], list[str]]:
    # By itself: of a batch hardly a job has a dependant of its own, and a join would be planned for many.
    found: dict[str, list[str]] = defaultdict(list)
    called = []
    for parent, job_id in _EDGES.rows(conn, parents=as_json(parents)):
        if parent == job_id:  # see `callbacks`
            called.append(job_id)
        else:
            found[job_id].append(parent)
    return found, called


def _locked(conn: AnyConnection, state: str, ids: Collection[str]) -> Sequence[Any]:
    return _FIND[state].rows(conn, ids=as_json(ids)) if ids else ()


def keep_waiting(conn: AnyConnection, unmet: Iterable[tuple[str, int]]) -> None:
    """Each of the jobs waits for so many parents from here on."""
    if rows := [(job_id, count, None) for job_id, count in unmet]:
        _KEEP_WAITING.execute(conn, rows=as_json(rows))


def unblock(conn: AnyConnection, rows: Sequence[Any], now: datetime) -> None:
    """Unblocked: waiting jobs whose parents are all met are due now, or at the later time that they have."""
    for state, statement in _UNBLOCK.items():
        mine = [row for row in rows if (row.run_at > now) == (state == SCHEDULED)]
        if mine:
            values = [(row.id, 0, as_text(max(row.run_at, now))) for row in mine]
            _applied(statement.execute(conn, rows=as_json(values)), mine)
            record(conn, now, [Event(row.id, "unblocked", WAITING, state, row.attempt) for row in mine])


def restore(conn: AnyConnection, unmet: Sequence[tuple[Any, int]], now: datetime) -> None:
    """Restored: jobs that were cancelled for a parent wait again, for so many."""
    if unmet:
        rows = [row for row, _ in unmet]
        values = [(row.id, count, None) for row, count in unmet]
        _applied(_RESTORE.execute(conn, rows=as_json(values)), rows)
        record(conn, now, [Event(row.id, "restored", CANCELLED, WAITING, row.attempt) for row in rows])


def _applied(count: int, rows: Sequence[Any]) -> None:
    assert count == len(rows), "a dependant changed under our lock"
