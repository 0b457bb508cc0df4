"""Steps from date to date: so many months on the same day of the month, then so many days."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from .zones import LAST_YEAR


@dataclass(frozen=True, slots=True)
class DateSteps:
    """Each date is `months` after the one before it, in a month that has its day, and then `days` later.

    A month without the day is passed over by another `months`. All ends with LAST_YEAR.
    """

    months: int
    days: int

    def since(self, start: date, low: date) -> Iterator[date]:
        """The dates from `start` on that are not before `low`."""
        for day in self._walk(self._near(start, low)):
            if day >= low:
                yield day

    def up_to(self, start: date, high: date) -> tuple[int, date]:
        """How many dates there are from `start`, which is one, to `high`, and the last of them."""
        if not self.months:
            steps = max(0, (high - start).days // self.days)
            return steps + 1, start + timedelta(steps * self.days)
        count, last = 1, start  # twelve in a year at most: they may be walked
        for day in self._walk(start):
            if day > high:
                break
            count, last = count + (day > start), day
        return count, last

    def _walk(self, start: date) -> Iterator[date]:
        day: date | None = start
        while day is not None:
            yield day
            day = self._following(day)

    def _near(self, start: date, low: date) -> date:
        """A date of the steps from `start`, not far before `low`: how far is known without a mixture."""
        if low <= start or (self.months and self.days):
            return start
        if not self.months:
            return start + timedelta((low - start).days // self.days * self.days)
        steps = (_months(low) - _months(start)) // self.months
        return next((day for step in range(steps, 0, -1) if (day := self._after(start, step))), start)

    def _following(self, day: date) -> date | None:
        if not self.months:
            found: date | None = day
        else:
            last_step = (LAST_YEAR * 12 + 11 - _months(day)) // self.months
            steps = range(1, last_step + 1)
            found = next((after for step in steps if (after := self._after(day, step))), None)
        try:
            found = None if found is None else found + timedelta(self.days)
        except OverflowError:
            return None
        return None if found is None or found.year > LAST_YEAR else found

    def _after(self, day: date, steps: int) -> date | None:
        """`day` so many times `months` later, None in a month without it."""
        year, month = divmod(_months(day) + steps * self.months, 12)
        try:
            return date(year, month + 1, day.day)
        except ValueError:
            return None


def _months(day: date) -> int:
    return day.year * 12 + day.month - 1
