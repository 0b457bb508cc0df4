"""Changes of a job that has not begun: its columns, its tags, its time, its event."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, select

from app.jobs import Job
from app.jobs.database.database import Database
from app.jobs.database.tables import JOBS, TAGS
from app.jobs.store import claims, edits, events, jobs, queries
from app.jobs.store.job_filters import JobFilters

from .factory import LATER, NOW, claim_one, end, submit


def get(conn: Connection, job_id: str) -> Job:
    """The job as it is."""
    job = queries.get(conn, job_id)
    assert job is not None
    return job


def test_what_is_named_changes_and_the_rest_stays(database: Database) -> None:
    """One event has the names of what changed, and the version grows by one."""
    with database.write() as conn:
        job_id = submit(conn, tags=("a", "b"), max_attempts=4)
        changes = {"priority": 7, "queue": "mail", "tags": ("b", "c", "c"), "args": '{"a":1}'}
        assert edits.edit(conn, get(conn, job_id), changes, NOW)
        job = get(conn, job_id)
        assert (job.priority, job.queue, job.tags, job.args) == (7, "mail", ("b", "c", "c"), {"a": 1})
        assert (job.state, job.max_attempts, job.run_at, job.version) == ("queued", 4, NOW, 2)
        assert set(conn.scalars(select(TAGS.c.tag).where(TAGS.c.job_id == job_id))) == {"b", "c"}
        for tag, count in (("a", 0), ("b", 1), ("c", 1)):
            assert queries.count(conn, JobFilters(tags=(tag,)))[0] == count
        assert edits.edit(conn, job, {"tags": ()}, NOW)
        assert queries.count(conn, JobFilters(tags=("b",)))[0] == 0
        last = events.events_of(conn, job_id)[1]
        assert (last["type"], last["from"], last["to"]) == ("edited", "queued", "queued")
        assert last["reason"] == "priority, queue, tags, args"


def test_its_time_decides_whether_it_waits_for_it(database: Database) -> None:
    """Put off it is scheduled and nobody claims it until then; put forward it is queued and claimed."""
    with database.write() as conn:
        job_id = submit(conn)
        moments = ((LATER, "scheduled"), (LATER + timedelta(hours=1), "scheduled"), (NOW, "queued"))
        for run_at, state in moments:
            assert edits.edit(conn, get(conn, job_id), {"run_at": run_at}, NOW)
            job = get(conn, job_id)
            assert (job.state, job.run_at) == (state, run_at)
            due = claims.candidates(conn, ["default"], ["add"], 5, NOW)
            assert [row.id for row in due] == ([job_id] if state == "queued" else [])
            assert claims.next_due(conn).job_at == (None if state == "queued" else run_at)


def test_a_job_that_was_woken_stays_due(database: Database) -> None:
    """A change of something else than its time does not put it to sleep again."""
    with database.write() as conn:
        job_id = submit(conn, run_at=LATER)
        assert claims.wake(conn, LATER) == 1
        assert edits.edit(conn, get(conn, job_id), {"priority": 1}, LATER)
        assert conn.scalar(select(JOBS.c.due).where(JOBS.c.id == job_id))


def test_a_job_that_has_begun_stays_as_it_is(database: Database) -> None:
    """Neither one that snoozes or was put back, nor one that is retried, nor one seen before its claim."""
    with database.write() as conn:
        for verb in ("snoozed", "released", "failed"):
            claim = claim_one(conn, submit(conn))
            assert claim is not None
            assert end(conn, claim, verb)
            jobs.retry(conn, claim.job_id, NOW)
            assert not edits.edit(conn, get(conn, claim.job_id), {"priority": 1}, NOW)
        seen = get(conn, submit(conn))
        claim_one(conn, seen.id)
        assert not edits.edit(conn, seen, {"tags": ("x",)}, NOW)
        assert get(conn, seen.id).tags == ()
