"""The signal of a schedule that becomes overdue comes once, from one process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from flask import Flask

from app.jobs import Simmer, signals
from app.jobs.execution.receivers import Receivers
from app.jobs.store import workers
from app.jobs.ticker.overdue_schedules import HELD_FOR, OverdueSchedules
from app.jobs.values import Schedule

from ..store.factory import register


def test_each_is_told_once_by_one_process(make_app: Callable[..., Flask]) -> None:
    """Again after it was all right; whoever takes over tells only what is new."""
    jobs, heard = Simmer(), list[str]()
    jobs.task("add")(lambda: 1)
    app = make_app(jobs, JOBS_ENGINE="manual")
    with app.app_context():
        runtime = jobs.runtime
        with runtime.database.write() as conn:
            for worker in ("one", "two"):
                register(conn, worker)
        one, two = (
            OverdueSchedules(_dispatcher(worker), runtime.database, Receivers(app), runtime.clock)
            for worker in ("one", "two")
        )

        def look(seconds: float) -> list[str]:
            runtime.clock.advance(timedelta(seconds=seconds).total_seconds())  # type: ignore[attr-defined]
            heard.clear()
            assert [each.run_once() > 0 for each in (one, two)] == [True, True]
            return list(heard)

        for name in ("a", "b"):
            jobs.add_schedule(id=name, task="add", trigger="interval", seconds=60)
        assert look(0) == []

        def receive(sender: Flask, schedule: Schedule) -> None:
            assert schedule.overdue
            heard.append(schedule.id)

        with signals.schedule_overdue.connected_to(receive, sender=app):
            assert look(30) == []
            jobs.pause_schedule("b")
            assert look(50) == ["a"]
            assert look(5) == []
            with runtime.database.write() as conn:
                workers.deregister(conn, "one")
            jobs.pause_schedule("a")
            assert look(HELD_FOR) == []
            for name in ("a", "b"):
                jobs.resume_schedule(name)
            assert sorted(look(80)) == ["a", "b"]


def _dispatcher(worker: str) -> Any:
    return SimpleNamespace(id=worker)
