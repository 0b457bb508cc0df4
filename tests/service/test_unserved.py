"""Due jobs that no live worker serves: how many there are, and who says so."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.jobs import Simmer
from app.jobs.clock import ManualClock
from app.jobs.database.database import Database
from app.jobs.service.live_workers import LiveWorkers
from app.jobs.service.unserved import SubmissionWarning, count_unserved
from app.jobs.store import controls, parking, workers
from app.jobs.store.loads import loads

from ..store.factory import LATER, NOW, claim_one, register, submit


def unserved(database: Database, seconds: float = 10.0) -> dict[str, int]:
    """The reasons of those that nobody serves so many seconds after NOW, with their numbers."""
    clock = ManualClock(NOW + timedelta(seconds=seconds))
    with database.read() as conn:
        todo, set_now = loads(conn, clock.now()), controls.read(conn)
    found = count_unserved(LiveWorkers(database, 30.0, clock).get(), todo, set_now)
    assert found["count"] == sum(found["by_reason"].values())
    return {reason: count for reason, count in found["by_reason"].items() if count}


def test_they_are_counted_by_reason(database: Database) -> None:
    """Nobody is alive, serves the queue, knows the task, is of the app; not what runs or is not due."""
    with database.write() as conn:
        register(conn, queues=("mail",), tasks=("add", "other"))
        submit(conn, queue="mail")
        claim_one(conn, submit(conn, queue="mail", task="unknown"))
        submit(conn, queue="reports", run_at=LATER)
        for _ in range(2):
            submit(conn, queue="reports")
        submit(conn, queue="mail", task="unknown")
        submit(conn, queue="mail", app="shop")
    assert unserved(database) == {"no_worker_for_queue": 2, "no_worker_for_task": 1, "no_worker_of_app": 1}
    with database.write() as conn:
        workers.deregister(conn, "worker-1")
    assert unserved(database) == {"no_worker": 5}


def test_what_is_paused_or_parked_is_not_forgotten(database: Database) -> None:
    """Nobody misses a worker for what is paused; a job that waits for a limit is due like any other."""
    with database.write() as conn:
        submit(conn)
        parking.park(conn, {submit(conn, task="slow"): "task slow"})
        submit(conn, queue="mail")
        controls.change(conn, "queue", "mail", {"paused": True}, None, NOW)
    assert unserved(database) == {"no_worker": 2}
    with database.write() as conn:
        controls.change(conn, "task", "slow", {"paused": True}, None, NOW)
    assert unserved(database) == {"no_worker": 1}


def test_a_job_whose_time_came_while_nobody_was_there_counts(database: Database) -> None:
    """Without a worker nobody marks it as due; it is all the same."""
    with database.write() as conn:
        submit(conn, run_at=LATER)
    assert unserved(database) == {}
    assert unserved(database, seconds=3_600) == {"no_worker": 1}


def test_a_web_process_warns_of_what_it_stores(
    make_app: Callable[..., Flask], caplog: pytest.LogCaptureFixture
) -> None:
    """With the submission, since it has no thread that could; once a minute, and until a worker is alive."""
    jobs = Simmer()
    add = jobs.task("add")(lambda: 1)
    with make_app(jobs, JOBS_ENGINE="thread", JOBS_ROLE="web").app_context():
        add.submit_many([{}, {}, {}])
        add.submit()
    found = [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING]
    assert found == ["3 jobs are due and no worker is alive: 3 of 'add' in 'default'"]


def test_it_warns_again_after_a_minute(database: Database, caplog: pytest.LogCaptureFixture) -> None:
    """Where workers are alive it is for their ticker to say."""
    clock = ManualClock(NOW)
    warning = SubmissionWarning(database, clock, LiveWorkers(database, 30.0, clock))
    with database.write() as conn:
        submit(conn)
    for seconds in (0, 59, 2):
        clock.advance(seconds)
        warning.submitted()
    assert len(caplog.records) == 2
    with database.write() as conn:
        register(conn, queues=("other",), started_at=clock.now())
    clock.advance(60)
    with database.write() as conn:
        workers.beat(conn, "worker-1", clock.now())
    warning.submitted()
    assert len(caplog.records) == 2
