"""The wall clock jumps or the machine is suspended: each policy does what it says, and nothing is lost."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from app.jobs import DatabaseUnavailable
from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.database.tables import FIRES, JOBS
from app.jobs.schedules.declaration import Declaration
from app.jobs.schedules.policy import Policy
from app.jobs.schedules.triggers import parse_trigger
from app.jobs.tasks.registry import Registry, TaskDefinition
from app.jobs.ticker.scheduler import Scheduler

from ..reliability.database_faults import outage
from .test_scheduler import refresh, scheduler

START = datetime(2030, 1, 1, tzinfo=UTC)
PERIOD = timedelta(minutes=2)
EVERY_TWO_MINUTES = parse_trigger("interval", minutes=2)
POLICIES = {
    "latest": Policy(max_running=None),
    "all": Policy(misfire="all", max_running=None),
    "skip": Policy(misfire="skip", max_running=None),
    "grace": Policy(misfire_grace=300, max_running=None),
}


def a_registry() -> Registry:
    """A schedule for each of POLICIES."""
    registry = Registry()
    registry.add(TaskDefinition("refresh", refresh))
    for name, policy in POLICIES.items():
        registry.declare(Declaration(name, "refresh", EVERY_TWO_MINUTES, {}, policy))
    return registry


def a_team(database: Database) -> tuple[ManualClock, Scheduler]:
    """A clock, and the scheduler of a process in which the schedules were just declared."""
    clock = ManualClock(START)
    made = scheduler(database, clock, a_registry(), limit=10_000)
    fire(made)
    return clock, made


def fire(team: Scheduler) -> None:
    """The ticker looks."""
    while team.run_once() == 0.0:
        pass


def look(team: Scheduler, clock: ManualClock, times: int) -> None:
    """The ticker looks at so many fire times, each at its moment."""
    for _ in range(times):
        clock.advance((PERIOD - (clock.now() - START) % PERIOD).total_seconds())
        fire(team)


def forward(clock: ManualClock) -> None:
    """Somebody sets the clock two hours ahead."""
    clock.jump(7200)


def back(clock: ManualClock) -> None:
    """Somebody sets it one hour back."""
    clock.jump(-3600)


def suspend(clock: ManualClock) -> None:
    """The machine sleeps for ten minutes, which its monotonic clock does not count."""
    clock.jump(600)


def stop(clock: ManualClock) -> None:
    """The process is stopped for ten minutes, which both clocks count."""
    clock.advance(600)


EXPECTED: dict[Callable[[ManualClock], None], tuple[int, dict[str, dict[str, int]]]] = {
    forward: (100, {
        "latest": {"coalesced": 59, "fired": 41},
        "all": {"fired": 100},
        "skip": {"misfired": 60, "fired": 40},
        "grace": {"misfired": 57, "coalesced": 2, "fired": 41},
    }),
    back: (10, {name: {"fired": 10} for name in POLICIES}),
    suspend: (45, {
        "latest": {"coalesced": 4, "fired": 41},
        "all": {"fired": 45},
        "skip": {"misfired": 5, "fired": 40},
        "grace": {"misfired": 2, "coalesced": 2, "fired": 41},
    }),
}  # fmt: skip
"""How many fire times pass, and what is decided about them."""
EXPECTED[stop] = EXPECTED[suspend]


def test_a_clock_that_was_ahead_is_got_over(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """It is put right after a year: each schedule goes on at once, says so once, and repeats no decision."""
    clock, team = a_team(database)
    look(team, clock, 3)
    clock.jump(365 * 86_400)
    look(team, clock, 3)
    before = decided_fire_times(database)
    clock.jump(-365 * 86_400)
    with caplog.at_level(logging.WARNING, "app.jobs"):
        look(team, clock, 5)
    added = decided_fire_times(database) - before
    assert {(name, fire_time) for name, fire_time in added if fire_time < START + timedelta(days=1)} == {
        (name, START + n * PERIOD) for name in POLICIES for n in range(8, 12)
    }
    assert len([each for each in caplog.records if "clock was ahead" in each.getMessage()]) == 1


def test_a_clock_that_is_put_right_during_an_outage_is_got_over(database: Database) -> None:
    """The jump is seen again once the database is back."""
    clock, team = a_team(database)
    clock.jump(365 * 86_400)
    look(team, clock, 1)
    before = decided_fire_times(database)
    clock.jump(-365 * 86_400)
    with outage(database), pytest.raises(DatabaseUnavailable):
        team.run_once()
    look(team, clock, 2)
    assert {name for name, _ in decided_fire_times(database) - before} == set(POLICIES)


def test_a_process_that_starts_after_the_clock_was_put_right_gets_over_it(database: Database) -> None:
    """Fire times that lie a year ahead are planned anew at its start."""
    clock, team = a_team(database)
    clock.jump(365 * 86_400)
    look(team, clock, 1)
    before = decided_fire_times(database)
    clock.jump(-365 * 86_400)
    look(scheduler(database, clock, a_registry(), limit=10_000), clock, 2)
    assert {name for name, _ in decided_fire_times(database) - before} == set(POLICIES)


def decided_fire_times(database: Database) -> set[tuple[str, datetime]]:
    """(schedule, fire time) of each decision."""
    with database.read() as conn:
        rows = conn.execute(select(FIRES.c.schedule_id, FIRES.c.fire_time))
        return {(row.schedule_id, row.fire_time) for row in rows}


@pytest.mark.parametrize("happens", EXPECTED, ids=lambda happens: happens.__name__)
def test_what_each_policy_does(database: Database, happens: Callable[[ManualClock], None]) -> None:
    """Five fire times, the jump between two of them, a look in the middle, and 35 looks at their moment."""
    clock, team = a_team(database)
    look(team, clock, 5)
    clock.advance(59)
    happens(clock)
    clock.advance(1)
    fire(team)
    look(team, clock, 35)
    passed, expected = EXPECTED[happens]
    for name, counts in expected.items():
        rows = decided(database, name)
        nothing_is_lost_or_doubled(rows, passed)
        total = Counter[str]()
        for row in rows:
            total[row.decision] += row.count
        assert (name, dict(total)) == (name, counts)
        assert fire_times_of_jobs(database, name) == [
            row.fire_time for row in rows if row.decision == "fired"
        ]


def decided(database: Database, schedule_id: str) -> list[Any]:
    """The schedule's history, oldest first."""
    with database.read() as conn:
        mine = select(FIRES).where(FIRES.c.schedule_id == schedule_id)
        return list(conn.execute(mine.order_by(FIRES.c.fire_time)))


