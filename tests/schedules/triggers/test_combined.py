"""The `or` trigger: the union of its parts."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.schedules.triggers import Trigger, TriggerError, parse_trigger
from app.jobs.schedules.triggers.preview import preview

START = datetime(2026, 10, 24, 21, 7, 13, tzinfo=UTC)
HOURLY = {"type": "interval", "hours": 1, "start_at": "2026-10-24T22:00:00Z"}
AT_NINE = {"type": "cron", "expression": "0 9 * * MON-FRI"}
NIGHTS = {"type": "cron", "hour": 2, "minute": 30}


def either(*triggers: Any, **words: Any) -> Trigger:
    """The `or` of them."""
    return parse_trigger({"type": "or", "triggers": list(triggers), **words})


def walk(trigger: Trigger, moment: datetime | None, count: int) -> list[datetime]:
    """Up to `count` fire times after `moment`."""
    found: list[datetime] = []
    while len(found) < count and (moment := trigger.next_after(moment, START)) is not None:
        found.append(moment)
    return found


def test_the_earliest_fires_and_a_shared_moment_fires_once() -> None:
    """Two rules that meet at midnight have one fire time there."""
    trigger = either(
        {"type": "cron", "expression": "0 */12 * * *"}, {"type": "cron", "expression": "0 0,9 * * *"}
    )
    assert [at.strftime("%d %H") for at in walk(trigger, None, 5)] == [
        "25 00",
        "25 09",
        "25 12",
        "26 00",
        "26 09",
    ]
    first = datetime(2026, 10, 25, tzinfo=UTC)
    assert trigger.until(first, first + timedelta(days=1), START) == (4, first + timedelta(days=1))


def test_its_timezone_is_that_of_the_parts_that_name_none() -> None:
    """And it is not repeated in them; a part with a zone of its own keeps it."""
    words = {"type": "or", "timezone": "Europe/Helsinki",
             "triggers": [AT_NINE, {**NIGHTS, "timezone": "Asia/Kathmandu"}]}  # fmt: skip
    trigger = parse_trigger(words)
    assert [each.zone.key for each in trigger.triggers] == ["Europe/Helsinki", "Asia/Kathmandu"]  # type: ignore[attr-defined]
    night = {"type": "cron", "hour": "2", "minute": "30", "timezone": "Asia/Kathmandu"}
    assert trigger.as_dict() == {"type": "or", "triggers": [AT_NINE, night], "timezone": "Europe/Helsinki"}
    assert parse_trigger(trigger.as_dict()) == trigger
    moved = parse_trigger({**trigger.as_dict(), "timezone": "Europe/London"})
    assert [each.zone.key for each in moved.triggers] == ["Europe/London", "Asia/Kathmandu"]  # type: ignore[attr-defined]


def test_its_parts_may_be_triggers_and_timedeltas() -> None:
    """As anywhere else where a trigger is taken."""
    given_ = either(parse_trigger(AT_NINE), timedelta(minutes=90))
    assert given_ == either(AT_NINE, {"type": "interval", "hours": 1, "minutes": 30})


@pytest.mark.parametrize(
    ("words", "field", "said"),
    [
        ({"triggers": [HOURLY, {"type": "interval", "seconds": 0}]}, "triggers/1/seconds", "how long"),
        ({"triggers": [{"type": "cron", "expression": "61 * * * *"}]}, "triggers/0/expression", "no minute"),
        ({"triggers": [{"type": "calendar", "days": 1, "hour": 24}]}, "triggers/0/hour", "0 to 23"),
        ({"triggers": [HOURLY, {"type": "lunar"}]}, "triggers/1/type", "not a trigger"),
        ({"triggers": [HOURLY, 5]}, "triggers/1/type", "not a trigger"),
        ({"triggers": [{**HOURLY, "timezone": "Mars"}]}, "triggers/0/timezone", "Mars"),
        ({"triggers": [{**HOURLY, "every": 5}]}, "triggers/0/every", "unknown"),
        ({"triggers": [HOURLY, {"type": "or", "triggers": [HOURLY]}]}, "triggers/1/type", "into one list"),
        ({"triggers": []}, "triggers", "1 to 20"),
        ({"triggers": [HOURLY] * 21}, "triggers", "1 to 20"),
        ({"triggers": HOURLY}, "triggers", "1 to 20"),
        ({"triggers": None}, "triggers", "1 to 20"),
        ({}, "triggers", "is required"),
        ({"triggers": [HOURLY], "timezone": "Mars"}, "timezone", "Mars"),
        ({"triggers": [HOURLY], "start_at": "2030-01-01T00:00Z"}, "start_at", "unknown"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_bad_parts_are_named_by_their_place(words: dict[str, Any], field: str, said: str) -> None:
    """As a pointer below the trigger."""
    with pytest.raises(TriggerError) as caught:
        parse_trigger({"type": "or", **words})
    assert caught.value.field == field
    assert said in str(caught.value)


def test_a_part_begins_with_its_own_first_fire_time() -> None:
    """A date that is past fires at once and does not drag along what the others would have fired since."""
    trigger = either({"type": "date", "run_at": "2020-01-01T00:00:00Z"}, HOURLY)
    first, second = walk(trigger, None, 2)
    assert first == datetime(2020, 1, 1, tzinfo=UTC)
    assert second == datetime(2026, 10, 24, 22, tzinfo=UTC)
    assert trigger.until(first, second, START) == (2, second)


def test_a_preview_has_the_notes_of_the_parts() -> None:
    """Of the part that fires at that moment."""
    trigger = either({**NIGHTS, "timezone": "America/New_York"}, {"type": "cron", "expression": "0 12 * * *"})
    moment = datetime(2026, 3, 8, tzinfo=UTC)
    rows = preview(trigger, moment, moment, 3)
    assert [row["at"][:16] for row in rows] == ["2026-03-08T07:00", "2026-03-08T12:00", "2026-03-09T06:30"]
    assert ["02:30 does not exist" in row.get("note", "") for row in rows] == [True, False, False]


@pytest.mark.parametrize("parts", [2, 3, 20])
def test_millions_are_counted_fast(parts: int) -> None:
    """By its parts: what they share is counted for each of them then, and the last is exact."""
    trigger = either(*({"type": "interval", "seconds": 1 + place} for place in range(parts)))
    first = trigger.next_after(None, START)
    assert first is not None
    moment = first + timedelta(days=365)
    begun = time.thread_time()
    count, last = trigger.until(first, moment, START)
    assert time.thread_time() - begun < 1
    assert count >= 365 * 86_400 + 1
    assert last == moment


_members = st.one_of(
    st.integers(1, 100).map(lambda quarters: {"type": "interval", "minutes": 15 * quarters}),
    st.sampled_from(
        ["*/15 * * * *", "0 */6 * * *", "0 0 * * *", "30 3 * * *", "0 0 L * *", "0 9 25 10 *"]
    ).map(lambda text: {"type": "cron", "expression": text}),
    st.integers(1, 9).map(
        lambda days: {"type": "calendar", "days": days, "start_date": "2026-10-20", "hour": 6}
    ),
    st.integers(0, 200).map(
        lambda hours: {"type": "date", "run_at": (START + timedelta(hours=hours)).isoformat()}
    ),
)


@settings(max_examples=80, deadline=None)
@given(
    members=st.lists(_members, min_size=1, max_size=4),
    zone=st.sampled_from(["UTC", "Europe/Helsinki", "Australia/Lord_Howe"]),
    days=st.floats(0, 6),
)
def test_it_is_the_union(members: list[dict[str, Any]], zone: str, days: float) -> None:
    """Of the fire times of its parts, whatever they share, and the count is that of the union."""
    trigger = either(*members, timezone=zone)
    end = START + timedelta(days=days)
    expected = set()
    for member in members:
        part = parse_trigger(member, default_zone=zone)
        moment = part.next_after(None, START)
        while moment is not None and moment <= end:
            expected.add(moment)
            moment = part.next_after(moment, START)
    found = []
    moment = trigger.next_after(None, START)
    while moment is not None and moment <= end:
        found.append(moment)
        moment = trigger.next_after(moment, START)
    assert found == sorted(expected)
    if 0 < len(found) <= 128:
        assert trigger.until(found[0], end, START) == (len(found), found[-1])
    elif found:
        count, last = trigger.until(found[0], end, START)
        assert len(found) <= count <= len(found) * len(members)
        assert last == found[-1]


def test_calendar_parts_take_dates() -> None:
    """A date of Python inside a part of Python."""
    trigger = either({"type": "calendar", "weeks": 1, "start_date": date(2026, 10, 26)})
    assert walk(trigger, None, 1) == [datetime(2026, 10, 26, tzinfo=UTC)]
