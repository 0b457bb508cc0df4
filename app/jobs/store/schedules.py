"""Schedules: declared, fired once per fire time, paused."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, false, func, insert, select, true, update

from ..models import FIRES, JOBS, SCHEDULES

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What was decided about one fire time, or about `count` of them from this one on."""

    fire_time: datetime
    decision: str
    count: int = 1
    job_id: str | None = None
    reason: str | None = None


def add(conn: Connection, new: NewSchedule, now: datetime, *, paused: bool = False) -> None:
    """Store a schedule. Raises IntegrityError where its id is taken."""
    row = {name: getattr(new, name) for name in NewSchedule.__slots__}
    row |= {"paused": paused, "retired": False, "created_at": now, "updated_at": now}
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
    values |= {"next_fire_at": new.next_fire_at, "updated_at": now}
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
    rows = [_fire(schedule.id, decision, now) for decision in decisions]
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
    values = {"paused": False, "next_fire_at": next_fire_at, "updated_at": now}
    if conn.execute(changed.values(**values)).rowcount != 1:
        return False
    if decisions:
        conn.execute(insert(FIRES), [_fire(schedule.id, decision, now) for decision in decisions])
    return True


def open_jobs(conn: Connection, schedule_id: str) -> int:
    """How many of the schedule's jobs are not final."""
    mine = (JOBS.c.schedule_id == schedule_id, JOBS.c.finished_at.is_(None))
    return conn.scalar(select(func.count()).select_from(JOBS).where(*mine)) or 0


def history(conn: Connection, schedule_id: str, limit: int, before: datetime | None) -> list[dict[str, Any]]:
    """The latest decisions about fire times before `before`, newest first."""
    query = select(FIRES).where(FIRES.c.schedule_id == schedule_id)
    if before is not None:
        query = query.where(FIRES.c.fire_time < before)
    names = ("fire_time", "decision", "count", "job_id", "reason", "late_seconds", "decided_at")
    rows = conn.execute(query.order_by(FIRES.c.fire_time.desc()).limit(limit))
    return [{name: getattr(row, name) for name in names} for row in rows]


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
        "next_fire_at": None if row.paused else row.next_fire_at,
        "last_fire_at": row.last_fire_at,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    }


def _fire(schedule_id: str, decision: Decision, now: datetime) -> dict[str, Any]:
    late = (now - decision.fire_time).total_seconds()
    return {"schedule_id": schedule_id, "decided_at": now, "late_seconds": late, **asdict(decision)}
