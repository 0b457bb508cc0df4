"""Why a job waits and when it will run: each reason, and what is estimated from how long others took."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from app.jobs.database.database import Database
from app.jobs.service.explanations import MOST_AHEAD, Explanations
from app.jobs.service.reasons import REASONS
from app.jobs.store import completion, controls, limits, parking, runs
from app.jobs.values import Explanation

from ..store.factory import (
    LATER,
    NOW,
    OUTCOMES,
    claim_one,
    job_in,
    register,
    submit,
    submit_batch,
    submit_dependant,
)
from .reasons import clock_at, crash_twice, hold_limit, read_job, waiting_reasons

EARLIER = NOW - timedelta(minutes=1)


def explain(database: Database, job_id: str, seconds: float = 10.0) -> Explanation:
    """What is said of the job so many seconds after NOW."""
    reasons = waiting_reasons(database, seconds)
    return Explanations(database, clock_at(seconds), reasons).explain(read_job(database, job_id))


def at(seconds: float) -> datetime:
    """So many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def finish(conn: Connection, seconds: float, task: str = "add") -> None:
    """A job that ran for so long, a minute ago."""
    run = claim_one(conn, submit(conn, task=task, created_at=EARLIER, run_at=EARLIER))
    assert run is not None
    outcome, finished_at = OUTCOMES["succeeded"], EARLIER + timedelta(seconds=seconds)
    completion.complete(conn, [replace(run, outcome=outcome, started_at=EARLIER, finished_at=finished_at)])


def begin(conn: Connection, worker: str = "worker-1", **values: Any) -> str:
    """A job that runs since NOW; its id."""
    run = claim_one(conn, submit(conn, **values), worker)
    assert run is not None
    run.started_at = NOW
    runs.record_starts(conn, [run])
    return run.job_id


def test_a_job_that_is_not_due_begins_then(database: Database) -> None:
    """And takes as long as its task's latest runs; nothing is said where something else will hold it."""
    with database.write() as conn:
        later = submit(conn, run_at=LATER)
    reason, detail = "not_due", "not due until 2030-01-01T01:00:00.000000Z"
    assert explain(database, later) == Explanation(reason=reason, detail=detail)
    with database.write() as conn:
        register(conn)
        for seconds in (1, 4, 9):
            finish(conn, seconds)
    assert explain(database, later) == Explanation(
        reason=reason, detail=detail, starts_at=LATER, ends_at=LATER + timedelta(seconds=4),
        basis="median of the latest 3 runs of add; once due, if a thread is free",
    )  # fmt: skip
    with database.write() as conn:
        controls.change(conn, "queue", "default", {"paused": True}, None, NOW)
    assert explain(database, later) == Explanation(reason=reason, detail=detail)


def test_a_job_waits_for_others(database: Database) -> None:
    """For jobs, which are named, and for batches."""
    with database.write() as conn:
        parent = submit(conn)
        batch_id, _ = submit_batch(conn, 2)
        child, after = submit_dependant(conn, [parent]), submit_dependant(conn, [batch_id])
    for job_id, words in ((child, f"1 job: {parent}"), (after, f"2 jobs of the batch {batch_id}")):
        assert explain(database, job_id) == Explanation(reason="dependencies", detail=f"waits for {words}")


def test_nobody_runs_the_job(database: Database) -> None:
    """No worker is alive, serves its queue, knows its task, or is of its app; how many are ahead is known."""
    with database.write() as conn:
        first, job_id, of_shop = submit(conn), submit(conn), submit(conn, app="shop")
        mail, other = submit(conn, queue="mail"), submit(conn, task="other")

    def said(job_id: str) -> tuple[str | None, str | None, int | None]:
        found = explain(database, job_id)
        assert (found.limit, found.starts_at, found.ends_at, found.basis) == (None, None, None, None)
        return found.reason, found.detail, found.ahead

    assert said(first) == ("no_worker", "no worker is alive", 0)
    assert said(job_id) == ("no_worker", "no worker is alive", 1)
    with database.write() as conn:
        register(conn, queues=("default",))
    assert said(mail) == ("no_worker_for_queue", "no worker serves the queue 'mail'", 0)
    assert said(other) == ("no_worker_for_task", "no worker knows the task 'other'", 3)
    assert said(of_shop) == ("no_worker_of_app", "no worker of the app 'shop' is alive", 2)


