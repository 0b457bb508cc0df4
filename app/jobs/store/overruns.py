"""Runs beyond their timeout: those that go on, and the event of those that ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Insert, Integer, String, Text, literal, select
from sqlalchemy.types import TypeEngine

from ..database.columns import Id, Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, as_text, unindexed
from ..database.statements import Statement
from ..database.tables import JOBS
from ..database.transactions import AnyConnection
from ..run import Run
from ..states import OVERRAN, RUNNING
from ..values import OverdueRun
from .events import insert_from

_J = JOBS.c
_COLUMNS: Final[dict[str, TypeEngine[Any]]] = {
    "job_id": Id, "token": String(), "at": Time, "attempt_no": Integer(), "worker_id": Id, "reason": Text(),
}  # fmt: skip


def _record_events(dialect: Dialect) -> Insert:
    """An event for each run that still has its claim."""
    rows = dialect.row_set("runs", _COLUMNS).c
    events = select(
        rows.job_id, rows.at, literal(OVERRAN), literal(RUNNING), literal(RUNNING),
        rows.attempt_no, rows.worker_id, rows.reason,
    )  # fmt: skip
    owned = events.where(_J.id == rows.job_id, unindexed(_J.state) == RUNNING, _J.claim == rows.token)
    return insert_from(owned)


_RECORD_EVENTS: Final = Statement(_record_events)


def record(conn: AnyConnection, ended: Sequence[Run]) -> None:
    """Overran: each of the runs that did not notice its end gets an event, before that of its end."""
    if late := [run for run in ended if run.overrun]:
        _RECORD_EVENTS.execute(conn, runs=as_json(map(_row, late)))


def overdue_runs(conn: Connection, now: datetime) -> list[OverdueRun]:
    """The runs that go on beyond their timeout, the longest overdue first."""
    # Their times are added up here, as databases do that in different ways: as many rows as threads work.
    begun = select(_J.id.label("job_id"), _J.task, _J.worker, _J.started_at, _J.timeout).where(
        _J.claim.is_not(None), _J.started_at.is_not(None), _J.timeout.is_not(None)
    )
    runs = [
        OverdueRun(
            **row._asdict(), overdue_seconds=round((now - row.started_at).total_seconds() - row.timeout, 3)
        )
        for row in conn.execute(begun)
    ]
    overdue = (run for run in runs if run.overdue_seconds > 0)
    return sorted(overdue, key=lambda run: run.overdue_seconds, reverse=True)


def _row(run: Run) -> tuple[Any, ...]:
    """The values of _COLUMNS."""
    return run.job_id, run.token, as_text(run.finished_at), run.attempt, run.worker, run.overrun
