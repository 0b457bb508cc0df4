"""The calendar trigger: dates as APScheduler steps them, and the count of them."""

from __future__ import annotations

import json
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.schedules.triggers import parse_trigger
from app.jobs.schedules.triggers.preview import preview

from .rules import edges

TABLE: list[dict[str, Any]] = json.loads(Path(__file__).with_name("calendar_interval.json").read_text())
"""What APScheduler 3.11.3 itself answered, in UTC: up to eight fire times from the start date on."""
LONG_AGO = datetime(1950, 1, 1, tzinfo=UTC)
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row["words"]))
def test_its_dates_are_those_of_apscheduler(row: dict[str, Any]) -> None:
    """Months without the day, days after months, times that the clock leaves out or shows twice."""
    trigger = parse_trigger({"type": "calendar", **row["words"]})
    moment = None
    for text in row["fires"]:
        moment = trigger.next_after(moment, LONG_AGO)
        assert moment == datetime.fromisoformat(text)
    if len(row["fires"]) < 8:
        assert trigger.next_after(moment, LONG_AGO) is None
    first = trigger.next_after(None, LONG_AGO)
    assert first is not None
    assert moment is not None
    assert trigger.until(first, moment, LONG_AGO) == (len(row["fires"]), moment)


def test_every_second_month_on_the_31st() -> None:
    """Only months that have one: none of April, June and September is put in for it."""
    trigger = parse_trigger("calendar", months=2, start_date=date(2026, 1, 31), hour=9)
    rows = preview(trigger, START, START, 4)
    assert [row["local"][:16] for row in rows] == [
        "2026-01-31T09:00", "2026-03-31T09:00", "2026-05-31T09:00", "2026-07-31T09:00",
    ]  # fmt: skip


def test_every_second_week_at_nine_stays_at_nine() -> None:
    """On the clock of the place, whatever the clocks do in between."""
    words = {"weeks": 2, "hour": 9, "start_date": "2026-03-16", "timezone": "Europe/Helsinki"}
    rows = preview(parse_trigger({"type": "calendar", **words}), START, START, 3)
    assert [row["local"] for row in rows] == [
        "2026-03-16T09:00:00+02:00", "2026-03-30T09:00:00+03:00", "2026-04-13T09:00:00+03:00",
    ]  # fmt: skip
    assert not any("note" in row for row in rows)


def test_without_a_start_the_day_of_the_anchor_is_the_first() -> None:
    """Its local day: the first fire time is then today or, where that is past, the next date."""
    words = {"days": 3, "hour": 9, "timezone": "Asia/Kathmandu"}
    trigger = parse_trigger({"type": "calendar", **words})
    late_on_the_ninth = datetime(2026, 5, 8, 20, tzinfo=UTC)  # 9 May, 01:45 there
    assert trigger.next_after(None, late_on_the_ninth) == datetime(2026, 5, 9, 3, 15, tzinfo=UTC)
    past_nine = datetime(2026, 5, 9, 3, 15, 1, tzinfo=UTC)
    assert trigger.next_after(None, past_nine) == datetime(2026, 5, 12, 3, 15, tzinfo=UTC)
    on_time = datetime(2026, 5, 9, 3, 15, tzinfo=UTC)
    assert trigger.next_after(None, on_time) == on_time


def test_a_start_in_the_past_only_aligns() -> None:
    """Nothing was missed before the schedule was there."""
    trigger = parse_trigger("calendar", weeks=2, start_date="2020-01-06")
    found = trigger.next_after(None, START)
    assert found is not None
    assert START <= found < START + timedelta(weeks=2)
    assert (found.date() - date(2020, 1, 6)).days % 14 == 0


def test_dates_that_the_clock_leaves_out_are_noted() -> None:
    """At the fire time that follows; one that the clock shows twice says that it runs once."""
    words = {"hour": 3, "minute": 30, "days": 1, "timezone": "Europe/Helsinki"}
    spring = parse_trigger({"type": "calendar", **words, "start_date": "2026-03-27"})
    rows = preview(spring, START, None, 4)
    assert [row["local"][:10] for row in rows] == ["2026-03-27", "2026-03-28", "2026-03-30", "2026-03-31"]
    missing = "the clock goes forward: 2026-03-29 03:30 does not exist and has no fire time"
    assert [row.get("note") for row in rows] == [None, None, missing, None]
    autumn = parse_trigger({"type": "calendar", **words, "start_date": "2026-10-24"})
    twice = "the clock goes back: 03:30 comes twice, and runs the first time only"
    assert [row.get("note") for row in preview(autumn, START, None, 3)] == [None, twice, None]


