"""Schedules: stored, redefined, retired, paused, resumed."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, false, insert, select, true, update

from ..database.columns import name_of
from ..database.tables import FIRES, SCHEDULES
from ..schedules.declaration import Declaration
from ..serialization.encoding import dumps
from ..values import Schedule
from .fires import Decision, fire_by, record

_S = SCHEDULES.c
_LIVE = (_S.paused == false(), _S.retired == false())


def definition(declaration: Declaration) -> dict[str, str]:
    """The columns that define a schedule: the task, and args, trigger and policy as JSON text.

    Raises TypeError for arguments that JSON cannot hold.
    """
    return {
        "task": declaration.task,
        "args": dumps(dict(declaration.args), "args"),
        "trigger": dumps(declaration.trigger.as_dict()),
        "policy": dumps(declaration.policy.as_dict()),
    }


def is_same_trigger(declaration: Declaration, stored: Any) -> bool:
    """Whether the row `stored` is a live schedule with the trigger of `declaration`."""
    return bool(definition(declaration)["trigger"] == stored.trigger and not stored.retired)


def next_fire_at(declaration: Declaration, stored: Any, now: datetime) -> datetime | None:
    """When `stored`, once it is redefined, fires next: a restart moves nothing.

    The same trigger goes on where it was; another one counts from the old anchor, after `now`.
    """
    if is_same_trigger(declaration, stored):
        return stored.next_fire_at  # type: ignore[no-any-return]
    return declaration.trigger.next_after(now, stored.anchor)


def add(
    conn: Connection, declaration: Declaration, now: datetime, *, app: str | None = None,
    jobs_app: str | None = None, paused: bool = False, by: str | None = None,
) -> None:  # fmt: skip
    """Store a new schedule, anchored at `now`; `app` is the one whose code declares it.

    `jobs_app` is the one whose workers alone run its jobs, None for all.

    Raises IntegrityError where its id is taken.
    """
    first = declaration.trigger.next_after(None, now)
    row = {
        "id": declaration.id, "app": app, "jobs_app": jobs_app, **definition(declaration), "anchor": now,
        "next_fire_at": first, "fire_by": fire_by(first, now), "paused": paused, "retired": False,
        "created_at": now, **_updated(now, by),
    }  # fmt: skip
    conn.execute(insert(SCHEDULES).values(**row))


def redefine(
    conn: Connection, declaration: Declaration, next_fire_at: datetime | None, now: datetime, *,
    app: str | None = None, jobs_app: str | None = None, paused: bool | None = None, by: str | None = None,
) -> None:  # fmt: skip
    """Replace the definition of a stored schedule; its anchor stays, and None keeps `paused`."""
    values: dict[str, Any] = {
        "app": app, "jobs_app": jobs_app, **definition(declaration), "retired": False,
        "next_fire_at": next_fire_at, "fire_by": fire_by(next_fire_at, now), **_updated(now, by),
    }  # fmt: skip
    if paused is not None:
        values["paused"] = paused
    conn.execute(update(SCHEDULES).where(_S.id == declaration.id).values(**values))


def retire(conn: Connection, app: str, kept: Collection[str], now: datetime) -> int:
    """Retire the schedules that `app` declared and no longer does. How many."""
    dropped = update(SCHEDULES).where(_S.app == app, _S.id.not_in(kept), _S.retired == false())
    return conn.execute(dropped.values(retired=True, **_updated(now, None))).rowcount


def get(conn: Connection, schedule_id: str, lock: bool = False) -> Any:
    """The schedule's row, or None."""
    query = select(SCHEDULES).where(_S.id == schedule_id)
    return conn.execute(query.with_for_update() if lock else query).one_or_none()


def all_schedules(conn: Connection) -> Sequence[Any]:
    """Every schedule that is not retired, by id."""
    return conn.execute(select(SCHEDULES).where(_S.retired == false()).order_by(_S.id)).all()


def pause(conn: Connection, schedule_id: str, now: datetime, by: str | None = None) -> bool:
    """Stop firing. Whether the schedule was live."""
    changed = update(SCHEDULES).where(_S.id == schedule_id, *_LIVE)
    return conn.execute(changed.values(paused=True, **_updated(now, by))).rowcount == 1


def resume(
    conn: Connection,
    schedule: Any,
    next_fire_at: datetime | None,
    decisions: Sequence[Decision],
    now: datetime,
    by: str | None = None,
) -> bool:
    """Go on with `next_fire_at`, and store the decisions about the fire times since the pause.

    Whether it was paused.
    """
    changed = update(SCHEDULES).where(_S.id == schedule.id, _S.paused == true(), _S.retired == false())
    values: dict[str, Any] = {"paused": False, "next_fire_at": next_fire_at, **_updated(now, by)}
    values["fire_by"] = fire_by(next_fire_at, now)
    if conn.execute(changed.values(**values)).rowcount != 1:
        return False
    record(conn, schedule.id, decisions, now)
    return True


def touch(conn: Connection, schedule_id: str, now: datetime, by: str | None) -> None:
    """Note that somebody has changed the schedule, where nothing but its fire times shows it."""
    conn.execute(update(SCHEDULES).where(_S.id == schedule_id).values(**_updated(now, by)))


def remove(conn: Connection, schedule_id: str) -> bool:
    """Delete a schedule and its decisions. Whether it was there."""
    conn.execute(delete(FIRES).where(FIRES.c.schedule_id == schedule_id))
    return conn.execute(delete(SCHEDULES).where(_S.id == schedule_id)).rowcount == 1


def origin_of(row: Any) -> dict[str, Any]:
    """What its jobs have of their schedule."""
    return {"schedule_id": row.id, "app": row.jobs_app}


def to_schedule(row: Any, overdue: Collection[str]) -> Schedule:
    """The frozen value of a row; `overdue` are the ids of those that are."""
    trigger = json.loads(row.trigger)
    return Schedule(
        id=row.id, task=row.task, args=json.loads(row.args), trigger=trigger,
        timezone=trigger.get("timezone"), **json.loads(row.policy), paused=row.paused,
        declared_by=row.app, overdue=row.id in overdue,
        next_fire_at=None if row.paused else row.next_fire_at, last_fire_at=row.last_fire_at,
        created_at=row.created_at, updated_at=row.updated_at, updated_by=row.updated_by,
    )  # fmt: skip


def _updated(now: datetime, by: str | None) -> dict[str, Any]:
    return {"updated_at": now, "updated_by": name_of(by)}
