"""The duty that keeps the history."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import Simmer
from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.store import history
from app.jobs.ticker.sampler import Sampler

from ..store.factory import NOW
from ..support import eventually


def sampled_at(database: Database) -> object:
    """When the last sample was taken."""
    with database.read() as conn:
        return history.sampled_at(conn)


def test_it_samples_once_a_minute(database: Database) -> None:
    """It comes back after the full minute, and stores nothing in one that has its sample."""
    clock = ManualClock(NOW + timedelta(seconds=15))
    one, other = Sampler(database, clock), Sampler(database, clock)
    assert one.run_once() == pytest.approx(45.5)
    first = clock.now()
    clock.advance(1)
    assert other.run_once() == pytest.approx(44.5)
    assert sampled_at(database) == first
    clock.advance(44.5)
    assert other.run_once() == pytest.approx(60.0)
    one.run_once()
    assert sampled_at(database) == clock.now()


def test_a_worker_takes_samples_from_its_start(make_app: Callable[..., Flask], url: URL) -> None:
    """What it runs is there at once, and what was run before the first minute is over."""
    jobs = Simmer()
    jobs.task("add")(lambda: 1)
    with make_app(jobs, url=url, JOBS_THREADS=2).app_context():
        jobs.start()
        ids = [jobs.submit("add").id for _ in range(5)]
        assert {jobs.wait(id, 10).state for id in ids} == {"succeeded"}
        eventually(lambda: sampled_at(jobs.runtime.database) is not None)
        for window in ("1h", "24h", "7d"):
            items = jobs.runtime.overview.throughput(window).items
            assert sum(each.succeeded for each in items) == 5
            assert jobs.runtime.overview.percentiles(window).run.count == 5
