"""The signal of a schedule that becomes overdue comes once, from one process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from flask import Flask
from sqlalchemy import URL

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
            OverdueSchedules(
                _dispatcher(worker),
                runtime.database,
                Receivers(app),
                runtime.clock,
                runtime.factory,
                alerts=False,
            )
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


def test_an_alert_tells_of_each_once(make_app: Callable[..., Flask], url: URL) -> None:
    """Whoever sees it first, also after a restart; again once it was all right in between."""
    jobs = Simmer()
    jobs.task("add")(lambda: 1)
    with make_app(jobs, url, JOBS_ENGINE="manual", JOBS_ALERT_URL="http://127.0.0.1:9/").app_context():
        runtime = jobs.runtime
        jobs.add_schedule(id="a", task="add", trigger="interval", seconds=60)

        def look(seconds: float) -> list[str]:
            runtime.clock.advance(seconds)  # type: ignore[attr-defined]
            for worker in ("one", "two"):
                made = OverdueSchedules(
                    _dispatcher(worker), runtime.database, Receivers(runtime.app), runtime.clock,
                    runtime.factory, alerts=True,
                )  # fmt: skip
                assert made.run_once() > 0
            found = jobs.list(task="simmer.webhook")
            return [str(job.args["schedule_id"]) for job in found if job.args["event"] == "schedule_overdue"]

        assert look(30) == []
        assert look(50) == ["a"]
        assert look(500) == ["a"]
        jobs.pause_schedule("a")
        assert look(1) == ["a"]
        jobs.resume_schedule("a")
        assert look(1) == ["a"]
        assert look(80) == ["a", "a"]
        assert {job.state for job in jobs.list(task="simmer.webhook")} == {"queued"}


def _dispatcher(worker: str) -> Any:
    return SimpleNamespace(id=worker, wake=lambda: None)