def test_a_pause_holds_the_job(database: Database) -> None:
    """Of its queue or of its task; nobody knows until when."""
    with database.write() as conn:
        register(conn)
        job_id = submit(conn)
        controls.change(conn, "task", "add", {"paused": True}, None, NOW)
    said = Explanation(reason="task_paused", detail="the task 'add' is paused", ahead=0)
    assert explain(database, job_id) == said
    with database.write() as conn:
        controls.change(conn, "queue", "default", {"paused": True}, None, NOW)
    said = Explanation(reason="queue_paused", detail="the queue 'default' is paused", ahead=0)
    assert explain(database, job_id) == said


def test_a_limit_holds_the_job(database: Database) -> None:
    """It is named with who holds it; the job begins when one of those has ended, after those before it."""
    with database.write() as conn:
        register(conn, tasks=("slow",))
        for seconds in (12, 20, 30):
            finish(conn, seconds, "slow")
        limits.try_lock(conn, {"task slow": "task slow"})
        parked = [submit(conn, task="slow") for _ in range(3)]
        parking.park(conn, dict.fromkeys(parked, "task slow"))
    holders = hold_limit(database, 2)
    found = explain(database, parked[2])
    assert (found.reason, found.ahead) == ("concurrency", 2)
    assert found.detail == f"the limit of 2 of the task 'slow' is reached by {', '.join(holders)}"
    assert found.limit is not None
    assert found.limit.as_dict() == {
        "setting": "concurrency", "kind": "task", "name": "slow", "value": 2, "arg": None, "arg_value": None,
        "held": 2, "held_by": tuple(holders), "opens_at": None,
    }  # fmt: skip
    # Two begin when the holders end, which nothing says have begun; the third after the first of these.
    assert (found.starts_at, found.ends_at) == (at(10 + 20 + 20), at(10 + 20 + 20 + 20))
    assert found.basis == "median of the latest 3 runs of slow; 2 jobs ahead under the limit of 2"


def test_a_rate_holds_the_job(database: Database) -> None:
    """It begins when the rate lets the next ones go, one in each period after those before it."""
    key = "rate of task slow"
    with database.write() as conn:
        register(conn, tasks=("slow",))
        limits.try_lock(conn, {key: "task slow"})
        parked = [submit(conn, task="slow") for _ in range(3)]
        parking.park(conn, dict.fromkeys(parked, key))
        parking.wake_later(conn, {key: parking.Wake(LATER, 1)})
        limits.count(conn, [limits.Counted("any", rate_key=key, since=EARLIER)], NOW)
    found = explain(database, parked[2])
    words = "the rate of 1/d of the task 'slow' is reached, next at 2030-01-01T01:00:00.000000Z"
    assert (found.reason, found.detail, found.ahead) == ("rate", words, 2)
    assert found.limit is not None
    assert (found.limit.setting, found.limit.value, found.limit.held) == ("rate", "1/d", 1)
    assert (found.limit.opens_at, found.limit.held_by) == (LATER, ())
    assert (found.starts_at, found.ends_at) == (LATER + timedelta(days=2), None)
    assert found.basis == "2 jobs ahead under the limit of 1/d"


def test_a_job_is_in_quarantine(database: Database) -> None:
    """It ended with its process twice, and nobody knows when a worker will be idle."""
    with database.write() as conn:
        register(conn)
        job_id = submit(conn)
        crash_twice(conn, job_id)
    found = explain(database, job_id, seconds=0.0)
    assert (found.reason, found.ahead, found.starts_at) == ("quarantine", 0, None)


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


def test_all_threads_are_overdue(database: Database) -> None:
    """Nobody knows when they end."""
    with database.write() as conn:
        register(conn, threads=1)
        finish(conn, 1)
        begin(conn, timeout=5)
        last = submit(conn)
    assert explain(database, last) == Explanation(
        reason="threads_overdue", ahead=0,
        detail="all 1 threads are in jobs that exceeded their timeout, 0 jobs ahead",
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
        reason="threads_busy", detail="all 1 threads are busy, over 1000 jobs ahead", ahead=MOST_AHEAD
    )


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


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_a_final_job_waits_for_nothing(database: Database, state: str) -> None:
    """Everything is None."""
    with database.write() as conn:
        register(conn)
        job_id, _ = job_in(conn, state)
    assert explain(database, job_id) == Explanation()


def test_the_reasons_are_a_fixed_list() -> None:
    """Programs compare with them: a change is one of the contract."""
    assert set(REASONS) == {
        "not_due", "dependencies", "queue_paused", "task_paused", "no_worker", "no_worker_for_queue",
        "no_worker_for_task", "no_worker_of_app", "concurrency", "rate", "quarantine", "threads_busy",
        "threads_overdue", "ready", "claimed",
    }  # fmt: skip
