"""The `cron` trigger: times of the day, or of the hour, on the clock of a place."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from .base import TriggerError, rfc3339
from .cron_expression import tidy
from .firetimes import LATEST, count_fires, first_fire
from .rule import Rule, compile_rule
from .words import BOUNDS, translate, word
from .zones import SECOND, check_order, read_times


@dataclass(frozen=True, slots=True)
class CronTrigger:
    """Fires when the clock of `timezone` (IANA, UTC where none is said) shows what the rule says.

    The rule is an `expression` of 5 or 6 fields (seconds first) or an alias such as `@daily`; or else
    APScheduler's fields, Monday = 0. A day that both day and day_of_week restrict is either of them in an
    expression and both of them in the fields. A fixed time that the clock leaves out fires at the next valid
    moment, one that it shows twice fires once; where minute or hour begins with `*`, every time shown counts.
    No fire time is before `start_at` or later than `end_at`.
    """

    expression: str | None = None
    timezone: str | None = None
    start_at: datetime | None = None
    end_at: datetime | None = None
    year: str | int | None = None
    month: str | int | None = None
    day: str | int | None = None
    week: str | int | None = None
    day_of_week: str | int | None = None
    hour: str | int | None = None
    minute: str | int | None = None
    second: str | int | None = None
    zone: ZoneInfo = field(init=False, repr=False, compare=False)
    rule: Rule = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        read_times(self, "start_at", "end_at")
        object.__setattr__(self, "timezone", self.zone.key)
        check_order(self.start_at, self.end_at)
        object.__setattr__(self, "rule", self._compiled())

    def _compiled(self) -> Rule:
        words = {name: word(name, getattr(self, name)) for name in BOUNDS if getattr(self, name) is not None}
        if self.expression is None and not words:
            raise TriggerError("expression", "is required, or fields such as hour and day_of_week")
        if not words:
            object.__setattr__(self, "expression", tidy(self.expression))
            return compile_rule(tidy(self.expression))
        if self.expression is not None:
            raise TriggerError("expression", f"excludes {', '.join(words)}: give one or the other")
        for name, text in words.items():
            object.__setattr__(self, name, text)
        try:
            return compile_rule(*translate(words))
        except TriggerError as error:
            culprit = next((name for name in ("day", "week", "year") if name in words), "day")
            raise TriggerError(culprit if error.field == "expression" else error.field, str(error)) from None

    def next_after(self, moment: datetime | None, anchor: datetime) -> datetime | None:
        """The next one; the very first is not before `start_at` and after `anchor`."""
        since = _whole(moment or anchor) + SECOND
        if self.start_at is not None:
            since = max(since, _whole(self.start_at, up=True))
        found = first_fire(self.rule, self.zone, since)
        fire_time = None if found is None else found.replace(tzinfo=UTC)
        late = fire_time is not None and self.end_at is not None and fire_time > self.end_at
        return None if late else fire_time

    def until(self, first: datetime, moment: datetime, anchor: datetime) -> tuple[int, datetime]:
        """By counting days and multiplying, however many there are."""
        end = moment if self.end_at is None else min(moment, self.end_at)
        count, last = count_fires(self.rule, self.zone, _whole(first), _whole(end))
        return count, last.replace(tzinfo=UTC)

    def as_dict(self) -> dict[str, Any]:
        """`{"type": "cron", …}` with the expression or the fields, as they were given."""
        given = {name: getattr(self, name) for name in ("expression", *BOUNDS)}
        times = {name: rfc3339(getattr(self, name)) for name in ("start_at", "end_at")}
        said = {name: value for name, value in {**given, **times}.items() if value is not None}
        return {"type": "cron", **said, "timezone": self.timezone}


def _whole(moment: datetime, up: bool = False) -> datetime:
    """The naive UTC second that holds `moment` (`up`: that does not begin before it), within the calendar."""
    second = min(moment.astimezone(UTC).replace(tzinfo=None, microsecond=0), LATEST)
    return second + SECOND if up and moment.microsecond else second
