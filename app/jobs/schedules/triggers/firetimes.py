"""From a rule's wall times to fire times, where clocks change too.

A rule that names times of the day fires once for each of them, at the next valid moment where the clock
leaves it out. A wild one (its minute or hour begins with `*`) fires whenever the clock shows one of its
times: twice in an hour that comes twice, never in one that does not come. Moments are naive UTC, in seconds.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from .rule import Rule
from .zones import DAY, FIRST_YEAR, LAST_YEAR, SECOND, Stretch, stretches

EARLIEST: Final = datetime(FIRST_YEAR + 1, 1, 1)
LATEST: Final = datetime(LAST_YEAR, 12, 30)
_MARGIN: Final = 2 * DAY
"""More than any wall time is away from UTC, also where a zone skips or repeats a whole day."""
_PATIENCE: Final = timedelta(days=50 * 366)
"""A wild rule whose every time falls into hours that never come is given up after it."""


def first_fire(rule: Rule, zone: ZoneInfo, since: datetime) -> datetime | None:
    """The first fire time that is not before `since`, or None where no more are to come."""
    since = max(since, EARLIEST)
    near = start = _near(rule, since)
    while near is not None and start is not None and near - start < _PATIENCE:
        since = max(since, near - _MARGIN)
        for stretch in stretches(zone, since):
            if stretch.begin > near + _MARGIN:
                since = stretch.begin
                break
            found = _first_in(rule, stretch, since)
            if found is not None:
                return found
        else:
            return None
        near = _near(rule, since)
    return None


def count_fires(rule: Rule, zone: ZoneInfo, first: datetime, last: datetime) -> tuple[int, datetime]:
    """How many fire times there are from `first`, which is one, to `last` (included), and the latest.

    The work grows with the days between them, not with the fire times.
    """
    total, latest, end = 0, first, last + SECOND
    for stretch in stretches(zone, max(first, EARLIEST)):
        if stretch.begin > last:
            break
        count = _count_in(rule, stretch, first, end)
        if count:
            total += count
            holder = stretch
    if total:
        latest = _last_in(rule, holder, end)
    return max(1, total), latest


def note(rule: Rule, zone: ZoneInfo, at: datetime) -> str | None:
    """What a reader should know about the fire time `at` where the clock changes, or None."""
    around = stretches(zone, at)
    stretch = next(around)
    after = next(around, None)
    repeated_from = datetime.max if after is None else after.wall_begin
    return _note_on_gap(rule, stretch, at) or _note_on_repeat(rule, stretch, repeated_from, at)


def _near(rule: Rule, since: datetime) -> datetime | None:
    """A wall time before which there is nothing to look for from `since` on."""
    return rule.first(since - _MARGIN, LATEST) if since < LATEST else None


def _own(rule: Rule, stretch: Stretch) -> datetime:
    """Where the wall times of a stretch begin that are its own: a repeated one belongs to the first time."""
    return stretch.wall_begin if rule.is_wild else max(stretch.wall_begin, stretch.seen)


def _catches_up(rule: Rule, stretch: Stretch) -> bool:
    """Whether the first moment of a stretch stands for times that never came, and for those alone."""
    return (
        not rule.is_wild
        and stretch.seen < stretch.wall_begin
        and rule.first(stretch.seen, stretch.wall_begin) is not None
        and rule.first(stretch.wall_begin, stretch.wall_begin + SECOND) is None
    )


def _first_in(rule: Rule, stretch: Stretch, since: datetime) -> datetime | None:
    if stretch.begin >= since and _catches_up(rule, stretch):
        return stretch.begin
    wall = rule.first(max(_own(rule, stretch), since + stretch.offset), stretch.wall_end)
    return None if wall is None else wall - stretch.offset


def _count_in(rule: Rule, stretch: Stretch, since: datetime, end: datetime) -> int:
    caught = since <= stretch.begin < end and _catches_up(rule, stretch)
    low = max(_own(rule, stretch), since + stretch.offset)
    return rule.count(low, min(stretch.wall_end, end + stretch.offset)) + caught


def _last_in(rule: Rule, stretch: Stretch, end: datetime) -> datetime:
    wall = rule.last(_own(rule, stretch), min(stretch.wall_end, end + stretch.offset))
    return stretch.begin if wall is None else wall - stretch.offset


def _note_on_gap(rule: Rule, stretch: Stretch, at: datetime) -> str | None:
    missed = rule.first(stretch.seen, stretch.wall_begin) if stretch.seen < stretch.wall_begin else None
    if missed is None or at != _first_in(rule, stretch, stretch.begin):
        return None
    if rule.is_wild:
        return f"the clock goes forward: {missed:%Y-%m-%d %H:%M} and what else is skipped has no fire time"
    if at == stretch.begin:
        return f"the clock goes forward: {missed:%Y-%m-%d %H:%M} does not exist, so it runs at this moment"
    return None


def _note_on_repeat(rule: Rule, stretch: Stretch, repeated_from: datetime, at: datetime) -> str | None:
    wall = at + stretch.offset
    if rule.is_wild and wall < stretch.seen:
        return f"the clock goes back: {wall:%H:%M} comes twice, and this is the second time"
    if wall < repeated_from:
        return None
    only = "and this is the first time" if rule.is_wild else "and runs the first time only"
    return f"the clock goes back: {wall:%H:%M} comes twice, {only}"
