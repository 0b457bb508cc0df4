"""Decisions about the fire times of several triggers in one, whose counts may be rough."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs.schedules.policy import MAX_CATCH_UP, MISFIRE_POLICIES, Policy, decide
from app.jobs.schedules.triggers import Trigger, parse_trigger

START = datetime(2030, 1, 1, tzinfo=UTC)

policies = st.builds(
    Policy,
    misfire=st.sampled_from(MISFIRE_POLICIES),
    misfire_grace=st.none() | st.floats(0, 2_000),
    max_running=st.none() | st.integers(1, 150),
)


def walk(trigger: Trigger, first: datetime, now: datetime) -> list[datetime]:
    """All fire times from `first` to `now`, one by one."""
    found: list[datetime] = []
    moment: datetime | None = first
    while moment is not None and moment <= now:
        found.append(moment)
        moment = trigger.next_after(moment, START)
    return found


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
    coming = walk(trigger, first, now)
    assert latest == coming[-1]
    assert found[-1].fire_time == latest
    moments = [verdict.fire_time for verdict in found]
    assert moments == sorted(set(moments))
    assert set(moments) <= set(coming)
    if all(verdict.count == 1 for verdict in found):
        assert moments == coming
    if policy.misfire == "all" and len(coming) > MAX_CATCH_UP:
        assert moments[1:] == coming[-MAX_CATCH_UP:]
    fired = [verdict for verdict in found if verdict.decision == "fired"]
    assert len(fired) <= (MAX_CATCH_UP if policy.misfire == "all" else 1)
    assert policy.max_running is None or running + len(fired) <= max(running, policy.max_running)
