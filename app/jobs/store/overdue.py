"""Schedules whose job should have succeeded by now and has not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, exists, false, func, literal, or_, select

from ..database.columns import Time
from ..database.tables import FIRES, JOBS, SCHEDULES
from ..states import CANCELLED, FAILED
from .fires import ON_REQUEST

TOLERANCE: Final = timedelta(seconds=10)
"""So late is a fire time that no ticker has seen."""
_EVER: Final = literal(datetime(1, 1, 1, tzinfo=UTC), Time)

_S = SCHEDULES.c
_F = FIRES.c
_LAST = and_(JOBS.c.schedule_id == _S.id, JOBS.c.fire_time == _S.last_fire_at)
_PASSED_BY = exists().where(
    _F.schedule_id == _S.id,
    _F.fire_time > func.coalesce(_S.last_fire_at, _EVER),
    _F.decided_at > func.coalesce(JOBS.c.finished_at, _EVER),
    _F.decision.in_(("skipped", "misfired")),
    or_(_F.reason.is_(None), _F.reason != ON_REQUEST),
)
_OVERDUE = (
    select(_S.id)
    .select_from(SCHEDULES.outerjoin(JOBS, _LAST))
    .where(_S.paused == false(), _S.retired == false())
    .where(or_(_S.next_fire_at < bindparam("late"), JOBS.c.state.in_((FAILED, CANCELLED)), _PASSED_BY))
    .order_by(_S.id)
)


def overdue(conn: Connection, now: datetime, schedule_id: str | None = None) -> Sequence[str]:
    """The ids of the overdue schedules, or of that one if it is.

    One is overdue while its latest job has failed or was cancelled, while a fire time after that job was
    passed by (other than on request, and not made up for by the job's success since), and while a fire
    time has come that no ticker has seen for ten seconds. Never while it is paused.
    """
    query: Any = _OVERDUE if schedule_id is None else _OVERDUE.where(_S.id == schedule_id)
    return conn.scalars(query, {"late": now - TOLERANCE}).all()
