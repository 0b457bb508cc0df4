"""The fields of a cron expression: text to sets of values, and the days that two of the fields name."""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, NamedTuple

from .base import TriggerError

SATURDAY: Final = 5
_WEEKDAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_RANGE: Final = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d{1,9}))?", re.ASCII)
_DATE: Final = re.compile(r"(?:L(?:-([1-9]|[12]\d|30))?|(0?[1-9]|[12]\d|3[01]))(W)?", re.ASCII)
_PLACED: Final = re.compile(r"(\w{1,3})(?:#([1-5])|L)", re.ASCII)


class DayOfMonth(NamedTuple):
    """A day counted from the first (1 to 31) or from the last of a month (0, −1, …)."""

    day: int
    nearest_workday: bool = False

    def of(self, year: int, month: int) -> int | None:
        """Its number in that month, or None: a workday is looked for within the month only."""
        length = monthrange(year, month)[1]
        day = self.day if self.day > 0 else length + self.day
        if not 1 <= day <= length:
            return None
        late = date(year, month, day).weekday() - SATURDAY if self.nearest_workday else -1
        if late == 0:
            return day - 1 if day > 1 else day + 2
        if late == 1:
            return day + 1 if day < length else day - 2
        return day


class PlacedWeekday(NamedTuple):
    """A weekday (0 = Monday) at its place in a month, 1 to 5; −1 is the last."""

    weekday: int
    place: int

    def of(self, year: int, month: int) -> int | None:
        """The number of that day in that month, or None."""
        before, length = monthrange(year, month)
        first = (self.weekday - before) % 7 + 1
        day = first + 7 * (self.place - 1) if self.place > 0 else length - (length - first) % 7
        return day if day <= length else None


@dataclass(frozen=True, slots=True)
class Fields:
    """What the six fields name: `parts` as they are written, in capitals and seconds first.

    Weekdays count from Monday = 0. A day must be named by both of day-of-month and day-of-week where one of
    them begins with `*`, else by either, as in Debian's cron.
    """

    parts: tuple[str, ...]
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[DayOfMonth]
    months: tuple[int, ...]
    weekdays: frozenset[int]
    placed: frozenset[PlacedWeekday]

    @property
    def day_and(self) -> bool:
        """Whether a day must be named by both fields."""
        return self.parts[3].startswith("*") or self.parts[5].startswith("*")

    def days_of(self, year: int, month: int) -> list[int]:
        """The days of that month that it names, in order; the month itself is not looked at."""
        before, length = monthrange(year, month)
        dated = {day.of(year, month) for day in self.days}
        named = {day for day in range(1, length + 1) if (before + day - 1) % 7 in self.weekdays}
        named |= {day for place in self.placed if (day := place.of(year, month))}
        both = dated & named if self.day_and else dated | named
        return sorted(day for day in both if day)


class Field(NamedTuple):
    """A field: its name, its least and greatest value, the words for them, and what it takes."""

    name: str
    low: int
    high: int
    words: Sequence[str]
    takes: str
    coarse: str
    """What to say instead of a step that is larger than the field."""

    def values(self, text: str) -> tuple[int, ...]:
        """The values that a list names, in order."""
        return tuple(sorted({value for atom in text.split(",") for value in self.range_of(atom, text)}))

    def range_of(self, atom: str, text: str) -> Iterator[int]:
        """The values of `*`, `3`, `1-5`, `22-2`, each also with a step; `text` is the field for a message."""
        found = _RANGE.fullmatch(atom)
        if found is None or (found[1] == "*" and found[2]):
            raise self.refused(text)
        step = int(found[3] or 1)
        low = self.low if found[1] == "*" else self.number(found[1], text)
        high = self.number(found[2], text) if found[2] else self.high if found[3] or found[1] == "*" else low
        if step < 1:
            raise self.refused(text)
        if step > self.size:
            coarse = self.coarse.format(step)
            raise TriggerError(
                "expression", f"{atom!r}: a {self.name} has only {self.size} values: write {coarse}"
            )
        if self.name == "day-of-week" and low > high:
            low %= 7
        if low > high:  # on from the least value
            return iter([*range(low, self.low + self.size), *range(self.low, high + 1)][::step])
        return iter(range(low, high + 1, step))

    @property
    def size(self) -> int:
        """How many different values there are."""
        return min(self.high - self.low + 1, 7) if self.name == "day-of-week" else self.high - self.low + 1

    def number(self, word: str, text: str) -> int:
        """The value of a number or a name; raises TriggerError."""
        if word in self.words:
            return self.low + self.words.index(word)
        if not word.isdigit() or not self.low <= int(word[:9]) <= self.high:
            raise self.refused(text)
        return int(word)

    def refused(self, text: str) -> TriggerError:
        """What to raise for a field that is not understood."""
        return TriggerError(
            "expression",
            f"{text!r} is no {self.name}: it takes {self.takes}, lists 1,2, ranges 1-5, steps */2",
        )


