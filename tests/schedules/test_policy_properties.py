"""What holds for every policy, by properties."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.schedules.policy import (
    MAX_CATCH_UP,
    MAX_LISTED,
    MISFIRE_POLICIES,
    Policy,
    Verdict,
    decide,
)
from app.jobs.schedules.triggers import Trigger, parse_trigger

START = datetime(2030, 1, 1, tzinfo=UTC)
triggers = st.one_of(
    st.integers(1, 600).map(lambda tenths: parse_trigger("interval", seconds=tenths / 10)),
    st.sampled_from(
        ["* * * * * *", "*/7 * * * *", "30 2 * * *", "0 9 * * MON-FRI", "59 59 23 L * *"]
    ).flatmap(
        lambda text: st.sampled_from(["UTC", "America/New_York", "Australia/Lord_Howe"]).map(
            lambda zone: parse_trigger("cron", expression=text, timezone=zone)
        )
    ),
    st.just(parse_trigger("date", run_at="2030-03-01T09:00:00Z")),
    st.builds(
        lambda days, hour: parse_trigger("calendar", days=days, hour=hour, timezone="America/New_York"),
        st.integers(1, 9), st.integers(0, 3),
    ),
)  # fmt: skip

graces = st.none() | st.floats(0, 100_000)

policies = st.builds(
    Policy,
    misfire=st.sampled_from(MISFIRE_POLICIES),
    misfire_grace=graces,
    max_running=st.none() | st.integers(1, 150),
)


@settings(max_examples=150, deadline=None)
@given(
    trigger=triggers,
    policy=policies,
    begin=st.integers(0, 400 * 86_400),
    late=st.floats(0, 2) | st.floats(0, 250),
    running=st.integers(0, 3),
)
def test_every_fire_time_has_one_verdict(
    trigger: Trigger, policy: Policy, begin: int, late: float, running: int
) -> None:
    """All of them in order, each a fire time of the trigger; no more run than the policy allows."""
    first = trigger.next_after(START + timedelta(seconds=begin), START)
    if first is None:
        return
    following = trigger.next_after(first, START) or first + timedelta(days=1)
    now = first + late * (following - first)
    found, latest = decide(policy, trigger, first, now, anchor=START, running=running)
    coming = _walk(trigger, first, now)
    assert latest == coming[-1]
    assert sum(verdict.count for verdict in found) == len(coming)
    place = 0
    for verdict in found:
        assert verdict.fire_time == coming[place]
        assert verdict.count == 1 or verdict.decision not in ("fired", "skipped")
        assert (verdict.reason is None) == (verdict.decision == "fired")
        place += verdict.count
    _check_counts(policy, found, running, now)


@settings(max_examples=60, deadline=None)
@given(
    tenths=st.lists(st.integers(1, 40), min_size=2, max_size=4),
    policy=policies,
    late=st.floats(0, 1_500),
    running=st.integers(0, 3),
)
def test_what_several_triggers_share_is_decided_once(
    tenths: list[int], policy: Policy, late: float, running: int
) -> None:
    """Of the union each fire time that has a row of its own, in order; only a row for many may be rough."""
    members = [{"type": "interval", "seconds": number / 10} for number in tenths]
    trigger = parse_trigger("or", triggers=members)
    first = trigger.next_after(None, START)
    assert first is not None
    now = first + timedelta(seconds=late)
    found, latest = decide(policy, trigger, first, now, anchor=START, running=running)
    coming = _walk(trigger, first, now)
    assert latest == coming[-1]
    assert found[-1].fire_time == latest
    moments = [verdict.fire_time for verdict in found]
    assert moments == sorted(set(moments))
    assert set(moments) <= set(coming)
    if all(verdict.count == 1 for verdict in found):
        assert moments == coming
    if policy.misfire == "all" and len(coming) > MAX_CATCH_UP:
        assert moments[1:] == coming[-MAX_CATCH_UP:]
    _check_counts(policy, found, running, now)


def _walk(trigger: Trigger, first: datetime, now: datetime) -> list[datetime]:
    found: list[datetime] = []
    moment: datetime | None = first
    while moment is not None and moment <= now:
        found.append(moment)
        moment = trigger.next_after(moment, START)
    return found


def _check_counts(policy: Policy, found: list[Verdict], running: int, now: datetime) -> None:
    counts = Counter(verdict.decision for verdict in found)
    fired = [verdict for verdict in found if verdict.decision == "fired"]
    assert counts["fired"] <= (MAX_CATCH_UP if policy.misfire == "all" else 1)
    assert len(found) <= 2 * MAX_LISTED + 2
    assert counts["coalesced"] == 0 or policy.misfire == "latest"
    if policy.max_running is not None:
        assert running + counts["fired"] <= max(running, policy.max_running)
    if policy.misfire_grace is not None:
        assert all((now - verdict.fire_time).total_seconds() <= policy.misfire_grace for verdict in fired)
