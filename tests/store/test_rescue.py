"""What becomes of the jobs of the dead (promise 2), and who counts as dead in the database."""

from __future__ import annotations

import json
from dataclasses import replace

from sqlalchemy import Connection, select

from app.jobs.database.database import Database
from app.jobs.database.tables import ATTEMPTS, JOBS
from app.jobs.run import Run
from app.jobs.store import claims, events, jobs, queries, rescue, runs, workers
from app.jobs.store.claims import SUSPECT_AFTER

from .factory import NOW, claim_one, register, submit


def crash(conn: Connection, job_id: str, number: int) -> str:
    """Claim the job for a worker that is not there, and rescue it: what became of it."""
    assert claim_one(conn, job_id, f"dead-{number}")
    return rescue.rescue(conn, NOW)[job_id]


def test_the_third_crash_fails_the_job(database: Database) -> None:
    """First it is queued again, then it is suspect, then it ends with WorkerLost; nothing is spent."""
    with database.write() as conn:
        job_id = submit(conn, max_attempts=1)
        assert crash(conn, job_id, 1) == "rescued"
        (row,) = claims.candidate(conn, job_id)
        assert (row.crashes, row.state, row.attempt) == (1, "queued", 1)
        assert crash(conn, job_id, 2) == "rescued"
        third = claim_one(conn, job_id, "dead-3")
        assert third is not None
        assert (third.crashes >= SUSPECT_AFTER, third.attempt, third.number) == (True, 1, 3)
        assert rescue.rescue(conn, NOW) == {job_id: "failed"}
        job = queries.get(conn, job_id)
        assert job is not None
        assert job.error is not None
        assert (job.state, job.attempt, job.error["type"]) == ("failed", 1, "WorkerLost")
        assert [a["outcome"] for a in queries.attempts(conn, job_id)] == ["lost"] * 3
        assert [e["type"] for e in events.events_of(conn, job_id)] == [
            "submitted", "claimed", "rescued", "claimed", "rescued", "claimed", "failed",
        ]  # fmt: skip


def test_at_most_once_means_that_one_crash_is_enough(database: Database) -> None:
    """A job of a task with on_interrupt="fail" is not run again."""
    with database.write() as conn:
        job_id = submit(conn, on_interrupt="fail", max_attempts=5)
        assert crash(conn, job_id, 1) == "failed"
        job = queries.get(conn, job_id)
        assert job is not None
        assert job.error is not None
        assert (job.state, job.error["type"]) == ("failed", "WorkerLost")


def test_a_job_that_was_asked_to_stop_is_cancelled_when_its_worker_dies(database: Database) -> None:
    """It does not run again to be told once more."""
    with database.write() as conn:
        job_id = submit(conn)
        claim_one(conn, job_id, "dead")
        jobs.request_cancel(conn, job_id, NOW)
        assert rescue.rescue(conn, NOW) == {job_id: "cancelled"}


def claim_ahead(conn: Connection, *job_ids: str) -> list[Run]:
    """Claim the jobs for a worker that is not there and has one free thread."""
    rows = [row for job_id in job_ids for row in claims.candidate(conn, job_id)]
    return claims.claim(conn, rows, "dead", "thread", NOW, prefetched=len(rows) - 1)


def test_a_crash_counts_only_where_the_run_had_begun(database: Database) -> None:
    """What waited for a thread is released; what had one, or is known to have begun, is rescued."""
    with database.write() as conn:
        ids = [submit(conn), submit(conn), submit(conn)]
        known = claim_ahead(conn, *ids)[1]
        runs.record_starts(conn, [replace(known, started_at=NOW)])
        assert rescue.rescue(conn, NOW) == dict(zip(ids, ("rescued", "rescued", "released"), strict=True))
        rows = {job_id: claims.candidate(conn, job_id)[0] for job_id in ids}
        assert [(rows[job_id].crashes, rows[job_id].rerun) for job_id in ids] == [
            (1, True),
            (1, True),
            (0, True),
        ]
        outcomes = [[a["outcome"] for a in queries.attempts(conn, job_id)] for job_id in ids]
        assert outcomes == [["lost"], ["lost"], ["released"]]
        assert events.events_of(conn, ids[2])[-1]["reason"] == "WorkerLost"


