"""Why a job waits and when it will run: each reason, and what is estimated from how long others took."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from app.jobs.database.database import Database
from app.jobs.service.reasons import REASONS
from app.jobs.store import controls, limits, parking
from app.jobs.values import Explanation

from ..documents import doc
from ..store.factory import LATER, NOW, job_in, register, submit, submit_batch, submit_dependant
from .reasons import EARLIER, at, begin, crash_twice, explain, finish, hold_limit


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


@pytest.mark.parametrize("state", ["succeeded", "failed", "cancelled"])
def test_a_final_job_waits_for_nothing(database: Database, state: str) -> None:
    """Everything is None."""
    with database.write() as conn:
        register(conn)
        job_id, _ = job_in(conn, state)
    assert explain(database, job_id) == Explanation()


def test_the_reasons_are_a_fixed_list() -> None:
    """Programs compare with them, and a page has them: each with its sentence, and no other."""
    table = doc("http").section("Why it waits").partition("| `reason` | `detail` |")[2].partition("\n\n")[0]
    named = " ".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE))
    assert sorted(re.findall(r"`(\w+)`", named)) == sorted(REASONS)
    assert set(REASONS) == {
        "not_due", "dependencies", "queue_paused", "task_paused", "no_worker", "no_worker_for_queue",
        "no_worker_for_task", "no_worker_of_app", "concurrency", "rate", "quarantine", "threads_busy",
        "threads_overdue", "ready", "claimed",
    }  # fmt: skip
