"""Once a minute one process says how many due jobs nobody serves."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.service.live_workers import LiveWorkers
from app.jobs.store import workers
from app.jobs.ticker.watch import Watch

from ..store.factory import NOW, register, submit


def a_watch(database: Database, clock: ManualClock, worker: str) -> Watch:
    """That of the process of `worker`."""
    dispatcher: Any = SimpleNamespace(id=worker)
    return Watch(dispatcher, database, LiveWorkers(database, 3_600.0, clock), clock)


def test_one_line_a_minute_from_one_process(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """However many tickers look; nothing at their start, and nothing once all jobs are served."""
    clock = ManualClock(NOW)
    with database.write() as conn:
        register(conn, "one", queues=("mail",))
        register(conn, "two", queues=("mail",))
        submit(conn, queue="reports")
        submit(conn, queue="reports")
    one, two = (a_watch(database, clock, worker) for worker in ("one", "two"))
    lines = []
    for seconds in (0, 30, 30, 0, 30, 30):
        clock.advance(seconds)
        caplog.clear()
        pauses = [each.run_once() for each in (one, two)]
        assert all(0 < pause <= 60 for pause in pauses)
        lines.append([record.getMessage() for record in caplog.records])
    line = "2 jobs are due and no live worker serves them: 2 of 'add' in 'reports'"
    assert lines == [[], [], [line], [], [], [line]]
    with database.write() as conn:
        register(conn, "three", queues=("reports",))
    clock.advance(timedelta(minutes=1).total_seconds())
    one.run_once()
    assert len(caplog.records) == 1


def test_another_takes_over(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """When the process that spoke is gone."""
    clock = ManualClock(NOW)
    with database.write() as conn:
        register(conn, "one", queues=("mail",))
        register(conn, "two", queues=("mail",))
        submit(conn, queue="reports")
    one, two = (a_watch(database, clock, worker) for worker in ("one", "two"))
    clock.advance(60)
    one.run_once()
    two.run_once()
    with database.write() as conn:
        workers.deregister(conn, "one")
    clock.advance(60)
    two.run_once()
    assert len(caplog.records) == 2
