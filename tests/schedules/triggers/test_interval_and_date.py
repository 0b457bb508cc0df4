"""Intervals and single moments: aligned, drift-free, and with a zone where they have one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.jobs.schedules.triggers import parse_trigger
from app.jobs.schedules.triggers.zones import load_zone

ANCHOR = datetime(2026, 11, 20, 10, 7, 13, 250_000, tzinfo=UTC)
_PERIODS = st.integers(1, 400_000).map(lambda tenths: tenths / 10)


@given(seconds=_PERIODS, late=st.integers(0, 10**12))
def test_fire_times_stay_on_the_grid(seconds: float, late: int) -> None:
    """Each is a whole number of periods after the anchor, however late one asks; the count agrees."""
    trigger = parse_trigger("interval", seconds=seconds)
    moment = ANCHOR + timedelta(microseconds=late)
    found = trigger.next_after(moment, ANCHOR)
    assert found is not None
    period = timedelta(seconds=seconds)
    assert moment < found <= moment + period
    assert not (found - ANCHOR) % period
    first = trigger.next_after(None, ANCHOR)
    assert first == ANCHOR + period
    count, last = trigger.until(first, found, ANCHOR)
    assert (count, last) == ((found - ANCHOR) // period, found)


def test_units_add_up() -> None:
    """Weeks, days, hours, minutes and seconds are one period."""
    trigger = parse_trigger("interval", weeks=1, days=1, hours=1, minutes=1, seconds=1)
    assert trigger.next_after(None, ANCHOR) == ANCHOR + timedelta(8, 3661)


def test_a_start_in_the_future_is_the_first_fire_time() -> None:
    """And the phase is counted from there, whatever the anchor."""
    trigger = parse_trigger(
        "interval", hours=1, start_at="2026-12-01T09:30:00Z", end_at="2026-12-01T11:30:00Z"
    )
    first = datetime(2026, 12, 1, 9, 30, tzinfo=UTC)
    assert trigger.next_after(None, ANCHOR) == first
    assert trigger.next_after(first, ANCHOR) == first + timedelta(hours=1)
    assert trigger.next_after(first + timedelta(hours=2), ANCHOR) is None
    assert trigger.until(first, first + timedelta(days=9), ANCHOR) == (3, first + timedelta(hours=2))


def test_a_start_in_the_past_only_aligns() -> None:
    """Nothing was missed before the schedule was there."""
    trigger = parse_trigger("interval", hours=1, start_at="2020-01-01T00:30:00Z")
    assert trigger.next_after(None, ANCHOR) == datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
    on_the_grid = datetime(2026, 11, 20, 10, 30, tzinfo=UTC)
    assert trigger.next_after(None, on_the_grid) == on_the_grid


def test_start_now_makes_the_anchor_a_fire_time() -> None:
    """k = 0 counts."""
    trigger = parse_trigger("interval", seconds=30, start_now=True)
    assert trigger.next_after(None, ANCHOR) == ANCHOR
    assert trigger.next_after(ANCHOR, ANCHOR) == ANCHOR + timedelta(seconds=30)


def test_nothing_comes_after_the_calendar() -> None:
    """An interval that would lead beyond the year 9999 ends."""
    trigger = parse_trigger("interval", days=3000, start_at="9999-12-31T00:00:00Z")
    first = trigger.next_after(None, ANCHOR)
    assert first == datetime(9999, 12, 31, tzinfo=UTC)
    assert trigger.next_after(first, ANCHOR) is None


@pytest.mark.parametrize(
    ("wall", "zone", "moment"),
    [
        ("2030-01-01T09:00:00", "Europe/Helsinki", "2030-01-01T07:00:00Z"),
        ("2030-01-01T09:00:00+05:45", "Europe/Helsinki", "2030-01-01T03:15:00Z"),
        ("2026-03-29T03:30:00", "Europe/Helsinki", "2026-03-29T01:00:00Z"),
        ("2026-10-25T03:30:00", "Europe/Helsinki", "2026-10-25T00:30:00Z"),
        ("2011-12-30T12:00:00", "Pacific/Apia", "2011-12-30T10:00:00Z"),
        ("2026-04-05T01:45:00", "Australia/Lord_Howe", "2026-04-04T14:45:00Z"),
        ("1850-01-01T12:00:00", "UTC", "1850-01-01T12:00:00Z"),
    ],
)
def test_naive_times_are_meant_in_the_zone(wall: str, zone: str, moment: str) -> None:
    """One that the clock leaves out is the next valid moment, one that comes twice is the first."""
    expected = datetime.fromisoformat(moment)
    date = parse_trigger("date", run_at=wall, timezone=zone)
    assert date.next_after(None, ANCHOR) == expected
    assert date.as_dict() == {"type": "date", "run_at": moment, "timezone": zone}
    for kind, words in (("interval", {"hours": 1}), ("cron", {"expression": "@hourly"})):
        trigger = parse_trigger(kind, start_at=wall, timezone=zone, **words)
        assert trigger.as_dict()["start_at"] == moment
        assert parse_trigger(trigger.as_dict()) == trigger


def test_a_date_fires_once() -> None:
    """Until it is past; one that is past when it is stored is still its first fire time."""
    trigger = parse_trigger("date", run_at="2020-01-01T00:00:00Z")
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    assert trigger.next_after(None, ANCHOR) == moment
    assert trigger.next_after(moment, ANCHOR) is None
    assert trigger.until(moment, ANCHOR, ANCHOR) == (1, moment)
    assert trigger.as_dict() == {"type": "date", "run_at": "2020-01-01T00:00:00Z"}


def test_zones_may_be_objects() -> None:
    """A ZoneInfo and datetime.UTC stand for their names."""
    assert load_zone(ZoneInfo("Europe/Helsinki")) is load_zone("Europe/Helsinki")
    assert load_zone(UTC).key == "UTC"
    assert (
        parse_trigger("cron", hour=9, timezone=ZoneInfo("Asia/Kathmandu")).as_dict()["timezone"]
        == "Asia/Kathmandu"
    )
