"""What the pruner deletes, and when."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import URL

from app.jobs import Job, Simmer
from app.jobs.store import thread_dumps
from app.jobs.ticker.pruner import AGAIN_AFTER, BATCH, PRUNE_EVERY, Pruner

from ..api.api_client import api_client
from ..reliability.manual_worker import ManualWorker, make_manual_app
from ..store.factory import register

DAY = 86_400.0


def test_stacks_of_threads_do_not_stay(tmp_path: Path) -> None:
    """What nobody can be waiting for any more is deleted in the next round."""
    with api_client(tmp_path) as here, here.app.app_context():
        runtime = here.jobs.runtime
        pruner = Pruner(runtime.database, runtime.settings, runtime.clock)
        with runtime.database.write() as conn:
            register(conn, "one")
            old = thread_dumps.request(conn, "one", runtime.clock.now() - timedelta(hours=1))
            new = thread_dumps.request(conn, "one", runtime.clock.now())
            thread_dumps.answer(conn, "one", "threads")
        pruner.run_once()
        with runtime.database.read() as conn:
            assert [thread_dumps.answer_to(conn, each or "") for each in (old, new)] == [None, "threads"]


@pytest.fixture
def jobs(make_app: Callable[..., Flask], url: URL) -> Iterator[Simmer]:
    """A Simmer in the context of its app, with tasks of three retentions, once for each kind of database."""
    made = Simmer()
    made.task("short", retention=60)(lambda: 1)
    made.task("long", retention=timedelta(days=365), keep_result_for=DAY)(lambda: 1)
    made.task("fail", retention=60)(lambda: 1 / 0)
    made.task("plain")(lambda: 1)
    with make_manual_app(make_app, made, url=url).app_context():
        yield made


def kept(jobs: Simmer) -> list[str]:
    """The tasks of the jobs that there are."""
    return sorted(job.task for job in jobs.list())


def run(worker: ManualWorker, *tasks: str) -> list[Job]:
    """A finished job of each of the tasks."""
    submitted = [worker.jobs.submit(task) for task in tasks]
    while not all(worker.jobs.get(job.id).is_final for job in submitted):
        worker.work()
    return submitted


def test_each_job_is_kept_as_long_as_its_task_says(jobs: Simmer) -> None:
    """However it ended, in place of JOBS_RETENTION, which goes for all others."""
    worker = ManualWorker(jobs)
    pruner = Pruner(worker.database, worker.settings, worker.clock)
    waits = jobs.submit("short", delay=400 * DAY)
    run(worker, "short", "long", "fail", "plain")
    for days, tasks in (
        (0, ["fail", "long", "plain", "short", "short"]),
        (1, ["long", "plain", "short"]),
        (7, ["long", "short"]),
        (358, ["short"]),
    ):
        worker.clock.advance(days * DAY)
        assert pruner.run_once() == PRUNE_EVERY
        assert kept(jobs) == tasks
    assert jobs.get(waits.id).state == "scheduled"


def test_a_process_that_does_not_know_the_task_keeps_its_jobs(
    jobs: Simmer, make_app: Callable[..., Flask], url: URL
) -> None:
    """A retention is stored when a worker starts: all keep to it, also after that worker is gone."""
    worker = ManualWorker(jobs)
    run(worker, "long", "short", "plain")
    worker.dispatcher.stop()
    other = Simmer()
    with make_manual_app(make_app, other, url=url, tables=False).app_context():
        stranger = ManualWorker(other)
        stranger.clock.advance(8 * DAY)
        stranger.turn()
        Pruner(stranger.database, stranger.settings, stranger.clock).run_once()
        assert kept(other) == ["long"]


def test_a_result_goes_before_its_job(jobs: Simmer) -> None:
    """It is null from then on, and the job's version says that it has changed."""
    worker = ManualWorker(jobs)
    pruner = Pruner(worker.database, worker.settings, worker.clock)
    long, plain = run(worker, "long", "plain")
    before = jobs.get(long.id)
    worker.clock.advance(DAY + 1)
    assert pruner.run_once() == PRUNE_EVERY
    after = jobs.get(long.id)
    assert (before.result, after.result, after.version) == (1, None, before.version + 1)
    assert jobs.get(plain.id).result == 1


def test_there_is_more_to_delete_than_a_batch(jobs: Simmer) -> None:
    """The next one follows soon, so that others can write in between."""
    worker = ManualWorker(jobs, threads=50)
    pruner = Pruner(worker.database, worker.settings, worker.clock)
    run(worker, *["short"] * (BATCH + 1))
    worker.clock.advance(61)
    assert [pruner.run_once(), len(jobs.list(limit=9)), pruner.run_once()] == [AGAIN_AFTER, 1, PRUNE_EVERY]
    assert kept(jobs) == []