@pytest.mark.parametrize(
    ("words", "years", "count"),
    [
        ({"days": 1, "hour": 9}, 7_000, (date(9026, 1, 1) - date(2026, 1, 1)).days),
        ({"weeks": 1, "hour": 9}, 7_000, (date(9026, 1, 1) - date(2026, 1, 1)).days // 7 + 1),
        ({"months": 1, "start_date": "2026-01-31"}, 400, 400 * 7),
        ({"months": 1, "days": 31, "start_date": "2026-01-01"}, 400, 2356),
        ({"days": 1, "hour": 2, "minute": 30, "timezone": "America/New_York"}, 30, 30 * 365 + 7 - 30),
    ],
)
def test_ages_of_them_are_counted_fast(words: dict[str, Any], years: int, count: int) -> None:
    """Exact, and without a walk over every day; those that the clock leaves out are none."""
    trigger = parse_trigger({"type": "calendar", **words})
    first = trigger.next_after(None, START)
    assert first is not None
    moment = START.replace(year=START.year + years)
    begun = time.thread_time()
    found, last = trigger.until(first, moment, START)
    assert time.thread_time() - begun < 1
    assert found == count
    assert last <= moment
    following = trigger.next_after(last, START)
    assert following is not None
    assert following > moment


_units = st.fixed_dictionaries(
    {}, optional={"years": st.integers(0, 2), "months": st.integers(0, 14), "weeks": st.integers(0, 3),
                  "days": st.integers(0, 40)}
).filter(lambda units: any(units.values()))  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    units=_units, edge=edges, back=st.integers(0, 40), hour=st.integers(0, 4),
    minute=st.sampled_from([0, 15, 30, 45]), skip=st.integers(0, 30),
)  # fmt: skip
def test_fire_times_are_those_of_brute_force(
    units: dict[str, int], edge: tuple[str, datetime], back: int, hour: int, minute: int, skip: int
) -> None:
    """Date by date from the start, each looked up on the clock, quarter of an hour by quarter."""
    zone, change = edge
    start = change.date() - timedelta(days=back)
    words = {**units, "hour": hour, "minute": minute, "start_date": start.isoformat(), "timezone": zone}
    trigger = parse_trigger({"type": "calendar", **words})
    end = change + timedelta(days=60)
    expected = [
        at
        for day in _dates(start, units, end.date() + timedelta(days=2))
        if (at := _shown(datetime(day.year, day.month, day.day, hour, minute), zone)) and at <= end
    ]
    found = []
    moment = trigger.next_after(None, LONG_AGO)
    while moment is not None and moment <= end:
        found.append(moment)
        moment = trigger.next_after(moment, LONG_AGO)
    assert found == expected
    if found:
        assert trigger.until(found[0], end, LONG_AGO) == (len(found), found[-1])
        asked = found[min(skip, len(found) - 1)]
        assert trigger.next_after(asked - timedelta(microseconds=1), LONG_AGO) == asked


def _dates(start: date, units: dict[str, int], end: date) -> list[date]:
    """The dates of the steps, as they would be found by hand."""
    found = [start]
    while found[-1] <= end:
        months = units.get("years", 0) * 12 + units.get("months", 0)
        month = found[-1].year * 12 + found[-1].month - 1
        while True:
            month += months
            try:
                day = date(month // 12, month % 12 + 1, found[-1].day)
            except ValueError:
                continue
            break
        found.append(day + timedelta(weeks=units.get("weeks", 0), days=units.get("days", 0)))
    return found[:-1]


def _shown(wall: datetime, zone: str) -> datetime | None:
    """When the clock shows it first; all offsets and all walls here are quarters of an hour."""
    place = ZoneInfo(zone)
    moment = (wall - timedelta(hours=26)).replace(tzinfo=UTC)
    for _ in range(52 * 4):
        if moment.astimezone(place).replace(tzinfo=None) == wall:
            return moment
        moment += timedelta(minutes=15)
    return None
