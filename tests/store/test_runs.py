"""Who lost a job changes nothing of it any more: not its state, not its progress, not its history."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection, select

from app.jobs.database.database import Database
from app.jobs.database.tables import ATTEMPTS, EVENTS, JOBS
from app.jobs.run import Outcome, Run
from app.jobs.store import completion, jobs, queries, rescue, runs

from .factory import LATER, NOW, OUTCOMES, claim_one, end, ended, register, submit


def everything(conn: Connection) -> list[Any]:
    """All rows of jobs, attempts and events."""
    return [conn.execute(select(table)).all() for table in (JOBS, ATTEMPTS, EVENTS)]


def lost_and_taken_over(conn: Connection) -> tuple[Run, Run]:
    """The claim of a worker that was declared dead, and of the one that has its job now."""
    register(conn, "worker-2")
    job_id = submit(conn)
    old = claim_one(conn, job_id, "worker-1")
    assert rescue.rescue(conn, NOW) == {job_id: "rescued"}
    new = claim_one(conn, job_id, "worker-2")
    assert old is not None
    assert new is not None
    return old, new


@pytest.mark.parametrize("verb", OUTCOMES)
def test_a_late_outcome_is_refused(database: Database, verb: str) -> None:
    """Whatever the presumed dead says, nothing changes, and the second owner's result stands (T6)."""
    with database.write() as conn:
        old, new = lost_and_taken_over(conn)
        before = everything(conn)
        assert not end(conn, old, verb)
        assert everything(conn) == before
        assert end(conn, new, "succeeded")
        before = everything(conn)
        assert not end(conn, old, verb)
        assert everything(conn) == before


def test_a_late_word_of_its_start_or_progress_is_refused(database: Database) -> None:
    """Neither the job nor the row of the lost run is touched."""
    with database.write() as conn:
        old, _new = lost_and_taken_over(conn)
        before = everything(conn)
        old.started_at = LATER
        runs.record_starts(conn, [old])
        runs.record_progress(conn, [(old, (1, 2, "late"))])
        assert everything(conn) == before


def test_both_owners_may_speak_in_one_transaction(database: Database) -> None:
    """Of two outcomes of one job the owner's counts, in whichever order they come."""
    for reverse in (False, True):
        with database.write() as conn:
            register(conn, "spare") if not reverse else None
            old, new = _again(conn)
            late = ended(old, OUTCOMES["failed"])
            timely = ended(new, Outcome("succeeded", result="7"))
            settled = completion.complete(conn, [timely, late] if reverse else [late, timely])
            assert settled == {new.key: "succeeded"}
            job = queries.get(conn, new.job_id)
            assert job is not None
            assert (job.state, job.result) == ("succeeded", 7)
            outcomes = [a["outcome"] for a in queries.attempts(conn, new.job_id)]
            assert outcomes == ["released", "succeeded"]


def _again(conn: Connection) -> tuple[Run, Run]:
    """Two claims of one job, the first of which was put back."""
    job_id = submit(conn)
    old = claim_one(conn, job_id)
    assert old is not None
    assert end(conn, old, "released")
    new = claim_one(conn, job_id)
    assert new is not None
    return old, new


def test_an_outcome_told_twice_counts_once(database: Database) -> None:
    """The answer to a commit may be lost, and the outcome be written again."""
    with database.write() as conn:
        claim = claim_one(conn, submit(conn))
        assert claim is not None
        assert end(conn, claim, "succeeded")
        before = everything(conn)
        assert not end(conn, claim, "succeeded")
        assert everything(conn) == before


@pytest.mark.parametrize("verb", ["succeeded", "retrying", "snoozed", "released", "cancelled", "failed"])
def test_a_job_that_was_asked_to_stop_never_goes_on(database: Database, verb: str) -> None:
    """Only a failure for good stays one; everything else is cancelled."""
    with database.write() as conn:
        claim = claim_one(conn, submit(conn))
        assert claim is not None
        assert jobs.request_cancel(conn, claim.job_id, NOW)
        assert end(conn, claim, verb)
        job = queries.get(conn, claim.job_id)
        assert job is not None
        assert job.state == ("failed" if verb == "failed" else "cancelled") or verb == "retrying"
        assert job.state in ("cancelled", "failed")
        assert job.result is None


def test_unknown_runs_are_those_that_their_worker_does_not_know(database: Database) -> None:
    """What was claimed in a commit whose answer was lost is found by run, also where the job is known."""
    with database.write() as conn:
        first, second = claim_one(conn, submit(conn)), claim_one(conn, submit(conn))
        claim_one(conn, submit(conn), "worker-2")
        assert first is not None
        assert second is not None
        known = {(first.job_id, first.number)}
        assert [run.key for run in runs.unknown_runs(conn, "worker-1", known)] == [second.key]
        assert end(conn, first, "released")
        again = claim_one(conn, first.job_id)
        assert again is not None
        assert again.key in [run.key for run in runs.unknown_runs(conn, "worker-1", known)]
