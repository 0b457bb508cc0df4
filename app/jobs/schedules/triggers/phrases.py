"""Words for what a cron rule says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import count, groupby
from typing import Final

from .cron_fields import DayOfMonth, PlacedWeekday
from .rule import Rule

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS: Final = (
    "", "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MOST_TIMES: Final = 6
_MOST_NAMED: Final = 12
_SIZES: Final = {"second": 60, "minute": 60, "hour": 24}
_PLAIN: Final = frozenset(DayOfMonth(day) for day in range(1, 32))
"""The days of a month that are counted from its first, as they are."""
_STAR: Final = re.compile(r"\*(?:/(\d+))?", re.ASCII)


def listed(items: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`, and after twelve of them how many more there are."""
    if len(items) > _MOST_NAMED:
        items = [*items[: _MOST_NAMED - 1], f"{len(items) - _MOST_NAMED + 1} more"]
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"


def clock_words(rule: Rule) -> str:
    """When on its days: `at 09:00`, `every 5 minutes from 09:00 to 17:59`."""
    if not rule.is_wild and rule.a_day <= _MOST_TIMES:
        return "at " + listed(_times(rule))
    fine = _within_hour(rule)
    if _is_span(rule.hours) and not rule.parts[2].startswith("*"):
        first, last = rule.hours[0], rule.hours[-1]
        if fine.startswith("every"):
            return f"{fine} from {first:02}:00 to {last:02}:59"
        if rule.seconds == (0,) and len(rule.minutes) == 1:
            return f"every hour from {first:02}:{rule.minutes[0]:02} to {last:02}:{rule.minutes[0]:02}"
    hour = _unit("hour", rule.parts[2], rule.hours, finest=fine == "minute 0")
    if fine == "minute 0" and hour.startswith("every"):
        return hour
    text = fine if hour == "every hour" and "every" in fine else f"{fine} of {hour}"
    return text if fine.startswith("every") else f"at {text}"


def day_words(rule: Rule) -> str:
    """Which days, each phrase with a comma in front; empty for every day."""
    months = "" if len(rule.months) == 12 else listed(_spans(rule.months, MONTHS))
    dates, weekdays = _dates(rule), _weekdays(rule)
    if not rule.cron.day_and and not (dates and weekdays):  # this day, or any day
        dates = weekdays = ""
    said = [_together(rule, dates, weekdays) if dates and weekdays else dates or weekdays]
    if rule.weekdays is not None:
        said.append(f"only if it is {listed(_spans(rule.weekdays, WEEKDAYS), 'or')}")
    if len(rule.months) == 1 and dates and not weekdays and all(day in _PLAIN for day in rule.cron.days):
        said[0] = f"{re.sub('days? | of the month', '', dates)} {months}"
    elif months:
        said.append(f"in {months}")
    if rule.weeks is not None:
        said.append(f"in ISO week{'s' if len(rule.weeks) > 1 else ''} {listed(_spans(rule.weeks))}")
    if rule.years is not None:
        said.append(f"in {listed(_spans({year for years in rule.years for year in years}))}")
    return "".join(f", {phrase}" for phrase in said if phrase)


def _together(rule: Rule, dates: str, weekdays: str) -> str:
    if rule.cron.day_and:
        return f"{dates}, only if it is {weekdays}"
    return f"{dates} or {weekdays if weekdays.startswith('the ') else 'any ' + weekdays}"


def _times(rule: Rule) -> list[str]:
    seconds = [""] if rule.seconds == (0,) else [f":{second:02}" for second in rule.seconds]
    return [
        f"{hour:02}:{minute:02}{second}"
        for hour in rule.hours
        for minute in rule.minutes
        for second in seconds
    ]


def _within_hour(rule: Rule) -> str:
    exact = rule.seconds == (0,)
    minute = _unit("minute", rule.parts[1], rule.minutes, finest=exact)
    if exact:
        return minute
    second = _unit("second", rule.parts[0], rule.seconds)
    return second if minute == "every minute" and second.startswith("every") else f"{second} of {minute}"


def _unit(name: str, text: str, values: Sequence[int], finest: bool = True) -> str:
    """`every minute`, `every 5 minutes`, `every 7th minute`, `minute 30`, `minutes 0 to 29`."""
    star = _STAR.fullmatch(text)
    if star and len(values) > 1:
        step = int(star[1] or 1)
        if step == 1:
            return f"every {name}"
        even = finest and _SIZES[name] % step == 0
        return f"every {step} {name}s" if even else f"every {_ordinal(step)} {name}"
    return f"{name}{'s' if len(values) > 1 else ''} {listed(_spans(values))}"


def _is_span(values: Sequence[int]) -> bool:
    return 2 < len(values) == values[-1] - values[0] + 1


def _dates(rule: Rule) -> str:
    star = _STAR.fullmatch(rule.parts[3])
    days = rule.cron.days
    if days >= _PLAIN:
        return ""
    if star and len(days) > 1:
        return f"on every {_ordinal(int(star[1]))} day of the month"
    numbers = sorted(date.day for date in days & _PLAIN)
    said = [f"day{'s' if len(numbers) > 1 else ''} {listed(_spans(numbers))}"] if numbers else []
    said += [_date(date) for date in sorted(days - _PLAIN, reverse=True)]
    return f"on {listed(said)} of the month"


def _date(date: DayOfMonth) -> str:
    before = f"{-date.day} days before the last" if date.day < -1 else "before the last"
    if not date.nearest_workday:
        return f"the day {before}" if date.day else "the last day"
    if date.day > 0:
        return f"the weekday nearest to day {date.day}"
    return f"the weekday nearest to the day {before}" if date.day else "the last working day"


def _weekdays(rule: Rule) -> str:
    plain, placed = rule.cron.weekdays, rule.cron.placed
    if len(plain) == 7:
        return ""
    either = "or" if rule.parts[3] != "*" else "and"
    in_order = sorted(placed, key=lambda day: (day.place < 0, day.place, day.weekday))
    return listed(
        [*_spans(plain, WEEKDAYS), *(f"the {_place(day)} of the month" for day in in_order)], either
    )


def _place(day: PlacedWeekday) -> str:
    return f"{'last' if day.place < 0 else _ordinal(day.place)} {WEEKDAYS[day.weekday]}"


def _spans(values: Iterable[int], names: Sequence[str] | None = None) -> list[str]:
    """Single values and, from three in a row on, `first to last`."""
    position = count()
    runs = [list(run) for _, run in groupby(sorted(values), lambda value: value - next(position))]
    ends = [[run[0], run[-1]] if len(run) > 2 else run for run in runs]
    text = [[str(value) if names is None else names[value] for value in run] for run in ends]
    return [
        word
        for run, words in zip(runs, text, strict=True)
        for word in ([" to ".join(words)] if len(run) > 2 else words)
    ]


def _ordinal(number: int) -> str:
    teen = number % 100 in (11, 12, 13)
    return f"{number}{'th' if teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
