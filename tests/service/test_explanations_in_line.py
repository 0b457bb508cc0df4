"""When a job begins that waits for a thread, and when one ends that has one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from app.jobs import Progress
from app.jobs.database.database import Database
from app.jobs.service.explanations import MOST_AHEAD, Explanations
from app.jobs.values import Explanation

from ..store.factory import NOW, register, submit
from .reasons import at, begin, clock_at, explain, finish, read_job, waiting_reasons


def test_all_threads_are_busy(database: Database) -> None:
    """It begins once those that run, and those that come before it, have left it a thread."""
    with database.write() as conn:
        register(conn, threads=2)
        for seconds in (15, 15, 35):
            finish(conn, seconds)
        begin(conn)
        begin(conn)
        submit(conn, queue="other", priority=-1)
        last = submit(conn)
        submit(conn)
    found = explain(database, last)
    assert (found.reason, found.detail) == ("threads_busy", "all 2 threads are busy, 1 job ahead")
    # Both run for 10 of their 15 seconds, one of them is replaced by what is ahead, the other by this.
    assert (found.ahead, found.starts_at, found.ends_at) == (1, at(15), at(30))
    assert found.basis == "median of the latest 3 runs of add; 1 job ahead on 2 threads"
    found = explain(database, last, seconds=20.0)
    assert (found.starts_at, found.ends_at) == (at(35), at(50))


def test_prefetched_runs_come_first(database: Database) -> None:
    """They are claimed, have no thread yet, and are not counted as ahead."""
    with database.write() as conn:
        register(conn, threads=1)
        finish(conn, 15)
        begin(conn)
        prefetched = begin(conn)
        unstarted = "UPDATE simmer_jobs SET started_at = NULL, prefetched = (1 = 1)"
        conn.exec_driver_sql(f"{unstarted} WHERE id = '{prefetched}'")
        last = submit(conn)
    found = explain(database, last)
    assert (found.ahead, found.starts_at) == (0, at(30))
    found = explain(database, prefetched)
    assert (found.reason, found.detail) == (
        "claimed", "the worker worker-1 has claimed it and is about to begin it",
    )  # fmt: skip


def test_nothing_holds_the_job(database: Database) -> None:
    """A thread is free: it begins now, also where the reason was read before the threads were taken."""
    with database.write() as conn:
        register(conn, threads=1)
        finish(conn, 3)
        job_id = submit(conn)
    found = explain(database, job_id, seconds=0.0)
    assert (found.reason, found.detail, found.ahead) == ("ready", "nothing holds it", 0)
    assert (found.starts_at, found.ends_at) == (NOW, at(3))
    assert found.basis == "median of the latest 1 run of add; 0 jobs ahead on 1 thread"


def test_queues_are_served_in_the_order_of_their_worker(database: Database) -> None:
    """All that is due in an earlier queue is ahead, whatever its priority; nothing of a later one is."""
    with database.write() as conn:
        register(conn, threads=1, queues=("urgent", "default", "bulk"))
        begin(conn)
        first = [submit(conn, queue="urgent", priority=priority) for priority in (-9, 9)]
        job_id = submit(conn, queue="default")
        submit(conn, queue="bulk", priority=-9)
        submit(conn, queue="urgent", task="unknown")
    assert explain(database, job_id).ahead == len(first)
    with database.write() as conn:
        register(conn, "worker-2", threads=1, queues=("default",))
        begin(conn, "worker-2")
    assert explain(database, job_id).ahead == 0


def test_behind_more_than_are_counted_nothing_is_estimated(database: Database) -> None:
    """The number says that there are so many or more."""
    with database.write() as conn:
        register(conn, threads=1)
        finish(conn, 3)
        begin(conn)
        for _ in range(MOST_AHEAD + 1):
            submit(conn)
        last = submit(conn)
    assert explain(database, last) == Explanation(
        reason="threads_busy", detail="all 1 threads are busy, 1000 or more jobs ahead", ahead=MOST_AHEAD
    )


def test_what_no_worker_knows_is_not_ahead(database: Database) -> None:
    """Among more than are looked at those that are known are so many or more: nothing is estimated."""
    with database.write() as conn:
        register(conn, threads=1)
        finish(conn, 3)
        begin(conn)
        submit(conn)
        for _ in range(MOST_AHEAD):
            submit(conn, task="unknown")
        last = submit(conn)
    found = explain(database, last)
    assert (found.detail, found.ahead) == ("all 1 threads are busy, 1 or more jobs ahead", 1)
    assert found.starts_at is None


def test_a_running_job_ends(database: Database) -> None:
    """By the runs that took as long as it has; nothing is said once it has gone on for longer than all."""
    with database.write() as conn:
        register(conn)
        for seconds in (5, 20, 40):
            finish(conn, seconds)
        job_id = begin(conn)
    assert explain(database, job_id) == Explanation(
        ends_at=at(30), basis="median of 2 of the latest 3 runs of add, which took longer"
    )
    assert explain(database, job_id, seconds=41.0) == Explanation()


@pytest.mark.parametrize(("total", "ends_at"), [(4, at(30)), (10**18, None)])
def test_a_running_job_ends_as_its_progress_says(
    database: Database, total: int, ends_at: datetime | None
) -> None:
    """Where it tells how far it is; what would take for ever has no date."""
    with database.write() as conn:
        register(conn)
        finish(conn, 20)
        job_id = begin(conn)
    progress = Progress(current=1, total=total, eta=total * 10.0 - 20)
    reasons = waiting_reasons(database, 10.0)
    job = replace(read_job(database, job_id), progress=progress)
    found = Explanations(database, clock_at(10.0), reasons).explain(job)
    assert found.ends_at == ends_at
    assert (found.basis is None) == (ends_at is None)
