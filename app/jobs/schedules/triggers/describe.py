"""What a trigger does, in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from .base import Trigger
from .cron import CronTrigger
from .date import DateTrigger
from .interval import UNITS, IntervalTrigger
from .phrases import clock_words, day_words, listed
from .zones import shown


def describe(trigger: Trigger) -> str:
    """One sentence: `At 09:00, Monday to Friday (Europe/Helsinki)`, `Every 30 seconds`, `Once, at …`."""
    if isinstance(trigger, CronTrigger):
        text = _cron(trigger) + _bounds(trigger)
        return f"{text} ({trigger.timezone})"
    if isinstance(trigger, IntervalTrigger):
        text = _interval(trigger) + _bounds(trigger)
        in_zone = trigger.timezone is not None or trigger.start_at is not None or trigger.end_at is not None
        return f"{text} ({trigger.zone.key})" if in_zone else text
    if isinstance(trigger, DateTrigger):
        return f"Once, at {_local(trigger.run_at, trigger.zone)} ({trigger.zone.key})"
    return type(trigger).__name__


def _cron(trigger: CronTrigger) -> str:
    clock, days = clock_words(trigger.rule), day_words(trigger.rule)
    every_day = " every day" if not days and clock.startswith("at ") and not trigger.rule.is_wild else ""
    return clock[0].upper() + clock[1:] + every_day + days


def _interval(trigger: IntervalTrigger) -> str:
    given = {unit: getattr(trigger, unit) for unit in UNITS if getattr(trigger, unit)}
    if list(given.values()) == [1]:
        return f"Every {next(iter(given)).removesuffix('s')}"
    return "Every " + listed(
        [f"{value:g} {unit if value != 1 else unit.removesuffix('s')}" for unit, value in given.items()]
    )


def _bounds(trigger: CronTrigger | IntervalTrigger) -> str:
    return "".join(
        f", {word} {_local(moment, trigger.zone)}"
        for word, moment in (("from", trigger.start_at), ("until", trigger.end_at))
        if moment is not None
    )


def _local(moment: datetime, zone: ZoneInfo) -> str:
    wall = shown(moment, zone)
    seconds = f":{wall:%S}" if wall.second or wall.microsecond else ""
    return f"{wall:%Y-%m-%d %H:%M}{seconds}"
