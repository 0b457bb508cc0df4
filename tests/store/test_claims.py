"""Claiming: which jobs, in which order, and under which token."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from app.jobs.database.database import Database
from app.jobs.database.tables import ATTEMPTS, JOBS
from app.jobs.run import Run
from app.jobs.store import claims, jobs, new_jobs, queries

from .factory import LATER, NOW, claim_one, end, new_job, submit


def claim_most(conn: Connection, most: int = 10, queues: tuple[str, ...] = ("default",)) -> list[Run]:
    """Run what is due of the task `add`."""
    rows = claims.candidates(conn, queues, ["add"], most, NOW)
    return claims.claim(conn, rows, "worker-1", "thread", NOW)


def test_the_order_is_priority_then_due_time_then_id(database: Database) -> None:
    """Across queues too; and no more than asked for."""
    earlier = NOW - timedelta(seconds=1)
    with database.write() as conn:
        late = submit(conn, priority=1, queue="a", run_at=earlier)
        second = submit(conn, queue="b")
        third = submit(conn, queue="a")
        first = submit(conn, queue="a", run_at=earlier)
        urgent = submit(conn, priority=-1, queue="b")
        claimed = claim_most(conn, 4, ("a", "b"))
        assert [made.job_id for made in claimed] == [urgent, first, second, third]
        assert [made.job_id for made in claim_most(conn, 4, ("a", "b"))] == [late]


def test_queues_can_be_served_in_the_order_named(database: Database) -> None:
    """What is in the first comes first, whatever its priority; within a queue the order is as ever."""
    with database.write() as conn:
        urgent = submit(conn, queue="b", priority=-1)
        late, early = submit(conn, queue="a", priority=1), submit(conn, queue="a")

        def ordered(most: int) -> list[str]:
            rows = claims.candidates(conn, ("a", "b"), ["add"], most, NOW, in_order=True)
            return [row.id for row in rows]

        assert ordered(9) == [early, late, urgent]
        assert ordered(2) == [early, late]


def test_only_known_tasks_of_the_named_queues_are_claimed(database: Database) -> None:
    """Others stay queued for a process that knows them."""
    with database.write() as conn:
        submit(conn, task="unknown")
        submit(conn, queue="other")
        mine = submit(conn)
        assert [made.job_id for made in claim_most(conn)] == [mine]
        assert claims.anything_due(conn, ["default"], ["add"], NOW) is False
        assert claims.anything_due(conn, ["default"], ["unknown"], NOW) is True
        assert claims.queues_due(conn) == ["default", "other"]


def test_a_job_that_is_not_due_is_not_claimed(database: Database) -> None:
    """It is woken when its time has come, and not a moment earlier."""
    with database.write() as conn:
        job_id = submit(conn, run_at=LATER)
        assert claims.next_due(conn).at == LATER
        assert claims.wake(conn, LATER - timedelta(microseconds=1)) == 0
        assert claim_most(conn) == []
        assert claims.wake(conn, LATER) == 1
        assert claims.next_due(conn).at is None
        assert [made.job_id for made in claim_most(conn)] == [job_id]


def test_each_claim_has_a_fresh_token_and_an_attempt_row(database: Database) -> None:
    """Runs count claims, attempts count what was spent."""
    with database.write() as conn:
        job_id = submit(conn)
        seen = []
        for verb in ("snoozed", "retrying", "released", "succeeded"):
            claim = claim_one(conn, job_id)
            assert claim is not None
            seen.append((claim.number, claim.attempt, claim.token))
            assert end(conn, claim, verb)
        assert [(run, attempt) for run, attempt, _ in seen] == [(1, 1), (2, 1), (3, 2), (4, 2)]
        assert len({token for _, _, token in seen}) == 4
        rows = conn.execute(select(ATTEMPTS).order_by(ATTEMPTS.c.run)).all()
        assert [(r.run, r.attempt, r.outcome) for r in rows] == [
            (1, 1, "snoozed"), (2, 1, "failed"), (3, 2, "released"), (4, 2, "succeeded"),
        ]  # fmt: skip
        assert len(queries.attempts(conn, job_id)) == 4


def test_a_claim_takes_what_the_last_run_left(database: Database) -> None:
    """A running job shows no start, progress or due time of an earlier run."""
    with database.write() as conn:
        job_id = submit(conn)
        first = claim_one(conn, job_id)
        assert first is not None
        end(conn, first, "retrying")
        claim_one(conn, job_id)
        row = conn.execute(select(JOBS)).one()
        assert (row.started_at, row.progress, row.wake_at, row.due) == (None, None, None, False)


@pytest.mark.parametrize("verb", ["submitted", "scheduled", "claimed", "retrying", "snoozed", "released",
                                  "succeeded", "failed", "cancelled", "retried"])  # fmt: skip
def test_due_and_wake_at_say_the_same_as_the_state(database: Database, verb: str) -> None:
    """A queued job is due, one with a time has a wake-up, and no other has either."""
    with database.write() as conn:
        job_id = submit(conn, run_at=LATER if verb == "scheduled" else NOW)
        if verb not in ("submitted", "scheduled"):
            claim = claim_one(conn, job_id)
            assert claim is not None
            if verb != "claimed":
                end(conn, claim, "failed" if verb == "retried" else verb)
            if verb == "retried":
                jobs.retry(conn, job_id, NOW)
        row = conn.execute(select(JOBS)).one()
        assert row.due == (row.state == "queued")
        assert (row.wake_at is not None) == (row.state in ("scheduled", "retrying"))
        assert row.wake_at is None or row.wake_at == row.run_at
        assert (row.claim is not None) == (row.state == "running")


def test_two_claimers_never_get_the_same_job(database: Database) -> None:
    """While one holds its candidates, another takes the next ones, or waits its turn."""
    with database.write() as conn:
        new_jobs.enqueue(conn, [new_job() for _ in range(4)])
    with database.write() as conn:
        mine = claim_most(conn, 2)
        if database.dialect.name != "sqlite":  # there a second writer waits
            with database.write() as other:
                theirs = claim_most(other, 4)
            assert len(theirs) == 2
            assert not {made.job_id for made in mine} & {made.job_id for made in theirs}
    with database.write() as conn:
        assert len(claim_most(conn)) == (2 if database.dialect.name == "sqlite" else 0)


def test_a_rolled_back_claim_never_was(database: Database) -> None:
    """The job is due as before, with no attempt and no event."""

    class Stop(Exception):
        pass

    with database.write() as conn:
        job_id = submit(conn)

    def claim_and_stop() -> None:
        with database.write() as conn:
            assert claim_one(conn, job_id)
            raise Stop

    with pytest.raises(Stop):
        claim_and_stop()
    with database.write() as conn:
        assert queries.attempts(conn, job_id) == []
        assert [made.job_id for made in claim_most(conn)] == [job_id]
