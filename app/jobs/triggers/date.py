"""The `date` trigger: one moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .base import aware, rfc3339


@dataclass(frozen=True, slots=True)
class DateTrigger:
    """Fires once, at `run_at`; a moment that is past when the schedule is stored fires at once."""

    run_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "run_at", aware("run_at", self.run_at))

    def next_after(self, moment: datetime | None, anchor: datetime) -> datetime | None:
        """`run_at` until it is past."""
        return self.run_at if moment is None or moment < self.run_at else None

    def until(self, first: datetime, moment: datetime, anchor: datetime) -> tuple[int, datetime]:
        """There is only the one."""
        return 1, first

    def as_dict(self) -> dict[str, Any]:
        """`{"type": "date", "run_at": …}`."""
        return {"type": "date", "run_at": rfc3339(self.run_at)}
