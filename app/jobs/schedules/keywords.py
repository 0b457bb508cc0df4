"""The words of triggers and policies as types, for editors and type checkers; their checks are elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, Literal, TypedDict

from .triggers import Trigger

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

    weeks: float | timedelta
    days: float | timedelta
    hours: float | timedelta
    minutes: float | timedelta
    seconds: float | timedelta
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


class CalendarWords(PolicyWords, total=False):
    """The words of a calendar trigger; see CalendarTrigger."""

    years: int
    months: int
    weeks: int
    days: int
    hour: int
    minute: int
    second: int
    start_date: date | str | None
    end_date: date | str | None
    timezone: str | tzinfo | None


class OrWords(PolicyWords, total=False):
    """The words of several triggers in one; see OrTrigger."""

    triggers: Sequence[Mapping[str, Any] | Trigger | timedelta]
    timezone: str | tzinfo | None