def test_a_job_that_ends_its_process_unseen_is_bounded(database: Database) -> None:
    """Claimed ahead it is not known to have begun; from then on each of its crashes counts."""
    with database.write() as conn:
        other, job_id = submit(conn), submit(conn)
        claim_ahead(conn, other, job_id)
        ends = [rescue.rescue(conn, NOW)[job_id], *(crash(conn, job_id, number) for number in range(3))]
        assert ends == ["released", "rescued", "rescued", "failed"]


def test_nobody_counts_a_crash_of_what_waits_for_a_thread(database: Database) -> None:
    """Not after any number of them; it is not even a suspect."""
    with database.write() as conn:
        job_id = submit(conn)
        for _ in range(4):
            claim_ahead(conn, submit(conn), job_id)
            assert rescue.rescue(conn, NOW)[job_id] == "released"
        assert claims.candidate(conn, job_id)[0].crashes == 0


def test_an_operators_retry_forgives_the_crashes(database: Database) -> None:
    """The job has three lives again."""
    with database.write() as conn:
        job_id = submit(conn)
        for number in range(3):
            last = crash(conn, job_id, number)
        assert last == "failed"
        assert jobs.retry(conn, job_id, NOW)
        assert crash(conn, job_id, 4) == "rescued"


def test_the_jobs_of_the_living_are_left_alone(database: Database) -> None:
    """A worker with a row keeps what it runs, however long."""
    with database.write() as conn:
        register(conn)
        job_id = submit(conn)
        claim_one(conn, job_id)
        assert rescue.has_orphans(conn) is False
        assert rescue.rescue(conn, NOW) == {}
        assert workers.running_jobs(conn) == {"worker-1": [job_id]}
        workers.deregister(conn, "worker-1")
        assert rescue.has_orphans(conn) is True


def test_orphans_are_rescued_in_batches(database: Database) -> None:
    """So that nobody waits long for the write lock."""
    with database.write() as conn:
        for _ in range(5):
            claim_one(conn, submit(conn), "dead")
        assert [len(rescue.rescue(conn, NOW, limit=2)) for _ in range(4)] == [2, 2, 1, 0]
        assert rescue.has_orphans(conn) is False


def test_a_sign_of_life_prevents_the_burial(database: Database) -> None:
    """A death certificate names the beat that was seen; a later beat makes it void."""
    with database.write() as conn:
        register(conn)
        assert workers.beat(conn, "worker-1", NOW)
        assert workers.declare_dead(conn, "worker-1", 0) is False
        assert workers.declare_dead(conn, "worker-1", 1) is True
        assert workers.declare_dead(conn, "worker-1", 1) is False
        assert workers.beat(conn, "worker-1", NOW) is False


def test_the_history_names_the_dead(database: Database) -> None:
    """The lost run, the event and the error say which worker it was."""
    with database.write() as conn:
        job_id = submit(conn, on_interrupt="fail")
        claim_one(conn, job_id, "dead")
        rescue.rescue(conn, NOW)
        (attempt,) = conn.execute(select(ATTEMPTS)).all()
        assert (attempt.worker, attempt.outcome, attempt.finished_at) == ("dead", "lost", NOW)
        assert "dead" in json.loads(attempt.error)["message"]
        last = events.events_of(conn, job_id)[-1]
        assert (last["worker"], last["reason"]) == ("dead", "WorkerLost")
        assert conn.scalar(select(JOBS.c.worker)) == "dead"


def test_a_worker_is_shown_with_what_it_runs(database: Database) -> None:
    """Queues are a list or None; draining is visible."""
    with database.write() as conn:
        register(conn)
        job_id = submit(conn)
        claim_one(conn, job_id)
        workers.drain(conn, "worker-1")
        (row,) = workers.all_workers(conn)
        shown = workers.to_worker(row, [job_id], stuck=0, leader=False)
        assert (shown.state, shown.queues, shown.busy, shown.running) == (
            "draining", None, 1, (job_id,),
        )  # fmt: skip
