"""Checks of the schedules."""

from __future__ import annotations

from datetime import UTC, datetime

from app.jobs import Simmer
from app.jobs.store import leases

from ...conftest import AppFactory
from ...store import factory
from .examined import finding, findings

HOURLY = {"type": "interval", "hours": 1}


def with_add() -> Simmer:
    """One with a task."""
    jobs = Simmer()
    jobs.task("add")(lambda: None)
    return jobs


def test_schedules_on_time_are_ok(make_app: AppFactory) -> None:
    """They are counted; a paused one is not."""
    jobs = with_add()
    app = make_app(jobs)
    with app.app_context():
        jobs.add_schedule(id="a", task="add", trigger=HOURLY)
        jobs.add_schedule(id="b", task="add", trigger=HOURLY, paused=True)
    assert finding(app, "schedules").what == "1 active, none overdue"


def test_an_overdue_schedule_is_serious(make_app: AppFactory) -> None:
    """Its fire time has passed, and nobody fired it."""
    jobs = with_add()
    app = make_app(jobs, JOBS_ENGINE="manual")
    with app.app_context():
        jobs.add_schedule(id="late", task="add", trigger=HOURLY)
        jobs.runtime.clock.advance(2 * 3600)  # type: ignore[attr-defined]
    found = finding(app, "schedules")
    assert (found.level, found.what) == ("serious", "overdue: late")
    assert found.hint == "see why with `flask jobs schedules history late`"


def test_a_schedule_of_an_unknown_task_is_a_warning(make_app: AppFactory) -> None:
    """The code of the task was removed."""
    jobs = with_add()
    app = make_app(jobs)
    with app.app_context():
        jobs.add_schedule(id="lost", task="add", trigger=HOURLY)
    jobs.registry.tasks = {}
    assert "does not have: lost" in finding(app, "schedules").what


def test_a_lease_that_was_left_behind_is_a_warning(make_app: AppFactory) -> None:
    """Whoever fired schedules last has gone; it ends where the worker that is there takes over."""
    jobs = with_add()
    app = make_app(jobs)
    runtime, now = app.extensions["simmer"], datetime.now(UTC)
    with app.app_context():
        jobs.add_schedule(id="a", task="add", trigger=HOURLY)
    with runtime.database.write() as conn:
        factory.register(conn, started_at=now)
        leases.take(conn, "schedules:host", "worker-gone", now, 60)
    assert "nobody has taken over" in finding(app, "schedules").what
    with runtime.database.write() as conn:
        leases.release(conn, "schedules:host", "worker-gone")
        leases.take(conn, "schedules:host", "worker-1", now, 60)
    assert finding(app, "schedules").level == "ok"


def test_a_process_that_fires_none_says_so(make_app: AppFactory) -> None:
    """JOBS_SCHEDULES is off."""
    (found,) = findings(make_app(with_add(), JOBS_SCHEDULES=False), "schedules")
    assert (found.level, "JOBS_SCHEDULES is off" in found.what) == ("warning", True)
