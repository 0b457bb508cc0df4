"""What follows when jobs end: dependants go on or are cancelled, batches are counted; and of a retry."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import Connection, select, update

from app.jobs.database.database import Database
from app.jobs.database.tables import BATCHES, JOBS, WORKERS
from app.jobs.store import batches, completion, events, jobs, queries, rescue

from .factory import (
    LATER,
    NOW,
    OUTCOMES,
    claim_one,
    end,
    ended,
    register,
    state_of,
    submit,
    submit_batch,
    submit_dependant,
)


def finish(conn: Connection, job_id: str, verb: str = "succeeded") -> None:
    """Run the job to that end."""
    claim = claim_one(conn, job_id)
    assert claim is not None
    assert end(conn, claim, verb)


def crash(conn: Connection, job_id: str) -> None:
    """Let the job's worker die with it, for the third time."""
    register(conn, "worker-9")
    claim_one(conn, job_id, "worker-9")
    conn.execute(update(JOBS).where(JOBS.c.id == job_id).values(crashes=2, started_at=NOW))
    conn.execute(WORKERS.delete().where(WORKERS.c.id == "worker-9"))
    assert rescue.rescue(conn, NOW)[job_id] == "failed"


def reasons(conn: Connection, job_id: str) -> list[tuple[str, str | None]]:
    """The types of the job's events with their reasons."""
    return [(each["type"], each["reason"]) for each in events.events_of(conn, job_id)]


def states(conn: Connection, *job_ids: str) -> list[str]:
    """The state of each."""
    return [state_of(conn, job_id) for job_id in job_ids]


@pytest.mark.parametrize(("run_at", "state"), [(NOW, "queued"), (LATER, "scheduled")])
def test_the_last_parent_that_succeeds_unblocks(database: Database, run_at: object, state: str) -> None:
    """It is due at once, or at the later time that it has, and was not before."""
    with database.write() as conn:
        first, second = submit(conn), submit(conn)
        job_id = submit_dependant(conn, [first, second], run_at=run_at)
        finish(conn, first)
        assert state_of(conn, job_id) == "waiting"
        finish(conn, second)
        assert state_of(conn, job_id) == state
        assert reasons(conn, job_id) == [("submitted", None), ("unblocked", None)]
        job = queries.get(conn, job_id)
        assert job is not None
        assert (job.version, job.run_at) == (2, run_at)


def test_parents_that_end_in_one_turn_count_each(database: Database) -> None:
    """One statement takes all ends of a turn; the job goes on by the last, and once."""
    with database.write() as conn:
        parents = [submit(conn) for _ in range(3)]
        job_id = submit_dependant(conn, parents)
        runs = [ended(run, OUTCOMES["succeeded"]) for each in parents if (run := claim_one(conn, each))]
        completion.complete(conn, runs)
        assert reasons(conn, job_id) == [("submitted", None), ("unblocked", None)]


FAILURES: dict[str, tuple[Callable[[Connection, str], object], str]] = {
    "fails": (lambda conn, job_id: finish(conn, job_id, "failed"), "failed"),
    "cancels itself": (lambda conn, job_id: finish(conn, job_id, "cancelled"), "was cancelled"),
    "is cancelled": (lambda conn, job_id: jobs.cancel(conn, job_id, NOW), "was cancelled"),
    "is lost": (crash, "failed"),
}


@pytest.mark.parametrize("how", FAILURES)
def test_a_parent_that_does_not_succeed_cancels_all_below(database: Database, how: str) -> None:
    """The job and what depends on it, each with the reason; one that runs all the same goes on."""
    act, words = FAILURES[how]
    with database.write() as conn:
        parent = submit(conn)
        child = submit_dependant(conn, [parent])
        grandchild = submit_dependant(conn, [child])
        stubborn = submit_dependant(conn, [parent, child], on_dependency="run")
        act(conn, parent)
        assert states(conn, child, grandchild, stubborn) == ["cancelled", "cancelled", "queued"]
        assert reasons(conn, child)[-1] == ("cancelled", f"the job {parent} {words}")
        assert reasons(conn, grandchild)[-1] == ("cancelled", f"the job {child} was cancelled")


def test_an_attempt_that_is_not_the_last_is_no_end(database: Database) -> None:
    """Retrying, snoozed and released jobs are still waited for."""
    with database.write() as conn:
        parent = submit(conn)
        job_id = submit_dependant(conn, [parent])
        for verb in ("retrying", "snoozed", "released"):
            finish(conn, parent, verb)
            assert state_of(conn, job_id) == "waiting"


