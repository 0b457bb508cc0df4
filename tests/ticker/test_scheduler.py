"""One job for a fire time, one decision for each, however many schedulers look and however late."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.jobs.clock import ManualClock
from app.jobs.config import Settings
from app.jobs.database.database import Database
from app.jobs.database.tables import FIRES, JOBS
from app.jobs.schedules.declaration import Declaration
from app.jobs.schedules.policy import Policy
from app.jobs.schedules.triggers import parse_trigger
from app.jobs.service.backlog import Backlog
from app.jobs.service.job_factory import JobFactory
from app.jobs.store import fires, schedules
from app.jobs.tasks.registry import Registry, TaskDefinition
from app.jobs.ticker.scheduler import Scheduler

START = datetime(2030, 1, 1, tzinfo=UTC)
Make = Callable[..., Scheduler]
ANY_OVERLAP = Policy(max_running=None)


def refresh() -> None:
    """A task."""


def a_registry(seconds: float = 10, policy: Policy = ANY_OVERLAP, **words: Any) -> Registry:
    """A registry that declares one interval schedule, whose jobs nobody runs."""
    registry = Registry()
    registry.add(TaskDefinition("refresh", refresh))
    registry.declare(
        Declaration("refresh", "refresh", parse_trigger("interval", seconds=seconds, **words), {}, policy)
    )
    return registry


def scheduler(
    database: Database,
    clock: ManualClock,
    registry: Registry | None = None,
    limit: int = 100,
    enabled: bool = True,
) -> Scheduler:
    """A process's scheduler."""
    registry = registry or a_registry()
    factory = JobFactory(registry, Settings())
    return Scheduler(
        app="host", dispatcher=None, database=database, registry=registry, factory=factory,
        backlog=Backlog(database, limit, clock), clock=clock, enabled=enabled,
    )  # fmt: skip


def decisions(database: Database) -> list[tuple[float, str, int]]:
    """(seconds after the start, decision, count) of each decision, in order."""
    with database.read() as conn:
        columns = FIRES.c.fire_time, FIRES.c.decision, FIRES.c.count
        rows = conn.execute(select(*columns).order_by(FIRES.c.fire_time)).all()
    return [((at - START).total_seconds(), decision, count) for at, decision, count in rows]


def fire_times_of_jobs(database: Database) -> list[float]:
    """Seconds after the start of each job's fire time, in order."""
    with database.read() as conn:
        rows = conn.scalars(select(JOBS.c.fire_time).order_by(JOBS.c.fire_time))
        return [(moment - START).total_seconds() for moment in rows]


def next_fire(database: Database) -> float:
    """Seconds after the start of the next fire time."""
    with database.read() as conn:
        moment = schedules.get(conn, "refresh").next_fire_at
    return (moment - START).total_seconds()  # type: ignore[no-any-return]


def test_schedulers_that_look_at_once_fire_once(database: Database) -> None:
    """Four processes declare and fire together: each fire time has one job and one decision."""
    clock = ManualClock(START)
    url = database.engine.url
    mine = [Database.connect(url, threads=1, synchronous="NORMAL") for _ in range(4)]
    teams = [scheduler(each, clock) for each in mine]
    with ThreadPoolExecutor(4) as pool:
        for _ in range(6):
            for done in [pool.submit(team.run_once) for team in teams]:
                done.result()
            clock.advance(10)
    for each in mine:
        each.close()
    assert fire_times_of_jobs(database) == [10, 20, 30, 40, 50]
    assert decisions(database) == [(seconds, "fired", 1) for seconds in (10, 20, 30, 40, 50)]


def test_one_that_is_switched_off_stores_what_is_declared_and_fires_nothing(database: Database) -> None:
    """Switched on again, it goes on as after any time without a ticker."""
    clock = ManualClock(START)
    off = scheduler(database, clock, enabled=False)
    off.run_once()
    clock.advance(25)
    assert off.run_once() > 0
    assert (fire_times_of_jobs(database), next_fire(database)) == ([], 10)
    scheduler(database, clock).run_once()
    assert fire_times_of_jobs(database) == [20]


def test_start_now_fires_at_once_and_a_restart_moves_nothing(database: Database) -> None:
    """The anchor is a fire time, and a scheduler that starts later goes on with the same grid."""
    clock = ManualClock(START)
    scheduler(database, clock, a_registry(start_now=True)).run_once()
    assert fire_times_of_jobs(database) == [0]
    clock.advance(4)
    scheduler(database, clock, a_registry(start_now=True)).run_once()
    assert (fire_times_of_jobs(database), next_fire(database)) == ([0], 10)


