"""The `interval` trigger: anchor + k × period, in elapsed UTC seconds, so that nothing drifts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from ...checks import TEN_YEARS, is_number
from .base import TriggerError, rfc3339
from .zones import check_order, read_times

UNITS: Final = {"weeks": 604_800, "days": 86_400, "hours": 3_600, "minutes": 60, "seconds": 1}
WEEK: Final = timedelta(weeks=1)
SHORTEST: Final = 0.1


@dataclass(frozen=True, slots=True)
class IntervalTrigger:
    """Fires each sum of the units, counted from `start_at` or else from the anchor.

    Any unit may be a timedelta: it is as long as it says, whatever the unit.

    `start_now` makes the anchor itself (k = 0) a fire time; `start_at` is one, unless it is before the
    anchor: then it only aligns. No fire time is later than `end_at`. Naive times are meant in `timezone`
    (IANA), and refused where there is none; the interval itself is elapsed time in any zone.
    """

    weeks: float = 0
    days: float = 0
    hours: float = 0
    minutes: float = 0
    seconds: float = 0
    start_at: datetime | None = None
    end_at: datetime | None = None
    start_now: bool = False
    timezone: str | None = None
    zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        lengths = {unit: getattr(self, unit) for unit in UNITS}
        for unit, value in lengths.items():
            _check(unit, value)
        for unit, value in _in_units(lengths).items():
            object.__setattr__(self, unit, value)
        if not SHORTEST <= self._seconds <= TEN_YEARS:
            raise TriggerError("seconds", f"an interval lasts from {SHORTEST} s to ten years: say how long")
        if not isinstance(self.start_now, bool):
            raise TriggerError("start_now", "must be true or false")
        read_times(self, "start_at", "end_at")
        if self.start_at and self.start_now:
            raise TriggerError("start_now", "start_at and start_now exclude each other")
        check_order(self.start_at, self.end_at)

    @property
    def _seconds(self) -> float:
        return float(sum(getattr(self, unit) * factor for unit, factor in UNITS.items()))

    @property
    def period(self) -> timedelta:
        """The time from one fire time to the next."""
        return timedelta(seconds=self._seconds)

    def next_after(self, moment: datetime | None, anchor: datetime) -> datetime | None:
        """The next of start + k × period, k ≥ 0 with `start_at` or `start_now`, else k ≥ 1."""
        start = self.start_at or anchor
        steps = 0 if self.start_at or self.start_now else 1
        if moment is not None:
            steps = max(steps, (moment - start) // self.period + 1)
        elif start < anchor:
            steps = -((start - anchor) // self.period)
        try:
            fire_time = start + steps * self.period
        except OverflowError:  # after the year 9999
            return None
        return None if self.end_at is not None and fire_time > self.end_at else fire_time

    def until(self, first: datetime, moment: datetime, anchor: datetime) -> tuple[int, datetime]:
        """By arithmetic, however many there are."""
        last = moment if self.end_at is None else min(moment, self.end_at)
        steps = max(0, (last - first) // self.period)
        return steps + 1, first + steps * self.period

    def as_dict(self) -> dict[str, Any]:
        """`{"type": "interval", …}` with only the keys that say something."""
        units = {unit: getattr(self, unit) for unit in UNITS if getattr(self, unit)}
        times = {name: rfc3339(getattr(self, name)) for name in ("start_at", "end_at") if getattr(self, name)}
        others = {name: getattr(self, name) for name in ("start_now", "timezone") if getattr(self, name)}
        return {"type": "interval", **units, **times, **others}


def _check(unit: str, value: Any) -> None:
    factor = UNITS[unit]
    if isinstance(value, timedelta):
        value, factor = value.total_seconds(), 1
    if not is_number(value):
        raise TriggerError(unit, "must be a number")
    if value < 0:
        raise TriggerError(unit, "must not be negative")
    if value * factor > TEN_YEARS:
        raise TriggerError(unit, "must not be more than ten years")


def _in_units(lengths: Mapping[str, Any]) -> dict[str, float]:
    """The same lengths as numbers: a timedelta of 90 minutes is 1 hour and 30 minutes."""
    numbers = {unit: 0 if isinstance(value, timedelta) else value for unit, value in lengths.items()}
    rest = sum((value for value in lengths.values() if isinstance(value, timedelta)), timedelta(0))
    for unit in ["weeks"] if not rest % WEEK else ["days", "hours", "minutes"]:
        count, rest = divmod(rest, timedelta(**{unit: 1}))
        numbers[unit] += count
    seconds = rest.total_seconds()
    numbers["seconds"] += int(seconds) if seconds.is_integer() else seconds
    return numbers
