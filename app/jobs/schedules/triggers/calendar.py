"""The `calendar` trigger: every so many years, months, weeks and days, at a time of the day."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any, Final
from zoneinfo import ZoneInfo

from .base import TriggerError
from .datesteps import DateSteps
from .zones import DAY, FIRST_YEAR, LAST_YEAR, first_shown, gaps, read_times, shown

UNITS: Final = ("years", "months", "weeks", "days")
CLOCK: Final = {"hour": 23, "minute": 59, "second": 59}
LONGEST: Final = 10_000


@dataclass(frozen=True, slots=True)
class CalendarTrigger:
    """Fires on every date that is the sum of the units after the one before, when the clock shows the time.

    As APScheduler's CalendarIntervalTrigger: years and months keep the day of the month and pass over months
    without it, weeks and days are added then; where the clock of `timezone` (IANA, UTC where none is said)
    leaves the time out, that date has no fire time, and where it shows it twice, the first time counts. The
    first date is `start_date`, else that of the anchor; what is before the anchor only aligns. No fire time
    is later than `end_date`.
    """

    years: int = 0
    months: int = 0
    weeks: int = 0
    days: int = 0
    hour: int = 0
    minute: int = 0
    second: int = 0
    start_date: date | None = None
    end_date: date | None = None
    timezone: str | None = None
    zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        read_times(self)
        object.__setattr__(self, "timezone", self.zone.key)
        for name in UNITS:
            _check_number(name, getattr(self, name), LONGEST)
        for name, most in CLOCK.items():
            _check_number(name, getattr(self, name), most)
        if not any(getattr(self, name) for name in UNITS):
            raise TriggerError("days", "say how often: years, months, weeks or days")
        for name in ("start_date", "end_date"):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, _date_of(name, getattr(self, name)))
        if self.start_date and self.end_date and self.end_date < self.start_date:
            raise TriggerError("end_date", "must not be before start_date")

    @property
    def steps(self) -> DateSteps:
        """From one of its dates to the next."""
        return DateSteps(self.years * 12 + self.months, self.weeks * 7 + self.days)

    @property
    def time(self) -> time:
        """When on each of its dates."""
        return time(self.hour, self.minute, self.second)

    def next_after(self, moment: datetime | None, anchor: datetime) -> datetime | None:
        """The next one; the very first is not before the anchor."""
        since = anchor if moment is None else moment
        for day in self.steps.since(self._start(anchor), _day(since, self.zone) - 2 * DAY):
            if self.end_date is not None and day > self.end_date:
                break
            fire_time = self._on(day)
            if fire_time is not None and (fire_time > since or (moment is None and fire_time == since)):
                return fire_time
        return None

    def until(self, first: datetime, moment: datetime, anchor: datetime) -> tuple[int, datetime]:
        """By arithmetic for weeks and days; those of months, twelve in a year at most, are counted."""
        start = _day(first, self.zone)
        high = min(_day(moment, self.zone) + 2 * DAY, self.end_date or date.max)
        while high > start:
            count, high = self.steps.up_to(start, high)
            last = self._on(high)
            if last is not None and first < last <= moment:
                return count - len(self.left_out(first, last, anchor)), last
            high -= DAY
        return 1, first

    def left_out(self, since: datetime, until: datetime, anchor: datetime) -> list[datetime]:
        """Its times between two moments that the clock leaves out."""
        start, found = self._start(anchor), []
        for begin, end in gaps(self.zone, since, until):
            for day in sorted({begin.date(), end.date()}):
                wall = datetime.combine(day, self.time)
                if begin <= wall < end and day >= start and self.steps.up_to(start, day)[1] == day:
                    found.append(wall)
        return found

    def _start(self, anchor: datetime) -> date:
        return self.start_date or _day(anchor, self.zone)

    def as_dict(self) -> dict[str, Any]:
        """`{"type": "calendar", …}` with only the keys that say something, and the timezone."""
        numbers = {name: getattr(self, name) for name in (*UNITS, *CLOCK) if getattr(self, name)}
        dates = {name: getattr(self, name) for name in ("start_date", "end_date")}
        said = {name: value.isoformat() for name, value in dates.items() if value is not None}
        return {"type": "calendar", **numbers, **said, "timezone": self.timezone}

    def _on(self, day: date) -> datetime | None:
        return first_shown(datetime.combine(day, self.time), self.zone)


def _day(moment: datetime, zone: ZoneInfo) -> date:
    """The date on the clock, within the years that the zones know."""
    day = shown(moment, zone).date()
    return min(max(day, date(FIRST_YEAR + 2, 1, 1)), date(LAST_YEAR - 1, 12, 1))


def _check_number(name: str, value: Any, most: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise TriggerError(name, f"must be a whole number from 0 to {most:,}")


def _date_of(name: str, value: Any) -> date:
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            value = None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise TriggerError(
            name, "must be a date such as 2030-01-31; the time of the day is hour, minute, second"
        )
    if not FIRST_YEAR + 1 < value.year < LAST_YEAR - 1:
        raise TriggerError(name, f"must be a date from {FIRST_YEAR + 2} to {LAST_YEAR - 2}")
    return value
