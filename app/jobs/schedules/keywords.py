"""The words of triggers and policies as types, for editors and type checkers; their checks are elsewhere."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Literal, TypedDict

When = datetime | str
"""A time, or its text in RFC 3339; without an offset it is meant in the trigger's timezone."""


class PolicyWords(TypedDict, total=False):
    """What becomes of fire times that were missed or overlap; see Policy."""

    misfire: Literal["latest", "all", "skip"]
    misfire_grace: float | None
    max_running: int | None
    jitter: float


class DateWords(PolicyWords, total=False):
    """The words of a date trigger; see DateTrigger."""

    run_at: When
    timezone: str | tzinfo | None


class IntervalWords(PolicyWords, total=False):
    """The words of an interval trigger; see IntervalTrigger."""

    weeks: float
    days: float
    hours: float
    minutes: float
    seconds: float
    start_at: When | None
    end_at: When | None
    start_now: bool
    timezone: str | tzinfo | None


class CronWords(PolicyWords, total=False):
    """The words of a cron trigger; see CronTrigger."""

    expression: str
    timezone: str | tzinfo | None
    start_at: When | None
    end_at: When | None
    year: str | int
    month: str | int
    day: str | int
    week: str | int
    day_of_week: str | int
    hour: str | int
    minute: str | int
    second: str | int
