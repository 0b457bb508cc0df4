"""What becomes of fire times that were missed, come late or overlap: decisions without a database."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.jobs import InvalidArguments
from app.jobs.schedules.policy import (
    DEFAULT_SKIP_GRACE,
    MAX_CATCH_UP,
    MAX_LISTED,
    MISFIRE_POLICIES,
    Policy,
    Verdict,
    decide,
)
from app.jobs.schedules.triggers import Trigger, parse_trigger

START = datetime(2030, 1, 1, tzinfo=UTC)
EVERY_TEN = parse_trigger("interval", seconds=10)


def verdicts(late: float, running: int = 0, **words: Any) -> list[tuple[int, str, int]]:
    """(seconds after the start, decision, count), `late` seconds after the first fire time of 10, 20, …"""
    first, now = START + timedelta(seconds=10), START + timedelta(seconds=10 + late)
    found, latest = decide(Policy(**words), EVERY_TEN, first, now, anchor=START, running=running)
    assert latest == first + timedelta(seconds=late // 10 * 10)
    return [(int((each.fire_time - START).total_seconds()), each.decision, each.count) for each in found]


def each(decision: str, *seconds: int) -> list[tuple[int, str, int]]:
    """That decision for each of these fire times."""
    return [(second, decision, 1) for second in seconds]


CASES: list[tuple[dict[str, Any], float, int, list[tuple[int, str, int]]]] = [
    # nothing was missed
    ({}, 0, 0, each("fired", 10)),
    ({}, 9.9, 0, each("fired", 10)),
    ({}, 0, 1, each("skipped", 10)),
    ({"max_running": 2}, 0, 1, each("fired", 10)),
    ({"max_running": 2}, 0, 2, each("skipped", 10)),
    ({"max_running": None}, 0, 10_000, each("fired", 10)),
    ({"misfire_grace": 5}, 5, 0, each("fired", 10)),
    ({"misfire_grace": 5}, 5.1, 0, each("misfired", 10)),
    ({"misfire_grace": 0}, 0, 0, each("fired", 10)),
    ({"misfire_grace": 0}, 0.001, 0, each("misfired", 10)),
    ({"misfire_grace": 5}, 6, 1, each("misfired", 10)),  # the reason that would stay if the other were mended
    ({"misfire": "skip"}, DEFAULT_SKIP_GRACE - 0.1, 0, each("fired", 10)),
    ({"misfire": "skip"}, DEFAULT_SKIP_GRACE - 0.1, 1, each("skipped", 10)),
    ({"misfire": "skip", "misfire_grace": 2}, 3, 0, each("misfired", 10)),
    # three were missed: 10 and 20 are older, 30 is the latest
    ({}, 25, 0, [*each("coalesced", 10, 20), *each("fired", 30)]),
    ({}, 25, 1, [*each("coalesced", 10, 20), *each("skipped", 30)]),
    ({"misfire_grace": 60}, 25, 0, [*each("coalesced", 10, 20), *each("fired", 30)]),
    ({"misfire_grace": 15}, 25, 0, [*each("misfired", 10), *each("coalesced", 20), *each("fired", 30)]),
    ({"misfire_grace": 15}, 25, 1, [*each("misfired", 10), *each("coalesced", 20), *each("skipped", 30)]),
    ({"misfire_grace": 3}, 25, 0, each("misfired", 10, 20, 30)),
    ({"misfire": "skip"}, 25, 0, [*each("misfired", 10, 20), *each("fired", 30)]),
    ({"misfire": "skip"}, 25, 1, [*each("misfired", 10, 20), *each("skipped", 30)]),
    ({"misfire": "skip", "misfire_grace": 60}, 25, 0, [*each("misfired", 10, 20), *each("fired", 30)]),
    ({"misfire": "skip", "misfire_grace": 3}, 25, 0, each("misfired", 10, 20, 30)),
    ({"misfire": "all", "max_running": None}, 25, 7, each("fired", 10, 20, 30)),
    ({"misfire": "all"}, 25, 0, [*each("fired", 10), *each("skipped", 20, 30)]),
    ({"misfire": "all", "max_running": 3}, 25, 1, [*each("fired", 10, 20), *each("skipped", 30)]),
    ({"misfire": "all", "misfire_grace": 15, "max_running": None}, 25, 0,
     [*each("misfired", 10), *each("fired", 20, 30)]),
    ({"misfire": "all", "misfire_grace": 15}, 25, 0,
     [*each("misfired", 10), *each("fired", 20), *each("skipped", 30)]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("policy", "late", "running", "expected"), CASES, ids=[f"{case[:3]}" for case in CASES]
)
def test_each_policy_does_what_it_says(
    policy: dict[str, Any], late: float, running: int, expected: list[tuple[int, str, int]]
) -> None:
    """What was missed, what is later than the grace, and what would overlap."""
    assert verdicts(late, running, **policy) == expected


def test_so_many_that_they_share_a_row() -> None:
    """Each kind has one row that counts it; the latest one has a row of its own."""
    many = MAX_LISTED * 20
    assert verdicts(many * 10) == [(10, "coalesced", many), (many * 10 + 10, "fired", 1)]
    grace = verdicts(many * 10, misfire_grace=MAX_LISTED * 10 + 5)
    later = (many - MAX_LISTED) * 10
    assert grace[0] == (10, "misfired", many - MAX_LISTED)
    assert grace[1:] == [
        *each("coalesced", *range(later + 10, many * 10 + 10, 10)),
        (many * 10 + 10, "fired", 1),
    ]


def test_catching_up_is_capped_and_says_so() -> None:
    """The latest hundred run, those before share a row with the reason."""
    found = verdicts((MAX_CATCH_UP + 49) * 10, misfire="all", max_running=None)
    assert found == [(10, "misfired", 50), *each("fired", *range(510, 1510, 10))]
    first, now = START, START + timedelta(days=400)
    policy = Policy(misfire="all", max_running=None)
    found_, _ = decide(policy, EVERY_TEN, first, now, anchor=START, running=0)
    assert str(MAX_CATCH_UP) in str(found_[0].reason)


@pytest.mark.parametrize(
    ("words", "running", "said"),
    [
        ({"misfire_grace": 2.5}, 0, "seen after a grace of 2.5 s"),
        ({"misfire": "skip"}, 0, "seen after a grace of 10 s"),
        ({}, 1, "1 of its jobs had not ended, max_running is 1"),
    ],
)
def test_what_does_not_run_says_why(words: dict[str, Any], running: int, said: str) -> None:
    """With the numbers that decided it, also of those that were missed before."""
    hourly, now = parse_trigger("interval", hours=1), START + timedelta(hours=3, seconds=30)
    found, _ = decide(Policy(**words), hourly, START + timedelta(hours=1), now, anchor=START, running=running)
    assert found[-1].reason == said
    assert {verdict.reason for verdict in found[:-1]} == {said if "misfire_grace" in words else "missed"}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"misfire": "once"}, "misfire"),
    ({"misfire": None}, "misfire"),
    ({"misfire": ["all"]}, "misfire"),
    ({"misfire_grace": -1}, "misfire_grace"),
    ({"misfire_grace": True}, "misfire_grace"),
    ({"misfire_grace": float("nan")}, "misfire_grace"),
    ({"misfire_grace": "5"}, "misfire_grace"),
    ({"misfire_grace": 10**400}, "misfire_grace"),
    ({"max_running": 0}, "max_running"),
    ({"max_running": 1.0}, "max_running"),
    ({"max_running": True}, "max_running"),
    ({"max_running": 10_001}, "max_running"),
    ({"jitter": -0.1}, "jitter"),
    ({"jitter": None}, "jitter"),
    ({"jitter": float("inf")}, "jitter"),
    ({"patience": 5}, "patience"),
]


@pytest.mark.parametrize(("words", "name"), BAD, ids=lambda value: str(value)[:40])
def test_bad_policies_are_refused(words: dict[str, Any], name: str) -> None:
    """With a pointer to the one at fault."""
    with pytest.raises(InvalidArguments) as caught:
        Policy.of(words)
    assert [error["pointer"] for error in caught.value.errors] == [f"#/{name}"]


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
