"""Counting what was missed takes no longer for many than for few."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.jobs.schedules.triggers import parse_trigger

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "count", "last"),
    [
        ({"expression": "* * * * * *"}, 365 * 86_400 + 1, timedelta(days=365)),
        ({"expression": "* * * * * *", "timezone": "Europe/Helsinki"}, 365 * 86_400 + 1, timedelta(days=365)),
        ({"expression": "*/5 * * * *", "timezone": "America/New_York"}, 365 * 288 + 1, timedelta(days=365)),
        ({"expression": "0 9 * * *"}, 365, timedelta(days=364, hours=9)),
        ({"expression": "0 9 * * MON-FRI"}, 261, timedelta(days=364, hours=9)),
        ({"expression": "30 2 * * *", "timezone": "America/New_York"}, 365, timedelta(days=364, hours=7.5)),
        ({"expression": "30 1 * * *", "timezone": "America/New_York"}, 365, timedelta(days=364, hours=6.5)),
    ],
)  # fmt: skip
def test_a_year_of_them(words: dict[str, Any], count: int, last: timedelta) -> None:
    """Seconds, minutes, days: exact, and in far less time than it would take to go through them."""
    trigger = parse_trigger("cron", **words)
    first = trigger.next_after(START - timedelta(seconds=1), START)
    assert first is not None
    begun = time.thread_time()
    assert trigger.until(first, START + timedelta(days=365), START) == (count, START + last)
    assert time.thread_time() - begun < 1


def test_a_moment_before_the_first_counts_the_first() -> None:
    """A clock that was set back finds the fire time that it asks about, and no other."""
    trigger = parse_trigger("cron", expression="0 9 * * *")
    first = START + timedelta(hours=9)
    assert trigger.until(first, START, START) == (1, first)
    assert trigger.until(first, first, START) == (1, first)


def test_seconds_through_a_repeated_and_a_skipped_hour() -> None:
    """Every elapsed second is one, on the days with 25 and with 23 hours too."""
    trigger = parse_trigger("cron", expression="* * * * * *", timezone="Europe/Helsinki")
    for day, hours in (("2026-10-24T21:00", 25), ("2026-03-28T22:00", 23)):
        begin = datetime.fromisoformat(day).replace(tzinfo=UTC)
        end = begin + timedelta(hours=hours, seconds=-1)
        assert trigger.until(begin, end, START) == (hours * 3600, end)