def test_what_was_missed_gives_one_job_for_the_latest(database: Database) -> None:
    """After a time without any ticker each missed fire time has its decision, and the latest its job."""
    clock = ManualClock(START)
    late = scheduler(database, clock)
    late.run_once()
    clock.advance(45)
    late.run_once()
    assert fire_times_of_jobs(database) == [40]
    assert decisions(database) == [*((s, "coalesced", 1) for s in (10, 20, 30)), (40, "fired", 1)]
    assert next_fire(database) == 50


def test_a_long_time_is_summed_up_in_one_row(database: Database) -> None:
    """A month of seconds neither hangs the ticker nor fills the table."""
    clock = ManualClock(START)
    late = scheduler(database, clock, a_registry(seconds=1))
    late.run_once()
    clock.advance(30 * 86_400)
    late.run_once()
    assert decisions(database) == [(1, "coalesced", 30 * 86_400 - 1), (30 * 86_400, "fired", 1)]


def test_a_full_backlog_skips_the_fire_time(database: Database) -> None:
    """The fire time is decided all the same, with the reason."""
    clock = ManualClock(START)
    full = scheduler(database, clock, limit=1)
    full.run_once()
    for _ in range(2):
        clock.advance(10)
        full.run_once()
    assert [decision for _, decision, _ in decisions(database)] == ["fired", "skipped"]


def test_code_that_changes_a_schedule_moves_it(database: Database) -> None:
    """The new interval counts from the old anchor, after now."""
    clock = ManualClock(START)
    scheduler(database, clock).run_once()
    clock.advance(3)
    scheduler(database, clock, a_registry(seconds=7)).run_once()
    assert next_fire(database) == 7


def test_code_that_drops_a_schedule_retires_it(database: Database) -> None:
    """It is kept and fires no more; declared again it goes on."""
    clock = ManualClock(START)
    scheduler(database, clock).run_once()
    registry = a_registry()
    registry.declarations = {}
    scheduler(database, clock, registry).run_once()
    clock.advance(25)
    scheduler(database, clock, registry).run_once()
    with database.read() as conn:
        assert schedules.get(conn, "refresh").retired
    assert decisions(database) == []
    scheduler(database, clock).run_once()
    assert next_fire(database) == 30


def test_a_schedule_that_was_decided_meanwhile_is_left_alone(database: Database) -> None:
    """Moving on from a fire time that somebody else has passed changes nothing."""
    clock = ManualClock(START)
    scheduler(database, clock).run_once()
    with database.write() as conn:
        row = schedules.get(conn, "refresh")
        skip = fires.Decision(fire_time=row.next_fire_at, decision="skipped")
        later = row.next_fire_at + timedelta(seconds=10)
        move = fires.Move(row.id, row.next_fire_at, later, [skip])
        assert fires.move(conn, [move], clock.now())
        late = replace(move, decisions=[replace(skip, fire_time=later)])
        assert not fires.move(conn, [late], clock.now())
    assert decisions(database) == [(10, "skipped", 1)]


@pytest.mark.parametrize("verb", ["pause", "remove"])
def test_paused_and_removed_schedules_do_not_fire(verb: str, make_app: Any) -> None:
    """Pause, resume, run now and remove, as a host calls them."""
    from app.jobs import ScheduleNotFound, Simmer

    jobs = Simmer()
    jobs.task("refresh")(refresh)
    with make_app(jobs, JOBS_ENGINE="manual").app_context():
        jobs.add_schedule(id="s", task="refresh", trigger={"type": "interval", "seconds": 10})
        jobs.testing.advance(10)
        jobs.testing.drain()
        assert len(jobs.testing.submitted()) == 1
        if verb == "remove":
            jobs.remove_schedule("s")
            with pytest.raises(ScheduleNotFound):
                jobs.get_schedule("s")
        else:
            assert jobs.pause_schedule("s").next_fire_at is None
        jobs.testing.advance(25)
        assert len(jobs.testing.submitted()) == 1
        if verb == "pause":
            now = jobs.run_schedule("s")
            assert (now.schedule_id, now.fire_time) == ("s", None)
            jobs.testing.drain()
            resumed = jobs.resume_schedule("s")
            assert resumed.next_fire_at is not None
            assert resumed.next_fire_at > jobs.runtime.clock.now()
            jobs.testing.advance(10)
            assert len(jobs.testing.submitted()) == 3