_EVERY: Final = "the interval @every {}%s"
_CALENDAR: Final = '{{"type": "calendar", "%s": {}}}'
SECOND: Final = Field("second", 0, 59, (), "0-59", _EVERY % "s")
MINUTE: Final = Field("minute", 0, 59, (), "0-59", _EVERY % "m")
HOUR: Final = Field("hour", 0, 23, (), "0-23", _EVERY % "h")
DAY: Final = Field(
    "day-of-month", 1, 31, (),
    "1-31, L (the last day), L-2 (two days before it), 15W (the weekday nearest to the 15th), LW, ?",
    _CALENDAR % "days",
)  # fmt: skip
MONTH: Final = Field("month", 1, 12, _MONTHS, "1-12 or JAN-DEC", _CALENDAR % "months")
WEEKDAY: Final = Field(
    "day-of-week", 0, 7, _WEEKDAYS,
    "0-7 (0 and 7 are Sunday) or SUN-SAT, with MON#2 (the second), FRIL or 5L (the last Friday), ?",
    _CALENDAR % "days",
)  # fmt: skip


def parse_fields(parts: Sequence[str]) -> Fields:
    """The meaning of six fields in capitals; raises TriggerError("expression", …) with a form that works."""
    parts = [*parts[:3], _anything(parts[3]), parts[4], _anything(parts[5])]
    weekdays, placed = _weekdays(parts[5])
    return Fields(
        tuple(parts), SECOND.values(parts[0]), MINUTE.values(parts[1]), HOUR.values(parts[2]),
        frozenset(_days(parts[3])), MONTH.values(parts[4]), weekdays, placed,
    )  # fmt: skip


def _anything(text: str) -> str:
    return "*" if text == "?" else text


def _days(text: str) -> Iterator[DayOfMonth]:
    for atom in text.split(","):
        found = _DATE.fullmatch(atom)
        if found:
            yield DayOfMonth(int(found[2]) if found[2] else -int(found[1] or 0), found[3] is not None)
        elif atom.startswith("L") and "/" in atom:
            raise TriggerError(
                "expression", f"{atom!r}: L takes no step: write L-2 for two days before the last day"
            )
        else:
            yield from (DayOfMonth(day) for day in DAY.range_of(atom, text))


def _weekdays(text: str) -> tuple[frozenset[int], frozenset[PlacedWeekday]]:
    plain, placed = set(), set()
    for atom in text.split(","):
        found = _PLACED.fullmatch(atom)
        if found:
            placed.add(PlacedWeekday((WEEKDAY.number(found[1], text) - 1) % 7, int(found[2] or -1)))
        else:
            plain |= {(day - 1) % 7 for day in WEEKDAY.range_of(atom, text)}
    if plain and placed:
        raise TriggerError(
            "expression",
            f"{text!r} mixes weekdays with and without a place in the month: write 5#3,6#3 where each has"
            ' one, or two expressions in {"type": "or", "triggers": […]}',
        )
    return frozenset(plain), frozenset(placed)
