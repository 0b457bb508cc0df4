"""Rules on the wall clock: which days, and which times of them. No zone, no UTC."""

from __future__ import annotations

from bisect import bisect_left
from calendar import isleap
from collections.abc import Iterator
from datetime import date, datetime, time
from functools import lru_cache

from .cron_expression import never, read
from .zones import LAST_YEAR


class Rule:
    """A cron expression plus a filter of years, ISO weeks and weekdays (0 = Monday).

    Each of its days has the same times: every one of `hours` with every one of `minutes` and `seconds`.
    Wall times are naive; intervals are half open, `low` ≤ wall time < `high`.
    """

    def __init__(
        self, expression: str, years: tuple[range, ...] | None, weeks: frozenset[int] | None,
        weekdays: frozenset[int] | None,
    ) -> None:  # fmt: skip
        self.cron = read(expression)
        self.hours, self.minutes, self.seconds = self.cron.hours, self.cron.minutes, self.cron.seconds
        self.months = self.cron.months
        self.years, self.weeks, self.weekdays = years, weeks, weekdays
        self.a_day = len(self.hours) * len(self.minutes) * len(self.seconds)

    @property
    def parts(self) -> tuple[str, ...]:
        """The six fields, seconds first, in capitals."""
        return self.cron.parts

    @property
    def is_wild(self) -> bool:
        """Whether it follows the clock through its changes instead of naming times of the day."""
        return self.parts[1].startswith("*") or self.parts[2].startswith("*")

    def allows(self, day: date) -> bool:
        """Whether the filters of weeks and weekdays let `day` through."""
        return (self.weekdays is None or day.weekday() in self.weekdays) and (
            self.weeks is None or day.isocalendar().week in self.weeks
        )

    def first(self, low: datetime, high: datetime) -> datetime | None:
        """The earliest of its wall times between them, or None."""
        for day in self._days(low.date(), high.date()):
            rank = self._rank(low.time()) if day == low.date() else 0
            if rank < self.a_day:
                found = datetime.combine(day, self._time(rank))
                return found if found < high else None
        return None

    def last(self, low: datetime, high: datetime) -> datetime | None:
        """The latest of its wall times between them, or None."""
        for day in self._days(low.date(), high.date(), backwards=True):
            rank = self._rank(high.time()) if day == high.date() else self.a_day
            if rank:
                found = datetime.combine(day, self._time(rank - 1))
                return found if found >= low else None
        return None

    def count(self, low: datetime, high: datetime) -> int:
        """How many of its wall times there are between them: days are counted, not times."""
        if high <= low:
            return 0
        total = 0
        for day in self._days(low.date(), high.date()):
            total += self._rank(high.time()) if day == high.date() else self.a_day
            total -= self._rank(low.time()) if day == low.date() else 0
        return total

    def comes(self) -> bool:
        """Whether it has any day at all."""
        return any(_days_of(self, year, month) for year in self._kinds_of_years() for month in self.months)

    def _days(self, first: date, last: date, backwards: bool = False) -> Iterator[date]:
        turn = -1 if backwards else 1
        for year in range(first.year, min(last.year, LAST_YEAR) + 1)[::turn]:
            if not self._has_year(year):
                continue
            for month in self.months[::turn]:
                if (first.year, first.month) <= (year, month) <= (last.year, last.month):
                    for day in _days_of(self, year, month)[::turn]:
                        if first <= day <= last:
                            yield day

    def _has_year(self, year: int) -> bool:
        return self.years is None or any(year in years for years in self.years)

    def _kinds_of_years(self) -> Iterator[int]:
        """One of its years of each kind: what the calendar of a year looks like hangs on these three."""
        seen = set()
        for year in range(2000, 2028) if self.years is None else range(1970, LAST_YEAR + 1):
            kind = (isleap(year - 1), isleap(year), date(year, 1, 1).weekday())
            if kind not in seen and self._has_year(year):
                seen.add(kind)
                yield year

    def _rank(self, moment: time) -> int:
        """How many of a day's times are before `moment`."""
        hours, minutes, seconds = (
            bisect_left(values, value)
            for values, value in (
                (self.hours, moment.hour), (self.minutes, moment.minute), (self.seconds, moment.second),
            )
        )  # fmt: skip
        whole_hours = hours * len(self.minutes) * len(self.seconds)
        if moment.hour not in self.hours:
            return whole_hours
        whole_minutes = whole_hours + minutes * len(self.seconds)
        return whole_minutes + seconds if moment.minute in self.minutes else whole_minutes

    def _time(self, rank: int) -> time:
        rank, second = divmod(rank, len(self.seconds))
        hour, minute = divmod(rank, len(self.minutes))
        return time(self.hours[hour], self.minutes[minute], self.seconds[second])


@lru_cache(maxsize=2048)
def compile_rule(
    expression: str, years: tuple[range, ...] | None = None, weeks: frozenset[int] | None = None,
    weekdays: frozenset[int] | None = None,
) -> Rule:  # fmt: skip
    """The rule, which has at least one day; raises TriggerError("expression", …)."""
    rule = Rule(expression, years, weeks, weekdays)
    if not rule.comes():
        raise never()
    return rule


@lru_cache(maxsize=4096)
def _days_of(rule: Rule, year: int, month: int) -> tuple[date, ...]:
    days = (date(year, month, day) for day in rule.cron.days_of(year, month))
    return tuple(day for day in days if rule.allows(day))
