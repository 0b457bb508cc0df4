"""The stored steps of jobs: fenced by the claim, and gone with their job."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select

from app.jobs.database.database import Database
from app.jobs.database.tables import STEPS
from app.jobs.errors import ClaimLost
from app.jobs.run import FinishedStep, Run
from app.jobs.states import FINAL
from app.jobs.store import jobs, rescue, steps
from app.jobs.store.group_commit import GroupCommit

from .factory import LATER, NOW, claim_one, end, job_in, submit

ONE = FinishedStep("step", "one", '{"a":[1]}', NOW, LATER)


def save(conn: Connection, run: Run, step: FinishedStep = ONE) -> None:
    """Store a step in the caller's transaction."""
    steps.bind_save(run, step).execute(conn)


def running(database: Database) -> Run:
    """A job that runs."""
    with database.write() as conn:
        run = claim_one(conn, submit(conn))
    assert run is not None
    return run


def count(conn: Connection) -> int:
    """How many steps there are."""
    return conn.execute(select(func.count()).select_from(STEPS)).scalar_one()


def test_a_step_is_found_as_it_was_stored(database: Database) -> None:
    """With its times; by kind and name, and not of another job."""
    run, other = running(database), running(database)
    GroupCommit(database).commit([steps.bind_save(run, ONE)])
    with database.raw_read() as conn:
        assert steps.find(conn, run.job_id, "step", "one") == ONE
        assert steps.find(conn, run.job_id, "sleep", "one") is None
        assert steps.find(conn, other.job_id, "step", "one") is None


def test_a_run_without_its_claim_stores_nothing(database: Database) -> None:
    """Others that share the commit are not disturbed, and the refused one knows."""
    lost, owner = running(database), running(database)
    with database.write() as conn:
        assert end(conn, lost, "released")
        assert claim_one(conn, lost.job_id) is not None
    commits = GroupCommit(database)
    with pytest.raises(ClaimLost):
        commits.commit([steps.bind_save(owner, ONE), steps.bind_save(lost, ONE)])
    commits.commit([steps.bind_save(owner, ONE)])
    with database.read() as conn:
        assert list(conn.scalars(select(STEPS.c.job_id))) == [owner.job_id]


def test_a_rescue_that_is_not_committed_yet_is_waited_for(database: Database) -> None:
    """Otherwise the next run would not see the step, and do it again."""
    run, found = running(database), list[BaseException]()

    def store() -> None:
        try:
            GroupCommit(database).commit([steps.bind_save(run, ONE)])
        except ClaimLost as error:
            found.append(error)

    thread = threading.Thread(target=store)
    with database.write() as conn:
        assert rescue.rescue(conn, NOW) == {run.job_id: "rescued"}
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join(10)
    assert len(found) == 1
    with database.read() as conn:
        assert count(conn) == 0


def test_steps_are_listed_in_the_order_in_which_they_began(database: Database) -> None:
    """Results that are longer than asked for are left out; a sleep sleeps until it is over."""
    run = running(database)
    with database.write() as conn:
        save(conn, run, FinishedStep("sleep", "1", None, NOW + timedelta(seconds=1), LATER))
        save(conn, run)
        (one, is_long), (sleep, _) = steps.steps_of(conn, run.job_id, NOW)
        assert (one.name, one.result, one.run, is_long) == ("one", {"a": [1]}, 1, False)
        assert (sleep.kind, sleep.state, sleep.result) == ("sleep", "sleeping", None)
        (one, is_long), (sleep, is_sleep_long) = steps.steps_of(conn, run.job_id, LATER, most=8)
        assert (one.result, is_long, sleep.state, is_sleep_long) == (None, True, "succeeded", False)


@pytest.mark.parametrize("state", FINAL)
def test_steps_go_with_their_job(database: Database, state: str) -> None:
    """Deleting takes them along; an operator's retry keeps them but for a job that succeeded."""
    with database.write() as conn:
        job_id = submit(conn)
        run = claim_one(conn, job_id)
        assert run is not None
        save(conn, run)
        assert end(conn, run, state)
        assert jobs.retry(conn, job_id, NOW)
        assert count(conn) == (0 if state == "succeeded" else 1)
        again = claim_one(conn, job_id)
        assert again is not None
        assert end(conn, again, "failed")
        assert jobs.delete_final(conn, [job_id]) == 1
        assert count(conn) == 0


def test_another_jobs_steps_stay(database: Database) -> None:
    """Deleting one job, or retrying it, is not for its neighbours."""
    run = running(database)
    with database.write() as conn:
        save(conn, run)
        job_id, _ = job_in(conn, "succeeded")
        assert jobs.retry(conn, job_id, NOW)
        gone, _ = job_in(conn, "failed")
        assert jobs.delete_final(conn, [gone]) == 1
        assert count(conn) == 1
