"""What holds for every trigger, of whatever kind, in every zone, with a start and an end or without."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.schedules.triggers import Trigger, parse_trigger
from app.jobs.schedules.triggers.preview import preview

from .rules import ZONES, expressions

ANCHOR = datetime(2026, 10, 24, 21, 7, 13, 250_000, tzinfo=UTC)
"""No round moment, an hour or so before the clocks of Europe go back."""
ENOUGH = 12

_moments = st.integers(-40 * 86_400, 400 * 86_400).map(lambda s: ANCHOR + timedelta(seconds=s))
_zones = st.sampled_from(ZONES)
_bounds: dict[str, Any] = {
    "start_at": _moments.map(datetime.isoformat),
    "end_at": st.integers(401, 500).map(lambda days: (ANCHOR + timedelta(days=days)).isoformat()),
}
_rules = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("interval"), "seconds": st.integers(1, 10**7).map(lambda tenths: tenths / 10)},
        optional={**_bounds, "timezone": _zones},
    ),
    st.fixed_dictionaries(
        {"type": st.just("cron"), "expression": expressions}, optional={**_bounds, "timezone": _zones}
    ),
    st.fixed_dictionaries(
        {"type": st.just("cron"), "hour": st.sampled_from(["*", "*/3", "1-3", "0,23"]),
         "minute": st.sampled_from(["0", "*/20", "30"])},
        optional={"day_of_week": st.sampled_from(["mon-fri", "sun", "0"]), "year": st.just("2026-2027"),
                  "day": st.sampled_from(["last", "1-7", "*/2"]), **_bounds, "timezone": _zones},
    ),
    st.fixed_dictionaries({"type": st.just("date"), "run_at": _moments.map(datetime.isoformat)}),
    st.fixed_dictionaries(
        {"type": st.just("calendar"), "days": st.integers(1, 40)},
        optional={"years": st.integers(0, 1), "months": st.integers(0, 3), "weeks": st.integers(0, 2),
                  "hour": st.integers(0, 23), "minute": st.sampled_from([0, 30]),
                  "start_date": _moments.map(lambda moment: str(moment.date())), "timezone": _zones},
    ),
)  # fmt: skip
_several = st.fixed_dictionaries(
    {"type": st.just("or"), "triggers": st.lists(_rules, min_size=1, max_size=4)},
    optional={"timezone": _zones},
)
triggers = (_rules | _several).map(parse_trigger)


def walk(trigger: Trigger, after: datetime | None) -> list[datetime]:
    """Some fire times from `after` on, one by one."""
    found: list[datetime] = []
    while len(found) < ENOUGH and (moment := trigger.next_after(after, ANCHOR)) is not None:
        found.append(moment)
        after = moment
    return found


@settings(max_examples=200, deadline=None)
@given(trigger=triggers, after=st.none() | _moments)
def test_fire_times_increase_and_are_aware(trigger: Trigger, after: datetime | None) -> None:
    """Each is later than the one before it, in UTC, and within start and end; counting agrees."""
    found = walk(trigger, after)
    assert found == sorted(set(found))
    assert all(moment.utcoffset() == timedelta(0) for moment in found)
    assert after is None or all(moment > after for moment in found)
    start, end = (getattr(trigger, name, None) for name in ("start_at", "end_at"))
    assert start is None or all(moment >= start for moment in found)
    assert end is None or all(moment <= end for moment in found)
    if found:
        assert trigger.until(found[0], found[-1], ANCHOR) == (len(found), found[-1])


@settings(max_examples=150, deadline=None)
@given(trigger=triggers, after=_moments, pages=st.integers(1, 5))
def test_previews_chain(trigger: Trigger, after: datetime, pages: int) -> None:
    """Page after page, each from the last row of the one before, they are the fire times themselves."""
    rows: list[dict[str, str]] = []
    last = after
    while len(rows) < ENOUGH and (page := preview(trigger, ANCHOR, last, pages)):
        assert len(page) <= pages
        rows += page
        last = datetime.fromisoformat(page[-1]["at"])
    found = [datetime.fromisoformat(row["at"]) for row in rows]
    assert found[:ENOUGH] == walk(trigger, after)
    assert [datetime.fromisoformat(row["local"]) for row in rows] == found


@settings(max_examples=150, deadline=None)
@given(trigger=triggers)
def test_a_stored_trigger_fires_as_the_one_that_was_made(trigger: Trigger) -> None:
    """From its own words it is the same."""
    assert walk(parse_trigger(trigger.as_dict()), None) == walk(trigger, None)
