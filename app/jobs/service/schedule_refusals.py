"""What is refused of schedules, whoever asks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..errors import InvalidArguments, ScheduleDeclared, ScheduleExists, ScheduleNotFound, problem
from ..schedules.triggers import Trigger


def require_active(row: Any, schedule_id: str) -> Any:
    """The row; raises ScheduleNotFound where there is none, or a retired one."""
    if row is None or row.retired:
        raise ScheduleNotFound(f"no schedule has the id {schedule_id!r}")
    return row


def already_exists(schedule_id: str) -> ScheduleExists:
    """The refusal of an id that is taken."""
    return ScheduleExists(f"a schedule {schedule_id!r} exists already: choose another id or remove it")


def refuse_declared(stored: Any, instead: str) -> None:
    """Raise ScheduleDeclared for a live schedule that code declares; `instead` is what to do there."""
    if stored.app is not None and not stored.retired:
        raise ScheduleDeclared(f"the code of {stored.app!r} declares {stored.id!r}: {instead} there")


def refuse_ended(next_fire_at: datetime | None, trigger: Trigger) -> None:
    """Raise InvalidArguments for a schedule that would never fire: it is a mistake."""
    if next_fire_at is None:
        ends = [f"/{name}" for name in ("end_at", "end_date") if name in trigger.as_dict()]
        pointer = "#/trigger" + "".join(ends)
        raise InvalidArguments([problem(pointer, "no fire time is left: they are all in the past")])
