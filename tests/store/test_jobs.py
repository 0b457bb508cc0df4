"""Pruning, batches and counts."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, insert, select

from app.jobs.database.database import Database
from app.jobs.database.statements import execute_all
from app.jobs.database.tables import ATTEMPTS, EVENTS, FIRES, JOBS, TAGS
from app.jobs.ids import new_id
from app.jobs.schedules.declaration import Declaration
from app.jobs.schedules.triggers import parse_trigger
from app.jobs.store import batches, fires, idempotency, jobs, new_jobs, queries, schedules
from app.jobs.store.idempotency import RequestKey
from app.jobs.store.job_filters import JobFilters
from app.jobs.store.jobs import Expired

from .factory import NOW, claim_one, end, job_in, new_job, submit

A_YEAR_ON = NOW + timedelta(days=365)


def test_old_final_jobs_go_with_their_history_in_batches(database: Database) -> None:
    """Up to the limit at a time; other states and younger jobs stay."""
    with database.write() as conn:
        for state in ("succeeded", "succeeded", "cancelled", "failed", "queued", "running"):
            job_in(conn, state)
        submit(conn, tags=("kept",))
        counts = [jobs.prune(conn, Expired(["succeeded", "cancelled"], A_YEAR_ON), limit=2) for _ in range(3)]
        assert counts == [2, 1, 0]
        assert jobs.prune(conn, Expired(["failed"], NOW)) == 0
        assert conn.scalar(select(func.count()).select_from(JOBS)) == 4
        left = set(conn.scalars(select(JOBS.c.id)))
        for table in (ATTEMPTS, EVENTS, TAGS):
            assert set(conn.scalars(select(table.c.job_id))) <= left


def test_deleting_says_how_many_there_were(database: Database) -> None:
    """Unknown ids and jobs that are not final do not count."""
    with database.write() as conn:
        done, _ = job_in(conn, "succeeded")
        waiting, _ = job_in(conn, "queued")
        assert jobs.delete_final(conn, [done, waiting, new_id()]) == 1
        assert jobs.delete_final(conn, []) == 0


def test_old_decisions_are_forgotten(database: Database) -> None:
    """The oldest first, up to the limit at a time; younger ones stay."""
    new = Declaration("s", "t", parse_trigger("interval", seconds=10), {})
    with database.write() as conn:
        schedules.add(conn, new, NOW)
        rows = [
            {"schedule_id": "s", "fire_time": NOW + timedelta(hours=n), "decision": "coalesced", "count": 1,
             "decided_at": NOW, "late_seconds": 0.0}
            for n in range(5)
        ]  # fmt: skip
        conn.execute(insert(FIRES), rows)
        before = NOW + timedelta(hours=3)
        assert [fires.prune_decisions(conn, before, limit=2) for _ in range(3)] == [2, 1, 0]
        assert conn.scalar(select(func.count()).select_from(FIRES)) == 2


def test_idempotency_keys_are_forgotten_after_a_day(database: Database) -> None:
    """Then the same key makes another job."""
    key, tomorrow = RequestKey("s", "k", "f"), NOW + timedelta(hours=24)
    with database.write() as conn:
        execute_all(conn, idempotency.bind_remember(database.dialect, key, "job-1", NOW))
        assert idempotency.find(conn, key, tomorrow - timedelta(seconds=1)).resource_id == "job-1"
        assert idempotency.find(conn, key, tomorrow) is None
        execute_all(conn, idempotency.bind_remember(database.dialect, key, "job-2", tomorrow))
        assert idempotency.find(conn, key, tomorrow).resource_id == "job-2"
        assert idempotency.prune(conn, tomorrow + timedelta(hours=24)) == 1


def test_a_batch_counts_its_jobs_by_state(database: Database) -> None:
    """Its progress is how many are final."""
    with database.write() as conn:
        new_jobs.enqueue(conn, [new_job(batch_id="b") for _ in range(4)])
        ids = list(conn.scalars(select(JOBS.c.id).order_by(JOBS.c.id)))
        for job_id, verb in zip(ids, ("succeeded", "failed", "retrying"), strict=False):
            claim = claim_one(conn, job_id)
            assert claim is not None
            end(conn, claim, verb)
        batch = batches.get(conn, "b")
        assert batch is not None
        found = {state: n for state, n in batch.counts.items() if n}
        assert found == {"succeeded": 1, "failed": 1, "retrying": 1, "queued": 1}
        assert (batch.total, batch.progress) == (4, {"current": 2, "total": 4, "percent": 50.0})
        assert batches.get(conn, "other") is None


def test_counts_are_capped(database: Database) -> None:
    """Counting stops at the cap and says that there are more."""
    with database.write() as conn:
        new_jobs.enqueue(conn, [new_job() for _ in range(5)])
        assert queries.count(conn, JobFilters(), cap=5) == (5, False)
        assert queries.count(conn, JobFilters(), cap=4) == (4, True)
        assert queries.backlog(conn, 3) == 3


def test_the_backlog_is_all_that_waits_to_be_claimed(database: Database) -> None:
    """Running and final jobs are not part of it."""
    with database.write() as conn:
        for state in ("scheduled", "waiting", "queued", "retrying", "running", "succeeded"):
            job_in(conn, state)
        assert queries.backlog(conn, 100) == 5  # with the one that the waiting one waits for


def test_progress_is_shown_with_per_cent(database: Database) -> None:
    """None where the total is not known, never outside of 0 and 100."""
    from app.jobs.store import runs

    with database.write() as conn:
        claim = claim_one(conn, submit(conn))
        assert claim is not None
        shown, version = [], 0
        for said in ((1, None, ""), (1, 0, ""), (30, 40, "x"), (50, 40, ""), (-1, 40, "")):
            runs.record_progress(conn, [(claim, said)])
            job = queries.get(conn, claim.job_id)
            assert job is not None
            shown.append(job.progress.percent)
            version = job.version
        assert shown == [None, None, 75.0, 100.0, 0.0]
        assert version == 2 + 5
