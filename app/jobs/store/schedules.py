"""Schedules: stored, worded anew, retired, paused, resumed."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, false, insert, select, true, update

from ..database.tables import FIRES, SCHEDULES
from .fires import Decision, fire_by, record

_S = SCHEDULES.c
_LIVE = (_S.paused == false(), _S.retired == false())


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """A schedule to store; args, trigger and policy are JSON text, `app` is None unless code declares it."""

    id: str
    app: str | None
    task: str
    args: str
    trigger: str
    policy: str
    anchor: datetime
    next_fire_at: datetime | None


def add(conn: Connection, new: NewSchedule, now: datetime, *, paused: bool = False) -> None:
    """Store a schedule. Raises IntegrityError where its id is taken."""
    row = {name: getattr(new, name) for name in NewSchedule.__slots__}
    row |= {"paused": paused, "retired": False, "created_at": now, "updated_at": now}
    row["fire_by"] = fire_by(new.next_fire_at, now)
    conn.execute(insert(SCHEDULES).values(**row))


def redeclare(conn: Connection, new: NewSchedule, now: datetime, *, paused: bool | None = None) -> None:
    """The new wording of a stored schedule; the anchor stays as it is, and so does a `paused` of None."""
    values: dict[str, Any] = {
        "app": new.app,
        "task": new.task,
        "args": new.args,
        "trigger": new.trigger,
        "policy": new.policy,
        "retired": False,
    }
    values |= {"next_fire_at": new.next_fire_at, "fire_by": fire_by(new.next_fire_at, now), "updated_at": now}
    if paused is not None:
        values["paused"] = paused
    conn.execute(update(SCHEDULES).where(_S.id == new.id).values(**values))


def retire(conn: Connection, app: str, kept: Collection[str], now: datetime) -> int:
    """Retire the schedules that `app` declared and no longer does. How many."""
    dropped = update(SCHEDULES).where(_S.app == app, _S.id.not_in(kept), _S.retired == false())
    return conn.execute(dropped.values(retired=True, updated_at=now)).rowcount


def get(conn: Connection, schedule_id: str, lock: bool = False) -> Any:
    """The schedule's row, or None."""
    query = select(SCHEDULES).where(_S.id == schedule_id)
    return conn.execute(query.with_for_update() if lock else query).one_or_none()


def all_schedules(conn: Connection) -> Sequence[Any]:
    """Every schedule that is not retired, by id."""
    return conn.execute(select(SCHEDULES).where(_S.retired == false()).order_by(_S.id)).all()


def pause(conn: Connection, schedule_id: str, now: datetime) -> bool:
    """Fire no more. Whether it fired before."""
    changed = update(SCHEDULES).where(_S.id == schedule_id, *_LIVE)
    return conn.execute(changed.values(paused=True, updated_at=now)).rowcount == 1


def resume(
    conn: Connection,
    schedule: Any,
    next_fire_at: datetime | None,
    decisions: Sequence[Decision],
    now: datetime,
) -> bool:
    """Go on with `next_fire_at`, the fire times since the pause decided. Whether it was paused."""
    changed = update(SCHEDULES).where(_S.id == schedule.id, _S.paused == true(), _S.retired == false())
    values: dict[str, Any] = {"paused": False, "next_fire_at": next_fire_at, "updated_at": now}
    values["fire_by"] = fire_by(next_fire_at, now)
    if conn.execute(changed.values(**values)).rowcount != 1:
        return False
    record(conn, schedule.id, decisions, now)
    return True


def remove(conn: Connection, schedule_id: str) -> bool:
    """Delete a schedule and its decisions. Whether it was there."""
    conn.execute(delete(FIRES).where(FIRES.c.schedule_id == schedule_id))
    return conn.execute(delete(SCHEDULES).where(_S.id == schedule_id)).rowcount == 1


def to_dict(row: Any, overdue: Collection[str]) -> dict[str, Any]:
    """A schedule under the contract's names; `overdue` are the ids of those that are."""
    trigger = json.loads(row.trigger)
    return {
        "id": row.id,
        "task": row.task,
        "args": json.loads(row.args),
        "trigger": trigger,
        "timezone": trigger.get("timezone"),
        **json.loads(row.policy),
        "paused": row.paused,
        "declared_by": row.app,
        "overdue": row.id in overdue,
        "next_fire_at": None if row.paused else row.next_fire_at,
        "last_fire_at": row.last_fire_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