def fire_times_of_jobs(database: Database, schedule_id: str) -> list[datetime]:
    """For which fire times the schedule has jobs, in order, with those that have two twice."""
    with database.read() as conn:
        mine = select(JOBS.c.fire_time).where(JOBS.c.schedule_id == schedule_id)
        return list(conn.scalars(mine.order_by(JOBS.c.fire_time)))


def nothing_is_lost_or_doubled(rows: list[Any], passed: int) -> None:
    """Each row begins where the one before it ends, and together they count what passed."""
    assert rows[0].fire_time == START + PERIOD
    for earlier, later in pairwise(rows):
        assert later.fire_time == earlier.fire_time + earlier.count * PERIOD
    assert sum(row.count for row in rows) == passed


def test_back_and_forth_again_fires_nothing_twice(database: Database) -> None:
    """A clock that is set back and mended later: what had its decision keeps it, and what came has one."""
    clock, team = a_team(database)
    for seconds in (-3600, 3600, -86_400, 86_400 - 600, 600):
        look(team, clock, 5)
        clock.jump(seconds)
    look(team, clock, 5)
    for name in POLICIES:
        rows = decided(database, name)
        nothing_is_lost_or_doubled(rows, (clock.now() - START) // PERIOD)
        times = fire_times_of_jobs(database, name)
        assert len(times) == len(set(times)) == sum(row.decision == "fired" for row in rows)


def test_a_process_that_starts_with_the_clock_set_back(database: Database) -> None:
    """What was fired is not fired again, and a new schedule does not wait for the clock to catch up."""
    clock, team = a_team(database)
    look(team, clock, 5)
    clock.jump(-7200)
    registry = a_registry()
    new = parse_trigger("interval", minutes=2, start_now=True)
    registry.declare(Declaration("new", "refresh", new, {}, POLICIES["latest"]))
    another = scheduler(database, clock, registry, limit=10_000)
    look(another, clock, 5)
    assert len(fire_times_of_jobs(database, "new")) == 5
    assert len(fire_times_of_jobs(database, "latest")) == 5
    look(another, clock, 60)
    assert len(fire_times_of_jobs(database, "latest")) == 10
    nothing_is_lost_or_doubled(decided(database, "latest"), 10)
