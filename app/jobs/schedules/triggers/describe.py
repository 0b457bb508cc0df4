"""What a trigger does, in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from .base import Trigger
from .calendar import UNITS as CALENDAR_UNITS
from .calendar import CalendarTrigger
from .combined import OrTrigger
from .cron import CronTrigger
from .date import DateTrigger
from .interval import UNITS, IntervalTrigger
from .phrases import MONTHS, clock_words, day_words, listed
from .zones import shown

_MOST_PARTS: Final = 6


def describe(trigger: Trigger) -> str:
    """One sentence: `At 09:00, Monday to Friday (Europe/Helsinki)`, `Every 30 seconds`, `Once, at …`."""
    zone = _zone(trigger)
    return f"{_sentence(trigger)} ({zone})" if zone else _sentence(trigger)


def _sentence(trigger: Trigger) -> str:
    if isinstance(trigger, CronTrigger):
        return _cron(trigger) + _bounds(trigger)
    if isinstance(trigger, IntervalTrigger):
        return _every({unit: getattr(trigger, unit) for unit in UNITS}) + _bounds(trigger)
    if isinstance(trigger, CalendarTrigger):
        return _calendar(trigger)
    if isinstance(trigger, DateTrigger):
        return f"Once, at {_local(trigger.run_at, trigger.zone)}"
    return _either(trigger) if isinstance(trigger, OrTrigger) else type(trigger).__name__


def _zone(trigger: Trigger) -> str | None:
    """The zone that the words are meant in, None where they hang on none."""
    if isinstance(trigger, IntervalTrigger) and not (
        trigger.timezone or trigger.start_at is not None or trigger.end_at is not None
    ):
        return None
    return trigger.zone.key


def _either(trigger: OrTrigger) -> str:
    said: list[str] = []
    for each in trigger.triggers[:_MOST_PARTS]:
        zone, text = _zone(each), _sentence(each)
        text = text if not said else text[0].lower() + text[1:]
        said.append(text if zone in (None, trigger.timezone) else f"{text} ({zone})")
    more = len(trigger.triggers) - len(said)
    return "; or ".join([*said, f"one of {more} more"] if more else said)


def _calendar(trigger: CalendarTrigger) -> str:
    text = _every({unit: getattr(trigger, unit) for unit in CALENDAR_UNITS})
    start, rare = trigger.start_date, ""
    if start is not None and not trigger.steps.days:
        yearly = not trigger.months
        text += f" on {start.day} {MONTHS[start.month]}" if yearly else f" on day {start.day}"
        if start.day > (28 if not yearly or start.month == 2 else 31):
            rare = f", in {'years' if yearly else 'months'} that have it"
    at = trigger.time.isoformat("seconds" if trigger.second else "minutes")
    bounds = [f", from {start}" if start else "", f", until {trigger.end_date}" if trigger.end_date else ""]
    return f"{text} at {at}{rare}{''.join(bounds)}"


def _cron(trigger: CronTrigger) -> str:
    clock, days = clock_words(trigger.rule), day_words(trigger.rule)
    every_day = " every day" if not days and clock.startswith("at ") and not trigger.rule.is_wild else ""
    return clock[0].upper() + clock[1:] + every_day + days


def _every(numbers: Mapping[str, float]) -> str:
    given = {unit: value for unit, value in numbers.items() if value}
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
