"""Why a job waits, as `waiting_reason` says it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from app.jobs import Simmer
from app.jobs.database.database import Database
from app.jobs.store import controls, leases, limits, parking, runs, workers

from ..store.factory import LATER, NOW, claim_one, end, register, submit
from ..support import eventually
from .reasons import crash_twice, hold_limit, read_job, waiting_reasons


def reason(database: Database, job_id: str, seconds: float = 10.0, counts: bool = True) -> str | None:
    """What is said of the job so many seconds after NOW."""
    return waiting_reasons(database, seconds).add_to(read_job(database, job_id), counts=counts).waiting_reason


def test_no_worker_is_alive(database: Database) -> None:
    """There is none, it has given no sign of life for RESCUE_AFTER, or it drains."""
    with database.write() as conn:
        job_id = submit(conn)
    assert reason(database, job_id) == "no worker is alive"
    with database.write() as conn:
        register(conn)
    assert reason(database, job_id) is None
    assert reason(database, job_id, seconds=31) == "no worker is alive"
    with database.write() as conn:
        workers.drain(conn, "worker-1")
    assert reason(database, job_id) == "no worker is alive"


def test_no_worker_serves_the_queue_or_knows_the_task(database: Database) -> None:
    """Those that serve the queue are asked for the task; one that knows it later is enough."""
    with database.write() as conn:
        register(conn, "one", queues=("mail",), tasks=("add",))
        register(conn, "two", queues=("default",), tasks=("other",))
        elsewhere, unknown, fine = (
            submit(conn, queue="reports"), submit(conn, queue="default"), submit(conn, queue="mail")
        )  # fmt: skip
    assert reason(database, elsewhere) == "no worker serves the queue 'reports'"
    assert reason(database, unknown) == "no worker knows the task 'add'"
    assert reason(database, fine) is None
    with database.write() as conn:
        workers.set_tasks(conn, "two", ["add", "other"])
    assert reason(database, unknown) is None


def test_a_worker_whose_tasks_are_unknown_may_know_any(database: Database) -> None:
    """Its row says null: nothing is said of a job that it may run."""
    with database.write() as conn:
        register(conn)
        conn.exec_driver_sql("UPDATE simmer_workers SET tasks = NULL")
        job_id = submit(conn, task="whatever")
    assert reason(database, job_id) is None


def test_all_threads_are_busy(database: Database) -> None:
    """With the number of jobs ahead in its queue, by priority and due time; not for what came just now."""
    with database.write() as conn:
        register(conn, threads=1)
        running = submit(conn)
        claim = claim_one(conn, running)
        assert claim is not None
        for priority in (-1, 0, 1):
            submit(conn, priority=priority)
        last = submit(conn, priority=1)
        submit(conn, priority=2)
        submit(conn, queue="other")
    assert reason(database, last) == "all 1 threads are busy, 3 jobs ahead in its queue"
    assert reason(database, last, counts=False) == "all 1 threads are busy"
    assert reason(database, last, seconds=0.5) is None
    with database.write() as conn:
        assert end(conn, claim, "succeeded")
    assert reason(database, last) is None


def test_all_threads_are_in_jobs_beyond_their_timeout(database: Database) -> None:
    """It is said as soon as no thread of a worker that could run the job is busy with anything else."""
    with database.write() as conn:
        for worker in ("one", "two"):
            register(conn, worker, threads=1)
            run = claim_one(conn, submit(conn, timeout=5), worker)
            assert run is not None
            run.started_at = NOW
            runs.record_starts(conn, [run])
        last = submit(conn)
    assert reason(database, last, seconds=4) == "all 2 threads are busy, 0 jobs ahead in its queue"
    assert (
        reason(database, last)
        == "all 2 threads are in jobs that exceeded their timeout, 0 jobs ahead in its queue"
    )
    with database.write() as conn:
        register(conn, "three", threads=1)
        claim_one(conn, submit(conn), "three")
    assert reason(database, last) == "all 3 threads are busy, 0 jobs ahead in its queue"


def test_jobs_ahead_are_counted_to_a_hundred(database: Database) -> None:
    """Whoever polls behind a backlog of millions reads no more."""
    with database.write() as conn:
        register(conn, threads=1)
        claim_one(conn, submit(conn))
        for _ in range(101):
            submit(conn)
        last = submit(conn)
    assert reason(database, last) == "all 1 threads are busy, over 100 jobs ahead in its queue"


def test_a_job_of_another_app(database: Database) -> None:
    """Workers of its own app alone take it: none is alive, or none that serves its queue."""
    with database.write() as conn:
        register(conn, "plain")
        register(conn, "blog", app="blog")
        of_shop, of_all = submit(conn, app="shop"), submit(conn)
    assert reason(database, of_shop) == "no worker of the app 'shop' is alive"
    assert (reason(database, of_all), reason(database, of_shop, seconds=0.5)) == (None, None)
    with database.write() as conn:
        register(conn, "shop", app="shop", queues=("mail",))
    assert reason(database, of_shop) == "no worker of the app 'shop' takes it"
    with database.write() as conn:
        register(conn, "second", app="shop")
    assert reason(database, of_shop) is None


@pytest.mark.parametrize("verb", [None, "retrying"])
def test_a_job_that_is_not_due(database: Database, verb: str | None) -> None:
    """A scheduled or retrying one says when it is; from then on what a queued one would say."""
    with database.write() as conn:
        job_id = submit(conn, run_at=LATER if verb is None else NOW)
        if verb is not None:
            register(conn)
            claim = claim_one(conn, job_id)
            assert claim is not None
            assert end(conn, claim, verb)
            workers.deregister(conn, "worker-1")
    hour = "00:01" if verb else "01:00"
    assert reason(database, job_id) == f"not due until 2030-01-01T{hour}:00.000000Z"
    assert reason(database, job_id, seconds=3_600) == "no worker is alive"


def test_a_worker_says_which_tasks_it_knows(make_app: Callable[..., Flask]) -> None:
    """Also those that are registered while it runs, and those of the package itself."""
    jobs, own = Simmer(), ("simmer.bulk", "simmer.webhook")
    jobs.task("add")(lambda: 1)

    def known() -> list[frozenset[str] | None]:
        with jobs.runtime.database.read() as conn:
            return [worker.tasks for worker in workers.live_workers(conn, NOW - timedelta(days=10_000), NOW)]

    with make_app(jobs, JOBS_ENGINE="thread", JOBS_API_PREFIX=None).app_context():
        jobs.start()
        eventually(lambda: known() == [frozenset({"add", *own})])
        jobs.task("later")(lambda: 2)
        eventually(lambda: known() == [frozenset({"add", "later", *own})])


def test_what_is_paused_says_so(database: Database) -> None:
    """Whether a worker is alive or not: it is not what the job waits for; in lists too."""
    with database.write() as conn:
        job_id = submit(conn)
        controls.change(conn, "task", "add", {"paused": True}, None, NOW)
    assert reason(database, job_id, counts=False) == "the task 'add' is paused"
    with database.write() as conn:
        controls.change(conn, "queue", "default", {"paused": True}, None, NOW)
    assert reason(database, job_id) == "the queue 'default' is paused"
    with database.write() as conn:
        for kind, name in (("queue", "default"), ("task", "add")):
            controls.change(conn, kind, name, {"paused": None}, None, NOW)
    assert reason(database, job_id) == "no worker is alive"


def test_a_job_that_ended_with_its_process_twice_is_in_quarantine(database: Database) -> None:
    """It waits for a worker that runs it alone; others wait where the only free thread is kept for it."""
    with database.write() as conn:
        register(conn)
        suspect, other = submit(conn), submit(conn)
        crash_twice(conn, suspect)
    alone = "2 of its runs ended with their process: it waits for a worker to run it alone"
    assert (reason(database, suspect), reason(database, other)) == (alone, None)
    with database.write() as conn:
        assert leases.occupy(conn, leases.QUARANTINE, "worker-1", NOW)
    said = reason(database, other)
    assert (
        said == "the worker with a free thread runs another job alone, that has ended with its process before"
    )
    with database.write() as conn:
        register(conn, "worker-2")
    assert reason(database, other) is None


def test_a_limit_is_named_where_it_holds_the_job(database: Database) -> None:
    """By the key under which it is parked, with who holds it, or the moment at which a rate lets it go."""
    keys = {"task slow": "task slow", "rate of task slow": "task slow"}
    with database.write() as conn:
        register(conn, tasks=("slow",))
        parked = {submit(conn, task="slow"): key for key in keys}
        free = submit(conn, task="slow")
        limits.try_lock(conn, keys)
        parking.park(conn, parked)
        parking.wake_later(conn, {key: parking.Wake(LATER, 1) for key in keys})
    assert [reason(database, job_id) for job_id in parked] == [
        "the limit of 2 of the task 'slow' was reached when it was looked at last",
        "the rate of 1/d of the task 'slow' is reached, next at 2030-01-01T01:00:00.000000Z",
    ]
    assert reason(database, free) is None
    running = hold_limit(database, 2)
    assert reason(database, next(iter(parked))) == (
        f"the limit of 2 of the task 'slow' is reached by {', '.join(running)}"
    )
    running += hold_limit(database, 2)
    assert reason(database, next(iter(parked))) == (
        f"the limit of 2 of the task 'slow' is reached by {', '.join(running[:3])}, …"
    )