def test_a_retry_restores_what_was_cancelled_for_it(database: Database) -> None:
    """Transitively; then success leads on as if nothing had been."""
    with database.write() as conn:
        parent = submit(conn)
        child = submit_dependant(conn, [parent])
        grandchild = submit_dependant(conn, [child])
        finish(conn, parent, "failed")
        jobs.retry(conn, parent, NOW)
        assert states(conn, child, grandchild) == ["waiting", "waiting"]
        assert [each for each, _ in reasons(conn, grandchild)] == ["submitted", "cancelled", "restored"]
        for job_id in (parent, child, grandchild):
            finish(conn, job_id)
        assert state_of(conn, grandchild) == "succeeded"


def test_a_retry_restores_nothing_that_another_failure_holds(database: Database) -> None:
    """Only when the last failed parent is retried does the job wait again, then for both."""
    with database.write() as conn:
        first, second = submit(conn), submit(conn)
        job_id = submit_dependant(conn, [first, second])
        for parent in (first, second):
            finish(conn, parent, "failed")
        jobs.retry(conn, first, NOW)
        assert state_of(conn, job_id) == "cancelled"
        jobs.retry(conn, second, NOW)
        assert state_of(conn, job_id) == "waiting"
        finish(conn, first)
        assert state_of(conn, job_id) == "waiting"
        finish(conn, second)
        assert state_of(conn, job_id) == "queued"


def test_what_somebody_cancelled_or_retried_is_not_restored(database: Database) -> None:
    """A cancellation by id stands; a job that was retried itself has left its parents behind."""
    with database.write() as conn:
        parent = submit(conn)
        cancelled, retried = submit_dependant(conn, [parent]), submit_dependant(conn, [parent])
        jobs.cancel(conn, cancelled, NOW)
        finish(conn, parent, "failed")
        jobs.retry(conn, retried, NOW)
        finish(conn, retried, "cancelled")
        jobs.retry(conn, parent, NOW)
        assert states(conn, cancelled, retried) == ["cancelled", "cancelled"]


def test_a_deleted_parent_that_failed_is_never_made_good(database: Database) -> None:
    """What was cancelled for it stays cancelled when another parent is retried."""
    with database.write() as conn:
        first, second = submit(conn), submit(conn)
        job_id = submit_dependant(conn, [first, second])
        for parent in (first, second):
            finish(conn, parent, "failed")
        assert jobs.delete_final(conn, [first]) == 1
        jobs.retry(conn, second, NOW)
        assert state_of(conn, job_id) == "cancelled"


def test_a_parent_that_succeeded_and_is_retried_is_waited_for_again(database: Database) -> None:
    """It is counted once, however often it ends."""
    with database.write() as conn:
        first, second = submit(conn), submit(conn)
        job_id = submit_dependant(conn, [first, second])
        finish(conn, first)
        jobs.retry(conn, first, NOW)
        finish(conn, second)
        assert state_of(conn, job_id) == "waiting"
        finish(conn, first)
        assert state_of(conn, job_id) == "queued"


def test_a_batch_ends_with_its_last_job(database: Database) -> None:
    """Its row counts ends and failures, over retries; who waits for its success is cancelled and restored."""
    with database.write() as conn:
        batch_id, (first, second, third) = submit_batch(conn, 3)
        done = submit_dependant(conn, [batch_id], on_dependency="run")
        success = submit_dependant(conn, [batch_id])
        finish(conn, first)
        jobs.cancel(conn, second, NOW)
        assert counts(conn, batch_id) == (1, 1)
        assert states(conn, done, success) == ["waiting", "waiting"]
        finish(conn, third, "failed")
        assert states(conn, done, success) == ["queued", "cancelled"]
        assert reasons(conn, success)[-1] == ("cancelled", f"2 jobs of the batch {batch_id} did not succeed")
        assert len(jobs.retry_locked(conn, jobs.lock(conn, [second, third]), NOW)) == 2
        assert counts(conn, batch_id) == (2, 0)
        assert states(conn, done, success) == ["queued", "waiting"]
        finish(conn, second)
        finish(conn, third)
        assert states(conn, done, success) == ["queued", "queued"]
        assert [each for each, _ in reasons(conn, done)] == ["submitted", "unblocked"]


def counts(conn: Connection, batch_id: str) -> tuple[int, int]:
    """(pending, failed) of the batch's row."""
    row = conn.execute(select(BATCHES).where(BATCHES.c.id == batch_id)).one()
    return row.pending, row.failed


def test_the_row_of_a_batch_goes_with_its_last_job(database: Database) -> None:
    """And not while one of its jobs is there."""
    with database.write() as conn:
        batch_id, members = submit_batch(conn, 2)
        for member in members:
            finish(conn, member)
            jobs.delete_final(conn, [member])
            assert batches.prune(conn, LATER) == (1 if member == members[-1] else 0)
        assert batches.get(conn, batch_id) is None
