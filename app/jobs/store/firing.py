"""From a declaration to a schedule that can be stored."""

from __future__ import annotations

from datetime import datetime

from ..serialization.encoding import dumps
from ..tasks.registry import Declaration
from .schedules import NewSchedule


def new_schedule(declaration: Declaration, app: str | None, anchor: datetime) -> NewSchedule:
    """A schedule to store whose interval counts from `anchor`."""
    return NewSchedule(
        id=declaration.id,
        app=app,
        task=declaration.task,
        args=dumps(dict(declaration.args), "args"),
        trigger=dumps(declaration.trigger.as_dict()),
        policy=dumps(declaration.policy.as_dict()),
        anchor=anchor,
        next_fire_at=declaration.trigger.next_after(None, anchor),
    )
