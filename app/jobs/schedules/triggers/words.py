"""APScheduler's field names: from its words to a cron expression plus a filter."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from .base import TriggerError
from .cron_expression import LONGEST

BOUNDS: Final = {
    "year": (1970, 9999),
    "month": (1, 12),
    "day": (1, 31),
    "week": (1, 53),
    "day_of_week": (0, 6),
    "hour": (0, 23),
    "minute": (0, 59),
    "second": (0, 59),
}
"""Each field with its values, from the most to the least significant."""

_STARTS: Final = {"month": "1", "day": "1", "hour": "0", "minute": "0", "second": "0"}
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMES: Final = {
    "month": {name: number for number, name in enumerate(_MONTHS, 1)},
    "day_of_week": {name: number for number, name in enumerate(_WEEKDAYS)},
}
_NUMBERS: Final = re.compile(r"(?:(\*)|(\d{1,4})(?:-(\d{1,4}))?)(?:/(\d{1,4}))?", re.ASCII)
_NAMED: Final = re.compile(r"([a-z]{3})(?:-([a-z]{3}))?")
_PLACED: Final = re.compile(r"(1st|2nd|3rd|4th|5th|last) +([a-z]{3})")


class Translation(NamedTuple):
    """An expression of six fields, and what it cannot say; weekdays count from Monday = 0."""

    expression: str
    years: tuple[range, ...] | None
    weeks: frozenset[int] | None
    weekdays: frozenset[int] | None


def translate(words: Mapping[str, str]) -> Translation:
    """The meaning of the fields that are given; raises TriggerError naming the field at fault.

    Fields that are less significant than all the given ones are at their least value, the others at any.
    """
    least = max(list(BOUNDS).index(name) for name in words)
    text = {
        name: words.get(name, _STARTS.get(name, "*") if place > least else "*")
        for place, name in enumerate(BOUNDS)
    }
    clock = [_rejoined(name, text[name]) for name in ("second", "minute", "hour")]
    day, weekday, weekdays = _days(text["day"], text["day_of_week"])
    month = _rejoined("month", text["month"]).upper()
    years = tuple(_values("year", atom) for atom in _atoms(text["year"]))
    any_year = range(BOUNDS["year"][0], BOUNDS["year"][1] + 1) in years
    weeks = _filter("week", text["week"])
    return Translation(" ".join([*clock, day, month, weekday]), None if any_year else years, weeks, weekdays)


def word(name: str, value: Any) -> str:
    """What is given for a field, as text; raises TriggerError for what is neither text nor whole number."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise TriggerError(name, "must be a whole number or a text such as '*/2', '1-5' or '1,15'")
    if not isinstance(value, str) and not 0 <= value <= 9999:
        raise _refused(name, "this number")
    if len(str(value)) > LONGEST:
        raise TriggerError(name, f"must not be longer than {LONGEST} characters")
    return str(value).strip().lower()


def _days(day: str, day_of_week: str) -> tuple[str, str, frozenset[int] | None]:
    """The fields day-of-month and day-of-week, and the weekdays that a day must be besides, if any."""
    dated, placed = [], []
    for atom in _atoms(day):
        found = _PLACED.fullmatch(atom)
        if found:
            placed.append(_placed(found[1], found[2]))
        else:
            dated.append("L" if atom == "last" else _checked("day", atom))
    weekdays = _filter("day_of_week", day_of_week)
    if "*" in dated or (not dated and not placed):
        dated, placed = ["*"], []
    if placed:  # "or" for the expression, where neither field begins with a star
        starless = ",".join(re.sub(r"^\*", "1-31", atom) for atom in dated)
        return starless or "*", ",".join(placed), weekdays
    if weekdays is None or not dated[0].startswith("*"):
        return ",".join(dated), "*", weekdays
    return ",".join(dated), ",".join(str(number + 1) for number in sorted(weekdays)), None


def _placed(place: str, name: str) -> str:
    number = _NAMES["day_of_week"].get(name)
    if number is None:
        raise _refused("day", f"{place} {name}")
    number = (number + 1) % 7
    return f"{number}L" if place == "last" else f"{number}#{place[0]}"


def _filter(name: str, text: str) -> frozenset[int] | None:
    """The values that are allowed; None for any."""
    low, high = BOUNDS[name]
    found = {value for atom in _atoms(text) for value in _values(name, atom)}
    return None if len(found) == high - low + 1 else frozenset(found)


def _rejoined(name: str, text: str) -> str:
    return ",".join(_checked(name, atom) for atom in _atoms(text))


def _checked(name: str, atom: str) -> str:
    _values(name, atom)
    return atom


def _values(name: str, atom: str) -> range:
    low, high = BOUNDS[name]
    numbers, named = _NUMBERS.fullmatch(atom), _NAMED.fullmatch(atom)
    if numbers:
        star, first, last, step = numbers.groups()
        begin = low if star else int(first)
        end = int(last) if last else high if star or step else begin
        by = int(step) if step else 1
    elif named and name in _NAMES and all(part in _NAMES[name] for part in named.groups() if part):
        begin = _NAMES[name][named[1]]
        end, by = _NAMES[name][named[2] or named[1]], 1
    else:
        raise _refused(name, atom)
    if not low <= begin <= end <= high or by < 1 or (by > 1 and by > end - begin):
        raise _refused(name, atom)
    return range(begin, end + 1, by)


def _atoms(text: str) -> list[str]:
    return [atom.strip() for atom in text.split(",")]


def _refused(name: str, atom: str) -> TriggerError:
    low, high = BOUNDS[name]
    more = {
        "month": ", names jan to dec",
        "day": ", last, 1st mon to 5th sun, last fri",
        "day_of_week": " (0 is Monday), names mon to sun",
    }.get(name, "")
    return TriggerError(
        name,
        f"{atom!r} cannot be translated: {name} takes {low} to {high}{more}; *, */2, 1-5, 1-5/2 and lists",
    )
