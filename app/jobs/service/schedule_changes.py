"""Changes of a stored schedule within the caller's transaction, which has its row locked."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from ..errors import InvalidState
from ..schedules.declaration import Declaration
from ..schedules.triggers import parse_trigger
from ..store import fires, schedules
from ..store.fires import ON_REQUEST, Decision, Move
from ..values import Schedule
from .schedule_refusals import already_exists, refuse_ended


def merge(stored: Schedule, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The words of `stored` with `changes`; `paused` is None where they do not name it: it stays."""
    wanted = {**stored.as_dict(), "paused": None, **changes}
    if "timezone" in changes and isinstance(wanted["trigger"], Mapping):
        wanted["trigger"] = {**wanted["trigger"], "timezone": changes["timezone"]}
    return wanted


def store(
    conn: Connection, declaration: Declaration, paused: bool | None, stored: Any, now: datetime,
    jobs_app: str | None, by: str | None,
) -> None:  # fmt: skip
    """Store a new schedule, or redefine the row `stored`; None keeps it paused or not.

    `jobs_app` is the one whose workers alone run the jobs of a new schedule; one that is there keeps its own.

    Raises InvalidArguments where no fire time is left, ScheduleExists where another process was first.
    """
    if stored is None:
        refuse_ended(declaration.trigger.next_after(None, now), declaration.trigger)
        try:
            schedules.add(conn, declaration, now, jobs_app=jobs_app, paused=bool(paused), by=by)
        except IntegrityError:  # another process stored one with this id since it was read
            raise already_exists(declaration.id) from None
        return
    if stored.paused and paused is False and not stored.retired:
        resume(conn, stored, now, by)
        stored = schedules.get(conn, stored.id)
    next_fire_at = schedules.next_fire_at(declaration, stored, now)
    if not schedules.is_same_trigger(declaration, stored):
        refuse_ended(next_fire_at, declaration.trigger)
    if not stored.retired:
        jobs_app = stored.jobs_app
    schedules.redefine(conn, declaration, next_fire_at, now, jobs_app=jobs_app, paused=paused, by=by)


def resume(conn: Connection, row: Any, now: datetime, by: str | None) -> None:
    """Fire again after `now`, and record the fire times that came while it was paused."""
    trigger = parse_trigger(json.loads(row.trigger))
    decisions, first = [], fires.first_undecided(conn, row, trigger, row.next_fire_at)
    if first is not None and first <= now:
        count, _ = trigger.until(first, now, row.anchor)
        decisions.append(Decision(fire_time=first, decision="paused", count=count))
    schedules.resume(conn, row, trigger.next_after(now, row.anchor), decisions, now, by)


def skip(conn: Connection, row: Any, now: datetime, by: str | None) -> None:
    """Skip the next fire time, and record it. Raises InvalidState where there is none."""
    trigger = parse_trigger(json.loads(row.trigger))
    fire_time = fires.first_undecided(conn, row, trigger, row.next_fire_at)
    if fire_time is None or row.paused:
        raise InvalidState("there is no fire time to skip", "paused" if row.paused else "ended")
    skipped = Decision(fire_time=fire_time, decision="skipped", reason=ON_REQUEST)
    move = Move(row.id, row.next_fire_at, trigger.next_after(fire_time, row.anchor), [skipped])
    fires.move(conn, [move], now)
    if by is not None:
        fires.record_by(conn, row.id, fire_time, by)
    schedules.touch(conn, row.id, now, by)
