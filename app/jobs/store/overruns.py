"""Runs beyond their timeout: the event of those that ended."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Insert, Integer, String, Text, literal, select
from sqlalchemy.types import TypeEngine

from ..database.columns import Id, Time
from ..database.dialect import Dialect
from ..database.row_sets import as_json, as_text, unindexed
from ..database.statements import Statement
from ..database.tables import JOBS
from ..database.transactions import AnyConnection
from ..run import Run
from ..states import OVERRAN, RUNNING
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
    """Overran: those of the runs that took longer than their timeout get an event, before that of their end."""
    if late := [run for run in ended if run.overrun]:
        _RECORD_EVENTS.execute(conn, runs=as_json(map(_row, late)))


def _row(run: Run) -> tuple[Any, ...]:
    """The values of _COLUMNS."""
    return run.job_id, run.token, as_text(run.finished_at), run.attempt, run.worker, run.describe_overrun()
