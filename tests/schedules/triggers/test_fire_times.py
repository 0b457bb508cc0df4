"""When cron rules fire: a stored table, and properties that hold for all of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.schedules.triggers import Trigger, parse_trigger

from .brute import fire_times
from .rules import ZONES, edges, expressions

TABLE: list[dict[str, Any]] = json.loads(Path(__file__).with_name("fire_times.json").read_text())


def fires(trigger: Trigger, after: datetime, before: datetime) -> list[datetime]:
    """All fire times between the two, one by one."""
    found: list[datetime] = []
    moment = trigger.next_after(after, after)
    while moment is not None and moment < before:
        found.append(moment)
        moment = trigger.next_after(moment, after)
    return found


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row['zone']} {row['expression']} ({row['why']})")
def test_the_table(row: dict[str, Any]) -> None:
    """Each rule fires at the stored moments and at no other, also when it is written with seconds."""
    after, before = datetime.fromisoformat(row["after"]), datetime.fromisoformat(row["before"])
    expected = [datetime.fromisoformat(text) for text in row["fires"]]
    for expression in (row["expression"], f"0 {row['expression']}"):
        trigger = parse_trigger("cron", expression=expression, timezone=row["zone"])
        assert fires(trigger, after, before) == expected


def test_the_table_is_large_enough() -> None:
    """Sixty rules and more, over zones that differ."""
    assert len(TABLE) > 60
    assert len({row["zone"] for row in TABLE}) > 10


@settings(max_examples=60, deadline=None)
@given(expression=expressions, edge=edges, minutes=st.integers(0, 2880), seconds=st.integers(0, 59))
def test_fire_times_are_those_of_brute_force(
    expression: str, edge: tuple[str, datetime], minutes: int, seconds: int
) -> None:
    """Around changes of the clock, whichever moment one asks from, and however they are counted."""
    zone, change = edge
    after = change - timedelta(days=1, minutes=-minutes, seconds=-seconds)
    before = after + timedelta(days=1)
    trigger = parse_trigger("cron", expression=expression, timezone=zone)
    expected = fire_times(expression, zone, after, before)
    assert fires(trigger, after, before) == expected
    if expected:
        assert trigger.until(expected[0], before - timedelta(seconds=1), after) == (
            len(expected),
            expected[-1],
        )


@settings(max_examples=150, deadline=None)
@given(
    expression=expressions, zone=st.sampled_from(ZONES), year=st.integers(1901, 2400), day=st.integers(0, 365)
)
def test_fire_times_increase_and_are_aware(expression: str, zone: str, year: int, day: int) -> None:
    """Each is later than the moment before it, aware and in UTC; the count of them agrees."""
    start = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day)
    trigger = parse_trigger("cron", expression=expression, timezone=zone)
    found = [start]
    for _ in range(12):
        moment = trigger.next_after(found[-1], start)
        if moment is None:  # all of its times are in hours that never come there
            return
        assert moment.utcoffset() == timedelta(0)
        assert moment > found[-1]
        found.append(moment)
    assert trigger.until(found[1], found[-1], start) == (12, found[-1])


@settings(max_examples=100, deadline=None)
@given(expression=expressions, edge=edges, back=st.integers(0, 200_000))
def test_asking_between_two_fire_times_gives_the_second(
    expression: str, edge: tuple[str, datetime], back: int
) -> None:
    """No moment between two fire times has another one after it, nor does it bring the first one back."""
    zone, change = edge
    start = change - timedelta(seconds=back)
    trigger = parse_trigger("cron", expression=expression, timezone=zone)
    first = trigger.next_after(start, start)
    second = trigger.next_after(first, start)
    assert first is not None
    assert second is not None
    for moment in (
        first + timedelta(microseconds=1),
        first + (second - first) / 2,
        second - timedelta(microseconds=1),
    ):
        assert trigger.next_after(moment, start) == second
    assert trigger.next_after(second, start) != second


def test_a_rule_of_seconds_follows_the_clock_as_others_do() -> None:
    """With seconds first: once for a named time, twice where the hour is a star."""
    start = datetime(2026, 10, 25, 0, 59, 58, tzinfo=UTC)
    named = parse_trigger("cron", expression="0,30 30 3 * * *", timezone="Europe/Helsinki")
    starred = parse_trigger("cron", expression="*/30 30 * 25 10 *", timezone="Europe/Helsinki")
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    half, hour = timedelta(seconds=30), timedelta(hours=1)
    assert fires(named, first - half, first + 3 * hour) == [first, first + half]
    assert fires(starred, start, first + 2 * hour) == [first + hour, first + hour + half]


def test_a_minute_of_seconds_in_a_gap_becomes_one_fire_time() -> None:
    """All of them would fall on the same moment."""
    trigger = parse_trigger("cron", expression="*/10 30 2 * * *", timezone="America/New_York")
    start = datetime(2026, 3, 8, 6, tzinfo=UTC)
    assert fires(trigger, start, start + timedelta(hours=3)) == [start + timedelta(hours=1)]


def test_start_and_end_are_fire_times_if_the_rule_says_so() -> None:
    """Both are included; the very first is after the anchor, or at a start that is later."""
    anchor = datetime(2026, 1, 1, 9, tzinfo=UTC)
    plain = parse_trigger("cron", expression="0 9 * * *")
    assert plain.next_after(None, anchor) == anchor + timedelta(days=1)
    words = {"start_at": "2026-02-01T09:00:00Z", "end_at": "2026-02-02T09:00:00Z"}
    bounded = parse_trigger("cron", expression="0 9 * * *", **words)
    first = bounded.next_after(None, anchor)
    assert first == datetime(2026, 2, 1, 9, tzinfo=UTC)
    assert bounded.next_after(anchor, anchor) == first
    assert bounded.next_after(first, anchor) == first + timedelta(days=1)
    assert bounded.next_after(first + timedelta(days=1), anchor) is None
    assert bounded.until(first, anchor + timedelta(days=400), anchor) == (2, first + timedelta(days=1))
    passed = parse_trigger("cron", expression="0 9 * * *", start_at="2020-01-01T00:00:00.5Z")
    assert passed.next_after(None, anchor) == anchor + timedelta(days=1)
