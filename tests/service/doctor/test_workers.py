"""Checks of the workers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from app.jobs import Simmer
from app.jobs.database.tables import WORKERS
from app.jobs.service.doctor.workers import check

from ...conftest import AppFactory
from ...store import factory
from .examined import finding, findings


def enter(app: Flask, worker: str = "worker-1", seconds: float = 0, **values: Any) -> None:
    """A worker whose last heartbeat was so many seconds ago."""
    with app.extensions["simmer"].database.write() as conn:
        started = datetime.now(UTC) - timedelta(seconds=seconds)
        factory.register(conn, worker, started_at=started, **values)


def submit(app: Flask, **values: Any) -> str:
    """A job that is due."""
    with app.extensions["simmer"].database.write() as conn:
        return factory.submit(conn, run_at=datetime.now(UTC) - timedelta(seconds=5), **values)


@pytest.fixture
def app(make_app: AppFactory) -> Flask:
    """One with a queue and a task."""
    jobs = Simmer()
    jobs.task("add", queue="mail")(lambda: None)
    return make_app(jobs)


def test_no_worker_is_a_warning_until_jobs_wait(app: Flask) -> None:
    """Then it is serious."""
    assert finding(app, "workers").level == "warning"
    assert finding(app, "queues and tasks").level == "ok"
    submit(app)
    assert finding(app, "queues and tasks").level == "serious"


def test_a_worker_that_is_alive_is_ok(app: Flask) -> None:
    """With its threads; what waits is its work."""
    enter(app, threads=3)
    submit(app)
    assert (finding(app, "workers").level, finding(app, "workers").what) == ("ok", "1 alive, with 3 threads")
    assert finding(app, "queues and tasks").level == "ok"


@pytest.mark.parametrize("values", [{"queue": "reports"}, {"task": "other"}])
def test_a_queue_or_a_task_without_a_worker_is_serious(app: Flask, values: dict[str, str]) -> None:
    """Both are named."""
    enter(app, queues=("default",))
    submit(app, **values)
    found = finding(app, "queues and tasks")
    assert (found.level, next(iter(values.values())) in found.what) == ("serious", True)


def test_a_silent_worker_is_a_warning(app: Flask) -> None:
    """It is named beside the one that is alive."""
    enter(app)
    enter(app, "worker-2", seconds=100, host="there", pid=7)
    found = finding(app, "workers")
    assert (found.level, found.what) == ("warning", "without a heartbeat: there:7")


def test_two_workers_of_one_process_are_a_warning(app: Flask) -> None:
    """Another process of the same machine is none."""
    enter(app, pid=1)
    enter(app, "worker-2", pid=2)
    assert findings(app, "doubled workers") == []
    enter(app, "worker-3", pid=2)
    assert finding(app, "doubled workers").what == "the process 2 of here has 2 workers"


def test_a_worker_of_the_future_has_another_clock(app: Flask) -> None:
    """Its heartbeat is later than now."""
    enter(app, seconds=-35)
    found = finding(app, "clock")
    assert (found.level, "the clock of here is 3" in found.what) == ("serious", True)


def test_a_paused_queue_with_jobs_is_a_warning(app: Flask) -> None:
    """Whoever paused it may have forgotten; an empty one is left alone."""
    enter(app)
    with app.app_context():
        app.extensions["simmer"].queues.pause("mail", "me")
    assert finding(app, "queues and tasks").level == "ok"
    submit(app, queue="mail")
    levels = {found.level: found.hint for found in findings(app, "queues and tasks")}
    assert levels["warning"] == "resume it with `flask jobs queues resume mail`"


def test_where_jobs_run_in_their_caller_nobody_is_missed(make_app: AppFactory) -> None:
    """There is no worker then."""
    app = make_app(Simmer(), JOBS_ENGINE="manual")
    with app.app_context():
        assert [found.level for found in check(app.extensions["simmer"])] == ["ok"]


def test_a_check_that_fails_is_a_finding_itself(app: Flask, caplog: pytest.LogCaptureFixture) -> None:
    """Such as of a row that another program has written; the others go on, and the log has the traceback."""
    enter(app)
    with app.extensions["simmer"].database.write() as conn:
        conn.execute(update(WORKERS).values(queues="no json"))
    assert "JSONDecodeError" in finding(app, "workers").what
    assert findings(app, "access")
    assert "a check of doctor failed" in caplog.text
