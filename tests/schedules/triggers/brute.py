"""Fire times by brute force: every minute of a window is looked at, with nothing but zoneinfo.

Slow, simple, and made without the code that it checks: own parser, own days, no arithmetic on offsets.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
AROUND = timedelta(days=3)
DAYS = {name: n for n, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"])}
MONTHS = {name: n for n, name in enumerate(["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL"], 1)}
MONTHS |= {name: n for n, name in enumerate(["AUG", "SEP", "OCT", "NOV", "DEC"], 8)}


def fire_times(expression: str, zone: str, after: datetime, before: datetime) -> list[datetime]:
    """All fire times of a 5-field expression with after < fire time < before, in UTC."""
    minute, hour, *day = expression.upper().split()
    place = ZoneInfo(zone)
    wild = minute.startswith("*") or hour.startswith("*")
    minutes, hours = _set(minute, 0, 59), _set(hour, 0, 23)
    found: set[datetime] = set()
    moment = (after - AROUND).replace(second=0, microsecond=0)
    reached = _wall(moment, place)
    while moment < before:
        moment += MINUTE
        wall = _wall(moment, place)
        if wild:
            shown = [wall]
        else:  # every minute that the clock has come to, or has left out, since it was at its highest
            shown = []
            while reached < wall:
                reached += MINUTE
                shown.append(reached)
        if any(w.minute in minutes and w.hour in hours and _is_day(w.date(), *day) for w in shown):
            found.add(moment)
    return sorted(at for at in found if after < at < before)


def _wall(moment: datetime, place: ZoneInfo) -> datetime:
    return moment.astimezone(UTC).astimezone(place).replace(tzinfo=None)


def _set(field: str, low: int, high: int, names: dict[str, int] | None = None) -> set[int]:
    found: set[int] = set()
    for atom in field.split(","):
        span, _, step = atom.partition("/")
        first, _, last = span.partition("-")
        begin = low if first == "*" else _number(first, names)
        end = _number(last, names) if last else high if first == "*" or step else begin
        if names is DAYS and begin == 7 > end:
            begin = 0
        values = [begin]
        while values[-1] != end:
            values.append(
                values[-1] + 1 if values[-1] < (6 if names is DAYS and end < begin else high) else low
            )
        found |= set(values[:: int(step or 1)])
    return found


def _number(text: str, names: dict[str, int] | None) -> int:
    return names[text] if names and text in names else int(text)


def _is_day(day: date, days: str, months: str, weekdays: str) -> bool:
    if day.month not in _set(months, 1, 12, MONTHS):
        return False
    days, weekdays = (field.replace("?", "*") for field in (days, weekdays))
    dated, named = _is_dated(day, days), _is_weekday(day, weekdays)
    return dated and named if days.startswith("*") or weekdays.startswith("*") else dated or named


def _is_dated(day: date, days: str) -> bool:
    last = monthrange(day.year, day.month)[1]
    working = [n for n in range(1, last + 1) if date(day.year, day.month, n).isoweekday() <= 5]
    for atom in days.split(","):
        if atom.startswith("L") or atom.endswith("W"):
            before = int(atom.removesuffix("W").partition("-")[2] or 0)
            target = last - before if atom.startswith("L") else int(atom.removesuffix("W"))
            near = sorted(working, key=lambda n: abs(n - target))[0] if atom.endswith("W") else target
            hit = 1 <= target <= last and near == day.day
        else:
            hit = day.day in _set(atom, 1, 31)
        if hit:
            return True
    return False


def _is_weekday(day: date, weekdays: str) -> bool:
    number, last = day.isoweekday() % 7, monthrange(day.year, day.month)[1]
    for atom in weekdays.split(","):
        if "#" in atom:
            name, nth = atom.split("#")
            same = [n for n in range(1, last + 1) if (n - day.day) % 7 == 0]
            hit = _number(name, DAYS) % 7 == number and same.index(day.day) + 1 == int(nth)
        elif atom.endswith("L"):
            hit = _number(atom[:-1], DAYS) % 7 == number and day.day + 7 > last
        else:
            values = _set(atom, 0, 7, DAYS)
            hit = number in {value % 7 for value in values}
        if hit:
            return True
    return False
