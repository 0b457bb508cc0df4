"""Schedules: declared, fired once per fire time, paused."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, false, insert, select, update

from ..models import FIRES, SCHEDULES

_S = SCHEDULES.c
_LIVE = (_S.paused == false(), _S.retired == false())


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSchedule:
    """A schedule to store; `args` and `trigger` are JSON text, `app` is None unless code declares it."""

    id: str
    app: str | None
    task: str
    args: str
    trigger: str
    anchor: datetime
    next_fire_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one fire time, or about `count` of them ending with it."""

    fire_time: datetime
    decision: str
    count: int = 1
    job_id: str | None = None
    reason: str | None = None


def add(conn: Connection, new: NewSchedule, now: datetime) -> None:
    """Store a schedule. Raises IntegrityError where its id is taken."""
    row = {name: getattr(new, name) for name in NewSchedule.__slots__}
    row |= {"paused": False, "retired": False, "created_at": now, "updated_at": now}
    conn.execute(insert(SCHEDULES).values(**row))


def redeclare(conn: Connection, new: NewSchedule, now: datetime) -> None:
    """The code's new wording of a stored schedule; paused and the anchor stay as they are."""
    values: dict[str, Any] = {
        "app": new.app,
        "task": new.task,
        "args": new.args,
        "trigger": new.trigger,
        "retired": False,
    }
    values |= {"next_fire_at": new.next_fire_at, "updated_at": now}
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


def due(conn: Connection, now: datetime, tasks: Collection[str], limit: int = 100) -> Sequence[Any]:
    """The schedules whose next fire time has come and whose task is known here, locked."""
    query = select(SCHEDULES).where(*_LIVE, _S.next_fire_at <= now, _S.task.in_(tasks))
    return conn.execute(query.order_by(_S.next_fire_at).limit(limit).with_for_update(skip_locked=True)).all()


def next_fire(conn: Connection, tasks: Collection[str]) -> datetime | None:
    """The next moment at which any schedule is due."""
    query = select(_S.next_fire_at).where(*_LIVE, _S.next_fire_at.is_not(None), _S.task.in_(tasks))
    return conn.scalar(query.order_by(_S.next_fire_at).limit(1))


def move(
    conn: Connection,
    schedule: Any,
    next_fire_at: datetime | None,
    decisions: Iterable[Decision],
    now: datetime,
) -> bool:
    """Record the decisions and move on, in one transaction; False where somebody else did it first."""
    rows = [{"schedule_id": schedule.id, "decided_at": now, **asdict(decision)} for decision in decisions]
    fired = [row["fire_time"] for row in rows if row["decision"] == "fired"]
    guarded = update(SCHEDULES).where(_S.id == schedule.id, _S.next_fire_at == schedule.next_fire_at)
    values: dict[str, Any] = {"next_fire_at": next_fire_at}
    if fired:
        values["last_fire_at"] = max(fired)
    if conn.execute(guarded.values(**values)).rowcount != 1:
        return False
    if rows:
        conn.execute(insert(FIRES), rows)
    return True


def set_paused(
    conn: Connection, schedule_id: str, paused: bool, next_fire_at: datetime | None, now: datetime
) -> bool:
    """Pause or resume; a resumed schedule goes on with `next_fire_at`. Whether it was changed."""
    changed = update(SCHEDULES).where(_S.id == schedule_id, _S.paused != paused, _S.retired == false())
    values = {"paused": paused, "next_fire_at": next_fire_at, "updated_at": now}
    return conn.execute(changed.values(**values)).rowcount == 1


def remove(conn: Connection, schedule_id: str) -> bool:
    """Delete a schedule and its decisions. Whether it was there."""
    conn.execute(delete(FIRES).where(FIRES.c.schedule_id == schedule_id))
    return conn.execute(delete(SCHEDULES).where(_S.id == schedule_id)).rowcount == 1


def prune_decisions(conn: Connection, before: datetime, limit: int = 500) -> int:
    """Forget up to `limit` decisions of each schedule about fire times before `before`. How many."""
    gone = 0
    for schedule_id in conn.scalars(select(_S.id)).all():
        mine = FIRES.c.schedule_id == schedule_id
        old = select(FIRES.c.fire_time).where(mine, FIRES.c.fire_time < before).limit(limit)
        if times := list(conn.scalars(old)):
            gone += conn.execute(delete(FIRES).where(mine, FIRES.c.fire_time.in_(times))).rowcount
    return gone


def to_dict(row: Any) -> dict[str, Any]:
    """A schedule under the contract's names."""
    return {
        "id": row.id,
        "task": row.task,
        "args": json.loads(row.args),
        "trigger": json.loads(row.trigger),
        "paused": row.paused,
        "declared_by": row.app,
        "next_fire_at": None if row.paused else row.next_fire_at,
        "last_fire_at": row.last_fire_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }
