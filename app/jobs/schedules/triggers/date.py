"""The `date` trigger: one moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .base import TriggerError, rfc3339
from .zones import read_times


@dataclass(frozen=True, slots=True)
class DateTrigger:
    """Fires once, at `run_at`; a moment that is past when the schedule is stored fires at once.

    A naive `run_at` is meant in `timezone` (IANA), and refused where there is none.
    """

    run_at: datetime
    timezone: str | None = None
    zone: ZoneInfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.run_at is None:
            raise TriggerError("run_at", "is required for a date trigger")
        read_times(self, "run_at")

    def next_after(self, moment: datetime | None, anchor: datetime) -> datetime | None:
        """`run_at` until it is past."""
        return self.run_at if moment is None or moment < self.run_at else None

    def until(self, first: datetime, moment: datetime, anchor: datetime) -> tuple[int, datetime]:
        """There is only the one."""
        return 1, first

    def as_dict(self) -> dict[str, Any]:
        """`{"type": "date", "run_at": …}`, and its timezone where it has one."""
        zone = {} if self.timezone is None else {"timezone": self.timezone}
        return {"type": "date", "run_at": rfc3339(self.run_at), **zone}
