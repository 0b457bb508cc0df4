"""What becomes of submissions whose unique key is taken."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, func, select

from app.jobs import UniqueConflict
from app.jobs.database.conflicts import retry_conflicts
from app.jobs.database.database import Database
from app.jobs.database.tables import TAGS, UNIQUE_KEYS
from app.jobs.job import Job
from app.jobs.store import queries
from app.jobs.store.job_filters import JobFilters
from app.jobs.store.new_jobs import NewJob
from app.jobs.store.placement import Placement, place
from app.jobs.store.unique_keys import UniqueKey, stored_key

from .factory import LATER, NOW, claim_one, end, new_job, state_of, submit

SECONDS = 10


def unique_job(text: str = "k", on_conflict: str = "return", until: Any = None, **values: Any) -> NewJob:
    """A job with a key."""
    key = UniqueKey(stored_key(None, "add", text), text, until, on_conflict)
    return new_job(unique=key, **values)


def place_one(conn: Connection, on_conflict: str, **values: Any) -> Placement:
    """Submit one job with a key."""
    return place(conn, [unique_job(on_conflict=on_conflict, **values)], NOW)[0]


def job_of(conn: Connection, job_id: str) -> Job:
    """The job as it is stored."""
    found = queries.get(conn, job_id)
    assert found is not None
    return found


def test_a_free_key_stores_the_job(database: Database) -> None:
    """As any other, with the key as it is shown."""
    with database.write() as conn:
        job = unique_job(tags=("a",))
        assert place(conn, [job], NOW) == [(job.id, "stored")]
        stored = job_of(conn, job.id)
        assert (stored.unique_key, stored.state, stored.tags) == ("k", "queued", ("a",))


def test_return_leaves_everything_as_it_is(database: Database) -> None:
    """The one that has the key is the answer, running or not."""
    with database.write() as conn:
        first = place_one(conn, "return").job_id
        before = job_of(conn, first)
        assert place_one(conn, "return", args='{"a": 2}') == (first, "existing")
        assert job_of(conn, first) == before
        claim_one(conn, first)
        assert place_one(conn, "return") == (first, "existing")
        assert queries.count(conn, JobFilters()) == (1, False)


def test_reject_stores_none_of_several(database: Database) -> None:
    """Neither jobs nor keys, also where the transaction goes on; the error says which job has the key."""
    with database.write() as conn:
        first = place_one(conn, "return").job_id
        several = [new_job(), unique_job("free"), unique_job(on_conflict="reject")]
        with pytest.raises(UniqueConflict) as caught:
            place(conn, several, NOW)
        assert caught.value.job_id == first
    with database.read() as conn:
        assert queries.count(conn, JobFilters()) == (1, False)
        assert conn.scalar(select(func.count()).select_from(UNIQUE_KEYS)) == 1


def test_replace_changes_a_job_that_has_not_begun(database: Database) -> None:
    """Arguments, options, time and expiry are the new ones; the id, the creation and the key stay."""
    with database.write() as conn:
        first = place_one(conn, "return", tags=("old", "both"), priority=1).job_id
        created = job_of(conn, first).created_at
        new: dict[str, Any] = {"args": '{"a": 2}', "tags": ("new", "both"), "priority": -3, "timeout": 5.0}
        assert place_one(conn, "replace", run_at=LATER, expires_at=LATER, **new) == (first, "replaced")
        job = job_of(conn, first)
        assert (job.state, job.run_at, job.expires_at, job.args) == ("scheduled", LATER, LATER, {"a": 2})
        assert (job.tags, job.priority, job.created_at) == (("new", "both"), -3, created)
        assert (job.version, job.unique_key) == (2, "k")
        assert set(conn.scalars(select(TAGS.c.tag))) == {"new", "both"}
        assert place_one(conn, "replace") == (first, "replaced")
        job = job_of(conn, first)
        assert (job.state, job.run_at, job.expires_at, job.tags) == ("queued", NOW, None, ())
        assert claim_one(conn, first) is not None


@pytest.mark.parametrize("verb", ["running", "retrying", "snoozed", "released"])
def test_replace_of_what_has_begun_stores_another_job(database: Database, verb: str) -> None:
    """It has the key from then on, and the earlier one takes nothing away when it ends."""
    with database.write() as conn:
        first = place_one(conn, "return").job_id
        claim = claim_one(conn, first)
        assert claim is not None
        if verb != "running":
            assert end(conn, claim, verb)
            claim = claim_one(conn, first)
            assert claim is not None
        second, outcome = place_one(conn, "replace", args='{"a": 2}')
        assert (second != first, outcome) == (True, "stored")
        assert place_one(conn, "replace", args='{"a": 3}') == (second, "replaced")
        assert end(conn, claim, "succeeded")
        assert place_one(conn, "return") == (second, "existing")
        assert (state_of(conn, first), job_of(conn, second).args) == ("succeeded", {"a": 3})


def test_replace_begins_the_time_of_the_key_anew(database: Database) -> None:
    """With unique_for it counts from the last submission."""
    until = [NOW + timedelta(seconds=seconds) for seconds in (10, 20)]
    with database.write() as conn:
        first = place_one(conn, "replace", until=until[0]).job_id
        assert place_one(conn, "replace", until=until[1]) == (first, "replaced")
        assert conn.scalar(select(UNIQUE_KEYS.c.expires_at)) == until[1]


def test_several_of_one_key_in_one_submission(database: Database) -> None:
    """The first counts, with `replace` the last; each is told which job it has led to."""
    with database.write() as conn:
        plain, one, two = new_job(), unique_job(), unique_job()
        assert place(conn, [plain, one, two], NOW) == [
            (plain.id, "stored"), (one.id, "stored"), (one.id, "stored")
        ]  # fmt: skip
        first, last = unique_job("r", "replace", args='{"a": 1}'), unique_job("r", "replace", args='{"a": 2}')
        assert place(conn, [first, last], NOW) == [(last.id, "stored")] * 2
        assert job_of(conn, last.id).args == {"a": 2}
        with pytest.raises(UniqueConflict):
            place(conn, [unique_job("x", "reject"), unique_job("x", "reject")], NOW)
        assert queries.count(conn, JobFilters()) == (3, False)


@pytest.mark.parametrize("on_conflict", ["return", "replace"])
def test_many_keys_in_any_order(database: Database, on_conflict: str) -> None:
    """Four threads that submit the same twenty keys in orders of their own: a job for each, no deadlock."""
    texts = [str(number) for number in range(20)]

    def submit_all(turn: int) -> list[Placement]:
        order = texts[turn * 5 :] + texts[: turn * 5]
        with database.raw_write() as conn:
            return place(conn, [unique_job(text, on_conflict) for text in order[:: 1 - 2 * (turn % 2)]], NOW)

    with ThreadPoolExecutor(4) as threads:
        placed = [each for placements in threads.map(submit_all, range(4)) for each in placements]
    with database.read() as conn:
        assert queries.count(conn, JobFilters()) == (20, False)
    assert [outcome for _, outcome in placed].count("stored") == 20
    assert len({job_id for job_id, _ in placed}) == 20


def test_a_storm_on_one_key(database: Database) -> None:
    """While jobs are claimed and end, each submission is stored or leads to one, and one at most is open."""
    over = threading.Event()

    @retry_conflicts
    def submit_one(number: int) -> Placement:
        with database.raw_write() as conn:
            return place(conn, [unique_job(on_conflict=("return", "replace")[number % 2])], NOW)[0]

    def work() -> None:
        while not over.wait(0.001):
            with database.write() as conn:
                found = conn.scalar(select(UNIQUE_KEYS.c.job_id))
                claim = claim_one(conn, found) if found else None
                if claim is not None:
                    end(conn, claim, "succeeded")

    with ThreadPoolExecutor(6) as threads:
        worker = threads.submit(work)
        placed = list(threads.map(submit_one, range(60)))
        over.set()
        worker.result(SECONDS)
    with database.read() as conn:
        stored, _ = queries.count(conn, JobFilters())
        open_jobs, _ = queries.count(conn, JobFilters(states=("queued",)))
    assert stored == [outcome for _, outcome in placed].count("stored")
    assert open_jobs <= 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_whoever_met_a_key_holds_up_no_worker(database: Database) -> None:
    """A caller's transaction that was given the holder is still open, and the holder's end does not wait."""
    with database.write() as conn:
        first = place_one(conn, "return").job_id
        claim = claim_one(conn, first)
    assert claim is not None
    with database.engine.connect() as slow:
        assert place(slow, [unique_job()], NOW) == [(first, "existing")]
        assert place(slow, [unique_job(on_conflict="replace")], NOW)[0].outcome == "stored"
        with database.write() as conn:
            conn.exec_driver_sql("SET LOCAL lock_timeout = '500ms'")
            assert end(conn, claim, "succeeded")
        slow.rollback()


def test_without_a_key_nothing_is_looked_at(database: Database) -> None:
    """A submission, a claim and an end of a job without one send no statement about keys."""
    sent: list[str] = []
    with database.write() as conn:
        event.listen(conn, "before_cursor_execute", lambda *args: sent.append(args[2]))
        job_id = submit(conn)
        claim = claim_one(conn, job_id)
        assert claim is not None
        assert end(conn, claim, "succeeded")
    assert not any("simmer_unique_keys" in sql for sql in sent)
    (insert,) = [sql for sql in sent if sql.startswith("INSERT INTO simmer_jobs")]
    assert "unique_key" not in insert
    assert "expires_at" not in insert
