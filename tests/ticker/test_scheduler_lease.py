"""One process at a time fires; the others look again when its lease is over."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import Simmer
from app.jobs.database.database import Database
from app.jobs.store import leases
from app.jobs.store.fires import fire_by

from ..store.factory import register
from ..support import eventually

NOW = datetime(2030, 1, 1, tzinfo=UTC)


def take(database: Database, holder: str, after: float = 0, name: str = "scan") -> float | None:
    """Take the lease for a second, so many seconds after the start; how long another has it from there."""
    now = NOW + timedelta(seconds=after)
    with database.write() as conn:
        until = leases.take(conn, name, holder, now, 1.0)
    return None if until is None else (until - now).total_seconds()


def test_one_holds_it_until_it_is_over(database: Database) -> None:
    """The holder keeps it as often as it likes, another gets it a second after the last time."""
    assert take(database, "a") is None
    assert take(database, "b", 0.25) == 0.75
    assert take(database, "a", 0.5) is None
    assert take(database, "b", 1.25) == 0.25
    assert take(database, "b", 1.5) is None
    assert take(database, "a", 1.5) == 1.0


def test_leases_of_other_names_are_others(database: Database) -> None:
    """A process that knows other tasks does not wait."""
    assert take(database, "a") is None
    assert take(database, "b", name="other") is None


def test_a_clock_that_was_set_back_keeps_nobody_waiting(database: Database) -> None:
    """A lease from an hour ahead is none."""
    assert take(database, "a", 3_600) is None
    assert take(database, "b") is None


@pytest.mark.parametrize(
    ("every", "waits"), [(0.1, 0.005), (1, 0.005), (10, 0.05), (60, 0.25), (86_400, 0.25)]
)
def test_a_fire_time_waits_for_others_in_proportion(every: float, waits: float) -> None:
    """A two-hundredth of the time between two, from 5 ms to a quarter of a second."""
    fire_time = NOW + timedelta(seconds=every)
    assert fire_by(fire_time, NOW) == fire_time + timedelta(seconds=waits)
    assert fire_by(None, NOW) is None


def test_the_worker_that_fires_is_shown_as_the_leader(make_app: Callable[..., Flask], url: URL) -> None:
    """`workers` marks the one that decided the last fire times, and no other."""
    jobs = Simmer()
    jobs.task("tick")(lambda: None)
    with make_app(jobs, url=url, JOBS_ENGINE="thread", JOBS_API_PREFIX=None).app_context():
        with jobs.runtime.database.write() as conn:
            register(conn, "another", tasks=("tick",))
        jobs.start()
        jobs.add_schedule(id="soon", task="tick", trigger="interval", seconds=3_600, start_now=True)

        def leaders() -> list[tuple[int, bool]]:
            found = [(worker.pid, worker.leader) for worker in jobs.runtime.status.workers()]
            return found if any(leads for _, leads in found) else []

        assert sorted(eventually(leaders)) == sorted([(1, False), (os.getpid(), True)])
