"""The `or` trigger: the earliest of several."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from .base import Trigger
from .zones import read_times

MOST: Final = 20
EXACT: Final = 128
"""Up to so many fire times are counted one by one, so that those which two triggers share count once."""
_TICK: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class OrTrigger:
    """Fires whenever one of its `triggers` does, once where several do at the same moment.

    `timezone` (IANA, UTC where none is said) is that of each trigger in it that names none.
    """

    triggers: tuple[Trigger, ...]
    timezone: str | None = None
    zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        read_times(self)
        object.__setattr__(self, "timezone", self.zone.key)

    def next_after(self, moment: datetime | None, anchor: datetime) -> datetime | None:
        """The earliest that comes next; none of them begins before its own very first."""
        coming = [_next(trigger, moment, anchor) for trigger in self.triggers]
        return min((fire_time for fire_time in coming if fire_time is not None), default=None)

    def until(self, first: datetime, moment: datetime, anchor: datetime) -> tuple[int, datetime]:
        """Exact up to 128; above, fire times that several triggers share may be counted for each of them."""
        count, last, parts = 0, first, []
        for trigger in self.triggers:
            begin = _since(trigger, first, anchor)
            if begin is not None and begin <= moment:
                found, end = trigger.until(begin, moment, anchor)
                count, last = count + found, max(last, end)
                parts.append((trigger, begin))
        if len(parts) > 1 and count <= EXACT * len(parts):
            count = len({at for trigger, begin in parts for at in _walk(trigger, begin, last, anchor)})
        return max(1, count), last

    def those_at(self, fire_time: datetime, anchor: datetime) -> list[Trigger]:
        """The triggers that fire at that moment."""
        return [each for each in self.triggers if _since(each, fire_time, anchor) == fire_time]

    def as_dict(self) -> dict[str, Any]:
        """`{"type": "or", "triggers": […], "timezone": …}`; what follows its timezone does not repeat it."""
        return {
            "type": "or",
            "triggers": [self._without_zone(trigger.as_dict()) for trigger in self.triggers],
            "timezone": self.timezone,
        }

    def _without_zone(self, words: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in words.items() if (key, value) != ("timezone", self.timezone)}


def _next(trigger: Trigger, moment: datetime | None, anchor: datetime) -> datetime | None:
    """The next one, and never one that is before the very first."""
    first = trigger.next_after(None, anchor)
    if moment is None or first is None or first > moment:
        return first
    return trigger.next_after(moment, anchor)


def _since(trigger: Trigger, moment: datetime, anchor: datetime) -> datetime | None:
    """The first one that is not before `moment`."""
    first = trigger.next_after(None, anchor)
    return first if first is None or first >= moment else trigger.next_after(moment - _TICK, anchor)


def _walk(trigger: Trigger, begin: datetime, last: datetime, anchor: datetime) -> Iterator[datetime]:
    fire_time: datetime | None = begin
    while fire_time is not None and fire_time <= last:
        yield fire_time
        fire_time = trigger.next_after(fire_time, anchor)
