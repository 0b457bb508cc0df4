"""Schedules whose job should have succeeded by now and has not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, and_, bindparam, exists, false, func, literal, or_, select, update

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


def unalerted(conn: Connection, late: Collection[str], app: str | None) -> tuple[list[str], list[str]]:
    """Of which of the overdue schedules `late` no alert has told yet, and which were told of and are not.

    Those whose jobs `app` or any app runs.
    """
    mine = or_(_S.jobs_app.is_(None), _S.jobs_app == app)
    rows = conn.execute(
        select(_S.id, _S.alerted_at).where(mine, or_(_S.id.in_(late), _S.alerted_at.is_not(None)))
    )
    found = rows.all()
    new = [row.id for row in found if row.id in late and row.alerted_at is None]
    return new, [row.id for row in found if row.id not in late]


def alert(conn: Connection, schedule_id: str, now: datetime) -> bool:
    """Enter that an alert tells that it is overdue. Whether none did before."""
    silent = update(SCHEDULES).where(_S.id == schedule_id, _S.alerted_at.is_(None))
    return conn.execute(silent.values(alerted_at=now)).rowcount == 1


def forget_alerts(conn: Connection, schedule_ids: Collection[str]) -> None:
    """They are overdue no longer: the next time is to be told again."""
    conn.execute(update(SCHEDULES).where(_S.id.in_(schedule_ids)).values(alerted_at=None))


def overdue(conn: Connection, now: datetime, schedule_id: str | None = None) -> Sequence[str]:
    """The ids of the overdue schedules, or of that one if it is.

    One is overdue while its latest job has failed or was cancelled, while a fire time after that job was
    passed by (other than on request, and not made up for by the job's success since), and while a fire
    time has come that no ticker has seen for ten seconds. Never while it is paused.
    """
    query: Any = _OVERDUE if schedule_id is None else _OVERDUE.where(_S.id == schedule_id)
    return conn.scalars(query, {"late": now - TOLERANCE}).all()
