"""The fire times to come, as a reader wants to see them."""

from __future__ import annotations

from datetime import datetime, timedelta

from .base import Trigger, rfc3339
from .calendar import CalendarTrigger
from .combined import OrTrigger
from .cron import CronTrigger
from .firetimes import note
from .interval import IntervalTrigger
from .zones import DAY, comes_twice, shown


def preview(trigger: Trigger, anchor: datetime, after: datetime | None, count: int) -> list[dict[str, str]]:
    """The next `count` fire times after `after` (None: from the very first on), fewer where it ends.

    Each is `{"at": UTC with a Z, "local": with the offset of the trigger's zone}`, and where the clocks
    change a `note` that says what becomes of the fire time.
    """
    coming: list[dict[str, str]] = []
    while len(coming) < count:
        fire_time = trigger.next_after(after, anchor)
        if fire_time is None:
            break
        local = shown(fire_time, trigger.zone)
        said = _note(trigger, fire_time, after, anchor)
        coming.append(
            {"at": rfc3339(fire_time) or "", "local": local.isoformat(), **({"note": said} if said else {})}
        )
        after = fire_time
    return coming


def _note(trigger: Trigger, fire_time: datetime, before: datetime | None, anchor: datetime) -> str | None:
    if isinstance(trigger, OrTrigger):
        notes = (_note(each, fire_time, before, anchor) for each in trigger.those_at(fire_time, anchor))
        return next((said for said in notes if said), None)
    if isinstance(trigger, CalendarTrigger):
        return _calendar_note(trigger, fire_time, before or anchor, anchor)
    if isinstance(trigger, CronTrigger):
        return note(trigger.rule, trigger.zone, fire_time.replace(tzinfo=None))
    if isinstance(trigger, IntervalTrigger) and before is not None and not trigger.period % DAY:
        return _shift(trigger, fire_time)
    return None


def _calendar_note(
    trigger: CalendarTrigger, fire_time: datetime, before: datetime, anchor: datetime
) -> str | None:
    missed = trigger.left_out(before, fire_time, anchor)
    if missed:
        return f"the clock goes forward: {missed[-1]:%Y-%m-%d %H:%M} does not exist and has no fire time"
    if comes_twice(fire_time, trigger.zone):
        return f"the clock goes back: {trigger.time:%H:%M} comes twice, and runs the first time only"
    return None


def _shift(trigger: IntervalTrigger, fire_time: datetime) -> str | None:
    now, then = (shown(moment, trigger.zone) for moment in (fire_time, fire_time - trigger.period))
    change = (now.utcoffset() or timedelta()) - (then.utcoffset() or timedelta())
    if not change:
        return None
    return f"the clock has changed: {then:%H:%M} has become {now:%H:%M}, an interval counts elapsed time"
