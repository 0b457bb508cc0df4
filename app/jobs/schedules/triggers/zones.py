"""Time zones: where their clocks change, and what they show between two changes.

UTC and wall times are naive in here: the arithmetic stays plain, and `Stretch` says how they belong together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Any, Final
from zoneinfo import ZoneInfo

from ...checks import find_zone
from .base import TriggerError, aware, moment_of

FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 9998
DAY: Final = timedelta(days=1)
SECOND: Final = timedelta(seconds=1)

_STEP: Final = 2 * DAY
"""No zone has changed its offset twice within it."""
_BEGIN: Final = datetime(FIRST_YEAR, 1, 1) + _STEP


@dataclass(frozen=True, slots=True)
class Stretch:
    """A time in which a zone's clock runs evenly: `begin` ≤ UTC < `end`, wall time = UTC + `offset`.

    `seen` is the wall time that the clock had reached before it. Wall times of this stretch below it come a
    second time; those from it to `wall_begin` never come.
    """

    begin: datetime
    end: datetime
    offset: timedelta
    seen: datetime

    @property
    def wall_begin(self) -> datetime:
        """What the clock shows at `begin`."""
        return self.begin + self.offset

    @property
    def wall_end(self) -> datetime:
        """What it has reached at `end`."""
        return self.end + self.offset


def load_zone(value: object) -> ZoneInfo:
    """The zone of an IANA name, or of an object that has one; raises TriggerError("timezone", …).

    A ZoneInfo carries its name as `key`, a zone of pytz as `zone`.
    """
    name = "UTC" if value is UTC else getattr(value, "key", getattr(value, "zone", value))
    if not isinstance(name, str):
        raise TriggerError("timezone", "must be the IANA name of a time zone, such as Europe/Helsinki")
    if (zone := find_zone(name)) is not None:
        return zone
    raise TriggerError("timezone", f"{name[:64]!r} is not an IANA time zone such as Europe/Helsinki or UTC")


def stretches(zone: ZoneInfo, since: datetime) -> Iterator[Stretch]:
    """The one that holds `since` (naive UTC) and those after it, to the end of LAST_YEAR."""
    first_year = (max(since, _BEGIN) - _STEP).year
    edges = (edge for year in range(first_year, LAST_YEAR + 2) for edge in _edges(zone, year))
    seen = datetime.min
    for (begin, offset), (end, _) in pairwise(edges):
        seen = begin + offset if seen is datetime.min else seen
        if end > since:
            yield Stretch(begin, end, offset, seen)
        seen = max(seen, end + offset)


def read_times(trigger: Any, *names: str) -> None:
    """Set `timezone` and `zone` of a frozen trigger, and make its times aware: naive ones are meant there.

    Raises TriggerError for an unknown zone, for what is no time, and for a naive time without a timezone.
    """
    zone = load_zone("UTC" if trigger.timezone is None else trigger.timezone)
    object.__setattr__(trigger, "zone", zone)
    for name in names:
        if getattr(trigger, name) is not None:
            moment = moment_of(name, getattr(trigger, name))
            if moment.utcoffset() is None and trigger.timezone is not None:
                moment = resolve(moment, zone)
            object.__setattr__(trigger, name, aware(name, moment))
    if trigger.timezone is not None:
        object.__setattr__(trigger, "timezone", zone.key)


def check_order(start_at: datetime | None, end_at: datetime | None) -> None:
    """Raises TriggerError for an end before the start."""
    if start_at is not None and end_at is not None and end_at < start_at:
        raise TriggerError("end_at", "must not be before start_at")


def resolve(wall: datetime, zone: ZoneInfo) -> datetime:
    """The UTC moment at which the clock shows `wall` first, or the next valid one where it never does."""
    if not FIRST_YEAR < wall.year < LAST_YEAR:
        return wall.replace(tzinfo=zone)
    stretch = _stretch_of(wall, zone)
    return max(wall - stretch.offset, stretch.begin).replace(tzinfo=UTC)


def first_shown(wall: datetime, zone: ZoneInfo) -> datetime | None:
    """The UTC moment at which the clock shows `wall` first, None where it never does."""
    stretch = _stretch_of(wall, zone)
    return None if wall < stretch.wall_begin else (wall - stretch.offset).replace(tzinfo=UTC)


def gaps(zone: ZoneInfo, since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The wall times that the clock leaves out between two UTC moments: from, and to (which it shows)."""
    begin, end = (moment.replace(tzinfo=None) for moment in (since, until))
    for stretch in stretches(zone, begin):
        if stretch.begin > end:
            return
        if stretch.begin > begin and stretch.seen < stretch.wall_begin:
            yield stretch.seen, stretch.wall_begin


def comes_twice(moment: datetime, zone: ZoneInfo) -> bool:
    """Whether the clock shows again after `moment` (UTC), within the same change, what it shows then."""
    begin = moment.replace(tzinfo=None)
    around = stretches(zone, begin)
    stretch, after = next(around), next(around, None)
    return after is not None and begin + stretch.offset >= after.wall_begin


def shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """`moment` with the wall time of `zone`; as it is at the very ends of the calendar."""
    try:
        return moment.astimezone(zone)
    except OverflowError:
        return moment


def _stretch_of(wall: datetime, zone: ZoneInfo) -> Stretch:
    """The first one that has reached `wall` at its end."""
    return next(found for found in stretches(zone, wall - _STEP) if wall < found.wall_end)


@lru_cache(maxsize=4096)
def _edges(zone: ZoneInfo, year: int) -> tuple[tuple[datetime, timedelta], ...]:
    """The beginning of a year and each change of offset in it, with the offset from there on."""
    begin = datetime(year, 1, 1)
    found = [(begin, _offset(zone, begin))]
    if year > LAST_YEAR or zone.utcoffset(None) is not None:  # an end only; a zone whose offset never changes
        return tuple(found)
    end = datetime(year + 1, 1, 1)
    while begin < end:
        until = min(begin + _STEP, end - SECOND)
        if _offset(zone, until) != found[-1][1]:
            change = _change(zone, begin, until)
            found.append((change, _offset(zone, change)))
        begin += _STEP
    return tuple(found)


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The first second with the offset of `after`; at `before` it is another one."""
    offset = _offset(zone, after)
    while after - before > SECOND:
        middle = before + timedelta(seconds=(after - before) // SECOND // 2)
        if _offset(zone, middle) == offset:
            after = middle
        else:
            before = middle
    return after


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.replace(tzinfo=UTC).astimezone(zone).utcoffset() or timedelta(0)
