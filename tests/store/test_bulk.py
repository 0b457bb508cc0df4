"""Actions on many jobs: which they apply to, and what they leave alone."""

from __future__ import annotations

import pytest

from app.jobs.database.database import Database
from app.jobs.states import CANCELLED, FINAL, QUEUED, STATES, State
from app.jobs.store import bulk, events, jobs, new_jobs, queries
from app.jobs.store.bulk import Action
from app.jobs.store.events import NO_CAUSE, Cause
from app.jobs.store.job_filters import JobFilters

from .factory import LATER, NOW, job_in, new_job

ANY = JobFilters(tasks=("add",))
CHANGED: dict[Action, set[State]] = {
    "cancel": set(STATES) - set(FINAL),
    "retry": set(FINAL),
    "delete": set(FINAL),
}


@pytest.mark.parametrize("action", CHANGED)
def test_an_action_applies_to_the_states_that_allow_it(database: Database, action: Action) -> None:
    """What is found for it is what it changes, each with its event; everything else stays as it is."""
    with database.write() as conn:
        ids = {state: job_in(conn, state)[0] for state in STATES}
        every = queries.page(conn, ANY, 100, None, True)[0]  # with what the waiting one waits for
        expected = sorted(job.id for job in every if job.state in CHANGED[action])
        before = {job_id: queries.get(conn, job_id) for job_id in ids.values()}
        assert bulk.applicable(conn, action, ANY, 100) == expected
        assert (bulk.count(conn, ANY), bulk.count_applicable(conn, action, ANY)) == (9, len(expected))
        locked = jobs.lock(conn, [job.id for job in every])
        assert sorted(bulk.ACTIONS[action](conn, locked, LATER, Cause("all of them", "ada"))) == expected
        assert bulk.ACTIONS[action](conn, jobs.lock(conn, []), LATER, NO_CAUSE) == []
        for state, job_id in ids.items():
            job, last = queries.get(conn, job_id), events.events_of(conn, job_id)[-1:]
            if state not in CHANGED[action]:
                assert job == before[job_id]
            elif action == "delete":
                assert (job, last) == (None, [])
            elif state == "running":
                assert job is not None
                assert (job.state, job.cancel_requested_at) == ("running", LATER)
                assert (last[0]["type"], last[0]["by"]) == ("cancel_requested", "ada")
            else:
                target = CANCELLED if action == "cancel" else QUEUED
                assert job is not None
                assert job.state == target
                assert (last[0]["from"], last[0]["to"]) == (state, target)
                assert (last[0]["reason"], last[0]["by"]) == ("all of them", "ada")


def test_a_running_job_is_asked_once(database: Database) -> None:
    """It is not found a second time, and its version stays."""
    with database.write() as conn:
        job_id, _ = job_in(conn, "running")
        assert jobs.request_cancel_locked(conn, jobs.lock(conn, [job_id]), NOW) == [job_id]
        assert bulk.applicable(conn, "cancel", ANY, 10) == []
        assert jobs.request_cancel_locked(conn, jobs.lock(conn, [job_id]), LATER) == []


def test_what_comes_later_is_not_added(database: Database) -> None:
    """A job that is made or ends after the moment is left out; ids before the first one are, too."""
    with database.write() as conn:
        done, _ = job_in(conn, "failed")
        old = new_job()
        new_jobs.enqueue(conn, [old, new_job(created_at=LATER, run_at=LATER)])
        assert bulk.applicable(conn, "cancel", ANY, 10, until=NOW) == [old.id]
        assert bulk.applicable(conn, "cancel", ANY, 10, after=old.id, until=NOW) == []
        assert bulk.applicable(conn, "retry", ANY, 10, until=NOW) == [done]
        jobs.retry(conn, done, LATER)
        assert bulk.applicable(conn, "retry", ANY, 10, until=NOW) == []


def test_what_others_have_locked_is_passed_by(database: Database) -> None:
    """Whoever does not want to wait gets the rest; SQLite has one writer, and nothing is locked there."""
    with database.write() as conn:
        ids = sorted(job_in(conn, "queued")[0] for _ in range(2))
    if database.dialect.name == "sqlite":
        return
    with database.write() as first, database.write() as second:
        jobs.lock(first, ids[:1])
        assert [row.id for row in jobs.lock(second, ids, wait=False)] == ids[1:]
